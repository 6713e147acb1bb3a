//! The `doorward` binary: what was asked for, and the file that does it.

use doorward::command::{self, Command};
use std::process::ExitCode;

fn main() -> ExitCode {
    let (asked, context) = command::read();
    command::exit_code(match asked {
        Command::Serve => command::serve::run(&context),
        Command::Migrate(args) => command::migrate::run(&context, &args),
        Command::Createsuperuser(args) => command::createsuperuser::run(&context, args),
        Command::Changepassword(args) => command::changepassword::run(&context, &args),
        Command::User(args) => command::user::run(&context, &args),
        Command::Keys(args) => command::keys::run(&context, args),
        Command::Mail(args) => command::mail::run(&context, &args),
        Command::Check(args) => command::check::run(&context, &args),
        Command::Import(args) => command::import::run(&context, args),
        Command::Export(args) => command::export::run(&context, args),
        Command::Shadow(args) => command::shadow::run(&context, args),
    })
}
