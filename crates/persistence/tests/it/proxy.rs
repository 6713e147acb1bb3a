//! A wire to PostgreSQL that can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Passes bytes on, until it sees what it is told to cut after.
pub(crate) struct Proxy {
    url: String,
    cut_after: Arc<Mutex<Option<&'static str>>>,
    cut_within: Arc<Mutex<Option<&'static str>>>,
}

/// How long the server's first message of an answer with rows is: that it has the query's values.
const BIND_COMPLETE: usize = 5;

impl Proxy {
    /// A proxy before the server of that URL.
    pub(crate) fn before(url: &str) -> Self {
        let (head, database) = url.rsplit_once('/').unwrap();
        let (credentials, server) = head.rsplit_once('@').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{credentials}@{}/{database}", listener.local_addr().unwrap());
        let (cut_after, cut_within) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(None)));
        let server = server.to_owned();
        let (after, within) = (Arc::clone(&cut_after), Arc::clone(&cut_within));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&server) else { return };
                let (back, forth) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let (after, within) = (Arc::clone(&after), Arc::clone(&within));
                thread::spawn(move || pass(back, forth, &within, BIND_COMPLETE));
                thread::spawn(move || pass(client, server, &after, usize::MAX));
            }
        });
        Self { url, cut_after, cut_within }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Passes on the next message to the server with this text in it, and then nothing more.
    pub(crate) fn cut_after(&self, text: &'static str) {
        *self.cut_after.lock().unwrap() = Some(text);
    }

    /// Passes on the beginning of the server's next answer with this text in its rows, and then
    /// nothing more.
    pub(crate) fn cut_within(&self, text: &'static str) {
        *self.cut_within.lock().unwrap() = Some(text);
    }

    /// Whether a cut within an answer is still to come.
    pub(crate) fn is_armed(&self) -> bool {
        self.cut_within.lock().unwrap().is_some()
    }
}

/// Passes on what comes; of a message with the text to cut at, the first `kept` bytes.
fn pass(mut from: TcpStream, mut to: TcpStream, cut_at: &Mutex<Option<&'static str>>, kept: usize) {
    let mut buffer = [0; 16384];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let message = &buffer[..count];
        let is_it = |text: &mut &str| message.windows(text.len()).any(|part| part == text.as_bytes());
        let cut = cut_at.lock().unwrap().take_if(is_it).is_some();
        if cut {
            // Nothing comes back any more, not even the answer to this.
            drop(from.shutdown(Shutdown::Both));
        }
        let passed = if cut { &message[..kept.min(count)] } else { message };
        if to.write_all(passed).is_err() || cut {
            break;
        }
    }
    drop((from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both)));
}
