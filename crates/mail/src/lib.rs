//! Letters: how they are written, kept and sent.
//!
//! ```
//! use doorward_domain::mail::{Courier, Delivered};
//! use doorward_mail::{MailSettings, Mailer, Transport};
//! # use doorward_domain::identity::EmailAddress;
//! # use doorward_domain::mail::{Letter, LetterId, Message};
//! # use doorward_domain::one_time::{Code, SecretText};
//! # use doorward_domain::time::Timestamp;
//! # use std::time::Duration;
//!
//! # fn a_letter_of_the_outbox() -> Option<Letter> {
//! #     let written_at = Timestamp::from_seconds(1_795_414_500);
//! #     Some(Letter {
//! #         id: LetterId::from_bytes([7; 16]),
//! #         to: EmailAddress::parse("alice@example.org").ok()?,
//! #         username: "alice".to_owned(),
//! #         message: Message::VerifyEmail {
//! #             secret: SecretText::from_text("5ec2e7"),
//! #             code: Code::parse("1234 5678")?,
//! #         },
//! #         written_at,
//! #         expires_at: written_at.plus(Duration::from_secs(24 * 3600)),
//! #     })
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let mailer = Mailer::new(MailSettings {
//!     public_url: "https://id.example.org".to_owned(),
//!     from: "Example <no-reply@example.org>".to_owned(),
//!     reply_to: None,
//!     templates: None,
//!     transport: Transport::Directory(folder.path().to_owned()),
//!     timeout: Duration::from_secs(30),
//! })?;
//! # let letter = a_letter_of_the_outbox().ok_or("no letter")?;
//!
//! let shown = mailer.show(&letter)?;
//! assert_eq!(shown.subject, "Confirm your e-mail address for id.example.org");
//! assert_eq!(shown.link.as_deref(), Some("https://id.example.org/account/verify-email/?key=5ec2e7"));
//!
//! assert_eq!(mailer.deliver(&letter).await?, Delivered::Sent);
//! assert!(folder.path().join(format!("{}.eml", letter.id)).exists());
//! # Ok(())
//! # }
//! ```
//!
//! # What is where
//!
//! - [`Mailer`] is the domain's `Courier`. It writes a letter out and hands it to the configured
//!   [`Transport`]: a mail server, a folder, or nobody, where a developer reads the outbox itself.
//! - [`SealedEnvelopes`] is the domain's `Envelopes`: a letter lies in the outbox sealed under the root
//!   secret and bound to its id, since it holds a secret that opens an account.
//! - [`Templates`] are the words. They are tried with a letter of every kind and form when they are
//!   loaded, so that a mistake in one stops the start of the server and not the letter of a user.
//!
//! # What holds whatever happens
//!
//! - Links are made of the configured public URL alone, never of a request's `Host`.
//! - What strangers choose makes no header: subjects are one line and encoded, addresses are ASCII or
//!   refused, and a letter goes to one recipient.
//! - What anybody can have sent to anybody (a request to confirm an address, to set a password, or a
//!   notice that an address is taken or given up) says nothing that its sender chose, not even a user
//!   name: a server that passes words on to strangers is used for that.
//! - HTML is escaped. A client's name for itself stands in it without anything to click.
//! - Configured encryption is required, and a password never crosses a network without it. What was said
//!   before TLS is never an answer within it.
//! - A delivery ends within [`MailSettings::timeout`]. One that was given up leaves no connection behind
//!   on which the next letter could take its answer for its own.
//! - The same letter is the same bytes under the same `Message-ID`: a server that crashed between sending
//!   and saying so sends a letter twice, and a receiver can tell.
//! - Errors are one line and hold neither the link's secret nor the code, whatever a mail server quotes.
//!
//! # What a failure means
//!
//! | what happened | outcome |
//! |---|---|
//! | 5xx to the recipient or the letter itself | never: the letter is given up |
//! | the address cannot be written as mail has it | never |
//! | 4xx; no connection, TLS or answer in time; a folder that cannot be written | later |
//! | 5xx to the greeting, the login or the sender | later: an operator can mend it, and the letter waits |
//! | 5.7.x (RFC 3463: no relaying, a policy, a block list), or that a login is missing, to whatever | later: likewise |
//!
//! # Replacing templates
//!
//! A file in the folder [`MailSettings::templates`] replaces the template of its name: `NAME.subject.txt`,
//! `NAME.txt` and `NAME.html` for each letter (`verify_email`, `reset_password`, `confirm_email_change`,
//! `email_changed`, `email_removed`, `password_changed`, `token_reused`, `address_taken`, `account_deleted`,
//! `test`), and `layout.html`, the frame of the HTML. Files that begin with `_` are there to be included.
//! The language is Jinja, as `minijinja` has it. A template that does not come to its end is an error, and
//! so is a variable that a letter does not have:
//!
//! | variable | in | what it is |
//! |---|---|---|
//! | `username` | every letter | the account's name; empty where its reader was never proven to be its owner |
//! | `to` | every letter | the address that it goes to |
//! | `site`, `public_url` | every letter | the public URL's host, and all of it |
//! | `when` | every letter | when what it tells of happened, as in `2026-11-23 06:15 UTC` |
//! | `link` | those with a link | the page of this server |
//! | `link_until`, `link_lasts`, `link_hours` | those with a link | `2026-11-24 06:15 UTC`, `1 day`, `24` |
//! | `key` | `verify_email`, `confirm_email_change`, `email_changed` | what the link carries, for a link to a page of your own |
//! | `uid`, `token` | `reset_password` | the same; `uid` as it stands in a query |
//! | `code`, `code_until`, `code_minutes` | those with a code | `1234 5678`, `2026-11-23 06:25 UTC`, `10` |
//! | `new_address` | `email_changed` | the account's address from now on |
//! | `client_address`, `client` | `password_changed`, `token_reused` | who did it, perhaps empty |
//! | `by_operator` | `password_changed` | whether it was an operator |
//!
//! # How to extend it
//!
//! A further letter is a variant of the domain's `Message` and `LetterKind`. The compiler then shows the
//! places: its link, its variables, its stored form and its sample. Its three templates go into
//! `templates/` and `built_in.rs`; a test fails while one is missing. A further transport is a variant of
//! [`Transport`] and an arm in the mailer.

mod address;
mod built_in;
mod by_lines;
mod directory;
mod envelopes;
mod failure;
mod mailer;
mod mime;
mod samples;
mod settings;
mod site;
mod smtp;
mod templates;
#[cfg(test)]
mod tests;
mod variables;
mod words;

pub use envelopes::SealedEnvelopes;
pub use mailer::Mailer;
pub use settings::{Encryption, MailError, MailSettings, SmtpSettings, Transport};
pub use templates::{TemplateError, Templates};
