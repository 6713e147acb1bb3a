//! What the server adds to a request: its answers beside those of a handler of the framework that
//! does nothing but answer, over the same kind of connection. The log is off.
//!
//! `cargo bench -p doorward-http`. The clocks of a shared machine are noisy; instructions are not:
//! `valgrind --tool=callgrind <the binary> --bench health --sample-size 1 --sample-count 2`, and once
//! more with 52; the difference is 5000 requests.

#![expect(clippy::unwrap_used, reason = "a bench may stop")]

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, web};
use divan::Bencher;
use divan::counter::ItemsCount;
use doorward_domain::testing::World;
use doorward_http::{HttpSettings, Services, serve};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

/// Requests that are on their way at once: few enough for one read, and enough that the kernel's
/// part, the same for all, does not hide the rest.
const PIPELINED: usize = 100;

const PASSWORD: &str = "Corr3ct-horse!";

fn main() {
    divan::main();
}

/// The least that answers: what everything else is compared with.
#[divan::bench]
fn bare(bencher: Bencher<'_, '_>) {
    let connection = Connection::to("/healthz", "", |listener| {
        let answer =
            || async { HttpResponse::Ok().content_type("application/json").body(r#"{"status":"ok"}"#) };
        let app = move || App::new().route("/healthz", web::get().to(answer));
        Ok(HttpServer::new(app).workers(1).tcp_nodelay(true).disable_signals().listen(listener)?.run())
    });
    connection.bench(bencher);
}

/// An endpoint that asks nobody.
#[divan::bench]
fn health(bencher: Bencher<'_, '_>) {
    Connection::to("/healthz", "", |listener| doorward(World::new(), listener)).bench(bencher);
}

/// An endpoint that asks who calls, with tokens and a store that are played.
#[divan::bench]
fn dashboard(bencher: Bencher<'_, '_>) {
    let world = World::with_user("alice", "alice@example.com", PASSWORD);
    let bearer = format!("Authorization: Bearer {}\r\n", world.login("alice", PASSWORD).unwrap().access);
    Connection::to("/api/dashboard/", &bearer, |listener| doorward(world, listener)).bench(bencher);
}

fn doorward(world: World, listener: TcpListener) -> io::Result<Server> {
    let World { auth, post, .. } = world;
    let settings = HttpSettings { workers: Some(1), handle_signals: false, ..HttpSettings::default() };
    serve(Services { auth, post, gauges: Vec::new() }, settings, listener)
}

/// A connection to a server that ends with the process.
struct Connection {
    stream: TcpStream,
    requests: Vec<u8>,
    answers: Vec<u8>,
}

impl Connection {
    fn to(
        path: &str,
        header: &str,
        server: impl FnOnce(TcpListener) -> io::Result<Server> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (started, wait) = mpsc::channel();
        thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                let server = server(listener).unwrap();
                started.send(()).unwrap();
                server.await.unwrap();
            });
        });
        wait.recv().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 4096];
        let length = stream.read(&mut answer).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200"));
        // Every answer is as long as the first one.
        Self {
            stream,
            requests: request.repeat(PIPELINED).into_bytes(),
            answers: vec![0; length * PIPELINED],
        }
    }

    fn bench(mut self, bencher: Bencher<'_, '_>) {
        bencher.counter(ItemsCount::new(PIPELINED)).bench_local(move || {
            self.stream.write_all(&self.requests).unwrap();
            self.stream.read_exact(&mut self.answers).unwrap();
        });
    }
}
