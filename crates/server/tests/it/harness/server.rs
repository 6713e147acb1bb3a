use super::Client;
use doorward::app::{self, Running};
use doorward::settings::Settings;
use doorward_domain::identity::{EmailAddress, Username};
use doorward_domain::password::{Password, PasswordHash};
use doorward_domain::store::Verdict;
use doorward_domain::testing::{TestClock, block_on};
use doorward_domain::time::Timestamp;
use doorward_domain::use_cases::{Auth, Keys};
use doorward_domain::user::{NewUser, Subject, User};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

/// A server that runs in this process, and its client.
pub(crate) struct Server {
    running: Running,
    client: Client,
    pub(crate) clock: Arc<TestClock>,
}

impl Deref for Server {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Server {
    pub(crate) fn start(settings: Settings, clock: Arc<TestClock>) -> Self {
        let port: Arc<TestClock> = Arc::clone(&clock);
        let running = app::start(settings, port).expect("the server starts");
        let client = Client::of(running.address());
        Self { running, client, clock }
    }

    pub(crate) fn auth(&self) -> &Auth {
        self.running.auth()
    }

    pub(crate) fn keys(&self) -> &Keys {
        self.running.keys()
    }

    /// The account of that name, which must be there.
    pub(crate) fn account(&self, name: &str) -> User {
        block_on(self.auth().find_account(name)).unwrap().expect("an account of that name")
    }

    pub(crate) fn last_login(&self, name: &str) -> Option<Timestamp> {
        let id = self.account(name).id;
        let profile = block_on(self.auth().ports().store.query(move |db| db.profile(id)));
        profile.unwrap().expect("an account of that number").last_login
    }

    /// Gives an account another password, as the command line does.
    pub(crate) fn change_password(&self, name: &str, password: &str) {
        let id = self.account(name).id;
        block_on(self.auth().change_password(id, Password::new(password).unwrap())).unwrap();
    }

    pub(crate) fn set_active(&self, name: &str, is_active: bool) {
        assert!(block_on(self.auth().set_active(self.account(name).id, is_active)).unwrap());
    }

    /// Marks an account's address as its owner's, as an operator may.
    pub(crate) fn vouch(&self, name: &str) {
        let (account, now) = (self.account(name), self.clock.now_value());
        let address = account.email.expect("an address");
        let step = self
            .auth()
            .ports()
            .store
            .transact(move |tx| Ok(Verdict::Commit(tx.verify_email(account.id, &address, now)?)));
        block_on(step).unwrap();
    }

    pub(crate) fn delete_account(&self, name: &str) {
        assert!(block_on(self.auth().delete_account(self.account(name).id)).unwrap());
    }

    /// Stores an account with this encoded password, as an import does.
    pub(crate) fn import(&self, name: &str, password: PasswordHash) {
        let ports = self.auth().ports();
        let now = ports.clock.now();
        let new = NewUser {
            subject: Subject::generate(&*ports.random, now),
            username: Username::from_stored(name.to_owned()),
            email: Some(EmailAddress::from_stored(format!("{name}@example.com"))),
            email_verified_at: None,
            password,
            is_active: true,
            is_staff: false,
            is_superuser: false,
            date_joined: now,
        };
        block_on(ports.store.transact(move |tx| Ok(Verdict::Commit(tx.insert_user(&new)?))))
            .unwrap()
            .unwrap();
    }

    /// Lets time pass, for this server and all others of the case.
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}
