//! Who may read the mailbox.

use crate::call::Call;
use crate::problem::Problem;
use actix_web::http::Uri;
use actix_web::http::header::{FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, VIA};
use actix_web::http::uri::Authority;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What a proxy adds. Behind one, every peer is the proxy.
const OF_PROXIES: [HeaderName; 6] = [
    FORWARDED,
    VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
];

/// Lets whoever is on this machine in. To everybody else there is nothing here.
pub(super) fn pass(call: &Call) -> Result<(), Problem> {
    if admits(call.peer(), call.uri(), call.headers()) { Ok(()) } else { Err(Problem::NotFound) }
}

/// That the peer is on this machine is not enough: a page from elsewhere, open in a browser on it, can
/// have its own name resolved to this machine (DNS rebinding), which the host tells, or read answers
/// where every origin may, which the origin tells.
fn admits(peer: Option<SocketAddr>, uri: &Uri, headers: &HeaderMap) -> bool {
    let is_near = peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    let is_proxied = OF_PROXIES.iter().any(|name| headers.contains_key(name));
    let mut hosts = headers.get_all(HOST);
    let is_meant = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().is_ok_and(names_this_machine),
        _ => false,
    };
    // A target in absolute form has a host of its own (RFC 9112, section 3.2.2).
    let is_meant = is_meant && uri.authority().is_none_or(|authority| names_this_machine(authority.as_str()));
    is_near && !is_proxied && is_meant && headers.get_all(ORIGIN).all(is_local_origin)
}

fn is_local_origin(origin: &HeaderValue) -> bool {
    let host = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    host.is_some_and(names_this_machine)
}

/// Whether a host, with or without a port, is one that means this machine wherever it is asked.
fn names_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    if host.contains('@') {
        return false;
    }
    let name = authority.host();
    let inside = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || inside.and_then(|text| text.parse::<Ipv6Addr>().ok()).is_some_and(is_loopback)
}

fn is_loopback(address: Ipv6Addr) -> bool {
    IpAddr::V6(address).to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEAR: &str = "127.0.0.1:50000";

    fn admitted(peer: &str, target: &str, headers: &[(&str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        admits(Some(peer.parse().unwrap()), &target.parse().unwrap(), &map)
    }

    #[test]
    fn hosts_of_this_machine_are_let_in_with_and_without_a_port() {
        for host in [
            "localhost",
            "LocalHost:8000",
            "127.0.0.1",
            "127.0.0.1:8000",
            "127.9.8.7:1",
            "[::1]",
            "[::1]:8000",
        ] {
            assert!(admitted(NEAR, "/dev/mailbox/", &[("host", host)]), "{host}");
        }
    }

    #[test]
    fn any_other_host_is_not_wherever_it_leads_to() {
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil.example:8000",
            "localhost@evil.example",
            "evil.example@localhost",
            "0.0.0.0",
            "10.0.0.1",
            "[::]",
            "[2001:db8::1]",
            "::1",
            "localhost:x y",
        ] {
            assert!(!admitted(NEAR, "/dev/mailbox/", &[("host", host)]), "{host}");
        }
        assert!(!admitted(NEAR, "/dev/mailbox/", &[]));
        assert!(!admitted(NEAR, "/dev/mailbox/", &[("host", "localhost"), ("host", "localhost")]));
        assert!(!admitted(NEAR, "http://evil.example/dev/mailbox/", &[("host", "localhost")]));
        assert!(admitted(NEAR, "http://localhost/dev/mailbox/", &[("host", "localhost")]));
    }

    #[test]
    fn a_peer_elsewhere_is_not_let_in_whatever_host_it_names() {
        for peer in ["192.0.2.1:9", "10.0.0.1:9", "[2001:db8::1]:9", "[::ffff:192.0.2.1]:9"] {
            assert!(!admitted(peer, "/dev/mailbox/", &[("host", "localhost")]), "{peer}");
        }
        for peer in ["127.0.0.5:9", "[::1]:9", "[::ffff:127.0.0.1]:9"] {
            assert!(admitted(peer, "/dev/mailbox/", &[("host", "localhost")]), "{peer}");
        }
        assert!(!admits(None, &"/".parse().unwrap(), &HeaderMap::new()));
    }

    #[test]
    fn what_came_through_a_proxy_is_not_let_in() {
        for name in
            ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"]
        {
            assert!(
                !admitted(NEAR, "/dev/mailbox/", &[("host", "localhost"), (name, "127.0.0.1")]),
                "{name}"
            );
        }
    }

    #[test]
    fn pages_of_other_origins_are_not_let_in() {
        let from = |origin| admitted(NEAR, "/dev/mailbox/", &[("host", "localhost"), ("origin", origin)]);
        for origin in ["http://localhost:3000", "http://127.0.0.1:8000", "https://[::1]"] {
            assert!(from(origin), "{origin}");
        }
        for origin in ["null", "", "https://evil.example", "http://localhost.evil.example", "localhost"] {
            assert!(!from(origin), "{origin}");
        }
    }
}
