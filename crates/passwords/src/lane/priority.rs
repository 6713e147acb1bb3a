//! Hashes stand back before everything else that the process does.

/// How much nicer than the process a hash thread is.
///
/// Linux gives a thread that is nicer by 10 about a tenth of the time of one that is not, where the
/// two want the same core, and all of it where nobody else does. So an answer that needs no hash
/// hardly waits for one, and a login still comes forward on a machine that is busy with such
/// answers. At 19 it would have a seventieth, and a hash of a quarter of a second take a quarter of a
/// minute.
#[cfg(target_os = "linux")]
const NICER: i32 = 10;

/// Lowers the priority of the thread that calls, and of no other.
#[cfg(target_os = "linux")]
pub(super) fn step_back() {
    // Nobody needs leave to be nicer. Where a filter of system calls forbids it all the same, hashes
    // are as right as before, only less polite.
    let _ = rustix::process::nice(NICER);
}

/// Does nothing: elsewhere a priority is the whole process's, as POSIX has it.
#[cfg(not(target_os = "linux"))]
pub(super) fn step_back() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::process::getpriority_process;
    use std::thread;

    #[test]
    fn a_thread_steps_back_alone() {
        let before = getpriority_process(None).unwrap();
        let stepped_back = thread::spawn(|| {
            step_back();
            getpriority_process(None).unwrap()
        });
        assert_eq!(stepped_back.join().unwrap(), (before + NICER).min(19));
        assert_eq!(getpriority_process(None).unwrap(), before);
    }
}
