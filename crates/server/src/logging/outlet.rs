//! Where lines wait until a thread of its own writes them, many at once.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a line waits for others. The end of a process that nobody foresaw costs no more.
const INTERVAL: Duration = Duration::from_millis(50);

/// The bytes that are written without waiting for more.
const BATCH: usize = 64 * 1024;

/// The bytes that may wait.
const CAPACITY: usize = 4 * 1024 * 1024;

/// The bytes that may wait beyond these if they are not about a single request.
const RESERVE: usize = 256 * 1024;

/// Takes lines without ever waiting for whoever reads them.
#[derive(Clone)]
pub(super) struct Outlet(Arc<Shared>);

/// What becomes of a line that finds no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// It tells of a request: it goes first, and does not hurry.
    Access,
    /// There is room in reserve for it.
    Other,
}

/// How many lines found no room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) access: u64,
    pub(super) other: u64,
}

struct Shared {
    state: Mutex<State>,
    /// There is something to write.
    filled: Condvar,
    /// Something was written.
    written: Condvar,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    lost: Lost,
    hurry: bool,
    /// Batches that the thread took, and those that it was done with.
    taken: u64,
    done: u64,
}

impl Outlet {
    /// Starts the thread, which lives as long as the process. `tell` makes a line of what was lost.
    pub(super) fn start(
        to: impl Write + Send + 'static,
        tell: impl Fn(Lost) -> Vec<u8> + Send + 'static,
    ) -> io::Result<Self> {
        let shared =
            Arc::new(Shared { state: Mutex::default(), filled: Condvar::new(), written: Condvar::new() });
        let outlet = Self(Arc::clone(&shared));
        thread::Builder::new().name("doorward-log".to_owned()).spawn(move || shared.run(to, tell))?;
        Ok(outlet)
    }

    /// Takes whole lines.
    pub(super) fn put(&self, lines: &[u8], weight: Weight) {
        let mut state = self.0.lock();
        let room = match weight {
            Weight::Access => CAPACITY,
            Weight::Other => CAPACITY + RESERVE,
        };
        if state.lines.len() + lines.len() > room {
            match weight {
                Weight::Access => state.lost.access += 1,
                Weight::Other => state.lost.other += 1,
            }
            return;
        }
        let before = state.lines.len();
        state.lines.extend_from_slice(lines);
        let is_batch = before < BATCH && state.lines.len() >= BATCH;
        let hurries = weight == Weight::Other;
        state.hurry |= hurries;
        if before == 0 || is_batch || hurries {
            self.0.filled.notify_one();
        }
    }

    /// Waits until everything is written that was put so far, or the time is over.
    pub(super) fn settle(&self, within: Duration) {
        let mut state = self.0.lock();
        let wanted = if state.lines.is_empty() { state.taken } else { state.taken + 1 };
        state.hurry = true;
        self.0.filled.notify_one();
        let unwritten = |state: &mut State| state.done < wanted;
        drop(self.0.written.wait_timeout_while(state, within, unwritten));
    }
}

/// What the front end writes into; it has written whole lines when it flushes.
impl Write for Outlet {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.put(lines, Weight::Other);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut to: impl Write, tell: impl Fn(Lost) -> Vec<u8>) {
        let mut batch = Vec::new();
        loop {
            let lost = self.take(&mut batch);
            if lost != Lost::default() {
                batch.extend(tell(lost));
            }
            // Where the log cannot be written, there is nobody to tell.
            let _ = to.write_all(&batch).and_then(|()| to.flush());
            batch.clear();
            self.lock().done += 1;
            self.written.notify_all();
        }
    }

    /// Waits for lines and takes them, with how many were lost before this batch.
    fn take(&self, batch: &mut Vec<u8>) -> Lost {
        let is_empty = |state: &mut State| state.lines.is_empty();
        let state = self.filled.wait_while(self.lock(), is_empty).unwrap_or_else(PoisonError::into_inner);
        let may_wait = |state: &mut State| !state.hurry && state.lines.len() < BATCH;
        let waited = self.filled.wait_timeout_while(state, INTERVAL, may_wait);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        mem::swap(&mut state.lines, batch);
        state.hurry = false;
        state.taken += 1;
        mem::take(&mut state.lost)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Long enough for everything that happens at all.
    const LONG: Duration = Duration::from_secs(20);

    /// A reader that lets a batch be written when the test says so.
    struct Gate {
        go: Receiver<()>,
        batches: Sender<Vec<u8>>,
    }

    impl Write for Gate {
        fn write(&mut self, batch: &[u8]) -> io::Result<usize> {
            let _ = self.go.recv();
            let _ = self.batches.send(batch.to_vec());
            Ok(batch.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (Outlet, Sender<()>, Receiver<Vec<u8>>) {
        let (open, go) = channel();
        let (batches, written) = channel();
        let tell = |lost: Lost| format!("lost {} and {}\n", lost.access, lost.other).into_bytes();
        (Outlet::start(Gate { go, batches }, tell).unwrap(), open, written)
    }

    #[test]
    fn lines_are_written_together_and_in_their_order() {
        let (outlet, open, written) = gated();
        open.send(()).unwrap();
        open.send(()).unwrap();
        let expected = "one\ntwo\nthree\n".repeat(30);
        for line in expected.split_inclusive('\n') {
            outlet.put(line.as_bytes(), Weight::Access);
        }
        outlet.settle(LONG);
        let batches: Vec<_> = written.try_iter().collect();
        assert!(batches.len() <= 2, "{}", batches.len());
        assert_eq!(String::from_utf8(batches.concat()).unwrap(), expected);
    }

    #[test]
    fn a_line_alone_is_written_without_being_asked_for() {
        for weight in [Weight::Access, Weight::Other] {
            let (outlet, open, written) = gated();
            open.send(()).unwrap();
            outlet.put(b"alone\n", weight);
            assert_eq!(written.recv_timeout(LONG).unwrap(), b"alone\n");
        }
    }

    #[test]
    fn a_reader_that_does_not_read_stalls_nobody_and_learns_what_it_missed() {
        let (outlet, open, written) = gated();
        outlet.put(b"first\n", Weight::Other);
        // The thread hangs in its first write from here on; nothing below waits for it.
        while outlet.0.lock().taken == 0 {
            thread::yield_now();
        }
        let line = [b'x'; 1023].iter().chain(b"\n").copied().collect::<Vec<_>>();
        for _ in 0..CAPACITY / 1024 + 5 {
            outlet.put(&line, Weight::Access);
        }
        for _ in 0..RESERVE / 1024 + 3 {
            outlet.put(&line, Weight::Other);
        }
        outlet.settle(Duration::from_millis(1));
        assert_eq!(outlet.0.lock().lines.len(), CAPACITY + RESERVE);
        assert_eq!(outlet.0.lock().lost, Lost { access: 5, other: 3 });

        open.send(()).unwrap();
        open.send(()).unwrap();
        assert_eq!(written.recv_timeout(LONG).unwrap(), b"first\n");
        let batch = written.recv_timeout(LONG).unwrap();
        assert!(batch.ends_with(b"x\nlost 5 and 3\n"));
    }
}
