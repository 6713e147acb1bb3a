//! A server that runs: started alike in production and in tests.

use crate::background::{self, Deliveries};
use crate::compose::{Mail, Parts, gauge, http_settings};
use crate::settings::Settings;
use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use anyhow::{Context as _, anyhow};
use doorward_domain::time::Clock;
use doorward_domain::use_cases::{Auth, Keys, Post};
use doorward_http::Services;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use tokio::sync::watch;

/// Starts a server on a thread of its own, and returns when it answers: the database is open and
/// migrated, the keys are there, the address is bound.
///
/// The settings are taken as they are; whoever did not get them from [`Settings::load`] may want to
/// [validate](Settings::validate) them.
///
/// # Errors
/// What kept it from starting.
pub fn start(settings: Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Running> {
    let (tell, told) = mpsc::channel();
    let (living, life) = watch::channel(());
    let run = move || {
        let result = System::new().block_on(serve(settings, clock, &tell));
        drop(living);
        result
    };
    let thread =
        thread::Builder::new().name("doorward".to_owned()).spawn(run).context("no thread for the server")?;
    let Ok(Started { address, handle, auth, keys, post }) = told.recv() else {
        // It ended before it had anything to tell.
        join(thread)?;
        return Err(anyhow!("the server ended before it began"));
    };
    Ok(Running { address, auth, keys, post, handle, life, thread: Some(thread) })
}

/// A server that answers. Dropping it cuts off the requests in flight.
pub struct Running {
    address: SocketAddr,
    auth: Auth,
    keys: Keys,
    post: Post,
    handle: ServerHandle,
    life: watch::Receiver<()>,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Running {
    /// The address that it listens on, with the port that it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its use cases of accounts and sessions.
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// Its use cases of signing keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Its use cases of mail.
    pub fn post(&self) -> &Post {
        &self.post
    }

    /// Asks it to take no more connections and to end once the requests in flight have ended.
    pub fn begin_stop(&self) {
        // The request is on its way now; the answer comes as the end of the thread.
        drop(self.handle.stop(true));
    }

    /// Resolves when it has ended.
    pub async fn ended(&self) {
        let mut life = self.life.clone();
        while life.changed().await.is_ok() {}
    }

    /// Stops it gracefully and waits for its end. It blocks.
    ///
    /// # Errors
    /// What went wrong while it ran.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.begin_stop();
        self.thread.take().map_or(Ok(()), join)
    }

    /// Leaves it to the end of the process.
    pub fn abandon(mut self) {
        self.thread = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            drop(self.handle.stop(false));
            if let Err(error) = join(thread) {
                log::error!("the server ended with an error: {error:#}");
            }
        }
    }
}

/// What the server's thread tells once it answers.
struct Started {
    address: SocketAddr,
    handle: ServerHandle,
    auth: Auth,
    keys: Keys,
    post: Post,
}

async fn serve(
    settings: Settings,
    clock: Arc<dyn Clock>,
    tell: &mpsc::Sender<Started>,
) -> anyhow::Result<()> {
    let parts = Parts::assemble(&settings, clock).await?;
    let bind = settings.server.bind;
    let listener =
        TcpListener::bind(bind).with_context(|| format!("server.bind: cannot listen on {bind}"))?;
    let address = listener.local_addr()?;

    let mail = Mail::open(&settings, address)?;
    let post = mail.post(&parts.auth);
    if settings.keeps_letters_from_everybody() {
        log::warn!("letters wait in the outbox and reach nobody, since mail.transport is \"outbox\"");
    }

    let swept = Arc::new(AtomicU64::new(0));
    let mut gauges = parts.gauges();
    gauges.extend(mail.gauges());
    let read = Arc::clone(&swept);
    gauges.push(gauge("doorward_sessions_swept", "Expired sessions deleted since the start", move || {
        read.load(Ordering::Relaxed)
    }));
    let services = Services { auth: parts.auth.clone(), post: post.clone(), gauges };
    let server = doorward_http::serve(services, http_settings(&settings)?, listener)?;

    let following = background::follow_keys(
        parts.keys.clone(),
        Arc::clone(&parts.authority),
        Arc::clone(&parts.recall),
        parts.key_version,
    );
    let mut tasks = vec![
        actix_web::rt::spawn(following),
        actix_web::rt::spawn(background::follow_changes(Arc::clone(&parts.recall))),
        actix_web::rt::spawn(background::sweep(parts.auth.clone(), swept)),
    ];
    if settings.memory.warm_up {
        tasks.push(actix_web::rt::spawn(background::warm_up(Arc::clone(&parts.recall))));
    }
    let deliveries = Deliveries::begin(&post, settings.mail.workers);
    let (handle, auth, keys) = (server.handle(), parts.auth.clone(), parts.keys.clone());
    // Whoever started it may have gone; then it stops with the process.
    let _ = tell.send(Started { address, handle, auth, keys, post });
    let result = server.await;
    deliveries.end(background::FAREWELL).await;
    for task in tasks {
        task.abort();
    }
    parts.close();
    Ok(result?)
}

fn join(thread: JoinHandle<anyhow::Result<()>>) -> anyhow::Result<()> {
    thread.join().unwrap_or_else(|_| Err(anyhow!("the server's thread panicked")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::settings::Secret;
    use doorward_domain::keys::Algorithm;
    use doorward_domain::password::Password;
    use doorward_domain::use_cases::{Draft, Role};
    use std::path::Path;

    fn settings(directory: &Path) -> Settings {
        let mut settings = Settings::default();
        settings.server.bind.set_port(0);
        settings.server.workers = 1;
        settings.database.url = Secret::new(format!("sqlite://{}/data/doorward.db", directory.display()));
        settings.passwords.bcrypt_cost = 4;
        settings
    }

    fn started(settings: &Settings) -> Running {
        start(settings.clone(), Arc::new(SystemClock)).unwrap()
    }

    fn get(server: &Running, path: &str) -> String {
        let url = format!("http://{}{path}", server.address());
        ureq::get(url).call().unwrap().body_mut().read_to_string().unwrap()
    }

    fn draft() -> Draft {
        let password = || Password::new("Corr3ct-horse!");
        Draft {
            username: Some("alice".to_owned()),
            email: Some("alice@example.com".to_owned()),
            password: password(),
            password_again: password(),
        }
    }

    #[test]
    fn a_second_start_finds_everything_that_the_first_one_made() {
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(directory.path());
        let first = started(&settings);
        let keys = get(&first, "/.well-known/jwks.json");
        System::new().block_on(first.auth().register(draft(), Role::Member)).unwrap();
        first.stop().unwrap();

        let second = started(&settings);
        assert_eq!(get(&second, "/.well-known/jwks.json"), keys);
        let found = System::new().block_on(second.auth().find_account("alice")).unwrap();
        assert!(found.is_some());
    }

    #[test]
    fn a_key_that_another_instance_makes_is_published_within_a_second() {
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(directory.path());
        let (one, other) = (started(&settings), started(&settings));
        let made = System::new().block_on(one.keys().rotate(Algorithm::EdDsa)).unwrap();
        #[expect(clippy::disallowed_methods, reason = "what is promised is a second of the real clock")]
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(1);
        while !get(&other, "/.well-known/jwks.json").contains(&made.0) {
            #[expect(clippy::disallowed_methods, reason = "likewise")]
            let now = std::time::Instant::now();
            assert!(now < deadline, "{made} is not published");
        }
    }

    #[test]
    fn what_keeps_a_server_from_starting_is_told_with_its_setting() {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = settings(directory.path());
        settings.mail.templates = directory.path().join("templates");
        let error = start(settings.clone(), Arc::new(SystemClock)).err().unwrap();
        assert!(error.to_string().starts_with("mail.templates: cannot read "), "{error:#}");
        settings.mail.templates = std::path::PathBuf::new();
        let first = started(&settings);
        settings.server.bind = first.address();
        let error = start(settings, Arc::new(SystemClock)).err().unwrap();
        assert!(error.to_string().starts_with("server.bind: cannot listen on "), "{error:#}");
    }
}
