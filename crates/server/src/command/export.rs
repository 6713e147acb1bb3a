//! `doorward export`: accounts for another system.

use super::{Context, console, with_parts};
use anyhow::Context as _;
use doorward_django::{Fixture, UserModel};
use doorward_domain::store::Store;
use doorward_domain::user::UserId;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `doorward export`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    to: To,
}

#[derive(Debug, clap::Subcommand)]
enum To {
    /// Accounts and groups as a fixture that `manage.py loaddata` takes
    Django(DjangoArgs),
}

/// Arguments of `doorward export django`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The fixture holds the hashes of passwords, as Django's own dumps do: keep it as you keep the \
    database. Django verifies them all; for those that were made here it needs its BCryptSHA256PasswordHasher, \
    which stands in its default list, and the package bcrypt."
)]
struct DjangoArgs {
    /// Where to write the fixture, readable by its owner alone [default: standard output]
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// The project's user model (`AUTH_USER_MODEL`); for any but Django's own, attributes are written as fields
    #[arg(long, value_name = "APP.MODEL", default_value = "auth.user")]
    user_model: String,
    /// The model's field for usernames (`USERNAME_FIELD`)
    #[arg(long, value_name = "FIELD", default_value = "username")]
    username_field: String,
    /// The model's field for the whole name, where it has one
    #[arg(long, value_name = "FIELD")]
    full_name_field: Option<String>,
    /// A field that the model does not have; may be given several times
    #[arg(long, value_name = "FIELD")]
    without: Vec<String>,
    /// The model's primary keys are texts or UUIDs
    #[arg(long)]
    text_keys: bool,
    /// Write times without a zone, for a project with `USE_TZ = False`
    #[arg(long)]
    naive_times: bool,
}

/// How many accounts are read at once.
const PAGE: u32 = 1_000;

/// Writes accounts.
///
/// # Errors
/// The database failed, or the file cannot be written.
pub fn run(context: &Context, args: Args) -> anyhow::Result<ExitCode> {
    let To::Django(args) = args.to;
    let settings = context.settings_of_command()?;
    let model = UserModel {
        label: args.user_model,
        username_field: args.username_field,
        full_name_field: args.full_name_field,
        without: args.without.into_iter().collect(),
        has_text_keys: args.text_keys,
        has_naive_times: args.naive_times,
    };
    with_parts(&settings, async |parts| {
        let store = &*parts.auth.ports().store;
        let Some(path) = &args.to else {
            write(store, io::stdout().lock(), model).await?;
            return Ok(());
        };
        let unwritable = || format!("{} cannot be written", path.display());
        let part = part_of(path);
        let file = create(&part).with_context(unwritable)?;
        let (users, groups) = write(store, &file, model).await?;
        file.sync_all().and_then(|()| fs::rename(&part, path)).with_context(unwritable)?;
        console::say(&format!("{}: {users} accounts, {groups} groups", path.display()));
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Writes everything, page by page, and tells how many accounts and groups that were.
async fn write(store: &dyn Store, out: impl Write, model: UserModel) -> anyhow::Result<(usize, usize)> {
    let mut fixture = Fixture::new(BufWriter::new(out), model)?;
    let groups = store.query(|db| db.groups()).await?;
    for group in &groups {
        fixture.group(group)?;
    }
    let (mut users, mut after) = (0, UserId(i64::MIN));
    loop {
        let page = store.query(move |db| db.accounts_after(after, PAGE)).await?;
        let Some(last) = page.last() else { break };
        after = last.user.id;
        users += page.len();
        for account in &page {
            fixture.user(account)?;
        }
    }
    fixture.finish()?;
    Ok((users, groups.len()))
}

/// A file beside `path` that becomes it once it is whole.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// A new file that its owner alone may read, in place of one that was left over.
fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::testing::{World, block_on};

    #[test]
    fn every_account_is_written_once_with_its_hash() {
        let world = World::new();
        for name in ["ada", "grace"] {
            world.user(name, "a-password-of-theirs");
        }
        let mut out = Vec::new();
        let store = &*world.auth.ports().store;
        assert_eq!(block_on(write(store, &mut out, UserModel::default())).unwrap(), (2, 0));
        let fixture: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let names: Vec<_> =
            fixture.as_array().unwrap().iter().map(|one| &one["fields"]["username"]).collect();
        assert_eq!(names, ["ada", "grace"]);
        assert_eq!(fixture[0]["fields"]["password"], world.stored_hash("ada").as_encoded());
    }

    #[cfg(unix)]
    #[test]
    fn a_fixture_is_readable_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("users.json.part");
        fs::write(&path, "left over").unwrap();
        let file = create(&path).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(file.metadata().unwrap().len(), 0);
    }
}
