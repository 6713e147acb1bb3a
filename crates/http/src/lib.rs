//! Doorward over HTTP: a JSON API that answers like Django REST framework, and the pages around it.

mod address;
mod api;
mod body;
mod call;
mod endpoint;
mod headers;
mod hold;
mod metrics;
mod observe;
mod openapi;
mod problem;
mod serve;
mod settings;
mod site;
mod state;
mod wire;
mod wording;

pub use metrics::Gauge;
pub use serve::{Services, serve};
pub use settings::{HttpSettings, SimpleJwt};
