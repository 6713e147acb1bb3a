//! What a server writes while it works: everything that an operator needs, and nothing that a thief
//! could use.

use super::site::ROOT_SECRET;
use super::{Process, Site};
use crate::harness::{Answer, PASSWORD, Pair, Registration, parts, tampered};
use doorward_testkit::{cases, trials_on_both};
use libtest_mimic::Trial;
use serde_json::{Value, json};

const WRONG: &str = "Wr0ng-horse-pw!";
const CHANGED: &str = "Ch4nged-horse!";
const WEAK: &str = "pw4567";
const SHARED_KEY: &str = "f8R!wq2#Lr7mZp4@Xc9sTe1Yb6Nd3Gf5Hj";

pub(crate) fn trials() -> Vec<Trial> {
    let cases = cases![
        logs: nothing_secret_is_in_them_whatever_is_logged,
        every_line_is_an_object_and_every_answer_has_one_with_its_id,
    ];
    trials_on_both(&cases, Site::new)
}

/// All kinds of requests, good and bad; their answers, and the secrets that were in play.
fn traffic(server: &Process) -> (Vec<Answer>, Vec<String>) {
    let mut answers = vec![
        server.register(&Registration::of("alice")),
        server.register(&Registration::of("alice")),
        server.register(&Registration::of("bob").password(WEAK)),
        server.login("alice", WRONG),
        server.login("nobody", WRONG),
        server.post("/api/auth/login/").form(&[("username", "alice"), ("password", WRONG)]).send(),
        server.post("/api/auth/login/").multipart(&[("username", "alice"), ("password", WRONG)]).send(),
        server
            .post("/api/auth/login/")
            .header("Content-Type", "application/json")
            .body(format!("{{\"{WRONG}"))
            .send(),
    ];
    let login = server.login("alice", PASSWORD);
    let first = Pair::of(&login);
    let refreshed = server.refresh(&first.refresh);
    let second = Pair::of(&refreshed);
    let forged = tampered(&first.access);
    answers.extend([
        login,
        refreshed,
        server.refresh(&first.refresh),
        server.refresh(&forged),
        server.refresh(&second.access),
        server.verify(&second.access),
        server.verify(&forged),
        server.dashboard(&second.access),
        server.dashboard(&forged),
        server.dashboard(&second.refresh),
        server.get(format!("/api/dashboard/?token={}", second.access)).send(),
        server.get("/api/dashboard/").header("Authorization", format!("Basic {WRONG}")).send(),
        server.get(format!("/{}", second.access)).send(),
        server.user(&second.access),
        server.get("/api/auth/sessions/").bearer(&second.access).send(),
        server.get("/readyz").send(),
        server.logout(&second.refresh),
        server.refresh(&second.refresh),
        server.dashboard(&second.access),
    ]);
    let tokens = [first.access, first.refresh, second.access, second.refresh, forged];
    // Neither the whole, nor the part that makes it more than readable data.
    let signatures = tokens.iter().map(|token| parts(token)[2].to_owned()).collect::<Vec<_>>();
    let passwords = [PASSWORD, WRONG, WEAK, CHANGED].map(str::to_owned);
    (answers, tokens.into_iter().chain(signatures).chain(passwords).collect())
}

fn nothing_secret_is_in_them_whatever_is_logged(site: &Site) {
    for format in ["json", "text"] {
        let program = site
            .program
            .clone()
            .with("log.format", format)
            .with("tokens.retiring_keys", format!("HS256:{SHARED_KEY}"))
            .with_variable("RUST_LOG", "trace")
            .with_variable("DOORWARD_NEW_PASSWORD", CHANGED);
        let server = program.serve();
        let (_, mut secrets) = traffic(&server);
        let command = program.run(&["changepassword", "--noinput", "alice"]);
        assert_eq!(command.code, 0, "{command:?}");
        program.done(&["user", "delete", "--yes", "alice"]);
        let [stdout, stderr] = server.stop();
        secrets.extend([ROOT_SECRET, SHARED_KEY, "$2b$", "bcrypt_sha256$"].map(str::to_owned));
        secrets.extend(password_of(site.scratch().url()));
        for said in [stdout, stderr, command.stdout, command.stderr] {
            for secret in &secrets {
                let line = said.lines().find(|line| line.contains(secret.as_str()));
                assert!(line.is_none(), "{secret:?} is in {line:?}");
            }
        }
    }
}

/// The password in a URL.
fn password_of(url: &str) -> Option<String> {
    let (_, after) = url.split_once("://")?;
    let (user, _) = after.split_once('@')?;
    Some(user.split_once(':')?.1.to_owned())
}

fn every_line_is_an_object_and_every_answer_has_one_with_its_id(site: &Site) {
    let program = site.program.clone().with("log.format", "json").with("log.level", "debug");
    let server = program.serve();
    let (mut answers, _) = traffic(&server);
    let named = server.get("/healthz").header("X-Request-Id", "edge-7.f00").send();
    assert_eq!(named.header("X-Request-Id"), Some("edge-7.f00"));
    answers.push(named);
    let [_, stderr] = server.stop();
    let lines: Vec<Value> = stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for line in &lines {
        for member in ["time", "level", "target", "message"] {
            assert!(line[member].is_string(), "{line}");
        }
    }
    for answer in answers {
        let id = answer.header("X-Request-Id").expect("an id");
        let told: Vec<_> =
            lines.iter().filter(|line| line["request_id"] == id && line["message"] == "answered").collect();
        let [line] = told.as_slice() else { panic!("{} lines tell of {answer:?}", told.len()) };
        assert_eq!(line["status"], json!(answer.status), "{line}");
        assert_eq!(line["address"], "127.0.0.1", "{line}");
    }
}
