//! What a mailer does, seen from outside.

mod files;
mod letters;
mod relay;
mod server;
mod smtp;
mod templates;
mod tls;

use crate::samples;
use crate::{MailSettings, Mailer, Transport};
use doorward_domain::mail::{Courier as _, Delivered, DeliveryError, Letter, LetterKind};
use std::time::Duration;

fn settings(transport: Transport) -> MailSettings {
    MailSettings {
        public_url: "https://id.example.org".to_owned(),
        from: "Example & Söhne <no-reply@example.org>".to_owned(),
        reply_to: Some("help@example.org".to_owned()),
        templates: None,
        transport,
        timeout: Duration::from_secs(10),
    }
}

fn mailer(transport: Transport) -> Mailer {
    Mailer::new(settings(transport)).unwrap()
}

fn letter(kind: LetterKind) -> Letter {
    samples::of(kind).remove(0)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn deliver(mailer: &Mailer, letter: &Letter) -> Result<Delivered, DeliveryError> {
    run(async { mailer.deliver(letter).await })
}
