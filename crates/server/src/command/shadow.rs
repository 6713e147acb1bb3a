//! `doorward shadow`: answers with Django, and compares Doorward with it.

use super::{Context, console};
use crate::app::{self, Running};
use crate::clock::SystemClock;
use crate::settings::Settings;
use actix_web::rt::signal::unix::{Signal as Incoming, SignalKind, signal};
use anyhow::{Context as _, bail};
use clap::ValueEnum;
use doorward_shadow::{Expected, Format, Options, Origin, Signal, Summary, Tolerance};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::sync::mpsc::unbounded_channel;

/// What is compared with what.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The Django that answers clients, like <http://127.0.0.1:8001>
    #[arg(long, value_name = "URL")]
    upstream: Origin,
    /// The Doorward to compare; without it one is started here, from the settings
    #[arg(long, value_name = "URL")]
    doorward: Option<Origin>,
    /// Where clients come; without it server.bind
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<SocketAddr>,
    /// Send requests that write to Doorward too; its database must be a COPY that nobody needs
    #[arg(long)]
    mirror_writes: bool,
    /// Send Doorward Django's tokens even where it has issued its own in their place
    #[arg(long)]
    same_tokens: bool,
    /// The beginning of paths to compare, in place of /api/auth/ and /api/dashboard/; may come often
    #[arg(long = "path", value_name = "PREFIX")]
    paths: Vec<String>,
    /// Report an expected difference like any other; may come often
    ///
    /// There are more-claims, lifetime-rounding, json-not-found, parser-message, final-slash,
    /// allow-outside-405 and refusal-for-failure.
    #[arg(long, value_name = "NAME")]
    strict: Vec<Expected>,
    /// Send Django its own host as Host, in place of the client's
    #[arg(long)]
    rewrite_host: bool,
    /// What the report looks like
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ReportFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

/// Compares until a signal comes. Ends with 1 if a difference was found.
///
/// # Errors
/// What kept it from starting, or went wrong while it ran.
pub fn run(context: &Context, args: Args) -> anyhow::Result<ExitCode> {
    let settings = context.settings_of_command()?;
    let bind = args.bind.unwrap_or(settings.server.bind);
    let listener = TcpListener::bind(bind).with_context(|| format!("cannot listen on {bind}"))?;
    let (candidate, own) = match args.doorward.clone() {
        Some(origin) => (origin, None),
        None => {
            let running = beside(settings)?;
            (format!("http://{}", running.address()).parse()?, Some(running))
        }
    };
    console::complain(&format!(
        "Doorward {} compares behind http://{}\nSummary: kill -USR1 {}\nStop:    Ctrl-C",
        env!("CARGO_PKG_VERSION"),
        listener.local_addr()?,
        std::process::id(),
    ));
    let options = args.into_options(candidate);
    let summary = actix_web::rt::System::new().block_on(until_stopped(listener, options))?;
    if let Some(running) = own {
        running.stop()?;
    }
    Ok(if summary.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Args {
    fn into_options(self, candidate: Origin) -> Options {
        let mut options = Options::new(self.upstream, candidate);
        options.mirror_writes = self.mirror_writes;
        options.same_tokens = self.same_tokens;
        options.rewrite_host = self.rewrite_host;
        options.tolerance = Tolerance::strict_about(self.strict);
        options.format = match self.format {
            ReportFormat::Text => Format::Text,
            ReportFormat::Json => Format::Json,
        };
        if !self.paths.is_empty() {
            options.paths = self.paths;
        }
        options
    }
}

/// Starts a Doorward of the settings that only this process reaches.
fn beside(mut settings: Settings) -> anyhow::Result<Running> {
    settings.server.bind = (Ipv4Addr::LOCALHOST, 0).into();
    app::start(settings, Arc::new(SystemClock))
}

async fn until_stopped(listener: TcpListener, options: Options) -> anyhow::Result<Summary> {
    let mut ends = [on(SignalKind::terminate())?, on(SignalKind::interrupt())?];
    let mut asks = on(SignalKind::user_defined1())?;
    let (tell, told) = unbounded_channel();
    let output = Box::new(io::stdout());
    let comparing = doorward_shadow::run(listener, options, Arc::new(SystemClock), output, told);
    let telling = async {
        let [terminate, interrupt] = &mut ends;
        let mut is_ending = false;
        loop {
            let signal = tokio::select! {
                _ = terminate.recv() => Signal::Stop,
                _ = interrupt.recv() => Signal::Stop,
                _ = asks.recv() => Signal::Summarize,
            };
            if is_ending && signal == Signal::Stop {
                return;
            }
            is_ending |= signal == Signal::Stop;
            // Whoever ended already needs no signal.
            let _ = tell.send(signal);
        }
    };
    tokio::select! {
        summary = comparing => Ok(summary?),
        () = telling => bail!("stopped at once by a second signal; what waited was not compared"),
    }
}

fn on(kind: SignalKind) -> io::Result<Incoming> {
    signal(kind)
}
