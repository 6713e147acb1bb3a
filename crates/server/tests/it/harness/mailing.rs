use super::{Place, Server, eventually};
use doorward_domain::mail::{LetterState, OutboxEntry};
use doorward_domain::store::{LetterFilter, MailDue};
use doorward_domain::testing::block_on;
use doorward_testkit::{Received, SmtpServer};
use std::collections::BTreeSet;
use std::ops::Deref;

/// Where people reach the servers of the tests: not where the tests do.
pub(crate) const PUBLIC_URL: &str = "https://id.example.org";

/// Whoever registers is asked to verify the address, and need not: the default.
pub(crate) const VERIFIED: &[(&str, &str)] = &[("accounts.email_verification", "optional")];

/// A server, and the mail server that its letters go to.
pub(crate) struct Mailing {
    server: Server,
    pub(crate) smtp: SmtpServer,
}

impl Deref for Mailing {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Place {
    /// A server that sends letters, and asks nobody to verify an address.
    pub(crate) fn mailing(&self) -> Mailing {
        self.mailing_with(&[])
    }

    /// A server that sends letters, with these settings, by their keys.
    pub(crate) fn mailing_with(&self, settings: &[(&str, &str)]) -> Mailing {
        self.mailing_to(SmtpServer::start(), settings)
    }

    /// A server that sends its letters there.
    pub(crate) fn mailing_to(&self, smtp: SmtpServer, settings: &[(&str, &str)]) -> Mailing {
        let port = smtp.port().to_string();
        let common = [
            ("server.public_url", PUBLIC_URL),
            ("mail.transport", "smtp"),
            ("mail.from", "Doorward <no-reply@id.example.org>"),
            ("mail.smtp_host", "127.0.0.1"),
            ("mail.smtp_port", &port),
            ("mail.smtp_encryption", "none"),
            // One letter less to think of.
            ("accounts.email_verification", "none"),
        ];
        // Of a key that is there twice, the last value counts.
        let all: Vec<_> = common.into_iter().chain(settings.iter().copied()).collect();
        Mailing { server: self.server_set(&all), smtp }
    }
}

impl Mailing {
    /// The last of so many letters to the address that [`join`](super::Client::join) gives.
    #[track_caller]
    pub(crate) fn letter(&self, name: &str, count: usize) -> Received {
        self.smtp.last_of(&format!("{name}@example.com"), count)
    }

    /// The letter that a registration of this name brings.
    #[track_caller]
    pub(crate) fn join_and_read(&self, name: &str) -> Received {
        self.join(name);
        self.letter(name, 1)
    }

    /// The letter that asking for a new password brings.
    #[track_caller]
    pub(crate) fn reset_letter(&self, name: &str) -> Received {
        let address = format!("{name}@example.com");
        let before = self.smtp.to(&address).len();
        self.ask_reset(address.as_str()).must_have_status(200);
        self.smtp.last_of(&address, before + 1)
    }

    /// Whom letters have gone to, once there is nothing left to send.
    #[track_caller]
    pub(crate) fn reached(&self) -> BTreeSet<String> {
        self.settle();
        self.smtp.letters().into_iter().flat_map(|letter| letter.to).collect()
    }

    /// How many letters have gone to an address, once there is nothing left to send.
    #[track_caller]
    pub(crate) fn count(&self, address: &str) -> usize {
        self.settle();
        self.smtp.to(address).len()
    }
}

impl Server {
    /// Waits until every request for a letter is answered, and every letter is sent or given up.
    #[track_caller]
    pub(crate) fn settle(&self) {
        eventually("everything is sent", || {
            let now = self.clock.now_value();
            let due = block_on(self.auth().ports().store.query(move |db| db.mail_due(now))).unwrap();
            let is_settled = |entry: &OutboxEntry| entry.state != LetterState::Queued;
            !due.request && self.outbox().iter().all(is_settled)
        });
    }

    /// Waits until nothing is due now: what is left waits for a later attempt.
    #[track_caller]
    pub(crate) fn settle_due(&self) {
        eventually("nothing is due", || {
            let now = self.clock.now_value();
            let due = block_on(self.auth().ports().store.query(move |db| db.mail_due(now))).unwrap();
            due == MailDue::default()
        });
    }

    /// The outbox, the last written first.
    pub(crate) fn outbox(&self) -> Vec<OutboxEntry> {
        let look = self.auth().ports().store.query(|db| db.letters(LetterFilter::default(), 10_000));
        block_on(look).unwrap()
    }
}
