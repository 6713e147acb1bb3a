use std::thread;
use std::time::Duration;

/// Looks again and again until something is so, for what a server does by itself; fails if it is
/// not so within seconds.
#[track_caller]
pub(crate) fn eventually(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..1000 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("never: {what}");
}
