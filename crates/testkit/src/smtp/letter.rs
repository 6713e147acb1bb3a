use anyhow::{Context, Result};
use mail_parser::{HeaderValue, MessageParser};

/// A letter as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// Who sent it, as told to the mail server.
    pub from: String,
    /// Whom it was sent to, as told to the mail server.
    pub to: Vec<String>,
    /// Whether it came over TLS.
    pub encrypted: bool,
    /// Who its client logged in as.
    pub user: Option<String>,
    /// What it is about.
    pub subject: String,
    /// It, as plain text.
    pub text: String,
    /// It, as HTML.
    pub html: String,
    /// All of it, as it came.
    pub raw: String,
}

impl Received {
    pub(super) fn read(
        from: String,
        to: Vec<String>,
        encrypted: bool,
        user: Option<String>,
        raw: String,
    ) -> Result<Self> {
        let message = MessageParser::default().parse(raw.as_bytes()).context("no message")?;
        let subject = message.subject().context("no subject")?.to_owned();
        let part = |text: Option<std::borrow::Cow<'_, str>>| {
            text.map(|text| text.replace("\r\n", "\n")).unwrap_or_default()
        };
        let (text, html) = (part(message.body_text(0)), part(message.body_html(0)));
        Ok(Self { from, to, encrypted, user, subject, text, html, raw })
    }

    /// A header, decoded, if it is there once.
    ///
    /// # Panics
    /// If it is there more than once.
    pub fn header(&self, name: &str) -> Option<String> {
        let message = MessageParser::default().parse(self.raw.as_bytes())?;
        let mut found = message.headers().iter().filter(|header| header.name().eq_ignore_ascii_case(name));
        let header = found.next()?;
        assert!(found.next().is_none(), "{name} is there twice");
        let plain = |raw: &str| raw.split_whitespace().collect::<Vec<_>>().join(" ");
        match header.value() {
            HeaderValue::Text(text) => Some(text.to_string()),
            _ => message.header_raw(header.name.clone()).map(plain),
        }
    }

    /// The names of its headers, as often as they are there.
    pub fn header_names(&self) -> Vec<String> {
        let message = MessageParser::default().parse(self.raw.as_bytes());
        let names = |message: mail_parser::Message<'_>| {
            message.headers().iter().map(|header| header.name().to_ascii_lowercase()).collect()
        };
        message.map(names).unwrap_or_default()
    }

    /// What names it, so that a second delivery can be told.
    ///
    /// # Panics
    /// If it has no name.
    pub fn id(&self) -> String {
        self.header("Message-ID").expect("a Message-ID")
    }

    /// The link that it carries.
    ///
    /// # Panics
    /// If it carries none, or different ones.
    #[track_caller]
    pub fn link(&self) -> String {
        let is_link = |word: &&str| word.starts_with("http") && word.contains("/account/");
        let mut links: Vec<_> = self.text.split_whitespace().filter(is_link).collect();
        links.dedup();
        let [link] = links.as_slice() else { panic!("not one link, but {links:?} in:\n{}", self.text) };
        let html = self.html.replace("&#x2f;", "/").replace("&amp;", "&");
        assert!(html.contains(link), "{html}");
        (*link).to_owned()
    }

    /// A value of its link's query.
    ///
    /// # Panics
    /// If the link has none of that name.
    #[track_caller]
    pub fn in_link(&self, name: &str) -> String {
        let link = self.link();
        let (_, query) = link.split_once('?').expect("a query");
        let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_else(|| panic!("no {name} in {link}")).to_owned()
    }

    /// The code that it carries, without what groups its digits.
    ///
    /// # Panics
    /// If it carries none.
    #[track_caller]
    pub fn code(&self) -> String {
        let digits = |line: &str| line.trim().replace([' ', '-'], "");
        let is_code = |line: &String| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit());
        let found = self.text.lines().map(digits).find(is_code);
        found.unwrap_or_else(|| panic!("no code in:\n{}", self.text))
    }

    /// What a test says about it when it fails.
    pub(super) fn summary(&self) -> String {
        format!("{:?}: {}", self.to, self.subject)
    }
}
