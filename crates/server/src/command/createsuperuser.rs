//! `doorward createsuperuser`: an account that may do everything.

use super::console::{self, Person, Terminal, ask_new_password};
use super::{Context, Usage, with_parts};
use anyhow::anyhow;
use doorward_domain::password::{Password, PasswordError, PasswordRules};
use doorward_domain::store::Lookup;
use doorward_domain::use_cases::{Auth, Draft, DraftErrors, RegisterError, Role, check_draft};
use doorward_domain::user::User;
use std::fmt::Display;
use std::process::ExitCode;

/// The variable that has the password where nobody can be asked.
const PASSWORD: &str = "DOORWARD_SUPERUSER_PASSWORD";

/// Arguments of `doorward createsuperuser`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  doorward createsuperuser\n  \
    DOORWARD_SUPERUSER_PASSWORD=… doorward createsuperuser --noinput --username admin --email admin@example.org")]
pub struct Args {
    /// The username; asked for where it is not given
    #[arg(long)]
    username: Option<String>,
    /// The e-mail address; may be left blank
    #[arg(long)]
    email: Option<String>,
    /// Ask nothing: the password is in `DOORWARD_SUPERUSER_PASSWORD`
    #[arg(long, requires = "username")]
    noinput: bool,
}

/// Makes the account.
///
/// # Errors
/// Its data break a rule, or the database failed.
pub fn run(context: &Context, args: Args) -> anyhow::Result<ExitCode> {
    let settings = context.settings_of_command()?;
    let trim = settings.passwords.trim;
    let given = if args.noinput { Some(context.required(PASSWORD)?) } else { None };
    let mut terminal = match given {
        Some(_) => None,
        None => Some(Terminal::open("use --noinput with --username and DOORWARD_SUPERUSER_PASSWORD")?),
    };
    let user = with_parts(&settings, async |parts| match (given, &mut terminal) {
        (Some(password), _) => without_asking(&parts.auth, args, password, trim).await,
        (None, Some(terminal)) => interview(&parts.auth, args, terminal, trim).await,
        (None, None) => Err(Usage("there is nobody to ask".to_owned()).into()),
    })?;
    console::say(&format!("Superuser {} was made.", user.username.as_str()));
    Ok(ExitCode::SUCCESS)
}

async fn without_asking(auth: &Auth, args: Args, password: &str, trim: bool) -> anyhow::Result<User> {
    let draft =
        draft(args.username, args.email, password, trim).map_err(|error| anyhow!("password: {error}"))?;
    match auth.register(draft, Role::Superuser).await {
        Ok(user) => Ok(user),
        Err(RegisterError::Invalid(errors)) => Err(anyhow!(sentences(&errors).join(" "))),
        Err(RegisterError::Failure(failure)) => Err(failure.into()),
    }
}

/// Asks for what is missing, and for each answer again until it is right.
async fn interview(auth: &Auth, args: Args, person: &mut dyn Person, trim: bool) -> anyhow::Result<User> {
    let username = ask_username(auth, args.username, person).await?;
    let email = ask_email(auth, args.email, person).await?;
    loop {
        let password = ask_new_password(person)?;
        let draft = match draft(Some(username.clone()), Some(email.clone()), &password, trim) {
            Ok(draft) => draft,
            Err(error) => {
                person.tell(&error.to_string());
                continue;
            }
        };
        match auth.register(draft, Role::Superuser).await {
            Ok(user) => return Ok(user),
            Err(RegisterError::Failure(failure)) => return Err(failure.into()),
            Err(RegisterError::Invalid(errors)) if !errors.password.is_empty() => {
                person.tell(&lines(&errors.password));
            }
            // A name was right a moment ago: somebody else took it meanwhile.
            Err(RegisterError::Invalid(errors)) => return Err(anyhow!(sentences(&errors).join(" "))),
        }
    }
}

async fn ask_username(
    auth: &Auth,
    mut given: Option<String>,
    person: &mut dyn Person,
) -> anyhow::Result<String> {
    loop {
        let username = given.take().map_or_else(|| person.ask("Username: "), Ok)?;
        let errors = errors_of(auth, Draft { username: Some(username.clone()), ..Draft::default() }).await?;
        if errors.username.is_empty() {
            return Ok(username);
        }
        person.tell(&lines(&errors.username));
    }
}

/// Asks for the address; a blank one is none.
async fn ask_email(
    auth: &Auth,
    mut given: Option<String>,
    person: &mut dyn Person,
) -> anyhow::Result<String> {
    loop {
        let email = given.take().map_or_else(|| person.ask("Email address (may be blank): "), Ok)?;
        let errors = errors_of(auth, Draft { email: Some(email.clone()), ..Draft::default() }).await?;
        if email.is_empty() || errors.email.is_empty() {
            return Ok(email);
        }
        person.tell(&lines(&errors.email));
    }
}

/// What is wrong with the fields that are there. No account comes of it, since others are not.
async fn errors_of(auth: &Auth, draft: Draft) -> anyhow::Result<DraftErrors> {
    let (rules, now) = (PasswordRules::default(), auth.ports().clock.now());
    let look = move |db: &mut dyn Lookup| check_draft(db, &draft, Role::Superuser, &rules, false, now);
    Ok(auth.ports().store.query(look).await?.err().unwrap_or_default())
}

fn draft(
    username: Option<String>,
    email: Option<String>,
    password: &str,
    trim: bool,
) -> Result<Draft, PasswordError> {
    let password = new_password(password, trim)?;
    let email = email.filter(|email| !email.trim().is_empty());
    Ok(Draft { username, email, password: Some(password.clone()), password_again: Some(password) })
}

/// A password as a login will present it: with white space around it only where that counts.
pub(super) fn new_password(typed: &str, trim: bool) -> Result<Password, PasswordError> {
    Password::new(if trim { typed.trim() } else { typed }).ok_or(PasswordError::TooLong)
}

fn lines(errors: &[impl Display]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn sentences(errors: &DraftErrors) -> Vec<String> {
    fn labelled<'a>(label: &'a str, errors: &'a [impl Display]) -> impl Iterator<Item = String> + 'a {
        errors.iter().map(move |error| format!("{label}: {error}"))
    }
    let DraftErrors { username, email, password, mismatch } = errors;
    let mismatch = mismatch.then(|| "Your passwords didn't match.".to_owned());
    labelled("username", username)
        .chain(labelled("email", email))
        .chain(labelled("password", password))
        .chain(mismatch)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::console::scripted::Scripted;
    use doorward_domain::testing::{World, block_on};

    const GOOD: &str = "Corr3ct-horse!";
    const NOTHING: Args = Args { username: None, email: None, noinput: false };

    fn asked(world: &World, args: Args, script: &[(&'static str, &'static str)]) -> (User, Vec<String>) {
        let mut person = Scripted::new(script);
        let user = block_on(interview(&world.auth, args, &mut person, false)).unwrap();
        assert!(person.was_asked_everything());
        (user, person.told)
    }

    #[test]
    fn the_account_may_do_everything_and_needs_no_address() {
        let (user, told) = asked(
            &World::new(),
            NOTHING,
            &[("Username", "root"), ("Email", ""), ("Password:", GOOD), ("Password (again)", GOOD)],
        );
        assert!(user.is_superuser && user.is_staff && user.email.is_none());
        assert_eq!(told, [""; 0]);
    }

    #[test]
    fn a_taken_username_is_told_before_anything_else_is_asked() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let (user, told) = asked(
            &world,
            Args { username: Some("Alice".to_owned()), ..NOTHING },
            &[
                ("Username", "root"),
                ("Email", "root@example.org"),
                ("Password:", GOOD),
                ("Password (again)", GOOD),
            ],
        );
        assert_eq!(user.username.as_str(), "root");
        assert_eq!(told, ["A user with that username already exists."]);
    }

    #[test]
    fn a_weak_password_is_asked_for_again_and_nothing_else_is() {
        let (_, told) = asked(
            &World::new(),
            Args { username: Some("root".to_owned()), email: Some(String::new()), noinput: false },
            &[
                ("Password:", "123"),
                ("Password (again)", "123"),
                ("Password:", GOOD),
                ("Password (again)", GOOD),
            ],
        );
        let [told] = told.as_slice() else { panic!("{told:?}") };
        assert!(told.starts_with("This password is too short. "), "{told}");
        assert_eq!(told.lines().count(), 3);
    }

    #[test]
    fn a_bad_address_is_told_before_the_password_is_asked_for() {
        let (user, told) = asked(
            &World::new(),
            Args { username: Some("root".to_owned()), ..NOTHING },
            &[
                ("Email", "nonsense"),
                ("Email", "root@example.org"),
                ("Password:", GOOD),
                ("Password (again)", GOOD),
            ],
        );
        assert_eq!(user.email.unwrap().as_str(), "root@example.org");
        assert_eq!(told, ["Enter a valid email address."]);
    }

    #[test]
    fn without_asking_every_broken_rule_is_told() {
        let args = Args { username: Some("a b".to_owned()), email: None, noinput: true };
        let error = block_on(without_asking(&World::new().auth, args, "123", false)).unwrap_err().to_string();
        assert!(
            error.contains("username: ") && error.contains("too short") && error.contains("numeric"),
            "{error}"
        );
    }

    #[test]
    fn a_password_is_trimmed_only_where_logins_are() {
        assert_eq!(new_password(" a b ", true).unwrap().expose(), "a b");
        assert_eq!(new_password(" a b ", false).unwrap().expose(), " a b ");
    }
}
