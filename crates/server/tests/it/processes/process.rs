//! A process of the binary that runs, and what it says.

use super::watch::{SOON, Watch, found, until};
use crate::harness::Client;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::ops::Deref;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A server in a process of its own, and its client. It is killed when dropped.
pub(crate) struct Process {
    child: Running,
    output: [Transcript; 2],
    address: SocketAddr,
    client: Client,
}

impl Process {
    #[track_caller]
    pub(super) fn serving(command: Command) -> Self {
        let (mut child, output) = spawn(command);
        let look = || {
            let [said, complained] = [&output[0], &output[1]].map(Transcript::so_far);
            let told = |line: &String| line.split_once(" http://")?.1.parse().ok();
            let address = said.iter().chain(&complained).filter(|line| tells_address(line)).find_map(told);
            let has_ended = address.is_none() && child.0.try_wait().unwrap().is_some();
            assert!(!has_ended, "it does not serve: {}", output[1].so_far().join("\n"));
            address
        };
        let (address, _) = found("a server that listens", SOON, look);
        Self { child, output, address, client: Client::of(address) }
    }

    /// What it says on standard output and on standard error so far, line by line.
    pub(crate) fn said(&self) -> [Vec<String>; 2] {
        [self.output[0].so_far(), self.output[1].so_far()]
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// A client with connections of its own.
    pub(crate) fn another_client(&self) -> Client {
        Client::of(self.address)
    }

    #[track_caller]
    pub(crate) fn until_ready(&self) {
        until("ready", SOON, || self.get("/readyz").try_send().is_ok_and(|answer| answer.status == 200));
    }

    /// Whether somebody takes connections at its address.
    pub(crate) fn takes_connections(&self) -> bool {
        TcpStream::connect(self.address).is_ok()
    }

    /// Ends it as a crash would.
    pub(crate) fn crash(self) {
        drop(self);
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        let id = self.id();
        let sent = Command::new("sh").arg("-c").arg(format!("kill -TERM {id}")).status().unwrap();
        assert!(sent.success(), "no signal for {id}");
    }

    /// The exit code and all that it said, once it ends by itself, and how long that takes.
    #[track_caller]
    pub(crate) fn ended(mut self, limit: Duration) -> (i32, [String; 2], Duration) {
        let watch = Watch::start();
        let code = code_within(&mut self.child, limit);
        let took = watch.elapsed();
        let code = code.unwrap_or_else(|| panic!("after {limit:?} it has not ended: {:?}", self.said()));
        (code, [self.output[0].all(), self.output[1].all()], took)
    }

    /// Asks it to end, and waits for that.
    #[track_caller]
    pub(crate) fn stop(self) -> [String; 2] {
        self.terminate();
        let (code, said, _) = self.ended(SOON);
        assert_eq!(code, 0, "{said:?}");
        said
    }
}

impl Deref for Process {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Process {
    #[expect(clippy::print_stderr, reason = "whoever looks at a failed case wants to know it")]
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the server at {} said:\n{}", self.address, self.output[1].so_far().join("\n"));
        }
    }
}

/// Whether it is where a server, or the proxy that compares two, says where it listens.
fn tells_address(line: &str) -> bool {
    line.contains("listens on http://") || line.contains("compares behind http://")
}

/// A child that does not outlive its case: it is killed when dropped.
pub(super) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended before.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts a command whose output is read as it comes: standard output and standard error.
pub(super) fn spawn(mut command: Command) -> (Running, [Transcript; 2]) {
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let output = [Transcript::of(child.stdout.take().unwrap()), Transcript::of(child.stderr.take().unwrap())];
    (Running(child), output)
}

/// How a process ends, if it does in time; else it is killed.
pub(super) fn code_within(child: &mut Running, limit: Duration) -> Option<i32> {
    let Running(child) = child;
    let watch = Watch::start();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status.code().unwrap_or(-1));
        }
        if watch.elapsed() > limit {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// What comes out of a process, read by a thread so that the process never waits for a reader.
pub(super) struct Transcript {
    lines: Arc<Mutex<Vec<String>>>,
    reader: Mutex<Option<JoinHandle<()>>>,
}

impl Transcript {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let shared = Arc::clone(&lines);
        let read = move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                shared.lock().unwrap().push(String::from_utf8_lossy(&line).into_owned());
            }
        };
        Self { lines, reader: Mutex::new(Some(thread::spawn(read))) }
    }

    fn so_far(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Everything, once the process has ended.
    pub(super) fn all(&self) -> String {
        if let Some(reader) = self.reader.lock().unwrap().take() {
            reader.join().unwrap();
        }
        self.so_far().join("\n")
    }
}
