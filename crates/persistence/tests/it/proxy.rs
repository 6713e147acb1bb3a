//! A wire to PostgreSQL that can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Passes bytes on, until it sees what it is told to cut after.
pub(crate) struct Proxy {
    url: String,
    cut_after: Arc<Mutex<Option<&'static str>>>,
}

impl Proxy {
    /// A proxy before the server of that URL.
    pub(crate) fn before(url: &str) -> Self {
        let (head, database) = url.rsplit_once('/').unwrap();
        let (credentials, server) = head.rsplit_once('@').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{credentials}@{}/{database}", listener.local_addr().unwrap());
        let cut_after = Arc::new(Mutex::new(None));
        let (server, cut) = (server.to_owned(), Arc::clone(&cut_after));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&server) else { return };
                let (back, forth) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let cut = Arc::clone(&cut);
                thread::spawn(move || pass(back, forth, &Arc::default()));
                thread::spawn(move || pass(client, server, &cut));
            }
        });
        Self { url, cut_after }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Passes on the next message to the server with this text in it, and then nothing more.
    pub(crate) fn cut_after(&self, text: &'static str) {
        *self.cut_after.lock().unwrap() = Some(text);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, cut_after: &Mutex<Option<&'static str>>) {
    let mut buffer = [0; 16384];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let message = &buffer[..count];
        let is_it = |text: &mut &str| message.windows(text.len()).any(|part| part == text.as_bytes());
        let cut = cut_after.lock().unwrap().take_if(is_it).is_some();
        if cut {
            // Nothing comes back any more, not even the answer to this.
            drop(from.shutdown(Shutdown::Both));
        }
        if to.write_all(message).is_err() || cut {
            break;
        }
    }
    drop((from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both)));
}
