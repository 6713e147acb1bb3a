//! `doorward keys`: signing keys, and root secrets.

use super::{Context, console, user::date, with_parts};
use crate::compose::Parts;
use crate::settings::{Settings, duration};
use anyhow::bail;
use doorward_domain::keys::{Algorithm, KeyId, KeyRecord, signer_at};
use doorward_domain::time::Timestamp;
use doorward_tokens::{OsRandom, RootSecret};
use std::process::ExitCode;
use std::time::Duration;

/// Arguments of `doorward keys`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A new key is published before it signs, and the old one is honoured until its last token \
    has expired: no token is refused because of a rotation. Servers that run follow within a second.\n\n\
    Examples:\n  doorward keys list\n  doorward keys rotate\n  doorward keys rotate --lead 1d\n  \
    doorward keys retire 8Qw… --at-once"
)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the keys: which one signs, which ones are honoured, which one waits
    List,
    /// Make the successor of the key that signs
    Rotate {
        /// How long the new key is published before it signs: longer than others keep the key set
        /// (5m)
        #[arg(long, value_parser = duration::parse, default_value = "10m", value_name = "DURATION")]
        lead: Duration,
        /// Sign with the new key as soon as every instance has it; services that keep the old key set
        /// will refuse tokens until they fetch the new one
        #[arg(long, conflicts_with = "lead")]
        now: bool,
    },
    /// Take a key out of service that does not sign: one that waits, or one that signed before
    Retire {
        /// Its id, as `list` shows it
        #[arg(allow_hyphen_values = true)] // one in 64 begins with "-"
        kid: String,
        /// Refuse its tokens from now on; without this they are honoured until they expire
        #[arg(long)]
        at_once: bool,
    },
    /// Print a fresh root secret, for secret.key; needs no database
    GenerateSecret,
}

/// Does what was asked for with the keys.
///
/// # Errors
/// The keys do not allow it, or the database failed.
pub fn run(context: &Context, args: Args) -> anyhow::Result<ExitCode> {
    if let Action::GenerateSecret = args.action {
        console::say(&RootSecret::generate(&OsRandom::new()).to_text());
        return Ok(ExitCode::SUCCESS);
    }
    let settings = context.settings_of_command()?;
    let told = with_parts(&settings, async |parts| match args.action {
        Action::List => list(&settings, parts).await,
        Action::Rotate { lead, now } => {
            rotate(&settings, parts, if now { Duration::ZERO } else { lead }).await
        }
        Action::Retire { kid, at_once } => retire(&settings, parts, KeyId(kid), at_once).await,
        Action::GenerateSecret => Ok(String::new()),
    })?;
    console::say(&told);
    Ok(ExitCode::SUCCESS)
}

async fn list(settings: &Settings, parts: &Parts) -> anyhow::Result<String> {
    let (keys, now) = (parts.keys.list().await?, parts.keys.clock.now());
    let mut told = table(&keys, settings.tokens.algorithm.into(), now);
    if settings.signs_with_shared_key() {
        told.push_str("\nTokens are signed with tokens.shared_key, and with none of these.");
    }
    Ok(told)
}

async fn rotate(settings: &Settings, parts: &mut Parts, lead: Duration) -> anyhow::Result<String> {
    if settings.signs_with_shared_key() {
        bail!(
            "tokens are signed with tokens.shared_key; to change it, put the old one into tokens.retiring_keys \
             as \"HS256:…\" and the new one in its place"
        );
    }
    parts.keys.plan.lead = lead;
    let activates_at = parts.keys.plan.activation(parts.keys.clock.now());
    let id = parts.keys.rotate(settings.tokens.algorithm.into()).await?;
    let retires_at = parts.keys.plan.retirement(activates_at);
    Ok(format!(
        "Key {id} is published now and signs from {} on.
Its predecessor is honoured until {}.",
        date(activates_at),
        date(retires_at)
    ))
}

async fn retire(settings: &Settings, parts: &Parts, id: KeyId, at_once: bool) -> anyhow::Result<String> {
    parts.keys.retire(id.clone(), settings.tokens.algorithm.into(), at_once).await?;
    let ends = if at_once { "now" } else { "when its last token has expired" };
    Ok(format!("Key {id} goes out of service {ends}."))
}

fn table(keys: &[KeyRecord], signs: Algorithm, now: Timestamp) -> String {
    if keys.is_empty() {
        return "There are no keys.".to_owned();
    }
    let signer = signer_at(keys, now, signs, |key| (key.algorithm, key.times)).map(|key| &key.id);
    let line = |key: &KeyRecord| {
        let id = &key.id;
        let state = match key.times.retires_at {
            _ if signer == Some(id) => "signs".to_owned(),
            Some(end) if end <= now => format!("refused since {}", date(end)),
            _ if now < key.times.activates_at => format!("signs from {}", date(key.times.activates_at)),
            Some(end) => format!("honoured until {}", date(end)),
            None => "honoured".to_owned(),
        };
        format!("{:<43}  {:<5}  made {}  {state}", id.0, key.algorithm.name(), date(key.times.created_at))
    };
    keys.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::keys::KeyTimes;

    fn key(id: &str, activates_at: i64, retires_at: Option<i64>) -> KeyRecord {
        let at = Timestamp::from_seconds;
        KeyRecord {
            id: KeyId(id.to_owned()),
            algorithm: Algorithm::EdDsa,
            times: KeyTimes {
                created_at: at(0),
                activates_at: at(activates_at),
                retires_at: retires_at.map(at),
            },
            sealed: b"sealed".to_vec(),
        }
    }

    #[test]
    fn the_list_tells_what_each_key_is_for() {
        let keys = [
            key("old", 0, Some(50)),
            key("last", 10, Some(700)),
            key("now", 20, None),
            key("next", 600, None),
        ];
        let told = table(&keys, Algorithm::EdDsa, Timestamp::from_seconds(100));
        let states: Vec<_> = told.lines().map(|line| line.split("  ").last().unwrap()).collect();
        assert_eq!(
            states,
            [
                "refused since 1970-01-01T00:00:50Z",
                "honoured until 1970-01-01T00:11:40Z",
                "signs",
                "signs from 1970-01-01T00:10:00Z"
            ]
        );
        assert_eq!(table(&[], Algorithm::EdDsa, Timestamp::EPOCH), "There are no keys.");
    }
}
