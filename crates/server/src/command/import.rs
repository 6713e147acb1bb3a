//! `doorward import`: accounts of another system.

use super::console;
use super::{Context, Usage, with_parts};
use crate::clock::SystemClock;
use anyhow::{Context as _, bail};
use doorward_django::{Choice, Dialect, Rows, Source, UserModel, keep_address};
use doorward_domain::time::Clock as _;
use doorward_domain::use_cases::{AccountSource, CollisionPolicy, ImportRules, Imports, Remarks, Report};
use doorward_persistence::{DatabaseUrl, ForeignDatabase, ForeignKind};
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Arguments of `doorward import`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, clap::Subcommand)]
enum From {
    /// The accounts, groups and refresh tokens of a Django project
    Django(DjangoArgs),
}

/// Arguments of `doorward import django`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Django's database is only read, and may be in use. The import can be interrupted and run \
    again; a later run brings what changed at Django since, and never overwrites what was changed here. \
    One Django belongs to one Doorward: another project's accounts would be taken for the same ones. Each batch is on the disk when it is reported."
)]
struct DjangoArgs {
    /// Django's database: a SQLite file, or postgres://user:password@host:port/name
    #[arg(long, value_name = "DATABASE", env = "DOORWARD_IMPORT_FROM", hide_env_values = true)]
    from: String,
    /// The table with the users; found by itself where Django's other tables tell
    #[arg(long, value_name = "TABLE")]
    user_table: Option<String>,
    /// The column that people log in with [default: username, or email where there is none]
    #[arg(long, value_name = "COLUMN")]
    username_column: Option<String>,
    /// Who has a username or an address that two accounts have, once case and Unicode form are folded
    #[arg(long, value_name = "WHO", value_enum, default_value_t = OnCollision::Skip)]
    on_collision: OnCollision,
    /// Deactivate accounts that came in earlier and are no longer at Django
    #[arg(long)]
    deactivate_missing: bool,
    /// Do everything and undo it: tells what an import would come to. The database is made where it is
    /// missing. Meanwhile nobody else can write
    /// to a SQLite database, nor to these accounts on PostgreSQL
    #[arg(long)]
    dry_run: bool,
    /// How many accounts are taken in with one commit
    #[arg(long, value_name = "NUMBER", default_value_t = Imports::BATCH)]
    batch: u32,
    /// Of how many accounts the report tells at most, for each reason
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    show: usize,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum OnCollision {
    /// Whoever comes first, in the order of their keys; the other is skipped, or comes in without its
    /// address
    Skip,
    /// Whoever was made last
    Newest,
}

/// How often it is told how far an import is.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// Takes accounts in.
///
/// # Errors
/// The other system cannot be read, or our database failed. What was taken in by then stays.
pub fn run(context: &Context, args: Args) -> anyhow::Result<ExitCode> {
    let From::Django(args) = args.from;
    let settings = context.settings_of_command()?;
    let url = foreign_url(&args.from)?;
    if matches!(&url, DatabaseUrl::Postgres(url) if url.may_be_read_on_the_way())
        && !settings.database.allow_plaintext
    {
        bail!(
            "{url}: password hashes would cross the network in the clear; add ?sslmode=verify-full, or set \
             database.allow_plaintext where that network is private"
        );
    }
    let rows = ForeignRows(ForeignDatabase::open(&url).with_context(|| format!("{url}"))?);
    let (dialect, clock) = (rows.dialect(), SystemClock);
    let choice = Choice { user_table: args.user_table, username_column: args.username_column };
    let source = Source::open(rows, dialect, &choice, doorward_passwords::recognises)?;
    let mut source = source.without_tokens_expired_by(clock.now());
    let total = source.count()?;
    console::say(&found(&source, total));
    if args.deactivate_missing && total == 0 {
        bail!(
            "there are no accounts in {}: --deactivate-missing would deactivate everybody",
            source.user_table()
        );
    }
    let way_back = way_back(&source.user_model("APP.MODEL"), source.user_table());

    let rules = ImportRules {
        collisions: match args.on_collision {
            OnCollision::Skip => CollisionPolicy::Skip,
            OnCollision::Newest => CollisionPolicy::Newest,
        },
        deactivate_missing: args.deactivate_missing,
        keep_address,
    };
    let began = clock.monotonic();
    let mut progress = Progress::new(total);
    let report = with_parts(&settings, async |parts| {
        let ports = parts.auth.ports();
        let imports = Imports {
            store: ports.store.clone(),
            clock: ports.clock.clone(),
            random: ports.random.clone(),
            rules,
            batch: args.batch,
            shown: args.show,
        };
        let tell = move |report: &Report| progress.tell(report, clock.monotonic());
        Ok(if args.dry_run {
            let source: Box<dyn AccountSource> = Box::new(source);
            imports.dry_run(source, tell).await?
        } else {
            imports.run(&mut source, tell).await?
        })
    })?;
    let took = clock.monotonic().saturating_sub(began);
    if args.dry_run {
        console::say("\nA dry run: no account was changed. An import would come to this.");
    }
    console::say(&told(&report, took));
    console::say(&format!("\nThe way back: {way_back}"));
    Ok(ExitCode::SUCCESS)
}

/// Where the other system's accounts are. A plain path is a SQLite file.
fn foreign_url(text: &str) -> anyhow::Result<DatabaseUrl> {
    let is_file = !text.contains("://") || Path::new(text).is_file();
    if is_file && !Path::new(text).is_file() {
        return Err(Usage(format!("--from: there is no file {text}")).into());
    }
    let url = if is_file { DatabaseUrl::Sqlite(text.into()) } else { DatabaseUrl::parse(text)? };
    Ok(url)
}

/// Questions about Django's tables, asked of its database.
struct ForeignRows(ForeignDatabase);

impl ForeignRows {
    fn dialect(&self) -> Dialect {
        match self.0.kind() {
            ForeignKind::Sqlite => Dialect::Sqlite,
            ForeignKind::Postgres => Dialect::Postgres,
        }
    }
}

impl Rows for ForeignRows {
    fn texts(&mut self, select: &str) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
        Ok(self.0.texts(select)?)
    }
}

fn found<R: Rows, V: Fn(&str) -> bool>(source: &Source<R, V>, total: u64) -> String {
    let attributes: Vec<&str> = source.attribute_columns().collect();
    let accounts = format!("{}: {} accounts", source.user_table(), grouped(total));
    let usernames = format!("usernames from {}", source.username_column());
    let full_names = source.full_name_column().map(|column| format!("full names from {column}"));
    let kept = (!attributes.is_empty()).then(|| format!("kept as attributes: {}", attributes.join(", ")));
    [Some(accounts), Some(usernames), full_names, kept].into_iter().flatten().collect::<Vec<_>>().join("\n  ")
}

/// The export that fits into the table that an import came from.
fn way_back(model: &UserModel, table: &str) -> String {
    let UserModel { label, username_field, full_name_field, without, has_text_keys, .. } = model;
    let mut words = vec!["doorward export django --to users.json".to_owned()];
    if table != "auth_user" {
        words.push(format!("--user-model {label}"));
    }
    if username_field != "username" {
        words.push(format!("--username-field {username_field}"));
    }
    words.extend(full_name_field.iter().map(|field| format!("--full-name-field {field}")));
    words.extend(without.iter().map(|field| format!("--without {field}")));
    if *has_text_keys {
        words.push("--text-keys".to_owned());
    }
    words.join(" ")
}

/// Tells how far it is, once in a while.
struct Progress {
    total: u64,
    last: Option<(Duration, u64)>,
}

impl Progress {
    fn new(total: u64) -> Self {
        Self { total, last: None }
    }

    fn tell(&mut self, report: &Report, now: Duration) {
        if let Some(line) = self.line(report.accounts(), now) {
            console::complain(&line);
        }
    }

    /// The line that is due at `now`, if one is.
    fn line(&mut self, done: u64, now: Duration) -> Option<String> {
        let (since, before) = *self.last.get_or_insert((now, done));
        let passed = now.saturating_sub(since);
        if passed < PROGRESS_EVERY || done == before {
            return None;
        }
        self.last = Some((now, done));
        let rate = rate(done - before, passed);
        Some(format!("{} of {} accounts, {rate} a second", grouped(done), grouped(self.total)))
    }
}

fn rate(count: u64, passed: Duration) -> String {
    let millis = passed.as_millis().max(1);
    grouped(u64::try_from(u128::from(count) * 1000 / millis).unwrap_or(u64::MAX))
}

fn told(report: &Report, took: Duration) -> String {
    let accounts = report.accounts();
    let counts = [
        ("accounts", accounts),
        ("added", report.added),
        ("amended", report.amended),
        ("unchanged", report.unchanged),
        ("skipped", report.skipped),
        ("gave way", report.removed),
        ("missing", report.missing),
        ("groups", report.groups),
        ("tokens", report.tokens),
    ];
    let seconds = took.as_secs_f64();
    let mut lines: Vec<String> =
        counts.iter().map(|(name, count)| format!("{name:<10} {:>12}", grouped(*count))).collect();
    lines.push(format!("{:<10} {seconds:>10.1} s, {} accounts a second", "took", rate(accounts, took)));
    for (kind, remarks) in &report.remarks {
        lines.push(format!("\n{kind}: {}", grouped(remarks.count)));
        lines.extend(shown(remarks));
    }
    lines.join("\n")
}

fn shown(remarks: &Remarks) -> impl Iterator<Item = String> + '_ {
    let lines = remarks.first.iter().map(|one| {
        // What stands in somebody's database must not steer somebody's terminal.
        let (whom, remark) = (format!("{} {:?}", one.key, one.username), one.remark.to_string());
        let text = if remark == one.remark.kind().to_string() { whom } else { format!("{whom}: {remark}") };
        format!("  {}", text.replace(char::is_control, "\u{fffd}"))
    });
    let told = u64::try_from(remarks.first.len()).unwrap_or(u64::MAX);
    let more = remarks.count.saturating_sub(told);
    lines.chain((more > 0).then(|| format!("  and {} more", grouped(more))))
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::takeover::ForeignKey;
    use doorward_domain::use_cases::{Remark, RemarkKind, Remarked};

    #[test]
    fn thousands_are_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn progress_is_told_once_a_second() {
        let mut progress = Progress::new(5000);
        let mut line = |done, millis| progress.line(done, Duration::from_millis(millis));
        assert_eq!(line(1000, 0), None);
        assert_eq!(line(2000, 900), None);
        assert_eq!(line(3000, 2000), Some("3,000 of 5,000 accounts, 1,000 a second".to_owned()));
        assert_eq!(line(4000, 2900), None);
    }

    #[test]
    fn a_report_tells_of_the_first_and_counts_the_others() {
        let remarked = |number, username: &str| Remarked {
            key: ForeignKey::Number(number),
            username: username.to_owned(),
            remark: Remark::UsernameTaken { by: "ada".to_owned() },
        };
        let first = vec![remarked(7, "Ada"), remarked(9, "\u{1b}[2JADA")];
        let mut report = Report { added: 1200, skipped: 5, ..Report::default() };
        report.remarks.insert(RemarkKind::UsernameTaken, Remarks { count: 5, first });
        let told = told(&report, Duration::from_millis(1500));
        assert!(told.starts_with("accounts          1,205\nadded             1,200\n"), "{told}");
        assert!(told.contains("took              1.5 s, 803 accounts a second"), "{told}");
        assert!(told.contains("\n  7 \"Ada\": its username belongs to ada\n"), "{told}");
        assert!(told.ends_with("\n  and 3 more"), "{told}");
        assert!(!told.contains('\u{1b}'), "{told}");
    }

    #[test]
    fn a_path_is_a_sqlite_file_that_must_be_there() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("db.sqlite3");
        let text = file.to_str().unwrap().to_owned();
        assert!(foreign_url(&text).unwrap_err().is::<Usage>());
        std::fs::write(&file, "").unwrap();
        assert!(matches!(foreign_url(&text), Ok(DatabaseUrl::Sqlite(path)) if path == file));
        assert!(matches!(foreign_url("postgres://u:p@localhost/db"), Ok(DatabaseUrl::Postgres(_))));
        assert!(foreign_url("mysql://localhost/db").is_err());
    }
}
