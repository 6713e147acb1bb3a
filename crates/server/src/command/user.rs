//! `doorward user`: looks at accounts, and locks, opens, vouches for or removes them.

use super::console::{self, Person, Terminal};
use super::{Context, with_parts};
use crate::compose::Parts;
use anyhow::{Context as _, bail};
use doorward_domain::time::Timestamp;
use doorward_domain::use_cases::Auth;
use doorward_domain::user::User;
use std::process::ExitCode;

/// Arguments of `doorward user`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Servers that run see each change within a second: a deactivated or deleted account is \
    refused, also with tokens that it had before."
)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show an account
    Show {
        /// Its username or e-mail address
        username: String,
    },
    /// Let an account log in again
    Activate {
        /// Its username or e-mail address
        username: String,
    },
    /// Lock an account: its sessions end, and it cannot log in
    Deactivate {
        /// Its username or e-mail address
        username: String,
    },
    /// Vouch for an account's address, as if its owner had verified it
    Verify {
        /// Its username or e-mail address
        username: String,
    },
    /// Delete an account and its sessions, for ever
    Delete {
        /// Its username or e-mail address
        username: String,
        /// Do not ask whether that is meant
        #[arg(long)]
        yes: bool,
    },
}

/// Does what was asked for with the account.
///
/// # Errors
/// There is no such account, or the database failed.
pub fn run(context: &Context, args: &Args) -> anyhow::Result<ExitCode> {
    let settings = context.settings_of_command()?;
    let told = with_parts(&settings, async |parts| match &args.action {
        Action::Show { username } => show(parts, username).await,
        Action::Activate { username } => set_active(&parts.auth, username, true).await,
        Action::Deactivate { username } => set_active(&parts.auth, username, false).await,
        Action::Verify { username } => verify(&parts.auth, username).await,
        Action::Delete { username, yes } => delete(&parts.auth, username, *yes).await,
    })?;
    console::say(&told);
    Ok(ExitCode::SUCCESS)
}

/// The account of that username or e-mail address.
pub(super) async fn account(auth: &Auth, name: &str) -> anyhow::Result<User> {
    auth.find_account(name).await?.with_context(|| format!("there is no account \"{name}\""))
}

async fn show(parts: &Parts, name: &str) -> anyhow::Result<String> {
    let user = account(&parts.auth, name).await?;
    let (id, now) = (user.id, parts.auth.ports().clock.now());
    let sessions = parts.auth.ports().store.query(move |db| db.live_sessions(id, now)).await?;
    let profile = parts.auth.ports().store.query(move |db| db.profile(id)).await?;
    let last_login = profile.and_then(|profile| profile.last_login);
    Ok(described(&user, last_login, sessions.len()))
}

fn described(user: &User, last_login: Option<Timestamp>, sessions: usize) -> String {
    let yes = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    let verified = match (&user.email, user.email_verified_at) {
        (None, _) => "-".to_owned(),
        (Some(_), None) => "no".to_owned(),
        (Some(_), Some(at)) => format!("since {}", date(at)),
    };
    [
        ("id", user.id.to_string()),
        ("username", user.username.as_str().to_owned()),
        ("email", user.email.as_ref().map_or_else(|| "-".to_owned(), |email| email.as_str().to_owned())),
        ("verified", verified),
        ("full name", user.full_name.as_str().to_owned()),
        ("subject", user.subject.as_str().to_owned()),
        ("active", yes(user.is_active)),
        ("staff", yes(user.is_staff)),
        ("superuser", yes(user.is_superuser)),
        ("joined", date(user.date_joined)),
        ("last login", last_login.map_or_else(|| "never".to_owned(), date)),
        ("sessions", sessions.to_string()),
    ]
    .map(|(name, value)| format!("{name:<11} {}", value.escape_debug()).trim_end().to_owned())
    .join("\n")
}

async fn set_active(auth: &Auth, name: &str, is_active: bool) -> anyhow::Result<String> {
    let user = account(auth, name).await?;
    if !auth.set_active(user.id, is_active).await? {
        bail!("there is no account \"{name}\"");
    }
    let name = user.username.as_str();
    Ok(if is_active {
        format!("{name} is active.")
    } else {
        format!("{name} is not active; its sessions have ended.")
    })
}

async fn verify(auth: &Auth, name: &str) -> anyhow::Result<String> {
    let user = account(auth, name).await?;
    let username = user.username.as_str();
    let Some(email) = &user.email else { bail!("{username} has no address") };
    if !auth.vouch_for_address(user.id).await? {
        bail!("there is no account \"{name}\"");
    }
    Ok(format!("The address of {username}, {email}, is verified."))
}

async fn delete(auth: &Auth, name: &str, yes: bool) -> anyhow::Result<String> {
    let user = account(auth, name).await?;
    let name = user.username.as_str();
    if !yes {
        let mut terminal = Terminal::open("use --yes")?;
        let answer =
            terminal.ask(&format!("Delete {name} (id {}) and its sessions for ever? [y/N] ", user.id))?;
        if !matches!(answer.to_lowercase().as_str(), "y" | "yes") {
            return Ok("Nothing was deleted.".to_owned());
        }
    }
    if !auth.delete_account(user.id).await? {
        bail!("there is no account \"{name}\"");
    }
    Ok(format!("{name} was deleted."))
}

/// A date for people, to the second, in UTC.
pub(super) fn date(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.as_seconds()).map_or_else(|_| "-".to_owned(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::password::Password;
    use doorward_domain::testing::{World, block_on};
    use doorward_domain::use_cases::{Draft, Role, Verification};

    #[test]
    fn a_deactivated_account_is_locked_and_an_activated_one_is_open_again() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let pair = world.login("alice", "pw-of-alice").unwrap();
        let told = block_on(set_active(&world.auth, "alice@example.com", false)).unwrap();
        assert_eq!(told, "alice is not active; its sessions have ended.");
        assert!(block_on(world.auth.authenticate(&pair.access)).is_err());
        block_on(set_active(&world.auth, "alice", true)).unwrap();
        world.login("alice", "pw-of-alice").unwrap();
    }

    #[test]
    fn a_deleted_account_is_gone() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        assert_eq!(block_on(delete(&world.auth, "alice", true)).unwrap(), "alice was deleted.");
        let error = block_on(delete(&world.auth, "alice", true)).unwrap_err();
        assert_eq!(error.to_string(), "there is no account \"alice\"");
    }

    #[test]
    fn an_address_that_an_operator_vouches_for_is_verified() {
        let world = World::with_addresses(Verification::Required, false);
        let password = || Password::new("Corr3ct-horse!");
        let draft = Draft {
            username: Some("alice".to_owned()),
            email: Some("alice@example.com".to_owned()),
            password: password(),
            password_again: password(),
        };
        block_on(world.auth.register(draft, Role::Member)).unwrap();
        assert!(world.login("alice", "Corr3ct-horse!").is_err());
        let told = block_on(verify(&world.auth, "alice@example.com")).unwrap();
        assert_eq!(told, "The address of alice, alice@example.com, is verified.");
        world.login("alice", "Corr3ct-horse!").unwrap();
        let told = described(&world.find("alice"), None, 0);
        assert!(told.contains("\nverified    since "), "{told}");

        world.user("bob", "pw-of-bob");
        let error = block_on(verify(&world.auth, "bob")).unwrap_err();
        assert_eq!(error.to_string(), "bob has no address");
    }

    #[test]
    fn an_account_is_described_line_by_line() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let user = block_on(account(&world.auth, "alice")).unwrap();
        let told = described(&user, None, 2);
        assert!(
            told.starts_with(
                "id          1\nusername    alice\nemail       alice@example.com\nverified    no\n"
            ),
            "{told}"
        );
        assert!(told.contains("\nlast login  never\nsessions    2"), "{told}");
    }
}
