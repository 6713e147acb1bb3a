//! `doorward mail`: the outbox.

use super::console::{self, printable};
use super::{Context, user::date, with_parts};
use crate::compose::{clerk, reader};
use anyhow::{Context as _, bail};
use doorward_domain::identity::EmailAddress;
use doorward_domain::mail::{LetterId, LetterState, OutboxEntry, ShownLetter};
use doorward_domain::store::LetterFilter;
use doorward_domain::time::Timestamp;
use doorward_domain::use_cases::{Post, RetryError};
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `doorward mail`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A letter is queued until it was sent; while the mail server is away, it is tried again for as \
    long as its link works. One that a server refused for good is failed, and waits for `retry`. What a \
    letter says is forgotten once it was sent.\n\n\
    Examples:\n  doorward mail list\n  doorward mail list --state failed\n  doorward mail retry --failed\n  \
    doorward check --mail-to you@example.org"
)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the letters, the last written first
    List {
        /// Only those in this state
        #[arg(long, value_parser = state, value_name = "queued|sent|kept|failed")]
        state: Option<LetterState>,
        /// At most so many
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=MOST), default_value_t = 20, value_name = "N")]
        limit: u32,
        /// Write JSON, one list of objects
        #[arg(long)]
        json: bool,
    },
    /// Show a letter as its reader sees it; it may hold a link that opens an account
    Show {
        /// Its id, as `list` shows it
        #[arg(value_parser = letter_id)]
        id: LetterId,
    },
    /// Send letters again that failed, or at once what waits for its next attempt
    #[command(group = clap::ArgGroup::new("letters").required(true).args(["id", "failed"]))]
    Retry {
        /// The letter's id, as `list` shows it
        #[arg(value_parser = letter_id)]
        id: Option<LetterId>,
        /// Every letter that failed
        #[arg(long)]
        failed: bool,
    },
}

/// The most letters that are looked at.
const MOST: i64 = 100_000;

/// Does what was asked for with the outbox.
///
/// # Errors
/// There is no such letter, or the database failed.
pub fn run(context: &Context, args: &Args) -> anyhow::Result<ExitCode> {
    let settings = context.settings_of_command()?;
    let told = with_parts(&settings, async |parts| {
        let (post, now) = (clerk(&settings, &parts.auth), parts.auth.ports().clock.now());
        match args.action {
            Action::List { state, limit, json } => {
                let letters = post.letters(LetterFilter { state, user: None }, limit).await?;
                if json { as_json(&letters, now) } else { Ok(table(&letters, now)) }
            }
            Action::Show { id } => show(&reader(&settings, &parts.auth)?, id, now).await,
            Action::Retry { id: Some(id), .. } => retry(&post, id).await,
            Action::Retry { id: None, .. } => retry_failed(&post).await,
        }
    })?;
    console::say(&told);
    Ok(ExitCode::SUCCESS)
}

/// Parses an address that was typed at the terminal.
pub(super) fn address(typed: &str) -> Result<EmailAddress, String> {
    EmailAddress::parse(typed)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
}

fn letter_id(typed: &str) -> Result<LetterId, &'static str> {
    LetterId::parse(typed).ok_or("a letter's id is a UUID, as `doorward mail list` shows it")
}

fn state(typed: &str) -> Result<LetterState, String> {
    LetterState::from_stored(typed)
        .ok_or_else(|| format!("the states are {}", LetterState::ALL.map(LetterState::as_str).join(", ")))
}

/// What became of a letter, and when.
fn standing(entry: &OutboxEntry, now: Timestamp) -> String {
    let settled = entry.settled_at.map(date).unwrap_or_default();
    match entry.state {
        LetterState::Queued if entry.has_expired(now) => format!("expired {}", date(entry.expires_at)),
        LetterState::Queued if entry.next_attempt_at <= now => "queued, due now".to_owned(),
        LetterState::Queued => format!("queued, due {}", date(entry.next_attempt_at)),
        LetterState::Sent => format!("sent {settled}"),
        LetterState::Kept => format!("kept {settled}"),
        LetterState::Failed => format!("failed {settled}"),
    }
}

fn table(letters: &[OutboxEntry], now: Timestamp) -> String {
    if letters.is_empty() {
        return "There are no such letters.".to_owned();
    }
    let line = |entry: &OutboxEntry| {
        let to = printable(entry.to.as_str());
        let line = format!("{}  {:<20}  {to}  {}", entry.id, entry.kind.as_str(), standing(entry, now));
        match &entry.last_error {
            Some(error) => format!("{line}\n    attempt {}: {}", entry.attempts, printable(error)),
            None => line,
        }
    };
    letters.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A letter for machines. What it says is not in it.
#[derive(Serialize)]
struct Listed<'a> {
    id: String,
    state: &'static str,
    kind: &'static str,
    to: &'a str,
    user_id: Option<i64>,
    written_at: String,
    expires_at: String,
    expired: bool,
    attempts: u32,
    next_attempt_at: Option<String>,
    last_error: Option<&'a str>,
    settled_at: Option<String>,
}

impl<'a> Listed<'a> {
    fn of(entry: &'a OutboxEntry, now: Timestamp) -> Self {
        let is_waiting = entry.state == LetterState::Queued && !entry.has_expired(now);
        Self {
            id: entry.id.to_string(),
            state: entry.state.as_str(),
            kind: entry.kind.as_str(),
            to: entry.to.as_str(),
            user_id: entry.user.map(|user| user.0),
            written_at: date(entry.written_at),
            expires_at: date(entry.expires_at),
            expired: entry.has_expired(now),
            attempts: entry.attempts,
            next_attempt_at: is_waiting.then(|| date(entry.next_attempt_at)),
            last_error: entry.last_error.as_deref(),
            settled_at: entry.settled_at.map(date),
        }
    }
}

fn as_json(letters: &[OutboxEntry], now: Timestamp) -> anyhow::Result<String> {
    let listed: Vec<_> = letters.iter().map(|entry| Listed::of(entry, now)).collect();
    Ok(serde_json::to_string_pretty(&listed)?)
}

async fn show(post: &Post, id: LetterId, now: Timestamp) -> anyhow::Result<String> {
    let entry = post.letter(id).await?.with_context(|| format!("there is no letter {id}"))?;
    Ok(shown(&entry, post.show(&entry), now))
}

/// The letter's headers, and what it says if that is still there.
fn shown(entry: &OutboxEntry, letter: Option<ShownLetter>, now: Timestamp) -> String {
    let mut lines = vec![
        ("id", entry.id.to_string()),
        ("kind", entry.kind.as_str().to_owned()),
        ("state", standing(entry, now)),
        ("attempts", entry.attempts.to_string()),
        ("last error", entry.last_error.clone().unwrap_or_else(|| "-".to_owned())),
        ("written", date(entry.written_at)),
        ("to", entry.to.to_string()),
    ];
    let text = match letter {
        Some(letter) => {
            lines.extend([("from", letter.from), ("subject", letter.subject)]);
            letter.text
        }
        None if entry.sealed.is_none() => "What it said was forgotten when it was sent.".to_owned(),
        None => {
            "What it says does not open under this root secret, or has no template that works.".to_owned()
        }
    };
    let line = |(name, value): (&str, String)| format!("{name:<11} {}", printable(&value));
    let headers: Vec<_> = lines.into_iter().map(line).collect();
    format!("{}\n\n{}", headers.join("\n"), text.trim_end())
}

async fn retry(post: &Post, id: LetterId) -> anyhow::Result<String> {
    match post.retry(id).await {
        Ok(()) => Ok("The letter is queued, for a server that runs to send it now.".to_owned()),
        Err(RetryError::NotFound) => bail!("there is no letter {id}"),
        Err(error) => Err(error.into()),
    }
}

/// Queues every letter that failed and that somebody may still need.
async fn retry_failed(post: &Post) -> anyhow::Result<String> {
    let limit = u32::try_from(MOST).unwrap_or(u32::MAX);
    let failed = LetterFilter { state: Some(LetterState::Failed), user: None };
    let (mut queued, mut expired) = (0, 0);
    for entry in post.letters(failed, limit).await? {
        match post.retry(entry.id).await {
            Ok(()) => queued += 1,
            Err(RetryError::Expired) => expired += 1,
            // Somebody else was faster.
            Err(RetryError::NotFound | RetryError::Delivered) => {}
            Err(error @ RetryError::Failure(_)) => return Err(error.into()),
        }
    }
    let letters = |count: u32| format!("{count} letter{}", if count == 1 { "" } else { "s" });
    Ok(match (queued, expired) {
        (0, 0) => "No letter has failed.".to_owned(),
        (_, 0) => format!("Queued {}, for a server that runs to send now.", letters(queued)),
        (0, _) => format!("Nothing was queued: {} too old.", of_expired(expired)),
        (_, _) => format!(
            "Queued {}, for a server that runs to send now; {} too old.",
            letters(queued),
            of_expired(expired)
        ),
    })
}

fn of_expired(count: u32) -> String {
    if count == 1 { "1 letter is".to_owned() } else { format!("{count} letters are") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::mail::{DeliveryError, RequestedLetter};
    use doorward_domain::testing::{World, block_on};
    use std::time::Duration;

    /// A world in which a mail server has refused a letter to Alice.
    fn with_failed_letter() -> World {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let address = EmailAddress::parse("alice@example.com").unwrap();
        block_on(world.auth.request_letter(RequestedLetter::ResetPassword, address)).unwrap();
        world.courier.fail_next(DeliveryError::Never("550 no such mailbox".to_owned()));
        assert_eq!(world.mail(), []);
        world
    }

    fn only(world: &World) -> OutboxEntry {
        let [entry] = block_on(world.post.letters(LetterFilter::default(), 9)).unwrap().try_into().unwrap();
        entry
    }

    fn now(world: &World) -> Timestamp {
        world.auth.ports().clock.now()
    }

    #[test]
    fn the_list_tells_what_became_of_each_letter() {
        let world = with_failed_letter();
        let entry = only(&world);
        let told = table(std::slice::from_ref(&entry), now(&world));
        let expected = format!(
            "{}  reset_password        alice@example.com  failed {}\n    attempt 1: 550 no such mailbox",
            entry.id,
            date(now(&world))
        );
        assert_eq!(told, expected);
        assert_eq!(table(&[], now(&world)), "There are no such letters.");

        let queued = OutboxEntry {
            state: LetterState::Queued,
            next_attempt_at: now(&world),
            settled_at: None,
            ..entry
        };
        assert_eq!(standing(&queued, now(&world)), "queued, due now");
        let later = now(&world).plus(Duration::from_secs(3600));
        assert!(standing(&queued, later).starts_with("expired "));
        let put_off = OutboxEntry { next_attempt_at: later, ..queued };
        assert_eq!(standing(&put_off, now(&world)), format!("queued, due {}", date(later)));
    }

    #[test]
    fn machines_get_the_same_as_json_and_nothing_that_a_letter_says() {
        let world = with_failed_letter();
        let json = as_json(&[only(&world)], now(&world)).unwrap();
        let letters: serde_json::Value = serde_json::from_str(&json).unwrap();
        let letter = &letters[0];
        assert_eq!(
            (&letter["state"], &letter["kind"], &letter["to"], &letter["last_error"], &letter["expired"]),
            (
                &"failed".into(),
                &"reset_password".into(),
                &"alice@example.com".into(),
                &"550 no such mailbox".into(),
                &false.into()
            )
        );
        assert!(letter["next_attempt_at"].is_null() && letter.get("sealed").is_none(), "{json}");
    }

    #[test]
    fn a_letter_is_shown_with_its_headers_until_it_was_sent() {
        let world = with_failed_letter();
        let id = only(&world).id;
        let told = block_on(show(&world.post, id, now(&world))).unwrap();
        for part in
            ["to          alice@example.com\n", "subject     reset_password\n\nreset_password for alice"]
        {
            assert!(told.contains(part), "{told}");
        }
        assert!(told.contains("last error  550 no such mailbox\n"), "{told}");
        block_on(retry(&world.post, id)).unwrap();
        assert_eq!(world.mail().len(), 1);
        let told = block_on(show(&world.post, id, now(&world))).unwrap();
        assert!(told.ends_with("\n\nWhat it said was forgotten when it was sent."), "{told}");
        let nobody = LetterId::from_bytes([0; 16]);
        let error = block_on(show(&world.post, nobody, now(&world))).unwrap_err();
        assert_eq!(error.to_string(), format!("there is no letter {nobody}"));
    }

    #[test]
    fn what_failed_is_queued_again_unless_it_is_too_old() {
        let world = with_failed_letter();
        assert_eq!(
            block_on(retry_failed(&world.post)).unwrap(),
            "Queued 1 letter, for a server that runs to send now."
        );
        assert_eq!(block_on(retry_failed(&world.post)).unwrap(), "No letter has failed.");
        assert_eq!(world.mail().len(), 1);
        let error = block_on(retry(&world.post, only(&world).id)).unwrap_err();
        assert_eq!(error.to_string(), "the letter was delivered");

        let world = with_failed_letter();
        world.clock.advance(Duration::from_secs(3600));
        assert_eq!(block_on(retry_failed(&world.post)).unwrap(), "Nothing was queued: 1 letter is too old.");
        let error = block_on(retry(&world.post, only(&world).id)).unwrap_err();
        assert_eq!(error.to_string(), "the letter has expired");
    }

    #[test]
    fn what_is_typed_is_parsed_or_told() {
        assert_eq!(state("sent"), Ok(LetterState::Sent));
        assert_eq!(state("lost").unwrap_err(), "the states are queued, sent, kept, failed");
        assert!(letter_id("x").is_err() && letter_id(&LetterId::from_bytes([1; 16]).to_string()).is_ok());
        assert_eq!(address("nobody").unwrap_err(), "Enter a valid email address.");
        assert_eq!(address("a@example.org").unwrap().as_str(), "a@example.org");
    }
}
