//! Requests and the time they took. Each worker counts for itself, so that none waits for another;
//! a scrape adds up.

use actix_web::http::Method;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// From half a millisecond to ten seconds, and what is beyond.
const BUCKETS: [f64; 15] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, f64::INFINITY];

/// The requests of all workers.
#[derive(Debug, Clone, Default)]
pub(super) struct Requests(Arc<Mutex<Vec<Arc<Mutex<Tally>>>>>);

/// The requests of one worker.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorkerRequests(Arc<Mutex<Tally>>);

/// How often and how long, for each kind of request.
type Tally = BTreeMap<Kind, Series>;

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EncodeLabelSet)]
pub(crate) struct Kind {
    /// As [`method_label`] gives it.
    pub(crate) method: &'static str,
    /// The pattern of the path.
    pub(crate) route: &'static str,
}

#[derive(Debug, Clone, EncodeLabelSet)]
struct Ended {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Debug, Clone, Default)]
struct Series {
    statuses: BTreeMap<u16, u64>,
    buckets: [u64; BUCKETS.len()],
    seconds: f64,
}

impl Requests {
    /// Where one more worker counts.
    pub(super) fn worker(&self) -> WorkerRequests {
        let worker = WorkerRequests::default();
        lock(&self.0).push(Arc::clone(&worker.0));
        worker
    }

    fn sum(&self) -> Tally {
        let mut sum = Tally::new();
        for worker in &*lock(&self.0) {
            for (kind, series) in &*lock(worker) {
                sum.entry(*kind).or_default().add(series);
            }
        }
        sum
    }
}

impl WorkerRequests {
    /// Counts a request and its answer.
    pub(crate) fn count(&self, kind: Kind, status: u16, took: Duration) {
        // Only a scrape ever holds this lock besides the worker.
        lock(&self.0).entry(kind).or_default().count(status, took.as_secs_f64());
    }
}

impl Series {
    fn count(&mut self, status: u16, seconds: f64) {
        *self.statuses.entry(status).or_default() += 1;
        let fits = BUCKETS.iter().zip(&mut self.buckets).find(|(bound, _)| seconds <= **bound);
        if let Some((_, bucket)) = fits {
            *bucket += 1;
        }
        self.seconds += seconds;
    }

    fn add(&mut self, other: &Self) {
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (bucket, more) in self.buckets.iter_mut().zip(other.buckets) {
            *bucket += more;
        }
        self.seconds += other.seconds;
    }
}

impl Collector for Requests {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        type NoExemplar<'a> = Option<&'a Exemplar<Ended, u64>>;
        let sum = self.sum();
        let name = "doorward_http_requests";
        let mut counters =
            encoder.encode_descriptor(name, "Requests answered.", None, MetricType::Counter)?;
        for (&Kind { method, route }, series) in &sum {
            for (&status, count) in &series.statuses {
                let labels = Ended { method, route, status };
                counters.encode_family(&labels)?.encode_counter(count, NoExemplar::None)?;
            }
        }
        let (name, help) =
            ("doorward_http_request_duration_seconds", "Time from the head of a request to its answer.");
        let mut histograms = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (kind, series) in &sum {
            let buckets: Vec<_> = BUCKETS.into_iter().zip(series.buckets).collect();
            let count = series.buckets.iter().sum();
            histograms.encode_family(kind)?.encode_histogram::<Kind>(
                series.seconds,
                count,
                &buckets,
                None,
            )?;
        }
        Ok(())
    }
}

/// The method, if it is one that anything here knows.
pub(crate) fn method_label(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|name| *name == method.as_str()).unwrap_or("OTHER")
}

/// A worker that panicked has still counted what it counted.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_workers_count_is_added_up() {
        const KIND: Kind = Kind { method: "GET", route: "/x/" };
        let requests = Requests::default();
        let workers = [requests.worker(), requests.worker()];
        for (millis, status) in [(1, 200), (3, 200), (11_000, 503)] {
            for worker in &workers {
                worker.count(KIND, status, Duration::from_millis(millis));
            }
        }
        let sum = requests.sum();
        let series = &sum[&KIND];
        assert_eq!((series.statuses[&200], series.statuses[&503]), (4, 2));
        assert_eq!((series.buckets[1], series.buckets[3], series.buckets[14]), (2, 2, 2));
        assert!((series.seconds - 22.008).abs() < 1e-9);
    }
}
