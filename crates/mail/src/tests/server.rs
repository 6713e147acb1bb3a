//! A mail server that says what it is told to.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// What it answers to a line: `None` to go on as servers do, an empty text to say nothing ever.
pub(super) type Answer = fn(connection: usize, line: &str) -> Option<&'static str>;

pub(super) struct Server {
    pub(super) port: u16,
    heard: Receiver<(usize, String)>,
}

impl Server {
    pub(super) fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, heard) = channel();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let tell = tell.clone();
                thread::spawn(move || converse(number, &stream.unwrap(), answer, &tell));
            }
        });
        Self { port, heard }
    }

    /// Waits until a line was heard.
    pub(super) fn hears(self, line: &str) -> Self {
        assert!(self.heard.iter().any(|(_, heard)| heard == line), "the server went away");
        self
    }

    /// Each line that was heard so far, after the number of its connection.
    pub(super) fn heard(&self) -> Vec<(usize, String)> {
        self.heard.try_iter().collect()
    }
}

fn converse(number: usize, stream: &TcpStream, answer: Answer, tell: &Sender<(usize, String)>) -> Option<()> {
    let say = |text: &str| {
        while text.is_empty() {
            thread::park();
        }
        write!(&mut &*stream, "{text}\r\n").ok()
    };
    say("220 ready")?;
    let mut is_in_letter = false;
    for line in BufReader::new(stream).lines() {
        let line = line.ok()?;
        tell.send((number, line.clone())).ok()?;
        is_in_letter &= line != ".";
        if is_in_letter {
            continue;
        }
        let usual = if line == "DATA" { "354 go on" } else { "250 good" };
        let told = answer(number, &line).unwrap_or(usual);
        is_in_letter = told.starts_with("354");
        say(told)?;
    }
    Some(())
}
