//! Learning from durations which addresses have an account: measured in pairs, one of a known address
//! and one of a stranger's, so that whatever else the machine does weighs on both.

use crate::harness::{Answer, Mailing, NEW_PASSWORD, Place, VERIFIED};
use crate::processes::Watch;
use doorward_testkit::{Case, cases};
use std::time::Duration;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        durations: of_asking_for_a_new_password_are_alike,
        of_asking_for_a_verification_are_alike,
        of_guessing_a_code_are_alike,
        a_difference_is_found_where_there_is_one,
    ]
}

/// How many accounts there are; each is asked about five times, as often as a code can be tried.
const ACCOUNTS: usize = 30;
const PAIRS: usize = ACCOUNTS * 5;

fn of_asking_for_a_new_password_are_alike(place: &Place) {
    must_be_alike(place, |server, email, _| server.ask_reset(email));
}

fn of_asking_for_a_verification_are_alike(place: &Place) {
    must_be_alike(place, |server, email, _| server.resend(email));
}

fn of_guessing_a_code_are_alike(place: &Place) {
    must_be_alike(place, |server, email, number| {
        let code = format!("{:08}", 10_000_000 + number);
        server.reset_by_code(email, &code, NEW_PASSWORD)
    });
}

/// Fails if the answers tell a known address from an unknown one, by their bytes or, time and again, by
/// their durations.
#[track_caller]
fn must_be_alike(place: &Place, ask: impl Fn(&Mailing, &str, usize) -> Answer) {
    const RUNS: usize = 3;
    let server = place.mailing_with(VERIFIED);
    for number in 0..ACCOUNTS {
        server.join(&format!("known{number:02}"));
    }
    server.settle();
    let mut told = Vec::new();
    for run in 0..RUNS {
        let differences = measured(&server, |email, number| ask(&server, email, run * PAIRS + number));
        match bias(differences) {
            None => return,
            Some(bias) => told.push(bias),
        }
        // A later run is not about tries that are used up.
        server.pass(3600);
    }
    panic!("known addresses take longer by {told:?} microseconds");
}

/// How much longer each answer about a known address took than its neighbour, in microseconds.
#[track_caller]
fn measured(server: &Mailing, ask: impl Fn(&str, usize) -> Answer) -> Vec<i64> {
    let timed = |name: &str, number: usize| {
        let email = format!("{name}{:02}@example.com", number / 5);
        let watch = Watch::start();
        let answer = ask(&email, number);
        (watch.elapsed(), answer)
    };
    // Connections and statements are made before it counts.
    for _ in 0..10 {
        server.ask_reset("somebody@example.com").must_have_status(200);
    }
    let mut differences = Vec::with_capacity(PAIRS);
    let mut first = None;
    for number in 0..PAIRS {
        let (known, unknown);
        // What one leaves to be done weighs on the next as often as on the other.
        if number % 2 == 0 {
            known = timed("known", number);
            unknown = timed("other", number);
        } else {
            unknown = timed("other", number);
            known = timed("known", number);
        }
        for (_, answer) in [&known, &unknown] {
            let told = answer.told();
            assert_eq!(first.get_or_insert_with(|| told.clone()), &told);
        }
        differences.push(micros(known.0) - micros(unknown.0));
    }
    differences
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).expect("a short time")
}

/// The bound of the median's confidence interval that is nearest to nothing, if the median is surely
/// more than a tenth of a millisecond away from it: one in a thousand samples without bias has one.
fn bias(mut differences: Vec<i64>) -> Option<i64> {
    const NEGLIGIBLE: i64 = 100;
    differences.sort_unstable();
    // Of n signs, as many are alike as of n coins: 3.3 deviations of half the root of n each.
    let middle = differences.len() / 2;
    let half_width =
        (1..middle).find(|width| 400 * width * width >= 1089 * differences.len()).unwrap_or(middle);
    let (low, high) = (differences[middle - half_width], differences[middle + half_width]);
    match (low > NEGLIGIBLE, high < -NEGLIGIBLE) {
        (true, _) => Some(low),
        (_, true) => Some(high),
        _ => None,
    }
}

fn a_difference_is_found_where_there_is_one(_: &Place) {
    // Noise of a busy machine: most answers are near each other, some are far off.
    let noise =
        |number: i64| [0, 40, -35, 300, -280, 10, -15, 4000, -4100, 5][usize::try_from(number % 10).unwrap()];
    let sample = |shift: i64| (0..150).map(|number| noise(number) + shift).collect::<Vec<_>>();
    assert_eq!(bias(sample(0)), None);
    assert_eq!(bias(sample(50)), None);
    assert!(bias(sample(400)).is_some());
    assert!(bias(sample(-400)).is_some());
}
