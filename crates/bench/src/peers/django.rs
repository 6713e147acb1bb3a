//! Django with REST framework and simplejwt under gunicorn: the project in `django/`.

use crate::cluster::Cluster;
use crate::doorward::random_secret;
use crate::lab::{CLIENTS, Database, Lab, SESSIONS, say, target};
use crate::load::{Load, PASSWORD, Script};
use crate::process::{Process, command, free_port};
use crate::statistics::float;
use crate::tools;
use anyhow::{Context as _, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::thread;
use tempfile::TempDir;

/// A way of gunicorn to serve: its workers, and the threads of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Workers {
    Sync,
    Threads,
}

/// A Django that answers.
pub(crate) struct Django {
    process: Process,
    base: String,
    place: Rc<TempDir>,
    workers: Workers,
    refreshed: u32,
    _cluster: Option<Rc<Cluster>>,
}

impl Django {
    /// Fills a database with accounts and sessions, and serves them in the way that does more of what
    /// is going to be asked for.
    ///
    /// # Errors
    /// There is no Python, its packages cannot be had, or it does not start.
    pub(crate) fn start(lab: &Lab, database: Database, script: Script) -> Result<Self> {
        let python = environment().context("no Python environment for Django")?;
        let place = Rc::new(tempfile::Builder::new().prefix("django-").tempdir_in(lab.place())?);
        // Nothing is left behind in the checkout.
        let mut variables = vec![("PYTHONDONTWRITEBYTECODE", "1".to_owned())];
        variables.push(("BENCH_SECRET", random_secret().to_text().to_string()));
        let cluster = match database {
            Database::Sqlite => {
                variables.push(("BENCH_SQLITE", place.path().join("db.sqlite3").display().to_string()));
                None
            }
            Database::Postgres => {
                let cluster = lab.cluster()?;
                cluster.remove("django")?;
                cluster.create("django")?;
                variables.extend(cluster.variables("django"));
                Some(cluster)
            }
        };
        for arguments in [
            vec!["migrate".to_owned(), "--verbosity=0".to_owned()],
            vec![
                "seed".to_owned(),
                SESSIONS.to_string(),
                PASSWORD.to_owned(),
                place.path().display().to_string(),
            ],
        ] {
            let mut manage = tools::bare(&python);
            manage.arg("manage.py").args(arguments).envs(variables.clone()).current_dir(project());
            tools::output(&mut manage)?;
        }
        let serve = |workers, refreshed| -> Result<Self> {
            let (process, base) = gunicorn(&python, &variables, place.path(), workers)?;
            let place = Rc::clone(&place);
            Ok(Self { process, base, place, workers, refreshed, _cluster: cluster.clone() })
        };
        let seconds = if script == Script::Login { lab.seconds } else { lab.seconds.min(3) };
        let (mut fastest, mut refreshed) = (None, 0);
        for workers in [Workers::Sync, Workers::Threads] {
            let mut candidate = serve(workers, refreshed)?;
            let rate = candidate.rate(script, seconds)?;
            refreshed = candidate.refreshed;
            if fastest.is_none_or(|(best, _)| rate > best) {
                fastest = Some((rate, workers));
            }
        }
        let (rate, workers) = fastest.context("gunicorn does not serve")?;
        let described = workers.described();
        say(&format!("Django on {database} is fastest for {} with {described} ({rate:.0}/s)", script.name()));
        serve(workers, refreshed)
    }

    /// Successes a second under the load of all clients. Some answers may be errors, as when SQLite
    /// is locked for too long.
    pub(crate) fn rate(&mut self, script: Script, seconds: u32) -> Result<f64> {
        let lines = match script {
            Script::Dashboard => self.place.path().join("access"),
            Script::Refresh => self.refresh_tokens(CLIENTS + 32)?,
            Script::Login => self.place.path().join("names"),
        };
        let (base, connections) = (self.base.as_str(), CLIENTS);
        let seen = Load { script, base, connections, seconds, lines, rate: None }.run()?;
        Ok(float(seen.requests.saturating_sub(seen.refused)) / seen.seconds)
    }

    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    /// How it is served.
    pub(crate) fn described(&self) -> String {
        self.workers.described()
    }

    /// A file with the refresh tokens of `count` accounts that no load has had.
    fn refresh_tokens(&mut self, count: u32) -> Result<PathBuf> {
        let all = fs::read_to_string(self.place.path().join("refresh"))?;
        let (skip, take) = (usize::try_from(self.refreshed)?, usize::try_from(count)?);
        let some: String = all.lines().skip(skip).take(take).flat_map(|line| [line, "\n"]).collect();
        let path = self.place.path().join(format!("refresh-{}", self.refreshed));
        self.refreshed += count;
        fs::write(&path, some)?;
        Ok(path)
    }
}

impl Workers {
    /// 2 × cores + 1 workers, as gunicorn's manual advises.
    fn arguments(self) -> Vec<String> {
        let workers = format!("--workers={}", 2 * cores() + 1);
        match self {
            Self::Sync => vec![workers, "--worker-class=sync".to_owned()],
            Self::Threads => vec![workers, "--worker-class=gthread".to_owned(), "--threads=4".to_owned()],
        }
    }

    fn described(self) -> String {
        match self {
            Self::Sync => format!("{} sync workers", 2 * cores() + 1),
            Self::Threads => format!("{} workers of 4 threads", 2 * cores() + 1),
        }
    }
}

/// What is installed, as `package version` each.
pub(crate) fn versions() -> Vec<String> {
    let requirements = fs::read_to_string(project().join("requirements.txt")).unwrap_or_default();
    requirements
        .lines()
        .filter_map(|line| line.split_once("=="))
        .map(|(name, version)| format!("{name} {version}"))
        .collect()
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("django")
}

/// The Python of an environment with the packages, which the first call makes.
fn environment() -> Result<PathBuf> {
    let place = target()?.join("bench/django-venv");
    let python = place.join("bin/python");
    let requirements = project().join("requirements.txt");
    // A copy of the requirements is put there last: what is half made is made again.
    let (wanted, done) = (fs::read_to_string(&requirements)?, place.join("requirements.txt"));
    if fs::read_to_string(&done).ok().as_ref() != Some(&wanted) {
        say("installing Django and what it needs");
        let system = tools::find("python3", "python3-venv")?;
        tools::output(Command::new(system).args(["-m", "venv"]).arg(&place))?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements);
        tools::output(&mut pip)?;
        fs::write(done, wanted)?;
    }
    Ok(python)
}

fn gunicorn(
    python: &Path,
    variables: &[(&'static str, String)],
    place: &Path,
    workers: Workers,
) -> Result<(Process, String)> {
    let port = free_port()?;
    let base = format!("http://127.0.0.1:{port}");
    let mut server = command(python, false);
    server
        .args(["-m", "gunicorn", "--log-level=warning", "--timeout=120", "--backlog=2048"])
        .args(workers.arguments())
        .arg(format!("--bind=127.0.0.1:{port}"))
        .arg("peer.wsgi")
        .envs(variables.iter().cloned())
        .current_dir(project());
    let mut process = Process::start(server, "gunicorn", &place.join("gunicorn.log"))?;
    let url = format!("{base}/api/dashboard/");
    // Without a token it refuses, which is an answer.
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    process.wait_until(|| Ok(agent.get(&url).call().map(drop)?))?;
    Ok((process, base))
}
