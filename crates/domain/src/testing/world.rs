use super::{
    MemoryStore, SeededRandom, TestClock, TestCourier, TestDigests, TestEnvelopes, TestHasher, TestKeyMaker,
    TestSealer, TestTokens, block_on,
};
use crate::callers::{Caller, NoMemory};
use crate::identity::{CanonicalName, EmailAddress, Username};
use crate::keys::RotationPlan;
use crate::mail::Letter;
use crate::password::{Password, PasswordHash};
use crate::sealing::Sealer;
use crate::session::{Client, SessionPolicy};
use crate::store::{Store, Transaction, Verdict};
use crate::takeover::{ForeignAccount, ForeignKey, ForeignPassword, ImportedAccount, Seen};
use crate::token::TokenPair;
use crate::use_cases::{
    AddressPolicy, Auth, Keys, LoginError, LoginRequest, Policy, Ports, Post, Progress, Verification,
};
use crate::user::{CredentialVersion, NewUser, Subject, User, UserId};
use std::slice;
use std::sync::Arc;
use std::time::Duration;

/// The use cases on adapters in memory, with a handle on each adapter.
pub struct World {
    /// The use cases.
    pub auth: Auth,
    /// The time.
    pub clock: Arc<TestClock>,
    /// The hash lane.
    pub hasher: Arc<TestHasher>,
    /// The tokens.
    pub tokens: Arc<TestTokens>,
    /// The database.
    pub store: Arc<MemoryStore>,
    /// Who takes letters.
    pub courier: Arc<TestCourier>,
    /// The use cases of mail.
    pub post: Post,
}

impl World {
    /// An empty world under the default policy.
    pub fn new() -> Self {
        Self::under(Policy::default())
    }

    /// An empty world whose sessions live so.
    pub fn with_policy(sessions: SessionPolicy) -> Self {
        Self::under(Policy { sessions, ..Policy::default() })
    }

    /// An empty world that asks this of addresses.
    pub fn with_addresses(verification: Verification, private_registration: bool) -> Self {
        let addresses = AddressPolicy { verification, private_registration };
        Self::under(Policy { addresses, ..Policy::default() })
    }

    /// An empty world under this policy.
    pub fn under(policy: Policy) -> Self {
        let (clock, hasher) = (Arc::<TestClock>::default(), Arc::<TestHasher>::default());
        let (tokens, store) = (Arc::<TestTokens>::default(), Arc::new(MemoryStore::new()));
        let ports = Ports {
            store: store.clone(),
            hasher: hasher.clone(),
            callers: Arc::new(NoMemory),
            tokens: tokens.clone(),
            digests: Arc::new(TestDigests),
            envelopes: Arc::<TestEnvelopes>::default(),
            clock: clock.clone(),
            random: Arc::new(SeededRandom::default()),
        };
        let auth = Auth::new(ports, policy);
        let courier = Arc::<TestCourier>::default();
        let post = Post::new(auth.clone(), Some(courier.clone()), Duration::from_secs(60));
        Self { auth, clock, hasher, tokens, store, courier, post }
    }

    /// A world with one account.
    pub fn with_user(username: &str, email: &str, password: &str) -> Self {
        let world = Self::new();
        world.insert(username, Some(email), password);
        world
    }

    /// Makes another account, without asking the password rules.
    pub fn user(&self, username: &str, password: &str) -> User {
        self.insert(username, None, password)
    }

    /// Takes an account in from another system, as [`Imports`](crate::use_cases::Imports) does.
    pub fn imported(&self, account: ForeignAccount) -> User {
        let ports = self.auth.ports();
        let (id, subject) = match &account.key {
            ForeignKey::Number(number) => {
                (Some(UserId(*number)), Subject::generate(&*ports.random, ports.clock.now()))
            }
            ForeignKey::Text(text) => (None, Subject::from_stored(text.clone())),
        };
        let username = account.username.as_str().to_owned();
        let password = match &account.password {
            ForeignPassword::Hash(hash) => hash.clone(),
            ForeignPassword::Unusable | ForeignPassword::MustReset => PasswordHash::unusable(),
        };
        let seen = Seen::of_foreign(&account, CredentialVersion::FIRST);
        let new = ImportedAccount { id, subject, account, password, seen };
        let step = move |tx: &mut dyn Transaction| {
            Ok(Verdict::Commit(tx.archive().insert_accounts(slice::from_ref(&new))?))
        };
        block_on(ports.store.transact(step)).unwrap();
        self.find(&username)
    }

    fn insert(&self, username: &str, email: Option<&str>, password: &str) -> User {
        let ports = self.auth.ports();
        let now = ports.clock.now();
        let new = NewUser {
            subject: Subject::generate(&*ports.random, now),
            username: Username::parse(username).unwrap(),
            email: email.map(|address| EmailAddress::parse(address).unwrap()),
            email_verified_at: None,
            is_active: true,
            password: block_on(ports.hasher.hash(Password::new(password).unwrap())).unwrap(),
            is_staff: false,
            is_superuser: false,
            date_joined: now,
        };
        block_on(ports.store.transact(move |tx| Ok(Verdict::Commit(tx.insert_user(&new)?)))).unwrap().unwrap()
    }

    /// The account of that name, which must be there.
    pub fn find(&self, name: &str) -> User {
        block_on(self.auth.find_account(name)).unwrap().unwrap()
    }

    /// Logs in from an unknown place.
    ///
    /// # Errors
    /// As [`Auth::login`].
    pub fn login(&self, name: &str, password: &str) -> Result<TokenPair, LoginError> {
        let password = Password::new(password).unwrap();
        let request = LoginRequest { name: name.into(), password, client: Client::default() };
        block_on(self.auth.login(request)).map(|begun| begun.tokens)
    }

    /// Who holds these tokens.
    pub fn caller(&self, tokens: &TokenPair) -> Caller {
        block_on(self.auth.authenticate(&tokens.access)).unwrap()
    }

    /// Lets the worker work until there is nothing left to do, and answers the letters that it sent.
    pub fn mail(&self) -> Vec<Letter> {
        while block_on(self.post.answer()).unwrap() == Progress::Worked {}
        while block_on(self.post.deliver()).unwrap() == Progress::Worked {}
        self.courier.taken()
    }

    /// How many live sessions an account has.
    pub fn live_sessions(&self, name: &str) -> usize {
        let (user, now) = (self.find(name).id, self.clock.now_value());
        let store: &dyn Store = &*self.store;
        block_on(store.query(move |db| db.live_sessions(user, now))).unwrap().len()
    }

    /// What is stored in place of an account's password.
    pub fn stored_hash(&self, name: &str) -> PasswordHash {
        let name = CanonicalName::of(name);
        let store: &dyn Store = &*self.store;
        block_on(store.query(move |db| db.credential(&name))).unwrap().unwrap().password
    }

    /// Takes an account's password away.
    pub fn make_password_unusable(&self, id: UserId) {
        let now = self.clock.now_value();
        let store: &dyn Store = &*self.store;
        let step = move |tx: &mut dyn Transaction| {
            Ok(Verdict::Commit(tx.set_password(id, &PasswordHash::unusable(), now)?))
        };
        assert!(block_on(store.transact(step)).unwrap());
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// The use cases of keys on adapters in memory.
pub struct KeyWorld {
    /// The use cases.
    pub keys: Keys,
    /// The time.
    pub clock: Arc<TestClock>,
}

impl KeyWorld {
    /// A world without keys, whose plan is five minutes of lead and of access.
    pub fn new() -> Self {
        let clock = Arc::<TestClock>::default();
        let minutes = Duration::from_secs(300);
        let keys = Keys {
            store: Arc::new(MemoryStore::new()),
            sealer: Arc::new(TestSealer("root")),
            maker: Arc::new(TestKeyMaker::default()),
            clock: clock.clone(),
            plan: RotationPlan { lead: minutes, access_lifetime: minutes },
        };
        Self { keys, clock }
    }

    /// The same database, under another root secret.
    pub fn with_root(&self, root: &'static str) -> Keys {
        let sealer: Arc<dyn Sealer> = Arc::new(TestSealer(root));
        Keys { sealer, ..self.keys.clone() }
    }
}

impl Default for KeyWorld {
    fn default() -> Self {
        Self::new()
    }
}
