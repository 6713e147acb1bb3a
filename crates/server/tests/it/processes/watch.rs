//! The real clock: what these cases promise to operators is told in seconds of it.

use std::thread;
use std::time::{Duration, Instant};

/// How long something that will surely happen may take on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// How long one process may honour what another one revoked.
pub(crate) const A_SECOND: Duration = Duration::from_secs(1);

/// Measures from its start on.
#[derive(Clone, Copy)]
pub(crate) struct Watch(Instant);

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "what is promised is a time of the real clock")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Looks until it is so, and tells how long that took; fails if it is not so within `limit`.
#[track_caller]
pub(crate) fn until(what: &str, limit: Duration, mut is_so: impl FnMut() -> bool) -> Duration {
    found(what, limit, || is_so().then_some(())).1
}

/// The same for something that is to be found.
#[track_caller]
pub(crate) fn found<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> (T, Duration) {
    let watch = Watch::start();
    loop {
        if let Some(found) = look() {
            return (found, watch.elapsed());
        }
        assert!(watch.elapsed() < limit, "after {limit:?} still not: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Tells a figure that was measured, where `DOORWARD_TELL_FIGURES=1` asks for it.
#[expect(clippy::print_stderr, reason = "there is nobody else to tell")]
pub(crate) fn tell(what: &str, figures: &[Duration]) {
    if std::env::var_os("DOORWARD_TELL_FIGURES").is_some_and(|value| value == "1") {
        let figures: Vec<_> = figures.iter().map(Duration::as_millis).collect();
        eprintln!("figure: {what}: {figures:?} ms");
    }
}
