//! Who sits between a mailer and its mail server.

use std::io::{BufRead as _, BufReader, Read as _, Write as _, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// Passes on what both say, and may put in a word of its own.
pub(super) struct Relay {
    pub(super) port: u16,
    heard: Receiver<Vec<u8>>,
}

impl Relay {
    /// In front of the mail server on that port. What is `added` follows the go-ahead to `STARTTLS`, in
    /// one piece with it.
    pub(super) fn start(server: u16, added: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, heard) = channel();
        thread::spawn(move || {
            for client in listener.incoming().map(Result::unwrap) {
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                let (to_server, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || answers(&server, &to_client, added));
                let tell = tell.clone();
                thread::spawn(move || tell.send(commands(&client, &to_server)));
            }
        });
        Self { port, heard }
    }

    /// All that a client has said, once it has left.
    pub(super) fn heard(&self) -> Vec<u8> {
        self.heard.recv().unwrap()
    }
}

fn commands(mut client: &TcpStream, mut server: &TcpStream) -> Vec<u8> {
    let (mut heard, mut bytes) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = client.read(&mut bytes) {
        heard.extend_from_slice(&bytes[..count]);
        // A server that has left leaves the client to be heard.
        let _ = server.write_all(&bytes[..count]);
    }
    let _ = server.shutdown(Shutdown::Write);
    heard
}

fn answers(server: &TcpStream, mut client: &TcpStream, added: Option<&str>) {
    let mut server = BufReader::new(server);
    if let Some(added) = added {
        let mut line = String::new();
        while !line.starts_with("220 Go ahead") {
            line.clear();
            assert!(server.read_line(&mut line).unwrap() > 0, "the server said nothing of TLS");
            let added = if line.starts_with("220 Go ahead") { added } else { "" };
            client.write_all(format!("{line}{added}").as_bytes()).unwrap();
        }
    }
    let _ = copy(&mut server, &mut client);
    let _ = client.shutdown(Shutdown::Write);
}
