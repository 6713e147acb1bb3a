//! A Django project with a database of its own.

use crate::harness::{Client, SHARED_KEY};
use doorward_testkit::{Database, Listening, Peers, Scratch, SimpleJwt};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;

/// How many accounts a filled database has.
pub(super) const MANY: u32 = 10_000;

/// The same where each account costs Django time: enough for each kind.
pub(super) const SOME: u32 = 800;

/// What statements of `manage.py shell` begin with.
pub(super) const IMPORTS: &str = "from django.contrib.auth import get_user_model\nfrom django.contrib.auth.models import Group\nUser = get_user_model()";

/// What a project begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contents {
    /// Tables for Django's own users, and nothing in them.
    Nothing,
    /// [`MANY`] of Django's own users.
    Users,
    /// [`SOME`] of them.
    SomeUsers,
    /// Tables for users of the project's own model, and nothing in them.
    NoProfiles,
    /// [`SOME`] users of the project's own model.
    Profiles,
}

impl Contents {
    fn user_model(self) -> &'static str {
        match self {
            Self::Nothing | Self::Users | Self::SomeUsers => "auth.User",
            Self::NoProfiles | Self::Profiles => "api.User",
        }
    }

    fn count(self) -> Option<u32> {
        match self {
            Self::Nothing | Self::NoProfiles => None,
            Self::Users => Some(MANY),
            Self::SomeUsers | Self::Profiles => Some(SOME),
        }
    }

    /// Puts it into the database of a URL.
    fn fill(self, url: &str) {
        let peers = Peers::find().expect("the case is ignored without them");
        // Its tables serve both.
        let variables = variables(self, url);
        manage(&peers, SimpleJwt::V5_5, &variables, &["migrate", "--verbosity=0", "--skip-checks"], None);
        if let Some(count) = self.count() {
            manage(&peers, SimpleJwt::V5_5, &variables, &["populate", &count.to_string()], None);
        }
    }

    /// The same as plain functions, which PostgreSQL's templates are told apart by.
    fn filling(self) -> fn(&str) {
        match self {
            Self::Nothing => |url| Self::Nothing.fill(url),
            Self::Users => |url| Self::Users.fill(url),
            Self::SomeUsers => |url| Self::SomeUsers.fill(url),
            Self::NoProfiles => |url| Self::NoProfiles.fill(url),
            Self::Profiles => |url| Self::Profiles.fill(url),
        }
    }
}

/// What the cases share: the environments, and a file of each kind of contents to copy.
pub(super) struct Shelf {
    peers: Peers,
    directory: TempDir,
    files: [OnceLock<PathBuf>; 5],
}

impl Shelf {
    pub(super) fn new(peers: Peers) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self { peers, directory, files: Default::default() }
    }

    /// A project with these contents, on a database of its own.
    pub(super) fn peer(&self, simplejwt: SimpleJwt, database: Database, contents: Contents) -> Peer {
        let scratch = match database {
            Database::Postgres => Scratch::filled(database, contents.filling()),
            Database::Sqlite => {
                let scratch = Scratch::empty(database);
                fs::copy(self.file(contents), path_of(scratch.url())).expect("a copy");
                scratch
            }
        };
        let variables = variables(contents, scratch.url());
        Peer { contents, peers: self.peers.clone(), simplejwt, scratch: Arc::new(scratch), variables }
    }

    fn file(&self, contents: Contents) -> &Path {
        let [nothing, users, some_users, no_profiles, profiles] = &self.files;
        let slot = match contents {
            Contents::Nothing => nothing,
            Contents::Users => users,
            Contents::SomeUsers => some_users,
            Contents::NoProfiles => no_profiles,
            Contents::Profiles => profiles,
        };
        slot.get_or_init(|| {
            let path = self.directory.path().join(format!("{contents:?}.db"));
            contents.fill(&format!("sqlite://{}", path.display()));
            path
        })
    }
}

/// A Django project with a database of its own.
pub(super) struct Peer {
    contents: Contents,
    peers: Peers,
    simplejwt: SimpleJwt,
    scratch: Arc<Scratch>,
    variables: BTreeMap<String, String>,
}

impl Peer {
    /// With a variable of the project's, as in its README.
    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(format!("PEER_{name}"), value.into());
        self
    }

    /// Where its data is, for whoever wants to take it over.
    pub(super) fn url(&self) -> &str {
        self.scratch.url()
    }

    pub(super) fn directory(&self) -> &Path {
        self.scratch.directory()
    }

    pub(super) fn simplejwt(&self) -> SimpleJwt {
        self.simplejwt
    }

    /// The name of its model, as fixtures have it.
    pub(super) fn user_model(&self) -> &str {
        &self.variables["PEER_USER_MODEL"]
    }

    /// Runs a command of `manage.py`, which must go well; what it says.
    #[track_caller]
    pub(super) fn manage(&self, arguments: &[&str]) -> String {
        manage(&self.peers, self.simplejwt, &self.variables, arguments, None)
    }

    /// Serves.
    #[track_caller]
    pub(super) fn serve(&self) -> Django {
        let command = command(&self.peers, self.simplejwt, &self.variables, &["serve"]);
        let listening = Listening::start(command).expect("Django serves");
        let client = Client::of(SocketAddr::from((Ipv4Addr::LOCALHOST, listening.port())));
        Django { listening, client, _scratch: Arc::clone(&self.scratch) }
    }

    /// Everything about its accounts and groups, in one order.
    #[track_caller]
    pub(super) fn dump(&self) -> Vec<Value> {
        let lines = self.manage(&["dump_users"]);
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// The accounts of [`Peer::dump`].
    #[track_caller]
    pub(super) fn accounts(&self) -> Vec<Value> {
        self.dump().into_iter().filter(|row| row.get("username").is_some()).collect()
    }

    /// Which of these pairs, a username and a password each, are right.
    #[track_caller]
    pub(super) fn checks(&self, pairs: &[(&str, &str)]) -> Vec<bool> {
        let input = serde_json::to_string(pairs).unwrap();
        let said = manage(&self.peers, self.simplejwt, &self.variables, &["checkpw"], Some(&input));
        serde_json::from_str(&said).unwrap()
    }

    /// The same for encoded hashes in place of usernames.
    #[track_caller]
    pub(super) fn verifies(&self, pairs: &[(&str, &str)]) -> Vec<bool> {
        let input = serde_json::to_string(pairs).unwrap();
        let arguments = ["checkpw", "--encoded"];
        let said = manage(&self.peers, self.simplejwt, &self.variables, &arguments, Some(&input));
        serde_json::from_str(&said).unwrap()
    }

    /// Changes an account, `u` in the statement.
    #[track_caller]
    pub(super) fn change(&self, username: &str, statement: &str) {
        let code = format!("{IMPORTS}\nu = User.objects.get(username='{username}')\n{statement}\nu.save()");
        self.manage(&["shell", "-c", &code]);
    }

    /// Who can be asked about in a filled database.
    #[track_caller]
    pub(super) fn people(&self) -> People {
        let count = self.contents.count().expect("it is filled");
        let said = self.manage(&["populate", &count.to_string(), "--tell"]);
        serde_json::from_str(&said).unwrap()
    }
}

/// A Django that serves, and its client. It ends when this is dropped.
pub(super) struct Django {
    listening: Listening,
    client: Client,
    _scratch: Arc<Scratch>,
}

impl Django {
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.listening.port())
    }
}

impl Deref for Django {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// Accounts of a filled database.
#[derive(Debug, Deserialize)]
pub(super) struct People {
    /// One for each of the 60 hashes.
    pub(super) logins: Vec<Login>,
    /// Who has no password.
    pub(super) unusable: Vec<String>,
    /// Who has something that is no hash, or one that counts no more.
    pub(super) must_reset: Vec<String>,
    /// Who may not log in, though the password is right.
    pub(super) inactive: Vec<Login>,
}

/// What somebody logs in with.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Login {
    pub(super) username: String,
    pub(super) password: String,
}

/// The file of an SQLite URL.
pub(super) fn path_of(url: &str) -> &Path {
    Path::new(url.strip_prefix("sqlite://").expect("a URL of SQLite"))
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/django")
}

fn variables(contents: Contents, url: &str) -> BTreeMap<String, String> {
    [("DATABASE_URL", url), ("SECRET_KEY", SHARED_KEY), ("USER_MODEL", contents.user_model())]
        .map(|(name, value)| (format!("PEER_{name}"), value.to_owned()))
        .into()
}

fn command(
    peers: &Peers,
    simplejwt: SimpleJwt,
    variables: &BTreeMap<String, String>,
    arguments: &[&str],
) -> Command {
    let mut command = peers.python(simplejwt);
    command.arg("manage.py").args(arguments).envs(variables).current_dir(project());
    command
}

#[track_caller]
fn manage(
    peers: &Peers,
    simplejwt: SimpleJwt,
    variables: &BTreeMap<String, String>,
    arguments: &[&str],
    input: Option<&str>,
) -> String {
    let mut command = command(peers, simplejwt, variables, arguments);
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("Python starts");
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        stdin.write_all(input.as_bytes()).expect("it reads");
    }
    let output = child.wait_with_output().expect("it ends");
    let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "manage.py {arguments:?}: {stdout}{stderr}");
    stdout
}
