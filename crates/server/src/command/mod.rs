//! The command line: one subcommand, one file.
//!
//! Every command works on the database through the same use cases as the server, so that servers
//! which run at the same time see what it did within a second.

pub mod changepassword;
pub mod check;
pub mod createsuperuser;
pub mod export;
pub mod import;
pub mod keys;
pub mod mail;
pub mod migrate;
pub mod serve;
pub mod shadow;
pub mod user;

mod console;

use crate::clock::SystemClock;
use crate::compose::Parts;
use crate::logging;
use crate::settings::{Environment, LogLevel, Settings};
use anyhow::Context as _;
use clap::{Parser, Subcommand};
use doorward_domain::time::Clock;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// What was asked for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve until told to stop (the default)
    ///
    /// Opens the database (a first start creates it, and the root secret beside it), brings its schema
    /// up to date and serves. SIGTERM or Ctrl-C lets requests in flight end; a second one does not.
    Serve,
    /// Bring the database's schema up to date, look at it, or go back
    Migrate(migrate::Args),
    /// Make an account that may do everything
    Createsuperuser(createsuperuser::Args),
    /// Give an account a new password, and end its sessions
    Changepassword(changepassword::Args),
    /// Look at an account, activate, deactivate or delete it, vouch for its address
    User(user::Args),
    /// List, rotate and retire signing keys; draw a root secret
    Keys(keys::Args),
    /// List and show letters, and send again what failed
    Mail(mail::Args),
    /// Tell what is wrong with settings, secrets, database and mail, and how to mend it
    ///
    /// Changes nothing, and sends nothing without --mail-to. The exit code is 1 if anything is wrong.
    Check(check::Args),
    /// Take in the accounts of another system
    Import(import::Args),
    /// Write the accounts for another system
    Export(export::Args),
    /// Answer with a Django, ask Doorward the same, and report where the answers differ
    ///
    /// A proxy to put in front of a Django for some days. The exit code is 1 if anything differed.
    Shadow(shadow::Args),
}

/// Doorward, an authentication server: register, log in, refresh, log out, guard.
///
/// Without a command it serves: on a fresh machine that makes a SQLite database and a root secret in
/// data/, and listens on port 8000 of 127.0.0.1.
#[derive(Debug, Parser)]
#[command(name = "doorward", version, max_term_width = 100, after_long_help = EXAMPLES)]
struct Cli {
    /// A TOML file of settings; without one the built-in defaults count
    #[arg(long, global = true, env = "DOORWARD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  doorward                                          serve on http://127.0.0.1:8000
  doorward createsuperuser                          make the first account
  doorward --config config/production.toml check    is everything ready?
  doorward keys rotate                              a new signing key, without one refused token
  doorward mail list --state failed                 which letters did nobody take?
  doorward import django --from db.sqlite3          take in the accounts of a Django project

Settings:
  Any setting can come from the environment, which overrides the file: tokens.access_lifetime is
  DOORWARD__TOKENS__ACCESS_LIFETIME, and DOORWARD__SECRET__KEY_FILE names a file that holds
  secret.key. config/default.toml explains every setting.

Exit codes:
  0 done, 1 failed, 2 not understood";

/// Where settings come from.
#[derive(Debug)]
pub struct Context {
    file: Option<PathBuf>,
    environment: Environment,
}

/// Reads the command line and the environment; ends the process where it is not understood.
pub fn read() -> (Command, Context) {
    let Cli { config, command } = Cli::parse();
    let context = Context { file: config, environment: Environment::of_process() };
    (command.unwrap_or(Command::Serve), context)
}

/// Tells a failure on standard error, and how the process ends. The log is written by then.
pub fn exit_code(result: anyhow::Result<ExitCode>) -> ExitCode {
    log::logger().flush();
    result.unwrap_or_else(|error| {
        console::complain(&format!("doorward: {error:#}"));
        if error.is::<Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
    })
}

/// The command was asked for in a way that cannot work.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(String);

impl Context {
    fn settings(&self) -> anyhow::Result<Settings> {
        Ok(Settings::load(self.file.as_deref(), &self.environment)?)
    }

    /// The settings, with a log that only warns: the command itself tells what it did.
    fn settings_of_command(&self) -> anyhow::Result<Settings> {
        let mut settings = self.settings()?;
        if settings.log.level != LogLevel::Off && settings.log.level != LogLevel::Error {
            settings.log.level = LogLevel::Warn;
        }
        start_log(&settings)?;
        Ok(settings)
    }

    /// A variable of the environment, which must be there.
    fn required(&self, variable: &str) -> Result<&str, Usage> {
        self.environment
            .var(variable)
            .ok_or_else(|| Usage(format!("--noinput takes the password from {variable}, which is not set")))
    }
}

fn start_log(settings: &Settings) -> anyhow::Result<()> {
    logging::start(&settings.log, std::env::var("RUST_LOG").ok().as_deref())
        .context("the log cannot be started")
}

/// Runs `work` on the parts of a server that does not serve.
fn with_parts<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(&mut Parts) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    actix_web::rt::System::new().block_on(async {
        let mut parts = Parts::assemble(settings, clock).await?;
        let result = work(&mut parts).await;
        parts.close();
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_tells_what_it_does() {
        let cli = Cli::command();
        for command in cli.get_subcommands() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
            }
        }
    }

    #[test]
    fn without_a_command_it_serves() {
        let cli = Cli::try_parse_from(["doorward"]).unwrap();
        assert!(cli.command.is_none());
        let cli = Cli::try_parse_from(["doorward", "check", "--config", "x.toml"]).unwrap();
        assert_eq!(cli.config, Some("x.toml".into()));
    }

    #[test]
    fn errors_of_usage_end_with_2_and_others_with_1() {
        assert_eq!(exit_code(Err(Usage(String::new()).into())), ExitCode::from(2));
        assert_eq!(exit_code(Err(anyhow::anyhow!(""))), ExitCode::FAILURE);
    }
}
