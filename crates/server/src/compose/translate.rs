//! The settings, as each part takes them.

use crate::settings::{
    Algorithm, Claim, EmailVerification, HashEngine, Issuer, Memory, Reuse, Settings, SimpleJwt, path_prefix,
    retiring_key,
};
use anyhow::Context as _;
use doorward_domain::password::PasswordRules;
use doorward_domain::session::{ReusePolicy, SessionPolicy};
use doorward_domain::use_cases::{AddressPolicy, Policy, Verification};
use doorward_http::HttpSettings;
use doorward_passwords::{Cost, Engine, LaneSettings};
use doorward_tokens::{SharedKey, TokenSettings, UserClaim};
use std::time::Duration;

/// How long others may keep the published keys.
const KEY_SET_MAX_AGE: Duration = Duration::from_secs(300);

/// The settings of the transport.
pub(crate) fn http_settings(settings: &Settings) -> anyhow::Result<HttpSettings> {
    let server = &settings.server;
    Ok(HttpSettings {
        workers: (server.workers > 0).then_some(server.workers),
        head_timeout: server.head_timeout,
        body_timeout: server.body_timeout,
        keep_alive: server.keep_alive,
        shutdown_timeout: server.shutdown_timeout,
        handle_signals: false,
        trusted_proxies: server.trusted_proxies.iter().map(|network| network.get()).collect(),
        cors_origins: settings.cors.allowed_origins.iter().map(ToString::to_string).collect(),
        trim_passwords: settings.passwords.trim,
        simplejwt: match settings.tokens.simplejwt {
            SimpleJwt::V5_4 => doorward_http::SimpleJwt::V5_4,
            SimpleJwt::V5_5 => doorward_http::SimpleJwt::V5_5,
        },
        aliases: doorward_http::Aliases {
            djoser: path_prefix(&settings.aliases.djoser).context("aliases.djoser")?,
            dj_rest_auth: path_prefix(&settings.aliases.dj_rest_auth).context("aliases.dj_rest_auth")?,
        },
        key_set_max_age: KEY_SET_MAX_AGE,
        dev_mailbox: settings.has_dev_mailbox(),
        ..HttpSettings::default()
    })
}

pub(super) fn token_settings(settings: &Settings) -> anyhow::Result<TokenSettings> {
    let tokens = &settings.tokens;
    let shared = tokens.shared_key.expose().map(SharedKey::new).transpose().context("tokens.shared_key")?;
    let retiring = tokens.retiring_keys.iter().map(|key| retiring_key(key.expose().unwrap_or_default()));
    let retiring: Result<_, _> = retiring.collect();
    Ok(TokenSettings {
        algorithm: tokens.algorithm.into(),
        issuer: match &tokens.issuer {
            Issuer::PublicUrl => Some(settings.server.public_url.to_string()),
            Issuer::None => None,
            Issuer::Named(name) => Some(name.clone()),
        },
        audience: tokens.audience.clone(),
        access_lifetime: tokens.access_lifetime,
        simplejwt: match tokens.simplejwt {
            SimpleJwt::V5_4 => doorward_tokens::SimpleJwt::V5_4,
            SimpleJwt::V5_5 => doorward_tokens::SimpleJwt::V5_5,
        },
        claims: tokens.claims.iter().copied().map(UserClaim::from).collect(),
        shared_key: shared,
        retiring_keys: retiring.map_err(anyhow::Error::msg).context("tokens.retiring_keys")?,
    })
}

pub(super) fn lane_settings(settings: &Settings) -> anyhow::Result<LaneSettings> {
    let passwords = &settings.passwords;
    let defaults = LaneSettings::default();
    Ok(LaneSettings {
        cost: Cost::new(passwords.bcrypt_cost).context("passwords.bcrypt_cost")?,
        threads: if passwords.hash_threads == 0 { defaults.threads } else { passwords.hash_threads },
        queue: passwords.hash_queue,
        deadline: passwords.hash_deadline,
        engine: passwords.hash_engine.into(),
    })
}

pub(super) fn recall_settings(settings: &Settings) -> doorward_recall::Settings {
    let Memory { sessions, tokens, warm_up: _ } = settings.memory;
    doorward_recall::Settings { sessions, tokens, ..doorward_recall::Settings::default() }
}

pub(super) fn policy(settings: &Settings) -> Policy {
    let Settings { tokens, passwords, accounts, .. } = settings;
    Policy {
        sessions: SessionPolicy {
            idle_lifetime: tokens.refresh_idle_lifetime,
            absolute_lifetime: tokens.refresh_absolute_lifetime,
            grace: tokens.refresh_grace,
            reuse: match tokens.refresh_reuse {
                Reuse::Revoke => ReusePolicy::Revoke,
                Reuse::Refuse => ReusePolicy::Refuse,
            },
        },
        passwords: PasswordRules {
            minimum_length: passwords.minimum_length,
            similarity: passwords.similarity,
        },
        addresses: AddressPolicy {
            verification: match accounts.email_verification {
                EmailVerification::None => Verification::None,
                EmailVerification::Optional => Verification::Optional,
                EmailVerification::Required => Verification::Required,
            },
            private_registration: accounts.private_registration,
        },
    }
}

impl From<Algorithm> for doorward_domain::keys::Algorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::EdDsa => Self::EdDsa,
            Algorithm::Hs256 => Self::Hs256,
        }
    }
}

impl From<Claim> for UserClaim {
    fn from(claim: Claim) -> Self {
        match claim {
            Claim::Username => Self::Username,
            Claim::Email => Self::Email,
            Claim::FullName => Self::FullName,
            Claim::IsStaff => Self::IsStaff,
            Claim::IsSuperuser => Self::IsSuperuser,
            Claim::Groups => Self::Groups,
        }
    }
}

impl From<HashEngine> for Engine {
    fn from(engine: HashEngine) -> Self {
        match engine {
            HashEngine::Interleaved => Self::Interleaved,
            HashEngine::Crate => Self::Crate,
        }
    }
}
