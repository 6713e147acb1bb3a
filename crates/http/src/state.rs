use crate::metrics::Metrics;
use crate::settings::HttpSettings;
use doorward_domain::use_cases::{Auth, Post};

/// What all workers share.
pub(crate) struct State {
    pub(crate) auth: Auth,
    pub(crate) post: Post,
    pub(crate) settings: HttpSettings,
    pub(crate) metrics: Metrics,
    /// The OpenAPI document, written once.
    pub(crate) document: String,
}
