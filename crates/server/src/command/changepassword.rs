//! `doorward changepassword`: a new password, and the end of every session that had the old one.

use super::console::{self, Person, Terminal, ask_new_password};
use super::createsuperuser::new_password;
use super::{Context, user::account, with_parts};
use anyhow::anyhow;
use doorward_domain::use_cases::{Auth, ChangePasswordError};
use doorward_domain::user::User;
use std::process::ExitCode;

/// The variable that has the password where nobody can be asked.
const PASSWORD: &str = "DOORWARD_NEW_PASSWORD";

/// Arguments of `doorward changepassword`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  doorward changepassword alice\n  \
    DOORWARD_NEW_PASSWORD=… doorward changepassword --noinput alice")]
pub struct Args {
    /// The account's username or e-mail address
    username: String,
    /// Ask nothing: the password is in `DOORWARD_NEW_PASSWORD`
    #[arg(long)]
    noinput: bool,
}

/// Changes the password.
///
/// # Errors
/// There is no such account, the password breaks a rule, or the database failed.
pub fn run(context: &Context, args: &Args) -> anyhow::Result<ExitCode> {
    let settings = context.settings_of_command()?;
    let trim = settings.passwords.trim;
    let given = if args.noinput { Some(context.required(PASSWORD)?) } else { None };
    let user = with_parts(&settings, async |parts| {
        let user = account(&parts.auth, &args.username).await?;
        if let Some(password) = given {
            let changed = change(&parts.auth, &user, password, trim).await?;
            changed.map_err(|sentences| anyhow!(sentences.join(" ")))?;
        } else {
            let mut terminal = Terminal::open("use --noinput with DOORWARD_NEW_PASSWORD")?;
            interview(&parts.auth, &user, &mut terminal, trim).await?;
        }
        Ok(user)
    })?;
    console::say(&format!(
        "The password of {} was changed, and its sessions have ended.",
        user.username.as_str()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Asks until the password keeps the rules.
async fn interview(auth: &Auth, user: &User, person: &mut dyn Person, trim: bool) -> anyhow::Result<()> {
    person.tell(&format!("Changing the password of {}.", user.username.as_str()));
    loop {
        let password = ask_new_password(person)?;
        match change(auth, user, &password, trim).await? {
            Ok(()) => return Ok(()),
            Err(sentences) => person.tell(&sentences.join("\n")),
        }
    }
}

/// Changes the password, or tells the rules that it breaks.
async fn change(
    auth: &Auth,
    user: &User,
    typed: &str,
    trim: bool,
) -> anyhow::Result<Result<(), Vec<String>>> {
    let password = match new_password(typed, trim) {
        Ok(password) => password,
        Err(error) => return Ok(Err(vec![error.to_string()])),
    };
    match auth.change_password(user.id, password).await {
        Ok(()) => Ok(Ok(())),
        Err(ChangePasswordError::Invalid(errors)) => {
            Ok(Err(errors.iter().map(ToString::to_string).collect()))
        }
        Err(error @ (ChangePasswordError::NotFound | ChangePasswordError::Failure(_))) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::console::scripted::Scripted;
    use doorward_domain::testing::{World, block_on};

    #[test]
    fn it_is_asked_for_until_it_keeps_the_rules_and_then_ends_the_sessions() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        world.login("alice", "pw-of-alice").unwrap();
        let user = block_on(account(&world.auth, "alice@example.com")).unwrap();
        let mut person = Scripted::new(&[
            ("Password:", "12345678"),
            ("Password (again)", "12345678"),
            ("Password:", "Corr3ct-horse!"),
            ("Password (again)", "Corr3ct-horse!"),
        ]);
        block_on(interview(&world.auth, &user, &mut person, false)).unwrap();
        assert!(person.was_asked_everything());
        assert!(
            person.told.iter().any(|told| told.contains("This password is too common.")),
            "{:?}",
            person.told
        );
        assert_eq!(world.live_sessions("alice"), 0);
        assert!(world.login("alice", "pw-of-alice").is_err());
        world.login("alice", "Corr3ct-horse!").unwrap();
    }
}
