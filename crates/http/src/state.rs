use crate::metrics::Metrics;
use crate::openapi;
use crate::problem::Problem;
use crate::settings::HttpSettings;
use actix_web::web::Bytes;
use doorward_domain::use_cases::{Auth, Post};
use std::sync::OnceLock;

/// What all workers share.
pub(crate) struct State {
    pub(crate) auth: Auth,
    pub(crate) post: Post,
    pub(crate) settings: HttpSettings,
    pub(crate) metrics: Metrics,
    document: OnceLock<Bytes>,
}

impl State {
    pub(crate) fn new(auth: Auth, post: Post, settings: HttpSettings, metrics: Metrics) -> Self {
        Self { auth, post, settings, metrics, document: OnceLock::new() }
    }

    /// The OpenAPI document. It is written once, for the first who asks: few do, and a start does not wait
    /// for it.
    ///
    /// # Errors
    /// It cannot be written, which is a defect.
    pub(crate) fn document(&self) -> Result<Bytes, Problem> {
        if let Some(document) = self.document.get() {
            return Ok(document.clone());
        }
        let document = openapi::document(&self.settings.aliases)
            .map_err(|_| Problem::Defect("the OpenAPI document cannot be written"))?;
        Ok(self.document.get_or_init(|| document.into()).clone())
    }
}
