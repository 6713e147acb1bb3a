//! Figures for Prometheus. Every label has few values, whatever clients send.

use actix_web::http::{Method, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

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
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    logins: Family<LoginLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LoginLabels {
    outcome: &'static str,
}

impl Metrics {
    pub(crate) fn new(gauges: Vec<Gauge>) -> Self {
        let mut registry = Registry::default();
        let requests = Family::default();
        let durations = Family::<_, _, fn() -> Histogram>::new_with_constructor(duration_histogram);
        let logins = Family::default();
        registry.register("doorward_http_requests", "Requests answered", requests.clone());
        registry.register(
            "doorward_http_request_duration_seconds",
            "Time from the head of a request to its answer",
            durations.clone(),
        );
        registry.register("doorward_logins", "Logins by how they ended", logins.clone());
        registry.register_collector(Box::new(Gauges(gauges)));
        Self { registry, requests, durations, logins }
    }

    /// Counts a request and its answer.
    pub(crate) fn request(&self, method: &Method, route: &'static str, status: StatusCode, took: Duration) {
        let method = method_label(method);
        self.requests.get_or_create(&RequestLabels { method, route, status: status.as_u16() }).inc();
        self.durations.get_or_create(&RouteLabels { method, route }).observe(took.as_secs_f64());
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

/// From half a millisecond, what a request without a hash takes, to ten seconds.
fn duration_histogram() -> Histogram {
    Histogram::new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
}

/// The method, if it is one that anything here knows.
pub(crate) fn method_label(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|name| *name == method.as_str()).unwrap_or("OTHER")
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

    #[test]
    fn a_scrape_has_counters_histograms_and_the_gauges_of_others() {
        let queue =
            Gauge { name: "doorward_hash_queue_length", help: "Waiting hashes", read: Arc::new(|| 3.0) };
        let metrics = Metrics::new(vec![queue]);
        metrics.login(LoginOutcome::Refused);
        let odd = Method::from_bytes(b"BREW").unwrap();
        metrics.request(&odd, "unmatched", StatusCode::NOT_FOUND, Duration::from_millis(2));
        let text = metrics.text().unwrap();
        for line in [
            "doorward_hash_queue_length 3.0",
            r#"doorward_logins_total{outcome="refused"} 1"#,
            r#"doorward_http_requests_total{method="OTHER",route="unmatched",status="404"} 1"#,
            r#"doorward_http_request_duration_seconds_bucket{le="0.0025",method="OTHER",route="unmatched"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
