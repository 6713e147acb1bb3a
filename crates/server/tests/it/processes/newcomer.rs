//! A machine on which nothing is set up: the first start, and the second.

use super::{Process, Program};
use crate::harness::Pair;
use doorward_testkit::{Database, cases, trials_on};
use libtest_mimic::Trial;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

pub(crate) fn trials() -> Vec<Trial> {
    let cases = cases![
        newcomer: a_first_start_makes_all_that_it_needs_for_its_owner_alone,
        a_first_start_tells_where_to_go_from_here,
        a_second_start_uses_all_of_it_again,
        a_first_start_that_is_killed_can_be_repeated,
        a_lost_root_secret_is_not_replaced,
        a_root_secret_that_others_can_read_is_refused,
    ];
    trials_on(Database::Sqlite, &cases, |_| Place::new())
}

/// An empty directory, and the binary in it with no other settings than that no port is taken.
struct Place {
    directory: TempDir,
    program: Program,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let program = Program::in_directory(directory.path()).with("server.bind", "127.0.0.1:0");
        Self { directory, program }
    }

    fn serve(&self) -> Process {
        self.program.serve()
    }

    fn secret(&self) -> std::path::PathBuf {
        self.directory.path().join("data/secret.key")
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode()
        & 0o777
}

fn a_first_start_makes_all_that_it_needs_for_its_owner_alone(place: &Place) {
    let server = place.serve();
    server.get("/readyz").send().must_have_status(200);
    let data = place.directory.path().join("data");
    assert_eq!(mode(&data), 0o700);
    for name in ["doorward.db", "secret.key"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
    // SQLite's own files too: hashes are in them.
    for entry in fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    let beside: Vec<_> =
        fs::read_dir(place.directory.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(beside, ["data"]);
}

fn a_first_start_tells_where_to_go_from_here(place: &Place) {
    let server = place.serve();
    let [stdout, _] = server.said();
    let told = stdout.join("\n");
    assert!(told.contains(&format!("listens on http://{}", server.address())), "{told}");
    // The address of the docs is one that answers.
    let docs = told.split_whitespace().find(|word| word.ends_with("/api/docs/")).expect("an address");
    let path = docs.strip_prefix(&format!("http://{}", server.address())).expect("this server's address");
    server.get(path).send().must_have_status(200);
    // The command for the first account is one that works.
    let command = told.lines().find(|line| line.contains("createsuperuser")).expect("a command");
    assert!(command.contains("doorward createsuperuser"), "{command}");
    let program = place.program.clone().with_variable("DOORWARD_SUPERUSER_PASSWORD", "Corr3ct-horse!");
    program.done(&["createsuperuser", "--noinput", "--username", "root"]);
    server.log_in("root");
}

fn a_second_start_uses_all_of_it_again(place: &Place) {
    let first = place.serve();
    let pair = first.join_and_log_in("alice");
    let keys = first.key_set();
    let secret = fs::read(place.secret()).unwrap();
    first.stop();

    let second = place.serve();
    assert_eq!(second.key_set(), keys);
    assert_eq!(fs::read(place.secret()).unwrap(), secret);
    second.dashboard(&pair.access).must_have_status(200);
    Pair::of(&second.refresh(&pair.refresh));
    second.log_in("alice");
}

fn a_first_start_that_is_killed_can_be_repeated(place: &Place) {
    place.program.kill_starts();
    let server = place.serve();
    server.get("/readyz").send().must_have_status(200);
    server.stop();
    place.serve().stop();
}

fn a_lost_root_secret_is_not_replaced(place: &Place) {
    place.serve().stop();
    fs::remove_file(place.secret()).unwrap();
    for command in ["serve", "keys"] {
        let arguments: &[&str] = if command == "keys" { &["keys", "list"] } else { &["serve"] };
        place.program.run(arguments).must_refuse(1, &["sealed under a root secret", "secret.key", "restore"]);
    }
    assert!(!place.secret().exists());
}

fn a_root_secret_that_others_can_read_is_refused(place: &Place) {
    place.serve().stop();
    fs::set_permissions(place.secret(), fs::Permissions::from_mode(0o644)).unwrap();
    place.program.run(&["serve"]).must_refuse(1, &["data/secret.key", "chmod 600"]);
    fs::set_permissions(place.secret(), fs::Permissions::from_mode(0o600)).unwrap();
    place.serve().stop();
}
