use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Addresses that belong together: one (`10.0.0.7`, `::1`) or a network (`10.0.0.0/8`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network(IpNet);

/// Neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is neither an address nor a network, as in 10.0.0.7 or 10.0.0.0/8")]
pub struct NetworkError(String);

impl Network {
    /// The widest private networks are 10.0.0.0/8 (RFC 1918) and `fc00::/7` (RFC 4193).
    const WIDEST: (u8, u8) = (8, 7);

    /// The network.
    pub fn get(self) -> IpNet {
        self.0
    }

    /// Whether it is wider than any private network, and so holds addresses of strangers.
    pub fn holds_strangers(self) -> bool {
        match self.0 {
            IpNet::V4(network) => network.prefix_len() < Self::WIDEST.0,
            IpNet::V6(network) => network.prefix_len() < Self::WIDEST.1,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse::<IpNet>().or_else(|_| address()).map(Self).map_err(|_| NetworkError(text.to_owned()))
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_network_of_one() {
        assert_eq!("10.0.0.7".parse::<Network>().unwrap().to_string(), "10.0.0.7/32");
        assert_eq!("::1".parse::<Network>().unwrap().to_string(), "::1/128");
        assert!("10.0.0.0/33".parse::<Network>().is_err());
        assert!("proxy.example".parse::<Network>().is_err());
    }

    #[test]
    fn networks_wider_than_private_ones_hold_strangers() {
        for (text, strangers) in [
            ("0.0.0.0/0", true),
            ("128.0.0.0/1", true),
            ("10.0.0.0/8", false),
            ("::/0", true),
            ("fc00::/7", false),
        ] {
            assert_eq!(text.parse::<Network>().unwrap().holds_strangers(), strangers, "{text}");
        }
    }
}
