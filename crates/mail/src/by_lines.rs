//! A connection of which no more is read ahead than a line.

use lettre::transport::smtp::client::AsyncTokioStream;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// A connection each of whose reads ends where a line does.
///
/// lettre keeps what it has read ahead when `STARTTLS` is answered. Whoever is on the way could then
/// put replies behind that answer, and they would count as said within TLS, where the letter is
/// (RFC 3207, section 6). Read like this, they are still in the socket when TLS begins, and are no
/// handshake.
#[derive(Debug)]
pub(crate) struct ByLines(TcpStream);

impl ByLines {
    /// Connects to the first address of the server that answers, each within `patience`.
    pub(crate) async fn connect(server: (&str, u16), patience: Duration) -> io::Result<Self> {
        let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in lookup_host(server).await? {
            let connected = timeout(patience, TcpStream::connect(address)).await;
            match connected.unwrap_or_else(|late| Err(late.into())) {
                Ok(stream) => return Ok(Self(stream)),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

impl AsyncRead for ByLines {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = &mut self.get_mut().0;
        let mut bytes = [0; 1024];
        let mut ahead = ReadBuf::new(&mut bytes);
        ready!(stream.poll_peek(cx, &mut ahead))?;
        let end = ahead.filled().iter().position(|byte| *byte == b'\n').map(|last| last + 1);
        let most = end.unwrap_or(ahead.filled().len()).min(buffer.remaining());
        ahead.clear();
        let mut line = ahead.take(most);
        ready!(Pin::new(stream).poll_read(cx, &mut line))?;
        buffer.put_slice(line.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ByLines {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for ByLines {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::net::TcpListener;
    use tokio::io::AsyncReadExt as _;

    #[tokio::test]
    async fn a_read_ends_where_a_line_does_and_nothing_is_lost() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut stream = ByLines::connect(("127.0.0.1", port), Duration::from_secs(10)).await.unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        let long = "x".repeat(3000);
        peer.write_all(format!("220 go\r\n\n250 {long}\r\nthe end").as_bytes()).unwrap();
        drop(peer);

        let (mut heard, mut reads) = (Vec::new(), Vec::new());
        let mut buffer = [0; 2048];
        while let count @ 1.. = stream.read(&mut buffer).await.unwrap() {
            reads.push(count);
            heard.extend_from_slice(&buffer[..count]);
            let line = &buffer[..count];
            assert!(!line[..count - 1].contains(&b'\n'), "{line:?}");
        }
        assert_eq!(reads[..2], [8, 1]);
        assert_eq!(heard, format!("220 go\r\n\n250 {long}\r\nthe end").as_bytes());
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_said_to_be_away() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let error = ByLines::connect(("127.0.0.1", port), Duration::from_secs(10)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
