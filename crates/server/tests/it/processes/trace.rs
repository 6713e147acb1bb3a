//! The order of system calls: on SQLite, what is answered was synced to the disk before.

use super::{Process, Site};
use crate::harness::Registration;
use doorward_testkit::Database;
use libtest_mimic::{Failed, Trial};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn trials() -> Vec<Trial> {
    let ignored = !is_available();
    let trial = |name: &str, check: fn(Traced)| {
        Trial::test(format!("sqlite::trace::{name}"), move || {
            check(Traced::new());
            Ok::<_, Failed>(())
        })
        .with_ignored_flag(ignored)
    };
    vec![
        trial("a_refresh_is_on_the_disk_before_it_is_answered", a_refresh_is_on_the_disk),
        trial("a_registration_is_on_the_disk_before_it_is_answered", a_registration_is_on_the_disk),
        trial("a_logout_is_on_the_disk_before_it_is_answered", a_logout_is_on_the_disk),
        trial("a_request_that_changes_nothing_waits_for_no_disk", a_request_that_changes_nothing),
    ]
}

/// Whether processes can be traced here.
fn is_available() -> bool {
    let there =
        Command::new("strace").args(["-o", "/dev/null", "true"]).output().is_ok_and(|it| it.status.success());
    let required = std::env::var_os("DOORWARD_REQUIRE_STRACE").is_some_and(|value| value == "1");
    assert!(there || !required, "DOORWARD_REQUIRE_STRACE=1, but strace cannot trace a process");
    there
}

/// A server whose system calls are written down.
struct Traced {
    server: Process,
    trace: PathBuf,
    _site: Site,
}

impl Traced {
    fn new() -> Self {
        let site = Site::new(Database::Sqlite);
        let trace = site.scratch().directory().join("trace");
        let calls = "trace=read,recvfrom,recvmsg,write,writev,sendto,sendmsg,fsync,fdatasync";
        let file = trace.display().to_string();
        // As a grandchild, so that our child is the server itself.
        let strace =
            ["strace", "-D", "-f", "-y", "-s", "64", "-e", calls, "-e", "signal=none", "-o", &file, "--"];
        let server = site.program.clone().under(&strace).serve();
        Self { server, trace, _site: site }
    }

    /// Stops the server and tells what it did between reading the request that begins with `head`
    /// and answering it.
    fn between(self, head: &str) -> Vec<String> {
        let Self { server, trace, _site } = self;
        server.stop();
        between(&trace, head)
    }
}

/// The lines after the one with the request, up to the one with its answer.
fn between(trace: &Path, head: &str) -> Vec<String> {
    let text = fs::read_to_string(trace).unwrap();
    let mut lines = text.lines().skip_while(|line| !line.contains(head));
    let request = lines.next().unwrap_or_else(|| panic!("{head} is not in the trace"));
    // It was read, not sent.
    assert!(
        ["read(", "recvfrom(", "recvmsg(", "read resumed", "recvfrom resumed"]
            .iter()
            .any(|it| request.contains(it)),
        "{request}"
    );
    let mut is_answered = false;
    let lines = lines.take_while(|line| {
        is_answered = line.contains("\"HTTP/1.1 ");
        !is_answered
    });
    let lines = lines.map(str::to_owned).collect();
    assert!(is_answered, "{head} is not answered in the trace");
    lines
}

/// The syncs of the database's log that have come to their end.
fn syncs(lines: &[String]) -> usize {
    let mut waiting = Vec::new();
    let mut done = 0;
    for line in lines {
        let thread = line.split(' ').next().unwrap();
        let is_sync = line.contains("fsync(") || line.contains("fdatasync(");
        if is_sync && line.contains("test.db") {
            if line.ends_with("= 0") {
                done += 1;
            } else {
                waiting.push(thread);
            }
        } else if line.contains("sync resumed") && line.ends_with("= 0") && waiting.contains(&thread) {
            done += 1;
        }
    }
    done
}

fn a_refresh_is_on_the_disk(traced: Traced) {
    let pair = traced.server.join_and_log_in("alice");
    traced.server.refresh(&pair.refresh).must_have_status(200);
    let lines = traced.between("POST /api/auth/token/refresh/");
    assert!(syncs(&lines) > 0, "{lines:#?}");
}

fn a_registration_is_on_the_disk(traced: Traced) {
    traced.server.register(&Registration::of("alice")).must_have_status(201);
    let lines = traced.between("POST /api/auth/register/");
    assert!(syncs(&lines) > 0, "{lines:#?}");
}

fn a_logout_is_on_the_disk(traced: Traced) {
    let pair = traced.server.join_and_log_in("alice");
    traced.server.logout(&pair.refresh).must_have_status(200);
    let lines = traced.between("POST /api/auth/logout/");
    assert!(syncs(&lines) > 0, "{lines:#?}");
}

fn a_request_that_changes_nothing(traced: Traced) {
    let pair = traced.server.join_and_log_in("alice");
    traced.server.dashboard(&pair.access).must_have_status(200);
    let lines = traced.between("GET /api/dashboard/");
    assert_eq!(syncs(&lines), 0, "{lines:#?}");
}
