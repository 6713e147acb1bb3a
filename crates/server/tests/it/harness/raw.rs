use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A connection on which anything can be sent.
pub(crate) struct Raw(TcpStream);

impl Raw {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
        Self(stream)
    }

    /// Sends bytes, and tells whether the other side still took them.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).is_ok()
    }

    /// All that comes until the other side closes; fails if it does not close.
    #[track_caller]
    pub(crate) fn until_closed(mut self) -> String {
        let mut bytes = Vec::new();
        match self.0.read_to_end(&mut bytes) {
            // Closed with bytes of ours unread.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            result => drop(result.expect("the server closes the connection")),
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What has come when `end` is in it.
    #[track_caller]
    pub(crate) fn until(&mut self, end: &str) -> String {
        let (mut bytes, mut byte) = (Vec::new(), [0]);
        while !bytes.ends_with(end.as_bytes()) {
            let read = self.0.read(&mut byte).expect("the server answers");
            assert!(read == 1, "closed after {:?}", String::from_utf8_lossy(&bytes));
            bytes.extend(byte);
        }
        String::from_utf8(bytes).unwrap()
    }
}

/// The status of the first answer in a text, and how many answers there are.
pub(crate) fn head_of(answers: &str) -> (Option<u16>, usize) {
    let status = answers.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status, answers.matches("HTTP/1.1 ").count())
}
