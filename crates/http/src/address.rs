//! Where a request comes from.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderValue, X_FORWARDED_FOR};
use actix_web::rt::net::TcpStream;
use ipnet::IpNet;
use std::any::Any;
use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

/// The other end of a connection. Each of its requests may have to name it: the text is made once.
pub(crate) struct Peer {
    address: IpAddr,
    text: String,
}

impl Peer {
    /// Of a connection that was just accepted.
    pub(crate) fn of(connection: &dyn Any) -> Option<Self> {
        let stream = connection.downcast_ref::<TcpStream>()?;
        let address = stream.peer_addr().ok()?.ip().to_canonical();
        Some(Self { address, text: address.to_string() })
    }
}

/// The client's address as text; empty if not known.
pub(crate) fn client_of<'a>(request: &'a HttpRequest, trusted: &[IpNet]) -> Cow<'a, str> {
    let Some(client) = client_address(request.peer_addr(), request.headers(), trusted) else {
        return Cow::Borrowed("");
    };
    match request.conn_data::<Peer>() {
        Some(peer) if peer.address == client => Cow::Borrowed(&peer.text),
        _ => Cow::Owned(client.to_string()),
    }
}

/// The client's address: the peer's, unless the peer is a trusted proxy. Then it is what the
/// nearest trusted proxy saw that is not one itself: the right-most address of `X-Forwarded-For`
/// that is not trusted. Whatever stands left of it the client may have invented.
fn client_address(peer: Option<SocketAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let mut address = peer?.ip().to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    if !is_trusted(address) {
        return Some(address);
    }
    let forwarded: Vec<_> = headers.get_all(X_FORWARDED_FOR).map(HeaderValue::as_bytes).collect();
    let forwarded = String::from_utf8_lossy(&forwarded.join(&b","[..])).into_owned();
    for hop in forwarded.rsplit(',') {
        if !is_trusted(address) {
            break;
        }
        // An address that cannot be read was written by a trusted proxy or passed on by one; who
        // is behind it cannot be known.
        let Some(behind) = parse(hop.trim()) else { break };
        address = behind;
    }
    Some(address)
}

/// An address, with or without a port.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        client_address(Some(peer.parse().unwrap()), &headers, &trusted).unwrap().to_string()
    }

    #[test]
    fn a_peer_that_is_no_trusted_proxy_is_the_client_whatever_it_says() {
        assert_eq!(seen("192.0.2.1:99", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(seen("192.0.2.1:99", &[]), "192.0.2.1");
    }

    #[test]
    fn behind_trusted_proxies_the_right_most_untrusted_address_is_the_client() {
        assert_eq!(seen("10.0.0.1:99", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1:99", &["1.1.1.1, 198.51.100.7,10.0.0.2"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1:99", &["1.1.1.1, 198.51.100.7", "10.0.0.2"]), "198.51.100.7");
        assert_eq!(seen("[fd00::1]:99", &["[2001:db8::7]:443"]), "2001:db8::7");
        assert_eq!(seen("[::ffff:10.0.0.1]:99", &["::ffff:198.51.100.7"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1:99", &["198.51.100.7:1234"]), "198.51.100.7");
    }

    #[test]
    fn without_an_address_that_can_be_read_the_last_proxy_stands_for_the_client() {
        assert_eq!(seen("10.0.0.1:99", &[]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1:99", &["1.1.1.1, unknown, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(seen("10.0.0.1:99", &["é", ""]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1:99", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    }
}
