//! The recorded answers are those of this very project, and Doorward's are those of both releases of
//! simplejwt.

use super::in_its_place;
use super::peer::{Contents, Shelf};
use super::{PeerCase, peer_cases};
use crate::contract::{differences_in, differences_of, recorded, replay};
use crate::harness::{Answer, readable_claims};
use crate::processes::Site;
use doorward_testkit::{Database, SimpleJwt};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<PeerCase> {
    peer_cases![
        recorded, once:
        the_recorded_answers_are_those_of_a_real_django,
        the_texts_of_simplejwt_5_5_are_answered_where_they_are_asked_for,
        the_texts_of_simplejwt_5_4_are_answered_otherwise,
    ]
    .collect()
}

fn the_recorded_answers_are_those_of_a_real_django(shelf: &Shelf, database: Database) {
    let django = shelf.peer(SimpleJwt::V5_4, database, Contents::Nothing).serve();
    for fixture in recorded() {
        let told = but_for_the_second(differences_of(&django, &fixture));
        assert!(told.is_empty(), "{}: {}", fixture.case, told.join("\n"));
    }
}

/// Without those that are chance: where a second ends in between, an access token of simplejwt lives one
/// second less if it comes from a login, and with 5.4 one more if it comes from a refresh.
pub(super) fn but_for_the_second(mut told: Vec<String>) -> Vec<String> {
    let is_chance = |told: &String| {
        [299, 301].iter().any(|found| told.ends_with(&format!("recorded Some(300), found Some({found})")))
    };
    told.retain(|difference| !is_chance(difference));
    told
}

fn the_texts_of_simplejwt_5_5_are_answered_where_they_are_asked_for(shelf: &Shelf, database: Database) {
    let different = answered_alike(shelf, database, SimpleJwt::V5_5);
    // It changed something; else nothing is shown here.
    assert!(different > 0);
}

fn the_texts_of_simplejwt_5_4_are_answered_otherwise(shelf: &Shelf, database: Database) {
    assert_eq!(answered_alike(shelf, database, SimpleJwt::V5_4), 0);
}

/// Replays every case at both, which must answer alike. How many of the cases are answered otherwise
/// than they were recorded.
fn answered_alike(shelf: &Shelf, database: Database, simplejwt: SimpleJwt) -> usize {
    let django = shelf.peer(simplejwt, database, Contents::Nothing).serve();
    let site = Site::new(database);
    let doorward = in_its_place(&site, simplejwt).serve();
    let mut otherwise = 0;
    for fixture in recorded() {
        let (tag, theirs) = replay(&django, &fixture);
        let (_, ours) = replay(&doorward, &fixture);
        for (number, (our, their)) in ours.iter().zip(&theirs).enumerate() {
            assert_eq!(visible(our), visible(their), "{}, exchange {number}", fixture.case);
        }
        let told = but_for_the_second(differences_in(&fixture, &tag, &theirs));
        otherwise += usize::from(!told.is_empty());
    }
    otherwise
}

/// What a client can see of an answer; of a token, what it is and whose.
fn visible(answer: &Answer) -> Value {
    let header = |name| answer.header(name).map(str::to_owned);
    let allow = header("allow").map(|list| {
        let mut methods: Vec<_> = list.split(',').map(|method| method.trim().to_owned()).collect();
        methods.sort();
        methods
    });
    json!({
        "status": answer.status,
        "content-type": header("content-type"),
        "www-authenticate": header("www-authenticate"),
        "allow": allow.filter(|_| answer.status == 405),
        "body": without_tokens(&answer.json()),
    })
}

fn without_tokens(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), without_tokens(value))).collect()
        }
        Value::Array(values) => values.iter().map(without_tokens).collect(),
        Value::String(text) => match readable_claims(text) {
            Some(claims) => json!({
                "token_type": claims["token_type"],
                "lifetime": lifetime(&claims),
                "user_id": claims["user_id"],
                "has a jti": claims["jti"].is_string(),
            }),
            // The rest is the parser's own.
            None if text.starts_with("JSON parse error - ") => "JSON parse error".into(),
            None => text.as_str().into(),
        },
        other => other.clone(),
    }
}

/// In seconds; see [`but_for_the_second`].
fn lifetime(claims: &Value) -> Option<i64> {
    let (end, start) = (claims["exp"].as_i64()?, claims["iat"].as_i64()?);
    Some(if matches!(end - start, 299 | 301) { 300 } else { end - start })
}
