//! `doorward serve`: serves until told to stop.

use super::{Context, console, start_log};
use crate::app::{self, Running};
use crate::clock::SystemClock;
use crate::settings::{Origin, Settings};
use actix_web::rt::signal::unix::{Signal, SignalKind, signal};
use anyhow::bail;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;

/// Serves until a signal comes.
///
/// # Errors
/// What kept it from starting, or went wrong while it ran.
pub fn run(context: &Context) -> anyhow::Result<ExitCode> {
    let settings = context.settings()?;
    start_log(&settings)?;
    if settings.passwords.bcrypt_cost < 10 {
        log::warn!("passwords.bcrypt_cost is {}: fit for tests alone", settings.passwords.bcrypt_cost);
    }
    let running = app::start(settings.clone(), Arc::new(SystemClock))?;
    actix_web::rt::System::new().block_on(async {
        // Whoever knows that it serves may stop it, be it at once.
        let signals = Signals::listen()?;
        announce(context, &settings, &running);
        until_stopped(running, signals).await
    })
}

/// Tells whoever started it where to go from here.
fn announce(context: &Context, settings: &Settings, running: &Running) {
    let program = std::env::args().next().unwrap_or_else(|| "doorward".to_owned());
    let config =
        context.file.as_ref().map(|file| format!(" --config {}", file.display())).unwrap_or_default();
    // Nobody said where clients reach it: then it is where it listens.
    let is_default = settings.server.public_url == Origin::local();
    let listens = format!("http://{}", running.address());
    let public_url = if is_default { &listens } else { settings.server.public_url.as_str() };
    let mailbox = if settings.has_dev_mailbox() {
        format!("Letters:            {public_url}/dev/mailbox/\n")
    } else {
        String::new()
    };
    console::say(&format!(
        "Doorward {} listens on {listens}\n\
         API docs:           {public_url}/api/docs/\n\
         {mailbox}Make a superuser:   {program}{config} createsuperuser\n\
         Stop:               Ctrl-C",
        env!("CARGO_PKG_VERSION"),
    ));
    log::info!(address:% = running.address(); "serving");
}

/// The first signal lets requests in flight end, the second does not wait for them.
async fn until_stopped(running: Running, mut signals: Signals) -> anyhow::Result<ExitCode> {
    tokio::select! {
        () = running.ended() => {}
        name = signals.next() => {
            log::info!("{name}: requests in flight may end, new ones are not taken");
            running.begin_stop();
            tokio::select! {
                () = running.ended() => {}
                name = signals.next() => {
                    running.abandon();
                    bail!("stopped at once by a second signal ({name}); requests in flight were cut off");
                }
            }
        }
    }
    running.stop()?;
    log::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// The signals that ask a server to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
