use crate::address::Peer;
use crate::metrics::{Gauge, Metrics};
use crate::observe::observe;
use crate::settings::HttpSettings;
use crate::state::State;
use crate::worker::Worker;
use actix_cors::Cors;
use actix_web::dev::{Server, fn_service};
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::middleware::Condition;
use actix_web::{App, HttpServer};
use doorward_domain::use_cases::{Auth, Post};
use std::io;
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;

/// Connections that may wait to be accepted. The system may hold it to fewer (Linux:
/// `net.core.somaxconn`); beyond, a client's first packet is lost, and sent again after a second.
const BACKLOG: i32 = 4096;

/// What the transport carries.
#[derive(Clone)]
pub struct Services {
    /// The use cases, and through them the clock, the keys and the database's health.
    pub auth: Auth,
    /// The use cases of mail, for a developer's mailbox.
    pub post: Post,
    /// Figures of others that `/metrics` tells.
    pub gauges: Vec<Gauge>,
}

/// Serves on a listener that is already bound, so that tests and production start alike.
///
/// The server runs once it is awaited, inside a runtime of actix (`actix_web::rt::System`); its
/// [`handle`](Server::handle) stops it from elsewhere. A stop that is graceful lets requests in
/// flight end, for [`HttpSettings::shutdown_timeout`] at most.
///
/// # Errors
/// The listener cannot be used.
pub fn serve(services: Services, settings: HttpSettings, listener: TcpListener) -> io::Result<Server> {
    let Services { auth, post, gauges } = services;
    let workers = settings.workers;
    let handle_signals = settings.handle_signals;
    let (head_timeout, keep_alive) = (settings.head_timeout, settings.keep_alive);
    let shutdown_seconds = settings.shutdown_timeout.as_secs();
    // The standard library's queue of 128 is full before a crowd has arrived.
    rustix::net::listen(&listener, BACKLOG)?;
    let state = Arc::new(State::new(auth, post, settings, Metrics::new(gauges)));

    let mut server = HttpServer::new(move || {
        let origins = &state.settings.cors_origins;
        let worker = Rc::new(Worker::new(Arc::clone(&state)));
        let observer = Rc::clone(&worker);
        App::new()
            .default_service(fn_service(move |request| Rc::clone(&worker).answer(request)))
            .wrap(Condition::new(!origins.is_empty(), cors(origins)))
            .wrap_fn(move |request, service| observe(Rc::clone(&observer), request, service))
    })
    .on_connect(|connection, data| {
        Peer::of(connection).map(|peer| data.insert(peer));
    })
    .client_request_timeout(head_timeout)
    .keep_alive(keep_alive)
    // An answer is written at once; nothing is gained by waiting for more of it.
    .tcp_nodelay(true)
    .shutdown_timeout(shutdown_seconds);
    if let Some(workers) = workers {
        server = server.workers(workers);
    }
    if !handle_signals {
        server = server.disable_signals();
    }
    Ok(server.listen(listener)?.run())
}

/// Cross-origin answers for these origins. Tokens travel in headers and bodies, so that no
/// credentials of the browser are let through.
fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
        .allowed_headers([AUTHORIZATION, CONTENT_TYPE])
        .expose_headers(["x-request-id", "retry-after", "www-authenticate"])
        .max_age(600);
    origins.iter().fold(cors, |cors, origin| {
        if origin == "*" { cors.allow_any_origin().send_wildcard() } else { cors.allowed_origin(origin) }
    })
}
