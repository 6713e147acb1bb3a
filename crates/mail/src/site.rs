//! The one place that links lead to.

use doorward_domain::mail::Message;

/// Where people reach the server. Links are made of this and of nothing that a request said.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    url: String,
}

impl Site {
    /// From `http://` or `https://`, a host, and whatever of port and path there is.
    pub(crate) fn parse(public_url: &str) -> Option<Self> {
        let rest = public_url.strip_prefix("https://").or_else(|| public_url.strip_prefix("http://"))?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/[]%".contains(c);
        let site = Self { url: public_url.to_owned() };
        let is_url = rest.chars().all(is_plain) && !rest.ends_with('/') && !site.host().is_empty();
        is_url.then_some(site)
    }

    /// One to try templates with.
    pub(crate) fn sample() -> Self {
        Self { url: "https://id.example.org".to_owned() }
    }

    /// The URL, without a slash at its end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The name of its host, or its address; that of IPv6 in brackets.
    pub(crate) fn host(&self) -> &str {
        let rest = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split('/').next().unwrap_or_default();
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => authority,
        }
    }

    /// The page where a letter's reader does what the letter is about, if there is anything to do.
    pub(crate) fn link(&self, message: &Message) -> Option<String> {
        let (page, query) = match message {
            Message::VerifyEmail { secret, .. } => ("verify-email", vec![("key", secret.expose())]),
            Message::ResetPassword { uid, secret, .. } => {
                ("reset-password", vec![("uid", uid.as_str()), ("token", secret.expose())])
            }
            Message::ConfirmEmailChange { secret, .. } => ("confirm-email", vec![("key", secret.expose())]),
            Message::EmailChanged { undo, .. } => ("undo-email-change", vec![("key", undo.expose())]),
            Message::EmailRemoved
            | Message::PasswordChanged { .. }
            | Message::TokenReused { .. }
            | Message::AddressTaken
            | Message::AccountDeleted
            | Message::Test => return None,
        };
        // Pairs of texts always have a form.
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        Some(format!("{}/account/{page}/?{query}", self.url))
    }
}

/// The text as a value of a query.
pub(crate) fn in_query(text: &str) -> String {
    let pair = serde_urlencoded::to_string([("", text)]).unwrap_or_default();
    pair.trim_start_matches('=').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::one_time::{Code, SecretText};
    use doorward_domain::user::Subject;

    fn secret() -> SecretText {
        SecretText::from_text("5ec2e7")
    }

    #[test]
    fn the_host_is_the_name_without_port_and_path() {
        for (url, host) in [
            ("https://id.example.org", "id.example.org"),
            ("http://127.0.0.1:8000", "127.0.0.1"),
            ("https://example.org:8443/auth/x", "example.org"),
            ("http://[::1]:8000", "[::1]"),
            ("http://[::1]", "[::1]"),
        ] {
            assert_eq!(Site::parse(url).unwrap().host(), host);
        }
    }

    #[test]
    fn what_is_no_url_of_a_site_is_refused() {
        for url in [
            "",
            "example.org",
            "ftp://example.org",
            "https://",
            "https://example.org/",
            "https://:8000",
            "https://user@example.org",
            "https://example.org?x",
            "https://example.org/\"><script>",
            "https://example.org\r\nBcc: x",
        ] {
            assert!(Site::parse(url).is_none(), "{url:?}");
        }
    }

    #[test]
    fn each_link_leads_to_its_page() {
        let site = Site::parse("https://id.example.org/a").unwrap();
        let code = || Code::parse("12345678").unwrap();
        let verify = Message::VerifyEmail { secret: secret(), code: code() };
        let change = Message::ConfirmEmailChange { secret: secret(), code: code() };
        let page = |message: &Message| site.link(message).unwrap();
        assert_eq!(page(&verify), "https://id.example.org/a/account/verify-email/?key=5ec2e7");
        assert_eq!(page(&change), "https://id.example.org/a/account/confirm-email/?key=5ec2e7");
        assert_eq!(site.link(&Message::AddressTaken), None);
    }

    #[test]
    fn a_subject_of_any_text_stays_one_value_of_the_query() {
        let site = Site::parse("https://id.example.org").unwrap();
        let uid = Subject::from_stored("a/b?c=d&e#\"<\u{e9}>\r\n".to_owned());
        let reset = Message::ResetPassword { uid, secret: secret(), code: Code::parse("12345678").unwrap() };
        assert_eq!(
            site.link(&reset).unwrap(),
            "https://id.example.org/account/reset-password/\
             ?uid=a%2Fb%3Fc%3Dd%26e%23%22%3C%C3%A9%3E%0D%0A&token=5ec2e7"
        );
        assert_eq!(in_query("=a b&c\n"), "%3Da+b%26c%0A");
    }
}
