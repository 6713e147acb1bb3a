//! Figures for Prometheus. Every label has few values, whatever clients send.

mod requests;

pub(crate) use requests::{Kind, WorkerRequests, method_label};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use requests::Requests;
use std::fmt;
use std::sync::Arc;

/// A figure that somebody else keeps: the length of the hash queue, the connections of a pool.
#[derive(Clone)]
pub struct Gauge {
    /// Its name in Prometheus, as `doorward_hash_queue_length`.
    pub name: &'static str,
    /// What it is, in a sentence without the final stop.
    pub help: &'static str,
    /// Reads it; called at every scrape, must not wait.
    pub read: Arc<dyn Fn() -> f64 + Send + Sync>,
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauge").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How a login ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginOutcome {
    Success,
    Refused,
    Busy,
    Failed,
}

/// The figures and where they are kept.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Requests,
    logins: Family<LoginLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LoginLabels {
    outcome: &'static str,
}

impl Metrics {
    pub(crate) fn new(gauges: Vec<Gauge>) -> Self {
        let mut registry = Registry::default();
        let requests = Requests::default();
        let logins = Family::default();
        registry.register("doorward_logins", "Logins by how they ended", logins.clone());
        registry.register_collector(Box::new(requests.clone()));
        registry.register_collector(Box::new(Gauges(gauges)));
        Self { registry, requests, logins }
    }

    /// Where one more worker counts its requests.
    pub(crate) fn worker(&self) -> WorkerRequests {
        self.requests.worker()
    }

    /// Counts a login.
    pub(crate) fn login(&self, outcome: LoginOutcome) {
        let outcome = match outcome {
            LoginOutcome::Success => "success",
            LoginOutcome::Refused => "refused",
            LoginOutcome::Busy => "busy",
            LoginOutcome::Failed => "failed",
        };
        self.logins.get_or_create(&LoginLabels { outcome }).inc();
    }

    /// All figures in the text format of `OpenMetrics`.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Reads the figures that others keep.
#[derive(Debug)]
struct Gauges(Vec<Gauge>);

impl Collector for Gauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for Gauge { name, help, read } in &self.0 {
            let gauge = ConstGauge::new(read());
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::Method;
    use std::time::Duration;

    #[test]
    fn a_scrape_has_counters_histograms_and_the_gauges_of_others() {
        let queue =
            Gauge { name: "doorward_hash_queue_length", help: "Waiting hashes", read: Arc::new(|| 3.0) };
        let metrics = Metrics::new(vec![queue]);
        metrics.login(LoginOutcome::Refused);
        let odd = Method::from_bytes(b"BREW").unwrap();
        let kind = Kind { method: method_label(&odd), route: "unmatched" };
        metrics.worker().count(kind, 404, Duration::from_millis(2));
        let text = metrics.text().unwrap();
        for line in [
            "doorward_hash_queue_length 3.0",
            r#"doorward_logins_total{outcome="refused"} 1"#,
            r#"doorward_http_requests_total{method="OTHER",route="unmatched",status="404"} 1"#,
            "# HELP doorward_http_requests Requests answered.",
            r#"doorward_http_request_duration_seconds_bucket{le="0.001",method="OTHER",route="unmatched"} 0"#,
            r#"doorward_http_request_duration_seconds_bucket{le="0.0025",method="OTHER",route="unmatched"} 1"#,
            r#"doorward_http_request_duration_seconds_bucket{le="+Inf",method="OTHER",route="unmatched"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
