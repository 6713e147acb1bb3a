//! `doorward migrate`: the database's schema.

use super::{Context, console};
use crate::compose::database_url;
use doorward_persistence::{MigrationStatus, Migrator};
use std::process::ExitCode;

/// Arguments of `doorward migrate`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A start does this too, unless database.migrate_on_start is false. Several instances may \
    migrate at once: one does the work, the others wait."
)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Clone, Copy, clap::Subcommand)]
enum Action {
    /// Apply what is missing (the default)
    Run,
    /// Tell what is applied and what is missing; changes nothing
    Status,
    /// Undo the last migration; the data in what it drops is lost
    Revert,
}

/// Migrates, or tells about it.
///
/// # Errors
/// The database cannot be reached, is of a newer version, or a migration failed.
pub fn run(context: &Context, args: &Args) -> anyhow::Result<ExitCode> {
    let settings = context.settings_of_command()?;
    let url = database_url(&settings)?;
    let migrator = Migrator::new(&url);
    match args.action.unwrap_or(Action::Run) {
        Action::Run => {
            let applied = migrator.run()?;
            for name in &applied {
                console::say(&format!("applied   {name}"));
            }
            if applied.is_empty() {
                console::say("Nothing to do: the schema is up to date.");
            }
        }
        Action::Status => {
            for one in &migrator.status()? {
                console::say(&line(one));
            }
        }
        Action::Revert => match migrator.revert()? {
            Some(name) => console::say(&format!("reverted  {name}")),
            None => console::say("Nothing to do: no migration is applied."),
        },
    }
    Ok(ExitCode::SUCCESS)
}

fn line(one: &MigrationStatus) -> String {
    let state = match (one.applied, one.known) {
        (true, true) => "applied ",
        (true, false) => "unknown ",
        (false, _) => "missing ",
    };
    format!("{state}  {}", one.name)
}
