use crate::address::deliverable;
use crate::directory::Directory;
use crate::failure::told;
use crate::mime::{self, Head};
use crate::settings::{MailError, MailSettings, Transport};
use crate::site::Site;
use crate::smtp::{Parcel, Smtp};
use crate::templates::{Templates, Written};
use doorward_domain::mail::{Courier, Delivered, Delivery, DeliveryError, Letter, Message, ShownLetter};
use lettre::message::Mailbox;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Writes letters out, and sends them. What it answers must be awaited on a tokio runtime.
pub struct Mailer {
    site: Site,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    templates: Templates,
    way: Way,
    patience: Duration,
}

enum Way {
    Outbox,
    Directory(Directory),
    Smtp(Arc<Smtp>),
}

impl Mailer {
    /// Checks the settings, and tries every template. Nobody is connected to.
    ///
    /// # Errors
    /// [`MailError`], for the first thing that would keep letters from being sent.
    pub fn new(settings: MailSettings) -> Result<Self, MailError> {
        let MailSettings { public_url, from, reply_to, templates, transport, timeout } = settings;
        let site = Site::parse(&public_url).ok_or(MailError::PublicUrl)?;
        let way = match transport {
            Transport::Outbox => Way::Outbox,
            Transport::Directory(path) => Way::Directory(
                Directory::open(path.clone())
                    .map_err(|error| MailError::File { path, reason: error.to_string() })?,
            ),
            Transport::Smtp(smtp) => Way::Smtp(Arc::new(Smtp::new(smtp, site.host(), timeout)?)),
        };
        Ok(Self {
            from: mailbox("from", &from)?,
            reply_to: reply_to.as_deref().map(|text| mailbox("reply_to", text)).transpose()?,
            templates: Templates::load(templates.as_deref())?,
            way,
            patience: timeout,
            site,
        })
    }

    /// Whether letters could be sent: connects and logs in, but sends nothing.
    ///
    /// # Errors
    /// What a letter would be put off for.
    pub async fn test_connection(&self) -> Result<(), DeliveryError> {
        let nothing = Message::Test;
        match &self.way {
            Way::Outbox => Ok(()),
            Way::Directory(directory) => {
                let probe = on_disk(directory, Directory::probe);
                within(self.patience, &directory.to_string(), &nothing, probe).await
            }
            Way::Smtp(smtp) => within(self.patience, &smtp.to_string(), &nothing, smtp.test()).await,
        }
    }

    /// Writes the letter out at once, and sends it when polled.
    fn begin(&self, letter: &Letter) -> Result<Delivery, DeliveryError> {
        let (patience, message) = (self.patience, letter.message.clone());
        Ok(match &self.way {
            Way::Outbox => {
                let kept = self.keep(letter)?;
                Box::pin(async move { Ok(kept) })
            }
            Way::Directory(directory) => {
                let (directory, id, parcel) = (directory.clone(), letter.id, self.parcel(letter)?);
                Box::pin(async move {
                    let write = on_disk(&directory, move |place| place.write(id, &parcel.content));
                    within(patience, &directory.to_string(), &message, write).await?;
                    Ok(Delivered::Sent)
                })
            }
            Way::Smtp(smtp) => {
                let (smtp, parcel) = (smtp.clone(), self.parcel(letter)?);
                Box::pin(async move {
                    within(patience, &smtp.to_string(), &message, smtp.send(&parcel)).await?;
                    Ok(Delivered::Sent)
                })
            }
        })
    }

    fn write(&self, letter: &Letter) -> Result<Written, DeliveryError> {
        let written = self.templates.write(letter, &self.site);
        written.map_err(|error| told(DeliveryError::Never(error.to_string()), &letter.message))
    }

    fn parcel(&self, letter: &Letter) -> Result<Parcel, DeliveryError> {
        let to = deliverable(letter.to.as_str()).map_err(|reason| DeliveryError::Never(reason.to_owned()))?;
        let written = self.write(letter)?;
        let head = Head {
            from: &self.from,
            to: &to,
            reply_to: self.reply_to.as_ref(),
            id: letter.id,
            host: self.site.host(),
            written_at: letter.written_at,
        };
        let message =
            mime::message(head, written).map_err(|error| DeliveryError::Never(error.to_string()))?;
        Ok(Parcel { from: self.from.email.clone(), to, content: message.formatted() })
    }

    /// The whole of the developer's mailbox: what is logged here is what was asked for, and the
    /// composition chooses this way on the developer's machine alone.
    fn keep(&self, letter: &Letter) -> Result<Delivered, DeliveryError> {
        let written = self.write(letter)?;
        log::info!(
            kind = letter.message.kind().as_str(),
            to = letter.to.as_str(),
            subject = written.subject.as_str(),
            link = self.site.link(&letter.message).unwrap_or_default().as_str();
            "a letter is in the outbox"
        );
        Ok(Delivered::Kept)
    }
}

impl Courier for Mailer {
    fn deliver(&self, letter: &Letter) -> Delivery {
        self.begin(letter).unwrap_or_else(|error| Box::pin(async { Err(error) }))
    }

    fn show(&self, letter: &Letter) -> Result<ShownLetter, DeliveryError> {
        let Written { subject, text, html } = self.write(letter)?;
        let link = self.site.link(&letter.message);
        Ok(ShownLetter { from: self.from.to_string(), subject, text, html, link })
    }
}

/// A configured mailbox, its address as mail servers take it.
fn mailbox(setting: &'static str, text: &str) -> Result<Mailbox, MailError> {
    let wrong = |reason: &str| MailError::Mailbox { setting, reason: reason.to_owned() };
    if text.chars().any(char::is_control) {
        return Err(wrong("it has control characters"));
    }
    let Mailbox { name, email } = text.parse().map_err(|error: lettre::address::AddressError| {
        MailError::Mailbox { setting, reason: error.to_string() }
    })?;
    Ok(Mailbox { name, email: deliverable(email.as_ref()).map_err(wrong)? })
}

/// A disk takes its time to confirm, and other futures wait on this thread.
async fn on_disk(
    directory: &Directory,
    work: impl FnOnce(&Directory) -> io::Result<()> + Send + 'static,
) -> Result<(), DeliveryError> {
    let place = directory.clone();
    let done =
        spawn_blocking(move || work(&place)).await.unwrap_or_else(|error| Err(io::Error::other(error)));
    done.map_err(|error| DeliveryError::Later(format!("cannot write to {directory}: {error}")))
}

/// What came of the work, within its time, told without what the message holds.
async fn within(
    patience: Duration,
    place: &str,
    message: &Message,
    work: impl Future<Output = Result<(), DeliveryError>>,
) -> Result<(), DeliveryError> {
    let late = |_| Err(DeliveryError::Later(format!("{place}: no answer within {patience:?}")));
    timeout(patience, work).await.unwrap_or_else(late).map_err(|error| told(error, message))
}
