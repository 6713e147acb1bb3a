use crate::mirror::{Budget, Mirror, Order, Queue, Skipped, Tokens};
use crate::options::Options;
use crate::proxy::{Client, Proxy, tls};
use crate::report::{Reporter, Summary, Tally};
use actix_web::web::{self, Payload};
use actix_web::{App, HttpRequest, HttpServer};
use doorward_domain::time::Clock;
use std::io::{self, Write};
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::sleep;

/// How long requests in flight may take to end, in seconds.
const SHUTDOWN: u64 = 10;

/// What a comparison that runs is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Write a summary now.
    Summarize,
    /// End: requests in flight may end, and what waits for the candidate is compared, for the
    /// candidate's time limit at most.
    Stop,
}

/// Compares until it is told to stop, or until nobody is left to tell it. Returns what it saw.
///
/// It runs inside a runtime of actix (`actix_web::rt::System`), serves clients on threads of its own
/// and compares on the runtime's: neither the candidate nor a slow `output` makes a client wait.
///
/// # Errors
/// The listener cannot be used, or serving ended with an error.
pub async fn run(
    listener: TcpListener,
    options: Options,
    clock: Arc<dyn Clock>,
    output: Box<dyn Write + Send>,
    mut signals: UnboundedReceiver<Signal>,
) -> io::Result<Summary> {
    let options = Arc::new(options);
    let tally = Arc::new(Tally::new(clock));
    let tls = tls(&[&options.upstream, &options.candidate])?;
    let (queue, mut exchanges) = Queue::new(options.queue);
    let budget = Budget::new(options.memory);

    let state = (Arc::clone(&options), queue.clone(), budget, Arc::clone(&tally), Arc::clone(&tls));
    let mut server = HttpServer::new(move || {
        let (options, queue, budget, tally, tls) = state.clone();
        let client = Client::new(options.upstream.clone(), options.rewrite_host, &tls);
        let proxy = Rc::new(Proxy { options, client, queue, budget, tally });
        App::new().default_service(web::to(move |request: HttpRequest, payload: Payload| {
            let proxy = Rc::clone(&proxy);
            async move { proxy.answer(request, payload).await }
        }))
    })
    .disable_signals()
    .tcp_nodelay(true)
    .shutdown_timeout(SHUTDOWN);
    if let Some(workers) = options.workers {
        server = server.workers(workers);
    }
    let server = server.listen(listener)?.run();
    let handle = server.handle();

    let reporter = Reporter::new(Arc::clone(&options), Arc::clone(&tally), output);
    let client = Client::new(options.candidate.clone(), false, &tls);
    let mut mirror = Mirror { options: Arc::clone(&options), client, reporter, tokens: Tokens::default() };
    let (order, mut orders) = unbounded_channel();
    let (closed, end) = oneshot::channel::<()>();
    let serving = async {
        let told = async {
            while let Some(Signal::Summarize) = signals.recv().await {
                // The mirror lives for as long as the server does.
                let _ = order.send(Order::Summarize);
            }
        };
        tokio::pin!(server);
        let result = tokio::select! {
            result = &mut server => result,
            () = told => {
                // The request is on its way now; the answer comes as the server's end.
                drop(handle.stop(true));
                server.await
            }
        };
        queue.close();
        drop(closed);
        result
    };
    let comparing = async {
        let limit = async {
            let _ = end.await;
            sleep(options.candidate_time_limit).await;
        };
        tokio::select! {
            () = mirror.work(&mut exchanges, &mut orders) => {}
            () = limit => {}
        }
    };
    let (result, ()) = tokio::join!(serving, comparing);
    tally.skipped_times(Skipped::Stopped, queue.taken().saturating_sub(mirror.reporter.settled()));
    mirror.reporter.end_interval();
    result.map(|()| tally.summary())
}
