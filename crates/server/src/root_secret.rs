//! Where the root secret comes from: the settings, or a file beside the embedded database.

use crate::settings::Settings;
use anyhow::{Context as _, bail};
use doorward_domain::random::Random;
use doorward_domain::sealing::Fingerprint;
use doorward_persistence::DatabaseUrl;
use doorward_tokens::RootSecret;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The present root secret and the one before it.
pub(crate) struct RootSecrets {
    pub(crate) current: RootSecret,
    pub(crate) previous: Option<RootSecret>,
}

/// Finds the root secret. A new one is made, in a file that only its owner can read, where nothing
/// is sealed yet: the database has no fingerprint.
///
/// # Errors
/// There is none, or it is not one, or others can read its file.
pub(crate) fn find_or_create(
    settings: &Settings,
    url: &DatabaseUrl,
    sealed_under: Option<&Fingerprint>,
    random: &dyn Random,
) -> anyhow::Result<RootSecrets> {
    let found = find(settings, url)?;
    let current = match (found, file_beside(url), sealed_under) {
        (Some(secret), _, _) => secret,
        (None, Some(path), None) => create(&path, random)?,
        (None, path, _) => bail!(missing(path.as_deref())),
    };
    Ok(RootSecrets { current, previous: configured(settings.secret.previous.expose(), "secret.previous")? })
}

/// The root secret, if there is one; changes nothing.
///
/// # Errors
/// It is not one, or others can read its file.
pub(crate) fn find(settings: &Settings, url: &DatabaseUrl) -> anyhow::Result<Option<RootSecret>> {
    if let Some(secret) = configured(settings.secret.key.expose(), "secret.key")? {
        return Ok(Some(secret));
    }
    file_beside(url).map_or(Ok(None), |path| read(&path))
}

/// What to say where the root secret is gone.
pub(crate) fn missing(path: Option<&Path>) -> String {
    match path {
        Some(path) => format!(
            "the database is sealed under a root secret, and {} is not there; restore that file from its backup, \
             or give the secret as secret.key",
            path.display()
        ),
        None => "secret.key: must be set where the database is PostgreSQL; `doorward keys generate-secret` draws one"
            .to_owned(),
    }
}

/// `secret.key` beside an embedded database.
pub(crate) fn file_beside(url: &DatabaseUrl) -> Option<PathBuf> {
    url.path().map(|path| path.with_file_name("secret.key"))
}

fn configured(text: Option<&str>, key: &'static str) -> anyhow::Result<Option<RootSecret>> {
    text.map(|text| RootSecret::parse(text).context(key)).transpose()
}

fn read(path: &Path) -> anyhow::Result<Option<RootSecret>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
    };
    refuse_if_others_can_read(path)?;
    RootSecret::parse(&text).map(Some).with_context(|| path.display().to_string())
}

fn refuse_if_others_can_read(path: &Path) -> anyhow::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let path = path.display();
        bail!("{path} can be read by others (its mode is {mode:o}); mend it with: chmod 600 {path}");
    }
    Ok(())
}

/// Makes the file, whole or not at all. If another instance is faster, its secret counts.
fn create(path: &Path, random: &dyn Random) -> anyhow::Result<RootSecret> {
    let secret = RootSecret::generate(random);
    let mut name = [0; 8];
    random.fill(&mut name);
    let draft = path.with_extension(format!("{:016x}.tmp", u64::from_be_bytes(name)));
    let written = write_new(&draft, &secret).and_then(|()| fs::hard_link(&draft, path));
    // The link is the file now; without one, the draft is of no use.
    let _ = fs::remove_file(&draft);
    match written {
        Ok(()) => {
            sync_directory(path);
            Ok(secret)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            read(path)?.with_context(|| format!("{} came and went", path.display()))
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be created", path.display())),
    }
}

fn write_new(path: &Path, secret: &RootSecret) -> io::Result<()> {
    let mut file = create_private_file(path)?;
    file.write_all(secret.to_text().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// Creates a file for its owner alone; fails if it is there.
fn create_private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes the file's name survive a power cut too. Not every file system can.
fn sync_directory(path: &Path) {
    if let Some(directory) = path.parent().and_then(|directory| File::open(directory).ok()) {
        let _ = directory.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_tokens::OsRandom;

    fn beside(directory: &tempfile::TempDir) -> DatabaseUrl {
        DatabaseUrl::parse(&format!("sqlite://{}", directory.path().join("doorward.db").display())).unwrap()
    }

    fn find_in(url: &DatabaseUrl, sealed_under: Option<&Fingerprint>) -> anyhow::Result<RootSecret> {
        find_or_create(&Settings::default(), url, sealed_under, &OsRandom::new()).map(|found| found.current)
    }

    #[test]
    fn a_first_start_makes_a_file_for_its_owner_alone_and_a_second_start_reads_it() {
        let directory = tempfile::tempdir().unwrap();
        let made = find_in(&beside(&directory), None).unwrap();
        let path = directory.path().join("secret.key");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no draft is left");
        let read = find_in(&beside(&directory), Some(&made.fingerprint())).unwrap();
        assert_eq!(read.fingerprint(), made.fingerprint());
    }

    #[test]
    fn instances_that_start_together_agree_on_one_secret() {
        let directory = tempfile::tempdir().unwrap();
        let url = beside(&directory);
        let made: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> =
                (0..8).map(|_| scope.spawn(|| find_in(&url, None).unwrap().fingerprint())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(made.iter().all(|fingerprint| *fingerprint == made[0]));
    }

    #[test]
    fn a_lost_secret_is_not_replaced_where_something_is_sealed_under_it() {
        let directory = tempfile::tempdir().unwrap();
        let error = find_in(&beside(&directory), Some(&Fingerprint("f".to_owned()))).unwrap_err();
        assert!(error.to_string().contains("restore that file"), "{error}");
        assert!(!directory.path().join("secret.key").exists());
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        find_in(&beside(&directory), None).unwrap();
        let path = directory.path().join("secret.key");
        for mode in [0o644, 0o640, 0o604] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = find_in(&beside(&directory), None).unwrap_err();
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn a_file_that_holds_no_secret_is_refused_without_showing_it() {
        let directory = tempfile::tempdir().unwrap();
        create_private_file(&directory.path().join("secret.key")).unwrap().write_all(b"hunter2").unwrap();
        let error = format!("{:#}", find_in(&beside(&directory), None).unwrap_err());
        assert!(
            error.contains("secret.key: the root secret is not base64") && !error.contains("hunter2"),
            "{error}"
        );
    }

    #[test]
    fn postgresql_needs_a_configured_secret() {
        let url = DatabaseUrl::parse("postgres://localhost/doorward").unwrap();
        let error = find_in(&url, None).unwrap_err();
        assert!(error.to_string().starts_with("secret.key: must be set"), "{error}");
    }
}
