//! A shadow with its two servers, and a client in front of it.

use actix_web::rt::System;
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use doorward_domain::testing::TestClock;
use doorward_shadow::{Options, Signal, Summary, run};
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// What a server was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// A small server, which remembers what it was asked.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Starts a server whose answers may block.
    pub(crate) fn start(answer: impl Fn(&Asked) -> HttpResponse + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), Arc::clone(&asked));
        let serve = move || {
            let app = move || {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                let service = move |request: HttpRequest, body: Bytes| {
                    let asked = described(&request, &body);
                    log.lock().unwrap().push(asked.clone());
                    // Each connection has a thread of its own to block.
                    let answer = answer(&asked);
                    async { answer }
                };
                App::new().app_data(web::PayloadConfig::new(64 << 20)).default_service(web::to(service))
            };
            let server = HttpServer::new(app).workers(4).disable_signals().listen(listener).unwrap().run();
            System::new().block_on(server).unwrap();
        };
        thread::spawn(serve);
        Self { address, asked }
    }

    /// A server that is not there.
    pub(crate) fn dead() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self { address: listener.local_addr().unwrap(), asked: Arc::default() }
    }

    /// What it was asked until now.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The targets of that, in order.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.target).collect()
    }
}

fn described(request: &HttpRequest, body: &Bytes) -> Asked {
    let headers = request.headers().iter();
    Asked {
        method: request.method().to_string(),
        target: request.uri().to_string(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: body.to_vec(),
    }
}

/// A JSON answer.
pub(crate) fn json(status: u16, body: &serde_json::Value) -> HttpResponse {
    HttpResponse::build(status.try_into().unwrap()).json(body)
}

/// A shadow that runs.
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    pub(crate) signals: UnboundedSender<Signal>,
    pub(crate) clock: Arc<TestClock>,
    output: Output,
    thread: JoinHandle<io::Result<Summary>>,
}

impl Stage {
    /// Puts a shadow in front of two servers, with options changed.
    pub(crate) fn new(upstream: &Server, candidate: &Server, change: impl FnOnce(&mut Options)) -> Self {
        let origin = |server: &Server| format!("http://{}", server.address).parse().unwrap();
        let mut options = Options::new(origin(upstream), origin(candidate));
        options.workers = Some(2);
        change(&mut options);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (signals, told) = unbounded_channel();
        let output = Output::default();
        let clock = Arc::new(TestClock::default());
        let (sink, time) = (output.clone(), Arc::clone(&clock));
        let thread =
            thread::spawn(move || System::new().block_on(run(listener, options, time, Box::new(sink), told)));
        Self { address, signals, clock, output, thread }
    }

    /// Sends a request and reads the whole answer.
    pub(crate) fn send(&self, request: http::Request<&[u8]>) -> http::Response<Vec<u8>> {
        send(self.address, request)
    }

    /// Sends `GET`.
    pub(crate) fn get(&self, target: &str) -> http::Response<Vec<u8>> {
        self.send(http::Request::get(target).body(&[][..]).unwrap())
    }

    /// Sends `POST` with a JSON body.
    pub(crate) fn post(&self, target: &str, body: &serde_json::Value) -> http::Response<Vec<u8>> {
        let request = http::Request::post(target).header("content-type", "application/json");
        self.send(request.body(body.to_string().as_bytes()).unwrap())
    }

    /// Lets everything that waits be compared, and ends. Returns the figures and the report.
    pub(crate) fn end(self) -> (Summary, String) {
        self.signals.send(Signal::Stop).unwrap();
        let summary = self.thread.join().unwrap().unwrap();
        (summary, self.output.text())
    }
}

/// Sends a request and reads the whole answer.
pub(crate) fn send(to: SocketAddr, request: http::Request<&[u8]>) -> http::Response<Vec<u8>> {
    let (mut head, body) = request.into_parts();
    head.uri = format!("http://{to}{}", head.uri).parse().unwrap();
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .timeout_global(Some(Duration::from_secs(30)));
    let agent = ureq::Agent::new_with_config(config.build());
    let request = http::Request::from_parts(head, body);
    let response = match body {
        [] => agent.run(request.map(|_| ())),
        _ => agent.run(request),
    };
    let (head, mut body) = response.unwrap().into_parts();
    http::Response::from_parts(head, body.with_config().limit(64 << 20).read_to_vec().unwrap())
}

/// Runs on a thread of its own.
pub(crate) fn at_once<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    thread::spawn(work)
}

/// Something that waits until it is opened; at most so long that a failing test ends.
pub(crate) fn gate() -> (impl FnOnce(), impl Fn() + Send + Sync + Clone) {
    let (open, opened) = channel::<()>();
    let opened = Arc::new(Mutex::new(opened));
    let wait = move || {
        // Opened by dropping the sender.
        let _ = opened.lock().unwrap().recv_timeout(Duration::from_secs(20));
    };
    (move || drop(open), wait)
}

#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
