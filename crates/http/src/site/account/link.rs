//! What the pages have in common: reading what a link carries, and saying that it does not work.

use crate::body::{Body, Trim};
use crate::call::Call;
use crate::problem::Problem;
use crate::site::page::note;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;

/// A parameter of the address.
pub(super) fn in_query(call: &Call, name: &str) -> Option<String> {
    call.query(name).filter(|value| !value.trim().is_empty())
}

/// A field of a form.
pub(super) fn in_form(form: &Body, name: &str) -> Option<String> {
    form.text(name, Trim::Yes).ok().map(|text| text.value)
}

/// Reads a form as browsers send it.
pub(super) async fn read_form(call: &Call) -> Result<Body, Problem> {
    const FORMS: [&str; 2] = ["application/x-www-form-urlencoded", "multipart/form-data"];
    if let Some(header) = call.headers().get(CONTENT_TYPE) {
        let content_type = String::from_utf8_lossy(header.as_bytes());
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !FORMS.iter().any(|form| form.eq_ignore_ascii_case(essence)) {
            return Err(Problem::Unsupported(format!(
                "Unsupported media type \"{content_type}\" in request."
            )));
        }
    }
    call.body().await
}

/// Whether a link is looked at, where there is nothing to see, or used, which is refused.
#[derive(Clone, Copy)]
pub(super) enum Use {
    Look,
    Send,
}

impl Use {
    fn status(self) -> StatusCode {
        match self {
            Self::Look => StatusCode::NOT_FOUND,
            Self::Send => StatusCode::BAD_REQUEST,
        }
    }

    /// The link was never sent, or is used, replaced or over. `advice` says how to get another.
    pub(super) fn over(self, advice: &str) -> HttpResponse {
        let reasons = "A link works once and for a limited time, and a newer letter replaces an older one.";
        note(self.status(), "This link does not work any more", &format!("{reasons} {advice}"))
    }

    /// A part of the link is missing.
    pub(super) fn incomplete(self) -> HttpResponse {
        let text = "A part of it is missing. Open it from the letter, or copy the whole of it.";
        note(self.status(), "This link is not complete", text)
    }
}
