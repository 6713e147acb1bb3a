use super::{Exchange, KeptBody, Share, Tokens};
use crate::compare::{Comparison, Difference, Kind, compare};
use crate::options::Options;
use crate::proxy::{Client, Failure};
use crate::report::Reporter;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http::{Request, Response};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver};
use tokio::time::{Interval, MissedTickBehavior, interval_at, timeout};

/// What the mirror is told beside exchanges.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    /// Write a summary now.
    Summarize,
}

/// Takes exchanges out of the queue, asks the candidate and reports.
pub(crate) struct Mirror {
    pub(crate) options: Arc<Options>,
    pub(crate) client: Client,
    pub(crate) reporter: Reporter,
    pub(crate) tokens: Tokens,
}

impl Mirror {
    /// Works until the queue is closed and empty.
    pub(crate) async fn work(
        &mut self,
        receiver: &mut Receiver<Exchange>,
        orders: &mut UnboundedReceiver<Order>,
    ) {
        let mut ticks = ticks(&self.options);
        let mut asked = FuturesUnordered::new();
        // The numbers of those that the candidate has not answered.
        let mut unanswered = BTreeSet::new();
        let mut next: Option<Exchange> = None;
        let mut is_open = true;
        while is_open || next.is_some() || !unanswered.is_empty() {
            let is_due = |exchange: &mut Exchange| {
                unanswered.len() < self.options.concurrency.max(1)
                    && unanswered.first().is_none_or(|first| *first >= exchange.after)
            };
            if let Some(exchange) = next.take_if(is_due) {
                unanswered.insert(exchange.number);
                let request = if self.options.same_tokens {
                    exchange.request.clone()
                } else {
                    self.tokens.with_own(&exchange.request)
                };
                let kept = KeptBody::new(self.options.body_limit, exchange.share.another());
                let answer = ask(Arc::clone(&self.options), self.client.clone(), request, kept);
                asked.push(async { (exchange, answer.await) });
                continue;
            }
            tokio::select! {
                Some((exchange, answer)) = asked.next() => {
                    unanswered.remove(&exchange.number);
                    self.judge(&exchange, answer);
                }
                exchange = receiver.recv(), if is_open && next.is_none() => match exchange {
                    Some(exchange) => next = Some(exchange),
                    None => is_open = false,
                },
                Some(Order::Summarize) = orders.recv() => self.reporter.summarize(),
                _ = ticks.tick() => self.reporter.end_interval(),
            }
        }
    }

    fn judge(&mut self, exchange: &Exchange, answer: Result<(Response<Bytes>, Share), Failure>) {
        let Exchange { request, upstream, .. } = exchange;
        let comparison = match answer {
            // It holds its memory until here.
            Ok((candidate, _share)) => {
                self.tokens.learn(upstream, &candidate);
                compare(request, upstream, &candidate, &self.options.tolerance)
            }
            Err(Failure::NotKept(reason)) => return self.reporter.skip_mirrored(reason),
            Err(failure) => Comparison {
                differences: vec![Difference {
                    kind: Kind::NoAnswer,
                    at: String::new(),
                    upstream: upstream.status().as_u16().to_string(),
                    candidate: failure.to_string(),
                }],
                ..Comparison::default()
            },
        };
        self.reporter.report(request, &comparison);
    }
}

async fn ask(
    options: Arc<Options>,
    client: Client,
    request: Request<Bytes>,
    kept: KeptBody,
) -> Result<(Response<Bytes>, Share), Failure> {
    let whole = client.send_whole(request, kept);
    timeout(options.candidate_time_limit, whole).await.unwrap_or(Err(Failure::TimeLimit))
}

/// One tick an interval, the first after the first.
fn ticks(options: &Options) -> Interval {
    let start = tokio::time::Instant::now() + options.interval;
    let mut ticks = interval_at(start, options.interval.max(std::time::Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
