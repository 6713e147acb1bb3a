//! The architecture, as a test: which member may depend on which, and who alone may name the
//! crates that a layer is there to hide. Cargo does the rest: what is not declared cannot be used.

use libtest_mimic::Trial;
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

/// What each member may depend on within the workspace.
const ARROWS: &[(&str, &[&str])] = &[
    ("doorward-domain", &[]),
    ("doorward-passwords", &["doorward-domain"]),
    ("doorward-tokens", &["doorward-domain"]),
    ("doorward-persistence", &["doorward-domain"]),
    ("doorward-recall", &["doorward-domain"]),
    ("doorward-http", &["doorward-domain"]),
    ("doorward-django", &["doorward-domain"]),
    ("doorward-mail", &["doorward-domain"]),
    ("doorward-shadow", &["doorward-domain"]),
    (
        "doorward",
        &[
            "doorward-django",
            "doorward-domain",
            "doorward-http",
            "doorward-mail",
            "doorward-passwords",
            "doorward-persistence",
            "doorward-recall",
            "doorward-shadow",
            "doorward-tokens",
        ],
    ),
    ("doorward-testkit", &[]),
    ("doorward-bench", &["doorward-domain", "doorward-persistence", "doorward-tokens"]),
];

/// Measures what the layers hide by itself, to compare: it may name everything, and nothing depends
/// on it.
const MEASURES: &str = "doorward-bench";

/// Who may name a crate that a layer hides from the others.
const HIDDEN: &[(&str, &[&str])] = &[
    ("diesel", &["doorward-persistence"]),
    ("diesel-async", &["doorward-persistence"]),
    ("diesel_migrations", &["doorward-persistence"]),
    ("libsqlite3-sys", &["doorward-persistence"]),
    ("tokio-postgres", &["doorward-persistence", "doorward-testkit"]),
    ("actix-web", &["doorward-http", "doorward-shadow", "doorward"]),
    ("hyper", &["doorward-shadow"]),
    ("lettre", &["doorward-mail"]),
    ("minijinja", &["doorward-mail"]),
    ("actix-cors", &["doorward-http"]),
    ("actix-multipart", &["doorward-http"]),
    ("utoipa", &["doorward-http"]),
    ("jsonwebtoken", &["doorward-tokens"]),
    ("aws-lc-rs", &["doorward-tokens"]),
    ("getrandom", &["doorward-tokens"]),
    ("bcrypt", &["doorward-passwords"]),
    ("argon2", &["doorward-passwords"]),
    ("scrypt", &["doorward-passwords"]),
    ("pbkdf2", &["doorward-passwords"]),
    ("config", &["doorward"]),
    ("clap", &["doorward"]),
    ("env_logger", &["doorward"]),
    ("anyhow", &["doorward", "doorward-testkit"]),
];

/// What the domain is free of: wire formats, runtimes, logs.
const DOMAIN_IS_FREE_OF: &[&str] =
    &["serde", "serde_json", "tokio", "log", "futures-util", "actix-web", "diesel", "jsonwebtoken"];

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &str, check: fn()| {
        Trial::test(format!("layering::{name}"), move || {
            check();
            Ok(())
        })
    };
    vec![
        trial("members_depend_only_along_the_arrows", arrows),
        trial("hidden_crates_are_named_by_their_layer_alone", hidden),
        trial("the_domain_knows_no_wire_format_and_no_runtime", domain),
    ]
}

/// A member's name and the crates that it declares for other than tests.
struct Member {
    name: String,
    dependencies: BTreeSet<String>,
}

fn members() -> Vec<Member> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| Member {
            name: text(&package["name"]),
            dependencies: package["dependencies"]
                .as_array()
                .expect("dependencies")
                .iter()
                .filter(|dependency| dependency["kind"] != "dev")
                .map(|dependency| text(&dependency["name"]))
                .collect(),
        })
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

fn arrows() {
    let members = members();
    let names: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ARROWS.iter().map(|(name, _)| *name).collect(), "every member is drawn");
    for (name, allowed) in ARROWS {
        let member = members.iter().find(|member| member.name == *name).expect("drawn and there");
        let inner: Vec<_> = member.dependencies.iter().filter(|it| names.contains(it.as_str())).collect();
        for dependency in inner {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
        }
    }
}

fn hidden() {
    for member in members().into_iter().filter(|member| member.name != MEASURES) {
        for (dependency, owners) in HIDDEN {
            let named = member.dependencies.contains(*dependency);
            assert!(!named || owners.contains(&member.name.as_str()), "{} names {dependency}", member.name);
        }
    }
}

fn domain() {
    let members = members();
    let domain = members.iter().find(|member| member.name == "doorward-domain").expect("the domain");
    for foreign in DOMAIN_IS_FREE_OF {
        assert!(!domain.dependencies.contains(*foreign), "the domain names {foreign}");
    }
}
