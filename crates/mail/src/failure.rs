//! What an operator is told of a delivery that failed.

use crate::variables::keys;
use crate::words::one_line;
use doorward_domain::mail::{DeliveryError, Message};

/// The error on one line, at most 300 code points, and without the letter's secrets: servers quote
/// what they dislike, and this text is stored and logged.
pub(crate) fn told(error: DeliveryError, message: &Message) -> DeliveryError {
    let told = |text: String| {
        let shown = one_line(&text, 4096);
        let hidden = keys(message).into_iter().flat_map(|key| {
            let together = key.replace(' ', "");
            [key, together]
        });
        one_line(&hidden.fold(shown, |shown, key| shown.replace(&key, "…")), 300)
    };
    match error {
        DeliveryError::Later(text) => DeliveryError::Later(told(text)),
        DeliveryError::Never(text) => DeliveryError::Never(told(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use doorward_domain::mail::LetterKind;

    #[test]
    fn a_servers_words_are_cut_to_a_line_without_the_letters_secrets() {
        let letter = samples::of(LetterKind::VerifyEmail).remove(0);
        let secret = keys(&letter.message).remove(0);
        let quoted = format!("554 I dislike\r\n?key={secret} and 1234 5678 or 12345678{}", " x".repeat(400));
        let DeliveryError::Never(text) = told(DeliveryError::Never(quoted), &letter.message) else {
            panic!("another error");
        };
        assert!(text.starts_with("554 I dislike ?key=… and … or … x"), "{text}");
        assert_eq!(text.chars().count(), 300);
    }
}
