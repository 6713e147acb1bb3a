//! A mail server of a test's own.

mod authority;
mod dialogue;
mod letter;

pub use authority::Authority;
pub use letter::Received;

use anyhow::Result;
use rustls::ServerConfig;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How the way to a mail server is kept from being overheard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// It is not.
    None,
    /// A connection can be switched to TLS. A client that does not is taken all the same: that is what
    /// a test looks for.
    StartTls,
    /// A connection begins with TLS.
    Tls,
}

/// What a mail server does with who comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It takes every letter.
    Take,
    /// It refuses every recipient with this reply: 451 for now, 550 for good.
    Refuse(u16),
    /// It takes connections, and says nothing.
    Silent,
    /// It takes a letter, and closes the connection before it says so.
    Vanish,
    /// It takes a letter, and says so only once its manner is another one.
    Hold,
}

/// A mail server on a port of its own, which keeps what it takes. It ends when dropped.
pub struct SmtpServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    open: Mutex<Option<Arc<AtomicBool>>>,
}

/// What the threads of a server share.
struct Shared {
    encryption: Encryption,
    tls: Option<Arc<ServerConfig>>,
    credentials: Option<(String, String)>,
    desk: Mutex<Desk>,
    changed: Condvar,
}

struct Desk {
    manner: Manner,
    letters: Vec<Received>,
    connections: Vec<TcpStream>,
}

/// How long a test waits for a letter.
const PATIENCE: Duration = Duration::from_secs(20);

impl SmtpServer {
    /// One that takes everything, in the clear.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start() -> Self {
        Self::with(Encryption::None, None, None)
    }

    /// One with a certificate of `authority`, that takes letters from whoever knows the credentials, a
    /// name and a password, if there are any.
    ///
    /// # Panics
    /// If it does not start.
    pub fn with(
        encryption: Encryption,
        authority: Option<&Authority>,
        credentials: Option<(&str, &str)>,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("its address");
        let desk = Desk { manner: Manner::Take, letters: Vec::new(), connections: Vec::new() };
        let shared = Shared {
            encryption,
            tls: authority.map(Authority::server_config),
            credentials: credentials.map(|(name, password)| (name.to_owned(), password.to_owned())),
            desk: Mutex::new(desk),
            changed: Condvar::new(),
        };
        let server = Self { address, shared: Arc::new(shared), open: Mutex::default() };
        server.serve(listener);
        server
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on it does this with who comes, and with whom it holds.
    pub fn behave(&self, manner: Manner) {
        self.shared.desk().manner = manner;
        self.shared.changed.notify_all();
    }

    /// Goes away, with everybody who is connected. What it has taken stays.
    pub fn stop(&self) {
        let Some(open) = self.open.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        open.store(false, SeqCst);
        // Whoever waits for a connection looks up.
        drop(TcpStream::connect(self.address));
        for connection in self.shared.desk().connections.drain(..) {
            // It may have ended by itself.
            drop(connection.shutdown(Shutdown::Both));
        }
        self.shared.changed.notify_all();
    }

    /// Comes back on its port after [`SmtpServer::stop`].
    ///
    /// # Panics
    /// If somebody else has the port.
    pub fn start_again(&self) {
        let mut tries = 0;
        let listener = loop {
            match TcpListener::bind(self.address) {
                Ok(listener) => break listener,
                Err(error) => assert!(tries < 200, "its port is taken: {error}"),
            }
            // The one before may be about to look up.
            tries += 1;
            thread::sleep(Duration::from_millis(5));
        };
        self.serve(listener);
    }

    /// All that it has taken, in the order of its coming.
    pub fn letters(&self) -> Vec<Received> {
        self.shared.desk().letters.clone()
    }

    /// What it has taken for an address.
    pub fn to(&self, address: &str) -> Vec<Received> {
        self.letters().into_iter().filter(|letter| letter.to.iter().any(|to| to == address)).collect()
    }

    /// Waits until it has taken that many for an address, and answers them.
    ///
    /// # Panics
    /// If they do not come.
    #[track_caller]
    pub fn wait_for(&self, address: &str, count: usize) -> Vec<Received> {
        let is_for = |letter: &&Received| letter.to.iter().any(|to| to == address);
        self.wait(&format!("{count} for {address}"), |letters| {
            letters.iter().filter(is_for).count() >= count
        });
        self.to(address)
    }

    /// Waits until it has taken that many for an address, and answers the last one.
    ///
    /// # Panics
    /// If they do not come.
    #[track_caller]
    pub fn last_of(&self, address: &str, count: usize) -> Received {
        self.wait_for(address, count).pop().expect("one at least")
    }

    /// Waits until it has taken that many.
    ///
    /// # Panics
    /// If they do not come.
    #[track_caller]
    pub fn wait_for_all(&self, count: usize) -> Vec<Received> {
        self.wait(&format!("{count} in all"), |letters| letters.len() >= count);
        self.letters()
    }

    #[track_caller]
    fn wait(&self, what: &str, is_so: impl Fn(&[Received]) -> bool) {
        let (desk, timeout) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.desk(), PATIENCE, |desk| !is_so(&desk.letters))
            .unwrap_or_else(PoisonError::into_inner);
        let told = || desk.letters.iter().map(Received::summary).collect::<Vec<_>>();
        assert!(!timeout.timed_out(), "not {what}, but these: {:#?}", told());
    }

    fn serve(&self, listener: TcpListener) {
        let open = Arc::new(AtomicBool::new(true));
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&open));
        let shared = Arc::clone(&self.shared);
        let accept = move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if !open.load(SeqCst) {
                    return;
                }
                let (shared, open) = (Arc::clone(&shared), Arc::clone(&open));
                // A client that goes away in the middle has no letter.
                thread::spawn(move || drop(shared.attend(stream, &open)));
            }
        };
        thread::spawn(accept);
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn manner(&self) -> Manner {
        self.desk().manner
    }

    fn attend(&self, stream: TcpStream, open: &AtomicBool) -> Result<()> {
        stream.set_nodelay(true)?;
        let other_end = stream.try_clone()?;
        self.desk().connections.push(stream.try_clone()?);
        // It may have been told to stop just before.
        let outcome = if open.load(SeqCst) { dialogue::hold(self, stream, open) } else { Ok(()) };
        // Whoever keeps another handle to it does not keep it open.
        drop(other_end.shutdown(Shutdown::Both));
        outcome
    }

    fn take(&self, letter: Received) {
        self.desk().letters.push(letter);
        self.changed.notify_all();
    }

    /// Waits for another manner than this, or for the end; the manner that it then has.
    fn wait_while(&self, manner: Manner, open: &AtomicBool) -> Manner {
        let waits = |desk: &mut Desk| desk.manner == manner && open.load(SeqCst);
        self.changed.wait_while(self.desk(), waits).unwrap_or_else(PoisonError::into_inner).manner
    }
}
