//! Who may read the mailbox.

use crate::call::Call;
use crate::problem::Problem;
use actix_web::http::header::{FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, VIA};
use actix_web::http::uri::Authority;
use actix_web::http::{Uri, Version};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What proxies add, beside all that begins with `x-forwarded`. Behind one, every peer is the proxy.
const OF_PROXIES: [HeaderName; 6] = [
    FORWARDED,
    VIA,
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("x-client-ip"),
    HeaderName::from_static("true-client-ip"),
    HeaderName::from_static("cf-connecting-ip"),
];

/// How a browser says where a request comes from (Fetch Metadata, section 2.4).
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Lets whoever is on this machine in. To everybody else there is nothing here.
pub(super) fn pass(call: &Call) -> Result<(), Problem> {
    if admits(call.peer(), call.version(), call.uri(), call.headers()) {
        Ok(())
    } else {
        Err(Problem::NotFound)
    }
}

/// That the peer is on this machine is not enough. It may be a proxy, which is told by what it adds; one
/// that adds nothing often speaks HTTP/1.0, as nginx long did unless told otherwise. And a page from
/// elsewhere, open in a browser on this machine, can have its own name resolved to it (DNS rebinding),
/// which the host tells, or read answers where every origin may, which the origin tells.
fn admits(peer: Option<SocketAddr>, version: Version, uri: &Uri, headers: &HeaderMap) -> bool {
    let is_near = peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    let is_direct = version >= Version::HTTP_11 && !headers.keys().any(is_of_proxies);
    let mut hosts = headers.get_all(HOST);
    let is_meant = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().is_ok_and(names_this_machine),
        _ => false,
    };
    // A target in absolute form has a host of its own (RFC 9112, section 3.2.2).
    let is_meant = is_meant && uri.authority().is_none_or(|authority| names_this_machine(authority.as_str()));
    let is_own_page = headers.get_all(ORIGIN).all(is_local_origin)
        && !headers.get_all(FETCH_SITE).any(|site| site.as_bytes().eq_ignore_ascii_case(b"cross-site"));
    is_near && is_direct && is_meant && is_own_page
}

fn is_of_proxies(name: &HeaderName) -> bool {
    name.as_str().starts_with("x-forwarded") || OF_PROXIES.contains(name)
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
    is_localhost(name)
        || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || inside.and_then(|text| text.parse::<Ipv6Addr>().ok()).is_some_and(is_loopback)
}

/// `localhost` and all names below it (RFC 6761, section 6.3).
fn is_localhost(name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|top| top.eq_ignore_ascii_case("localhost"))
}

fn is_loopback(address: Ipv6Addr) -> bool {
    IpAddr::V6(address).to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEAR: &str = "127.0.0.1:50000";

    fn admitted(peer: &str, target: &str, headers: &[(&str, &str)]) -> bool {
        admitted_by(Version::HTTP_11, peer, target, headers)
    }

    fn admitted_by(version: Version, peer: &str, target: &str, headers: &[(&str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        admits(Some(peer.parse().unwrap()), version, &target.parse().unwrap(), &map)
    }

    #[test]
    fn hosts_of_this_machine_are_let_in_with_and_without_a_port() {
        for host in [
            "localhost",
            "LocalHost:8000",
            "app.localhost:8000",
            "mail.app.LOCALHOST",
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
            "evil-localhost",
            "notlocalhost:8000",
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
        let mut local = HeaderMap::new();
        local.insert(HOST, HeaderValue::from_static("localhost"));
        assert!(!admits(None, Version::HTTP_11, &"/".parse().unwrap(), &local));
    }

    #[test]
    fn what_came_through_a_proxy_is_not_let_in() {
        for name in [
            "Forwarded",
            "Via",
            "X-Forwarded",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "x-forwarded-proto",
            "X-Forwarded-Client-Cert",
            "X-Real-IP",
            "X-Client-IP",
            "True-Client-IP",
            "CF-Connecting-IP",
        ] {
            for value in ["127.0.0.1", ""] {
                let headers = [("host", "localhost"), (name, value)];
                assert!(!admitted(NEAR, "/dev/mailbox/", &headers), "{name}");
            }
        }
        assert!(admitted(NEAR, "/dev/mailbox/", &[("host", "localhost"), ("x-request-id", "1")]));
    }

    #[test]
    fn the_version_that_a_proxy_speaks_unless_told_otherwise_is_not_let_in() {
        let by = |version| admitted_by(version, NEAR, "/dev/mailbox/", &[("host", "127.0.0.1:8000")]);
        assert!(!by(Version::HTTP_09) && !by(Version::HTTP_10));
        assert!(by(Version::HTTP_11) && by(Version::HTTP_2));
    }

    #[test]
    fn requests_that_pages_of_other_sites_begin_are_not_let_in() {
        let from = |site| admitted(NEAR, "/dev/mailbox/", &[("host", "localhost"), ("sec-fetch-site", site)]);
        for site in ["none", "same-origin", "same-site"] {
            assert!(from(site), "{site}");
        }
        assert!(!from("cross-site") && !from("Cross-Site"));
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
