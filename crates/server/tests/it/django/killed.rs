//! An import that is killed and run again gives what one does that was left alone.

use super::moving::import;
use super::peer::{Contents, Shelf};
use super::{PeerCase, peer_cases, stored};
use crate::processes::{Site, Watch, number};
use doorward_testkit::{Database, SimpleJwt};
use serde_json::Value;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

pub(super) fn cases() -> Vec<PeerCase> {
    peer_cases![killed, on_both: an_import_that_was_killed_at_random_and_run_again_is_as_one_that_was_not]
        .collect()
}

/// How often each import is killed; a release is worth more rounds than a change.
fn rounds() -> usize {
    number("DOORWARD_IMPORT_KILL_ROUNDS", 2)
}

fn an_import_that_was_killed_at_random_and_run_again_is_as_one_that_was_not(
    shelf: &Shelf,
    database: Database,
) {
    let peer = shelf.peer(SimpleJwt::V5_4, database, Contents::Users);
    let names: Vec<_> = peer.people().logins.into_iter().take(5).map(|login| login.username).collect();
    let mut mint = vec!["mint", "--blacklist"];
    mint.extend(names.iter().map(String::as_str));
    peer.manage(&mint);
    let undisturbed = Site::new(database);
    let watch = Watch::start();
    import(&undisturbed, &peer, &[]);
    let takes = watch.elapsed();
    let expected = left_behind(&undisturbed);
    assert!(expected.iter().all(|rows| !rows.is_empty()));

    let mut cut_short = 0;
    for seed in [1, 2] {
        let site = Site::new(database);
        for round in 0..rounds() {
            let arguments = ["import", "django", "--from", peer.url(), "--batch", "500"];
            let moment = takes.mul_f64(0.8 * fraction((seed, round))).max(Duration::from_millis(5));
            cut_short += usize::from(site.program.killed_after(&arguments, moment));
        }
        import(&site, &peer, &[]);
        let found = left_behind(&site);
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.len(), expected.len(), "seed {seed}");
            for (found, expected) in found.iter().zip(expected) {
                assert_eq!(found, expected, "seed {seed}");
            }
        }
    }
    assert!(cut_short > 0, "none of the imports was killed in time");
}

/// From 0 to 1, by chance; the same for the same seed.
fn fraction(seed: impl Hash) -> f64 {
    let mut hasher = DefaultHasher::new();
    seed.hash(&mut hasher);
    f64::from(u16::try_from(hasher.finish() % 1000).expect("below 1000")) / 1000.0
}

/// All that an import writes, but for what is drawn at random.
fn left_behind(site: &Site) -> [Vec<Value>; 4] {
    let mut accounts = stored::accounts(site);
    for account in &mut accounts {
        account["subject"].take();
        let encoded = account["password"].as_str().expect("a text").to_owned();
        if encoded.starts_with('!') {
            account["password"] = "unusable".into();
        }
    }
    [
        accounts,
        stored::rows(site, &["name", "id", "permissions"], "FROM groups ORDER BY id"),
        stored::rows(
            site,
            &["key_number", "key_text", "user_id", "seen"],
            "FROM imports ORDER BY key_number",
        ),
        stored::rows(site, &["id", "expires_at", "spent_at IS NULL"], "FROM foreign_tokens ORDER BY id"),
    ]
}
