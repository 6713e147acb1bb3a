//! What a mail server and its client say to each other (RFC 5321).

use super::{Encryption, Manner, Received, Shared};
use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::{ServerConnection, StreamOwned};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A connection, in the clear or not.
enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

struct Dialogue<'a> {
    shared: &'a Shared,
    open: &'a AtomicBool,
    line: BufReader<Stream>,
    user: Option<String>,
    from: Option<String>,
    to: Vec<String>,
}

/// Speaks with a client until it leaves.
pub(super) fn hold(shared: &Shared, stream: TcpStream, open: &AtomicBool) -> Result<()> {
    let stream = match shared.encryption {
        Encryption::Tls => encrypted(shared, stream)?,
        Encryption::None | Encryption::StartTls => Stream::Plain(stream),
    };
    let line = BufReader::new(stream);
    let mut dialogue = Dialogue { shared, open, line, user: None, from: None, to: Vec::new() };
    if shared.wait_while(Manner::Silent, open) == Manner::Silent {
        return Ok(());
    }
    dialogue.say("220 localhost ESMTP")?;
    while let Some(said) = dialogue.hear()? {
        let (verb, rest) = said.split_once(' ').unwrap_or((&said, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => dialogue.offer()?,
            "HELO" | "NOOP" => dialogue.say("250 OK")?,
            "STARTTLS" => dialogue = dialogue.encrypt()?,
            "AUTH" => dialogue.authenticate(rest)?,
            "MAIL" => dialogue.begin(rest)?,
            "RCPT" => dialogue.address(rest)?,
            "DATA" => {
                if !dialogue.receive()? {
                    return Ok(());
                }
            }
            "RSET" => {
                dialogue.forget();
                dialogue.say("250 OK")?;
            }
            "QUIT" => return dialogue.say("221 Bye"),
            _ => dialogue.say("502 Unknown command")?,
        }
    }
    Ok(())
}

fn encrypted(shared: &Shared, stream: TcpStream) -> Result<Stream> {
    let config = shared.tls.as_ref().context("no certificate")?;
    let connection = ServerConnection::new(Arc::clone(config))?;
    Ok(Stream::Tls(Box::new(StreamOwned::new(connection, stream))))
}

impl Dialogue<'_> {
    fn say(&mut self, reply: &str) -> Result<()> {
        let stream = self.line.get_mut();
        stream.write_all(format!("{reply}\r\n").as_bytes())?;
        Ok(stream.flush()?)
    }

    /// The next line, without its end; `None` if there is none.
    fn hear(&mut self) -> Result<Option<String>> {
        let mut line = Vec::new();
        self.line.read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        let line = String::from_utf8(line)?;
        let line = line.strip_suffix("\r\n").context("a line that does not end as it must")?;
        Ok(Some(line.to_owned()))
    }

    fn is_encrypted(&self) -> bool {
        matches!(self.line.get_ref(), Stream::Tls(_))
    }

    fn offer(&mut self) -> Result<()> {
        self.say("250-localhost")?;
        if self.shared.encryption == Encryption::StartTls && !self.is_encrypted() {
            self.say("250-STARTTLS")?;
        }
        if self.shared.credentials.is_some() {
            self.say("250-AUTH PLAIN")?;
        }
        self.say("250-SMTPUTF8")?;
        self.say("250 8BITMIME")
    }

    fn encrypt(mut self) -> Result<Self> {
        ensure!(self.shared.encryption == Encryption::StartTls && !self.is_encrypted(), "STARTTLS");
        self.say("220 Go ahead")?;
        ensure!(self.line.buffer().is_empty(), "what came before the encryption must not count after it");
        let Stream::Plain(stream) = self.line.into_inner() else { bail!("encrypted twice") };
        let line = BufReader::new(encrypted(self.shared, stream)?);
        // All that was said before is forgotten (RFC 3207, section 4.2).
        Ok(Self { line, user: None, from: None, to: Vec::new(), ..self })
    }

    /// `AUTH PLAIN` (RFC 4616): nobody, a name and a password, parted by zero bytes.
    fn authenticate(&mut self, said: &str) -> Result<()> {
        let initial = match said.split_once(' ') {
            Some(("PLAIN", initial)) => initial.to_owned(),
            _ if said == "PLAIN" => {
                self.say("334 ")?;
                self.hear()?.context("no credentials")?
            }
            _ => return self.say("504 Unknown mechanism"),
        };
        let told = String::from_utf8(STANDARD.decode(initial)?)?;
        let told: Vec<_> = told.split('\0').collect();
        match (told.as_slice(), &self.shared.credentials) {
            ([_, name, password], Some((known, right))) if name == known && password == right => {
                self.user = Some((*name).to_owned());
                self.say("235 Welcome")
            }
            _ => self.say("535 Authentication credentials invalid"),
        }
    }

    fn begin(&mut self, said: &str) -> Result<()> {
        if self.shared.credentials.is_some() && self.user.is_none() {
            return self.say("530 Authentication required");
        }
        self.forget();
        self.from = Some(path(said, "FROM:")?);
        self.say("250 OK")
    }

    fn address(&mut self, said: &str) -> Result<()> {
        match self.shared.manner() {
            Manner::Refuse(code) => return self.say(&format!("{code} Not here")),
            Manner::Take | Manner::Silent | Manner::Vanish | Manner::Hold => {}
        }
        self.to.push(path(said, "TO:")?);
        self.say("250 OK")
    }

    /// Takes a letter; false if the client is to hear no more.
    fn receive(&mut self) -> Result<bool> {
        let Some(from) = self.from.take().filter(|_| !self.to.is_empty()) else {
            self.say("503 Whom from, and whom to?")?;
            return Ok(true);
        };
        self.say("354 Go on")?;
        let mut raw = String::new();
        loop {
            let line = self.hear()?.context("the letter breaks off")?;
            match line.strip_prefix('.') {
                Some("") => break,
                Some(rest) => raw.push_str(rest),
                None => raw.push_str(&line),
            }
            raw.push_str("\r\n");
        }
        let to = std::mem::take(&mut self.to);
        self.shared.take(Received::read(from, to, self.is_encrypted(), self.user.clone(), raw)?);
        if self.shared.manner() == Manner::Vanish || self.is_held() {
            return Ok(false);
        }
        self.say("250 Taken")?;
        Ok(true)
    }

    /// Waits while letters are held; whether they are to the end.
    fn is_held(&self) -> bool {
        self.shared.wait_while(Manner::Hold, self.open) == Manner::Hold
    }

    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
    }
}

/// The address in `FROM:<address> PARAMETERS`.
fn path(said: &str, keyword: &str) -> Result<String> {
    let (found, rest) = said.split_at_checked(keyword.len()).context("no path")?;
    ensure!(found.eq_ignore_ascii_case(keyword), "no {keyword}");
    let rest = rest.trim_start().strip_prefix('<').context("no address")?;
    // A quoted local part may have the end's sign, too.
    let quoted = rest.strip_prefix('"').and_then(|inner| inner.rfind('"')).map_or(0, |quote| quote + 1);
    let (_, after) = rest.split_at(quoted);
    let end = after.find('>').context("no end of the address")?;
    rest.get(..quoted + end).map(str::to_owned).context("no address")
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
