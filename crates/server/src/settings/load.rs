use super::source::KnownKeys;
use super::{Environment, Problem, Settings, SettingsError};
use config::{Config, ConfigError, File, FileFormat, Map, Value, ValueKind};
use std::fs;
use std::path::Path;

/// Keys whose values must not be repeated in an error.
const SECRETS: [&str; 6] = [
    "database.url",
    "secret.key",
    "secret.previous",
    "tokens.shared_key",
    "tokens.retiring_keys",
    "mail.smtp_password",
];

impl Settings {
    /// The built-in defaults, overridden by `file`, overridden by the environment; checked.
    ///
    /// # Errors
    /// Everything that is wrong, each with the key that it is about.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, SettingsError> {
        let settings = Self::read(file, environment)?;
        settings.validate(environment)?;
        Ok(settings)
    }

    /// The same, without [`Settings::validate`].
    fn read(file: Option<&Path>, environment: &Environment) -> Result<Self, SettingsError> {
        let known = KnownKeys::new();
        let (values, mut problems) = environment.settings(&known);
        let mut sources = Config::builder();
        if let Some(path) = file {
            let (table, unknown) = read_file(path, &known)?;
            problems.extend(unknown);
            sources = sources.add_source(table);
        }
        SettingsError::unless_empty(problems)?;
        for (key, value) in values {
            sources = sources.set_override(key.clone(), value).map_err(|error| problem(error, &key))?;
        }
        let merged = sources.build().map_err(|error| problem(error, "settings"))?;
        merged.try_deserialize().map_err(|error| problem(error, "settings").into())
    }
}

/// Reads a TOML file, and finds the keys in it that there are not.
fn read_file(path: &Path, known: &KnownKeys) -> Result<(Config, Vec<Problem>), Problem> {
    let name = path.display().to_string();
    let text =
        fs::read_to_string(path).map_err(|error| Problem::new(&name, format!("cannot be read: {error}")))?;
    let file = Config::builder().add_source(File::from_str(&text, FileFormat::Toml)).build();
    let file = file.map_err(|error| problem(error, &name))?;
    let sections: Map<String, Value> =
        file.clone().try_deserialize().map_err(|error| problem(error, &name))?;
    let unknown = sections.into_iter().flat_map(|(section, value)| match value.kind {
        ValueKind::Table(keys) => keys.into_keys().map(|key| format!("{section}.{key}")).collect(),
        _ => vec![section],
    });
    let mut unknown: Vec<_> = unknown.filter(|key| known.kind(key).is_none()).collect();
    unknown.sort();
    Ok((file, unknown.into_iter().map(|key| Problem::new(&key, known.unknown(&key))).collect()))
}

/// What `config` found wrong, in our words, and without the value of a secret.
fn problem(error: ConfigError, otherwise: &str) -> Problem {
    match error {
        ConfigError::Type { unexpected, expected, key, .. } => {
            let key = key.unwrap_or_else(|| otherwise.to_owned());
            Problem::new(&key, hidden(&key, format!("{unexpected} is not {expected}")))
        }
        ConfigError::At { error, key, .. } => {
            let key = key.unwrap_or_else(|| otherwise.to_owned());
            Problem::new(&key, hidden(&key, error.to_string()))
        }
        ConfigError::NotFound(key) => Problem::new(key, "is missing"),
        ConfigError::FileParse { cause, .. } => Problem::new(otherwise, without_excerpt(&cause.to_string())),
        other => Problem::new(otherwise, other),
    }
}

fn hidden(key: &str, what: String) -> String {
    let is_secret = SECRETS.iter().any(|secret| key.starts_with(secret));
    if is_secret {
        "is not of the right type; a text, or for a list a list of texts".to_owned()
    } else {
        what
    }
}

/// A parser's message without the excerpt of the file, where a secret may stand.
fn without_excerpt(message: &str) -> String {
    let is_excerpt = |line: &&str| {
        line.split_once('|')
            .is_some_and(|(number, _)| number.trim().parse::<u32>().is_ok() || number.trim().is_empty())
    };
    let lines: Vec<_> = message.lines().filter(|line| !is_excerpt(line)).map(str::trim).collect();
    lines.join(": ")
}
