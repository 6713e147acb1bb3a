//! Letters as mail: headers (RFC 5322) and parts (RFC 2046).

use crate::templates::Written;
use doorward_domain::mail::LetterId;
use doorward_domain::time::Timestamp;
use lettre::Address;
use lettre::address::Envelope;
use lettre::error::Error;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};
use std::time::{Duration, SystemTime};

/// What stands above a letter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) from: &'a Mailbox,
    pub(crate) to: &'a Address,
    pub(crate) reply_to: Option<&'a Mailbox>,
    pub(crate) id: LetterId,
    /// Whose letter it is, in its `Message-ID`.
    pub(crate) host: &'a str,
    pub(crate) written_at: Timestamp,
}

/// The letter as mail, all of it ASCII. The same letter is the same bytes: a receiver can tell a second
/// delivery of it.
pub(crate) fn message(head: Head<'_>, written: Written) -> Result<Message, Error> {
    let Head { from, to, reply_to, id, host, written_at } = head;
    let mut message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        // lettre does not find some quoted local parts in the header that it has written itself.
        .envelope(Envelope::new(Some(from.email.clone()), vec![to.clone()])?)
        .subject(written.subject)
        .date(date(written_at))
        .message_id(Some(format!("<{id}@{host}>")))
        // No machine is to answer (RFC 3834, section 5, and what Exchange asks for).
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("X-Auto-Response-Suppress", "All"));
    if let Some(reply_to) = reply_to {
        message = message.reply_to(reply_to.clone());
    }
    let part = |kind, text: &str| SinglePart::builder().header(kind).body(body(text));
    message.multipart(
        MultiPart::alternative()
            .boundary(format!("part-{id}"))
            .singlepart(part(ContentType::TEXT_PLAIN, &written.text))
            .singlepart(part(ContentType::TEXT_HTML, &written.html)),
    )
}

/// As it is where that is allowed, like Django does, so that a link stays in one piece for whoever
/// reads the file; otherwise as lettre sees fit, which folds lines at 76 characters. No control
/// characters, which a template may hold and mail may not.
fn body(text: &str) -> Body {
    // RFC 5321, section 4.5.3.1.6: a line has at most 1000 octets with its end.
    const LONGEST: usize = 998;
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    if text.is_ascii() && text.split('\n').all(|line| line.len() <= LONGEST) {
        let lines = text.replace('\n', "\r\n").into_bytes();
        Body::dangerous_pre_encoded(lines, ContentTransferEncoding::SevenBit)
    } else {
        Body::new(text)
    }
}

/// An instant within what a date can be (four digits for the year).
fn date(at: Timestamp) -> SystemTime {
    const LAST: u64 = 253_402_300_799;
    let seconds = u64::try_from(at.as_seconds()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(LAST))
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_mail_server_would_not_take_as_it_is_is_encoded() {
        for text in ["caf\u{e9}", &"x".repeat(999)] {
            let body = body(text);
            assert_ne!(body.encoding(), ContentTransferEncoding::SevenBit, "{text:?}");
            assert!(body.into_vec().is_ascii());
        }
        let plain = body(&format!("a\r\n{}\n\tb\0\rc\u{1b}\n", "x".repeat(998)));
        assert_eq!(plain.encoding(), ContentTransferEncoding::SevenBit);
        assert_eq!(plain.into_vec(), format!("a\r\n{}\r\n\tbc\r\n", "x".repeat(998)).into_bytes());
    }

    #[test]
    fn instants_that_no_date_has_are_moved_to_the_nearest() {
        for (at, expected) in [(i64::MIN, 0), (i64::MAX, 253_402_300_799), (7_000_000, 7)] {
            let expected = SystemTime::UNIX_EPOCH + Duration::from_secs(expected);
            assert_eq!(date(Timestamp::from_micros(at)), expected);
        }
    }
}
