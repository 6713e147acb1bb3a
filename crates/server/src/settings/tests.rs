use super::source::KnownKeys;
use super::{EmailVerification, Environment, INSECURE_TEST_COST, Issuer, Reuse, Settings};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const ROOT: &str = "q83vEjRWeJASNFZ4kKvN7/7cuph2VDIQASNFZ4mrze8=";
const KEY: &str = "k5!x_0c9qz-7v#2mJw$eR8tYpL4sN6bD";

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config").join(name)
}

fn environment(pairs: &[(&str, &str)]) -> Environment {
    Environment::from_pairs(pairs.iter().copied())
}

fn from_environment(pairs: &[(&str, &str)]) -> Result<Settings, String> {
    Settings::load(None, &environment(pairs)).map_err(|error| error.to_string())
}

fn from_toml(text: &str) -> Result<Settings, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("doorward.toml");
    fs::write(&path, text).unwrap();
    Settings::load(Some(&path), &environment(&[])).map_err(|error| error.to_string())
}

#[test]
fn the_shipped_default_file_has_every_key_and_equals_the_built_in_defaults() {
    let text = fs::read_to_string(shipped("default.toml")).unwrap();
    let table: config::Map<String, config::Value> = config::Config::builder()
        .add_source(config::File::from_str(&text, config::FileFormat::Toml))
        .build()
        .unwrap()
        .try_deserialize()
        .unwrap();
    for key in KnownKeys::new().iter() {
        let (section, name) = key.split_once('.').unwrap();
        let keys = table.get(section).unwrap_or_else(|| panic!("[{section}] is missing")).clone();
        assert!(keys.into_table().unwrap().contains_key(name), "{key} is missing");
    }
    assert_eq!(
        Settings::load(Some(&shipped("default.toml")), &environment(&[])).unwrap(),
        Settings::default()
    );
}

#[test]
fn every_key_of_the_default_file_has_a_comment_before_it() {
    let text = fs::read_to_string(shipped("default.toml")).unwrap();
    let mut before = "";
    for line in text.lines() {
        let is_key = line.contains(" = ") && !line.starts_with('#');
        assert!(!is_key || before.starts_with('#'), "{line}");
        before = line;
    }
}

#[test]
fn the_django_profile_starts_with_no_other_setting() {
    let settings = Settings::load(Some(&shipped("django.toml")), &environment(&[])).unwrap();
    assert_eq!(settings.tokens.refresh_grace, Duration::ZERO);
    assert_eq!(settings.tokens.refresh_absolute_lifetime, None);
    assert_eq!(settings.tokens.refresh_reuse, Reuse::Refuse);
    assert_eq!(settings.tokens.issuer, Issuer::None);
    assert!(settings.passwords.trim && !settings.passwords.similarity);
    assert_eq!(settings.accounts.email_verification, EmailVerification::None);
    assert!(!settings.signs_with_shared_key());
}

#[test]
fn the_production_example_starts_once_its_secrets_are_given() {
    let given = [
        ("DOORWARD__DATABASE__URL", "postgres://doorward:s3cret@db.internal/doorward?sslmode=verify-full"),
        ("DOORWARD__SECRET__KEY", ROOT),
        ("DOORWARD__MAIL__SMTP_PASSWORD", "s3cret"),
    ];
    Settings::load(Some(&shipped("production.toml")), &environment(&given)).unwrap();
    let error = Settings::load(Some(&shipped("production.toml")), &environment(&[])).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("secret.key: must be set"), "{error}");
    assert!(error.contains("mail.smtp_password: must be set"), "{error}");
}

#[test]
fn the_environment_overrides_the_file_which_overrides_the_defaults() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("doorward.toml");
    fs::write(&path, "[tokens]\naudience = [\"a\", \"b\", \"c\"]\naccess_lifetime = \"2m\"\n").unwrap();
    let overrides = [("DOORWARD__TOKENS__AUDIENCE", "shop, forum"), ("DOORWARD__PASSWORDS__TRIM", "true")];
    let settings = Settings::load(Some(&path), &environment(&overrides)).unwrap();
    assert_eq!(settings.tokens.audience, ["shop", "forum"]);
    assert_eq!(settings.tokens.access_lifetime, Duration::from_secs(120));
    assert!(settings.passwords.trim);
    assert_eq!(settings.passwords.bcrypt_cost, 12);
}

#[test]
fn a_text_that_looks_like_a_number_stays_as_it_is() {
    let key = "0123456789".repeat(4);
    let settings = from_environment(&[("DOORWARD__TOKENS__SHARED_KEY", &key)]).unwrap();
    assert_eq!(settings.tokens.shared_key.expose(), Some(key.as_str()));
}

#[test]
fn any_setting_can_be_read_from_a_file_that_the_environment_names() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    fs::write(&path, format!("{ROOT}\n")).unwrap();
    let path = path.to_str().unwrap();
    let settings = from_environment(&[("DOORWARD__SECRET__KEY_FILE", path)]).unwrap();
    assert_eq!(settings.secret.key.expose(), Some(ROOT));

    let twice = [("DOORWARD__SECRET__KEY", ROOT), ("DOORWARD__SECRET__KEY_FILE", path)];
    let error = from_environment(&twice).unwrap_err();
    assert!(error.starts_with("secret.key: ") && error.contains("set one"), "{error}");
    let error = from_environment(&[("DOORWARD__SECRET__KEY_FILE", "/no/such/file")]).unwrap_err();
    assert!(error.starts_with("DOORWARD__SECRET__KEY_FILE: /no/such/file cannot be read"), "{error}");
}

#[test]
fn unknown_keys_are_refused_with_those_that_there_are() {
    for (text, expected) in [
        ("[cors]\norigins = []", "cors.origins: there is no such setting; [cors] has allowed_origins"),
        ("[log]\nlevle = \"info\"", "log.levle: there is no such setting; [log] has format, level"),
        (
            "[sever]\nbind = \"127.0.0.1:1\"",
            "sever.bind: there is no such setting; the sections are accounts, aliases, cors,",
        ),
        (
            "bind = \"127.0.0.1:1\"",
            "bind: there is no such setting; the sections are accounts, aliases, cors,",
        ),
    ] {
        let error = from_toml(text).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
    let error = from_environment(&[("DOORWARD__TOKENS__ACESS_LIFETIME", "5m")]).unwrap_err();
    assert!(error.starts_with("DOORWARD__TOKENS__ACESS_LIFETIME: there is no such setting"), "{error}");
}

#[test]
fn a_value_that_is_not_understood_is_refused_with_its_key() {
    for (key, value, expected) in [
        ("TOKENS__ACCESS_LIFETIME", "5", "tokens.access_lifetime: \"5\" is not a duration"),
        ("TOKENS__ALGORITHM", "none", "tokens.algorithm: \"none\" is none of EdDSA, HS256"),
        ("TOKENS__CLAIMS", "username,password", "tokens.claims[1]: \"password\" is none of username, email"),
        ("PASSWORDS__BCRYPT_COST", "twelve", "passwords.bcrypt_cost: string \"twelve\" is not an integer"),
        ("PASSWORDS__TRIM", "maybe", "passwords.trim: string \"maybe\" is not a boolean"),
        ("SERVER__BIND", "localhost", "server.bind: invalid socket address"),
        ("SERVER__TRUSTED_PROXIES", "proxy", "server.trusted_proxies[0]: \"proxy\" is neither an address"),
        ("MAIL__TRANSPORT", "pigeon", "mail.transport: \"pigeon\" is none of outbox, smtp, directory"),
        ("MAIL__SMTP_PORT", "65536", "mail.smtp_port: "),
        (
            "ACCOUNTS__EMAIL_VERIFICATION",
            "always",
            "accounts.email_verification: \"always\" is none of none, optional, required",
        ),
        ("LOG__LEVEL", "loud", "log.level: \"loud\" is none of off, error"),
        ("DATABASE__URL", "mysql://root:hunter2@h/d", "database.url: the database URL must begin with"),
    ] {
        let error = from_environment(&[(&format!("DOORWARD__{key}"), value)]).unwrap_err();
        assert!(error.starts_with(expected), "{key}: {error}");
    }
}

#[test]
fn a_file_that_is_not_toml_is_refused_without_showing_its_lines() {
    let error = from_toml("[secret]\nkey = \"hunter2\n").unwrap_err();
    assert!(
        error.contains("doorward.toml: TOML parse error at line 2") && !error.contains("hunter2"),
        "{error}"
    );
    let error = from_toml("[mail]\nsmtp_password = [\"hunter2\"]\n").unwrap_err();
    assert!(error.starts_with("mail.smtp_password") && !error.contains("hunter2"), "{error}");
    let error = from_toml("[tokens]\nretiring_keys = \"HS256:hunter2\"\n").unwrap_err();
    assert!(error.starts_with("tokens.retiring_keys: ") && !error.contains("hunter2"), "{error}");
    let missing = Settings::load(Some(Path::new("/no/such.toml")), &environment(&[])).unwrap_err();
    assert!(missing.to_string().starts_with("/no/such.toml: cannot be read"), "{missing}");
}

#[test]
fn insecure_settings_are_refused_with_their_key() {
    let long_example = format!("change-me-{KEY}");
    let too_low = "9";
    for (key, value) in [
        ("tokens.shared_key", "short"),
        ("tokens.shared_key", "django-insecure-3k#9x!q8w7e6r5t4y3u2i1o0p"),
        ("tokens.shared_key", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("tokens.shared_key", &long_example),
        ("tokens.retiring_keys", "HS256:short"),
        ("tokens.retiring_keys", "none:k5!x_0c9qz-7v#2mJw$eR8tYpL4sN6bD"),
        ("secret.key", "c2hvcnQ="),
        ("secret.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("secret.previous", "hunter2"),
        ("cors.allowed_origins", "*"),
        ("cors.allowed_origins", "https://app.example.org/path"),
        ("server.public_url", "http://id.example.org"),
        ("server.trusted_proxies", "0.0.0.0/0"),
        ("server.trusted_proxies", "::/0"),
        ("tokens.access_lifetime", "25h"),
        ("tokens.access_lifetime", "0s"),
        ("tokens.refresh_idle_lifetime", "1m"),
        ("tokens.refresh_idle_lifetime", "400d"),
        ("tokens.refresh_absolute_lifetime", "1m"),
        ("tokens.refresh_grace", "61s"),
        ("passwords.bcrypt_cost", too_low),
        ("passwords.bcrypt_cost", "17"),
        ("passwords.minimum_length", "7"),
        ("passwords.hash_queue", "0"),
        ("memory.sessions", "100000001"),
        ("memory.tokens", "100000001"),
        ("memory.warm_up", "often"),
        ("server.shutdown_timeout", "31s"),
        ("mail.from", "nobody"),
        ("mail.transport", "smtp"),
        ("accounts.private_registration", "true"),
    ] {
        let variable = format!("DOORWARD__{}", key.to_uppercase().replace('.', "__"));
        let error = from_environment(&[(&variable, value)]).unwrap_err();
        assert!(error.contains(key), "{key} = {value}: {error}");
        assert!(!error.contains("hunter2") && !error.contains(KEY), "{error}");
    }
}

#[test]
fn a_remote_database_without_tls_is_refused_unless_that_is_allowed() {
    let url = ("DOORWARD__DATABASE__URL", "postgres://doorward@db.internal/doorward?sslmode=disable");
    let key = ("DOORWARD__SECRET__KEY", ROOT);
    let error = from_environment(&[url, key]).unwrap_err();
    assert!(error.starts_with("database.url: ") && error.contains("TLS"), "{error}");
    from_environment(&[url, key, ("DOORWARD__DATABASE__ALLOW_PLAINTEXT", "true")]).unwrap();
}

#[test]
fn the_shared_key_must_not_be_the_root_secret() {
    let pairs = [("DOORWARD__SECRET__KEY", ROOT), ("DOORWARD__TOKENS__SHARED_KEY", ROOT)];
    let error = from_environment(&pairs).unwrap_err();
    assert!(error.starts_with("tokens.shared_key: must not be the root secret"), "{error}");
}

#[test]
fn a_test_may_ask_for_cheap_hashes() {
    let cost = ("DOORWARD__PASSWORDS__BCRYPT_COST", "4");
    assert!(
        from_environment(&[cost]).unwrap_err().starts_with("passwords.bcrypt_cost: 4 is not from 10 to 16")
    );
    assert_eq!(from_environment(&[cost, (INSECURE_TEST_COST, "1")]).unwrap().passwords.bcrypt_cost, 4);
}

#[test]
fn an_alias_begins_where_a_path_can() {
    assert_eq!(from_toml("[aliases]\ndjoser = \"/auth/\"").unwrap().aliases.djoser, "/auth/");
    for (value, expected) in [
        ("auth", "aliases.dj_rest_auth: must begin and end with a slash"),
        ("/{id}/", "aliases.dj_rest_auth: must be names of letters"),
    ] {
        let error = from_environment(&[("DOORWARD__ALIASES__DJ_REST_AUTH", value)]).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn links_lead_to_the_public_url_or_to_where_a_developers_server_listens() {
    let at = |settings: &Settings, address: &str| settings.reached_at(address.parse().unwrap());
    let settings = Settings::default();
    assert_eq!(at(&settings, "127.0.0.1:9000"), "http://127.0.0.1:9000");
    for unreachable in ["127.0.0.1:0", "0.0.0.0:9000"] {
        assert_eq!(at(&settings, unreachable), "http://127.0.0.1:8000");
    }
    let settings = from_environment(&[("DOORWARD__SERVER__PUBLIC_URL", "https://id.example.org")]).unwrap();
    assert_eq!(at(&settings, "127.0.0.1:9000"), "https://id.example.org");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let pairs = [("DOORWARD__TOKENS__REFRESH_GRACE", "2m"), ("DOORWARD__PASSWORDS__BCRYPT_COST", "8")];
    let error = from_environment(&pairs).unwrap_err();
    assert!(error.starts_with("2 settings are wrong\n  "), "{error}");
    assert!(
        error.contains("\n  tokens.refresh_grace: ") && error.contains("\n  passwords.bcrypt_cost: "),
        "{error}"
    );
}

#[test]
fn nothing_that_is_secret_is_shown() {
    let pairs = [
        ("DOORWARD__SECRET__KEY", ROOT),
        ("DOORWARD__TOKENS__SHARED_KEY", KEY),
        ("DOORWARD__DATABASE__URL", "postgres://doorward:hunter2@127.0.0.1/doorward"),
    ];
    let settings = from_environment(&pairs).unwrap();
    let shown = format!("{settings:?} {}", serde_json::to_string(&settings).unwrap());
    assert!(![ROOT, KEY, "hunter2"].iter().any(|secret| shown.contains(secret)), "{shown}");
}
