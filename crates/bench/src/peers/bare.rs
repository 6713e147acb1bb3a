//! A handler that does nothing but answer: the most that actix-web gives on this machine.

use crate::process::{Process, command, free_port};
use actix_web::rt::System;
use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::Result;
use std::env;
use std::path::Path;
use std::time::Duration;

/// The dashboard of any of the accounts: their names are of one length.
const BODY: &str = r#"{"message":"Hi user00000000"}"#;

/// Serves until the process ends, with as many workers and as long a keep-alive as Doorward.
///
/// # Errors
/// The port is taken.
pub(crate) fn serve(port: u16) -> Result<()> {
    let answer = || async { HttpResponse::Ok().content_type("application/json").body(BODY) };
    let app = move || App::new().route("/api/dashboard/", web::get().to(answer));
    let server = HttpServer::new(app).keep_alive(Duration::from_secs(30)).bind(("127.0.0.1", port))?;
    System::new().block_on(server.run())?;
    Ok(())
}

/// Such a server in a process of its own.
pub(crate) struct Bare {
    process: Process,
    base: String,
}

impl Bare {
    pub(crate) fn start(place: &Path) -> Result<Self> {
        let port = free_port()?;
        let base = format!("http://127.0.0.1:{port}");
        let mut server = command(&env::current_exe()?, false);
        server.arg("bare").arg(port.to_string());
        let mut process = Process::start(server, "the bare handler", &place.join("bare.log"))?;
        let url = format!("{base}/api/dashboard/");
        process.wait_until(|| Ok(ureq::get(&url).call().map(drop)?))?;
        Ok(Self { process, base })
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn process(&self) -> &Process {
        &self.process
    }
}
