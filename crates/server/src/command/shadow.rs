//! `doorward shadow`: answers with Django, and compares Doorward with it.

use super::{Context, console};
use crate::app::{self, Running};
use crate::clock::SystemClock;
use crate::settings::{Aliases, Settings};
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
    /// The Django that answers clients: http or https, host and port
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
    /// The beginning of paths to compare; may come often
    ///
    /// Without it: /api/auth/, /api/dashboard/ and those of the settings' aliases.
    #[arg(long = "path", value_name = "PREFIX")]
    paths: Vec<String>,
    /// Report an expected difference like any other; may come often
    ///
    /// There are more-claims, lifetime-rounding, copied-iat, json-not-found, parser-message, final-slash,
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
    let aliases = settings.aliases.clone();
    let own = if args.doorward.is_some() { None } else { Some(beside(settings)?) };
    let beside = own.as_ref().map(|running| format!("http://{}", running.address()).parse()).transpose()?;
    let candidate = args.doorward.clone().or(beside).context("there is no Doorward to compare")?;
    console::complain(&format!(
        "Doorward {} compares behind http://{}\nSummary: kill -USR1 {}\nStop:    Ctrl-C",
        env!("CARGO_PKG_VERSION"),
        listener.local_addr()?,
        std::process::id(),
    ));
    let options = args.into_options(candidate, &aliases);
    let summary = actix_web::rt::System::new().block_on(until_stopped(listener, options))?;
    if let Some(running) = own {
        running.stop()?;
    }
    Ok(if summary.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Args {
    fn into_options(self, candidate: Origin, aliases: &Aliases) -> Options {
        let mut options = Options::new(self.upstream, candidate);
        options.mirror_writes = self.mirror_writes;
        options.same_tokens = self.same_tokens;
        options.rewrite_host = self.rewrite_host;
        options.tolerance = Tolerance::strict_about(self.strict);
        options.format = match self.format {
            ReportFormat::Text => Format::Text,
            ReportFormat::Json => Format::Json,
        };
        for (prefix, verify) in [(&aliases.djoser, "jwt/verify/"), (&aliases.dj_rest_auth, "token/verify/")] {
            if !prefix.is_empty() {
                options.paths.push(prefix.clone());
                options.read_only_posts.push(format!("{prefix}{verify}"));
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Cli, Command};
    use clap::Parser as _;

    fn parsed(more: &[&str]) -> Result<Args, clap::Error> {
        let line = ["doorward", "shadow", "--upstream", "http://127.0.0.1:8001"].iter().chain(more);
        match Cli::try_parse_from(line)?.command {
            Some(Command::Shadow(args)) => Ok(args),
            other => panic!("{other:?}"),
        }
    }

    fn options(more: &[&str]) -> Options {
        let candidate = "http://127.0.0.1:8002".parse().unwrap();
        parsed(more).unwrap().into_options(candidate, &Aliases::default())
    }

    #[test]
    fn paths_of_aliases_are_compared() {
        let aliases = Aliases { djoser: "/auth/".to_owned(), dj_rest_auth: "/rest/".to_owned() };
        let candidate = "http://127.0.0.1:8002".parse().unwrap();
        let options = parsed(&[]).unwrap().into_options(candidate, &aliases);
        assert_eq!(options.paths, ["/api/auth/", "/api/dashboard/", "/auth/", "/rest/"]);
        assert!(options.read_only_posts.contains(&"/auth/jwt/verify/".to_owned()));
        assert!(options.read_only_posts.contains(&"/rest/token/verify/".to_owned()));
    }

    #[test]
    fn nothing_that_writes_is_mirrored_unless_that_is_asked_for() {
        assert!(!options(&[]).mirror_writes);
        assert!(options(&["--mirror-writes"]).mirror_writes);
    }

    #[test]
    fn the_command_line_reaches_the_comparison() {
        let options = options(&[
            "--path=/a/",
            "--path=/b/",
            "--format=json",
            "--strict=more-claims",
            "--same-tokens",
            "--rewrite-host",
        ]);
        assert_eq!(options.upstream.to_string(), "http://127.0.0.1:8001");
        assert_eq!(options.candidate.to_string(), "http://127.0.0.1:8002");
        assert_eq!(options.paths, ["/a/", "/b/"]);
        assert_eq!(options.format, Format::Json);
        assert_eq!(options.tolerance, Tolerance::strict_about([Expected::MoreClaims]));
        assert!(options.same_tokens && options.rewrite_host);
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        for wrong in ["--doorward=127.0.0.1", "--doorward=http://a/path", "--strict=other", "--format=xml"] {
            assert!(parsed(&[wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_help_names_every_expected_difference() {
        let args = <Cli as clap::CommandFactory>::command();
        let shadow = args.find_subcommand("shadow").unwrap();
        let strict = shadow.get_arguments().find(|argument| argument.get_id() == "strict").unwrap();
        let help = strict.get_long_help().unwrap().to_string();
        for expected in Expected::ALL {
            assert!(help.contains(expected.name()), "{expected}");
        }
    }
}
