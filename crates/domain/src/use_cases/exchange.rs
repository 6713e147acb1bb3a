use super::holder::{find_number, is_known_as};
use super::refresh::{Refreshed, punish_reuse};
use crate::mail::Desk;
use crate::session::{Client, Generation, Presentation, Session, SessionId, SessionPolicy};
use crate::store::{Held, Lookup, StoreError, Transaction, Verdict};
use crate::takeover::{ForeignToken, Spent};
use crate::time::Timestamp;
use crate::token::{ForeignRefreshClaims, Issuer};
use crate::user::User;

/// A refresh token of another system that is presented.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// What it says.
    pub claims: ForeignRefreshClaims,
    /// The session that begins if it is exchanged.
    pub session: SessionId,
    /// Who presents it.
    pub client: Client,
    /// When.
    pub now: Timestamp,
    /// Under which policy.
    pub policy: SessionPolicy,
    /// Where its owner is told of reuse.
    pub desk: Desk,
}

/// The step: exchanges the token for a session, once, or says why not.
///
/// A repetition within the grace answers the session as it is, if that was not rotated yet; any
/// other one is reuse of the token that the session began with.
///
/// # Errors
/// The database failed.
pub fn exchange(tx: &mut dyn Transaction, request: &Exchange) -> Result<Verdict<Refreshed>, StoreError> {
    let Exchange { claims, session, client, now, policy, .. } = request;
    let user = match find_honoured_holder(tx, claims)? {
        Ok(user) => user,
        Err(refused) => return Ok(Verdict::RollBack(refused)),
    };
    if !tx.spend_foreign_token(&spent(claims, *now, Some(*session)))? {
        return exchange_again(tx, request);
    }
    // A password change or a deactivation comes either before, and is seen here, or after, and ends the
    // session that is about to begin.
    let unchanged =
        |held: &Held| held.user.is_active && held.user.tokens_valid_after == user.tokens_valid_after;
    let Some(Held { user, .. }) = tx.hold(user.id)?.filter(unchanged) else {
        return Ok(Verdict::RollBack(Refreshed::Revoked));
    };
    let session = Session::begin(*session, user.id, client.clone(), *now, policy);
    tx.insert_session(&session)?;
    Ok(Verdict::Commit(Refreshed::Current(Box::new((session, user)))))
}

fn exchange_again(tx: &mut dyn Transaction, request: &Exchange) -> Result<Verdict<Refreshed>, StoreError> {
    let Exchange { claims, client, now, policy, desk, .. } = request;
    let Some((session, user)) = successor(tx, claims)? else {
        return Ok(Verdict::RollBack(Refreshed::Revoked));
    };
    match session.present(Generation::BEFORE_FIRST, client.clone(), *now, policy) {
        Presentation::Repeat => Ok(Verdict::RollBack(Refreshed::Current(Box::new((session, user))))),
        // A session never goes back to before its first generation, so there is nothing to rotate.
        Presentation::Reused | Presentation::Rotate(_) => {
            punish_reuse(tx, (&session, &user), client, *now, policy, desk)
        }
        Presentation::Ended => Ok(Verdict::RollBack(Refreshed::Revoked)),
        Presentation::Expired => Ok(Verdict::RollBack(Refreshed::Expired)),
    }
}

/// The account that may exchange this token, spent or not; else what the token comes to.
pub(super) fn find_honoured_holder(
    db: &mut dyn Lookup,
    claims: &ForeignRefreshClaims,
) -> Result<Result<User, Refreshed>, StoreError> {
    let user = match find_number(db, &claims.holder)? {
        Some(id) => db.user(id)?,
        None => None,
    };
    Ok(match user {
        Some(user) if user.is_active && is_known_as(&user, &claims.holder, Issuer::Retiring) => {
            if claims.issued_at < user.tokens_valid_after { Err(Refreshed::Revoked) } else { Ok(user) }
        }
        _ => Err(Refreshed::NoActiveAccount),
    })
}

/// The session that the token was exchanged for, with its account.
pub(super) fn successor(
    db: &mut dyn Lookup,
    claims: &ForeignRefreshClaims,
) -> Result<Option<(Session, User)>, StoreError> {
    let spent = db.foreign_token(&claims.id)?.and_then(|token| token.spent);
    let Some(id) = spent.and_then(|spent| spent.session) else { return Ok(None) };
    Ok(db.session(id)?.filter(|(_, user)| is_known_as(user, &claims.holder, Issuer::Retiring)))
}

/// The token as it is once it is used up.
pub(super) fn spent(
    claims: &ForeignRefreshClaims,
    now: Timestamp,
    session: Option<SessionId>,
) -> ForeignToken {
    let spent = Some(Spent { at: now, session });
    ForeignToken { id: claims.id.clone(), expires_at: claims.expires_at, spent }
}

#[cfg(test)]
mod tests {
    use crate::password::Password;
    use crate::session::{Client, ReusePolicy, SessionPolicy};
    use crate::store::{Store, Transaction, Verdict};
    use crate::takeover::{ForeignAccount, ForeignKey, ForeignToken, ForeignTokenId, Spent};
    use crate::testing::{World, block_on, foreign};
    use crate::time::Timestamp;
    use crate::token::{TokenPair, TokenRejection};
    use crate::use_cases::{AuthenticationError, RefreshError};
    use crate::user::UserId;
    use std::slice;
    use std::time::Duration;

    /// Alice, and a refresh token that Django issued her.
    fn takeover() -> (World, String) {
        with_policy(SessionPolicy::default())
    }

    fn with_policy(policy: SessionPolicy) -> (World, String) {
        let world = World::with_policy(policy);
        let alice = world.imported(foreign(1, "alice", None));
        let token = world.tokens.foreign_refresh(&alice.id.to_string(), "jti-1", world.clock.now_value());
        world.clock.advance(Duration::from_secs(60));
        (world, token)
    }

    fn refresh(world: &World, token: &str) -> Result<TokenPair, RefreshError> {
        block_on(world.auth.refresh(token, Client::default()))
    }

    fn write<T: Send + 'static>(
        world: &World,
        mut work: impl FnMut(&mut dyn Transaction) -> T + Send + 'static,
    ) -> T {
        let store: &dyn Store = &*world.store;
        block_on(store.transact(move |tx| Ok(Verdict::Commit(work(tx))))).unwrap()
    }

    #[track_caller]
    fn assert_revoked<T: std::fmt::Debug>(answer: &Result<T, RefreshError>) {
        assert!(matches!(answer, Err(RefreshError::Token(TokenRejection::Revoked))), "{answer:?}");
    }

    #[test]
    fn a_token_of_django_becomes_a_session_that_goes_on_like_any_other() {
        let (world, token) = takeover();
        let first = refresh(&world, &token).unwrap();
        let caller = block_on(world.auth.authenticate(&first.access)).unwrap();
        assert!(caller.session.is_some());
        let profile = block_on(world.auth.profile(&caller)).unwrap().unwrap();
        assert_eq!((profile.user.username.as_str(), profile.last_login), ("alice", None));
        let second = refresh(&world, &first.refresh).unwrap();
        assert!(block_on(world.auth.authenticate(&second.access)).is_ok());
        assert_eq!(world.live_sessions("alice"), 1);
    }

    #[test]
    fn a_repetition_within_the_grace_answers_the_identical_pair() {
        let (world, token) = takeover();
        let first = refresh(&world, &token).unwrap();
        world.clock.advance(Duration::from_secs(9));
        assert_eq!(refresh(&world, &token).unwrap(), first);
        assert_eq!(world.live_sessions("alice"), 1);
    }

    #[test]
    fn reuse_after_the_grace_ends_the_session_that_it_was_exchanged_for() {
        let (world, token) = takeover();
        let first = refresh(&world, &token).unwrap();
        world.clock.advance(Duration::from_secs(10));
        assert_revoked(&refresh(&world, &token));
        assert_revoked(&refresh(&world, &first.refresh));
        assert!(block_on(world.auth.authenticate(&first.access)).is_err());
    }

    #[test]
    fn a_repetition_is_reuse_once_the_session_has_rotated() {
        let (world, token) = takeover();
        let first = refresh(&world, &token).unwrap();
        let second = refresh(&world, &first.refresh).unwrap();
        assert_revoked(&refresh(&world, &token));
        assert_revoked(&refresh(&world, &second.refresh));
    }

    #[test]
    fn where_reuse_is_refused_the_session_lives_on() {
        let policy =
            SessionPolicy { grace: Duration::ZERO, reuse: ReusePolicy::Refuse, ..Default::default() };
        let (world, token) = with_policy(policy);
        let first = refresh(&world, &token).unwrap();
        assert_revoked(&refresh(&world, &token));
        assert!(refresh(&world, &first.refresh).is_ok());
    }

    #[test]
    fn what_django_had_blacklisted_stays_dead() {
        let (world, token) = takeover();
        let now = world.clock.now_value();
        let blacklisted = ForeignToken {
            id: ForeignTokenId("jti-1".into()),
            expires_at: now.plus(Duration::from_secs(3600)),
            spent: Some(Spent { at: now, session: None }),
        };
        write(&world, move |tx| tx.archive().note_foreign_tokens(slice::from_ref(&blacklisted)).unwrap());
        assert_revoked(&refresh(&world, &token));
        assert!(block_on(world.auth.verify(&token)).is_err());
        assert_eq!(world.live_sessions("alice"), 0);
    }

    #[test]
    fn what_django_had_merely_issued_can_be_exchanged() {
        let (world, token) = takeover();
        let issued = ForeignToken {
            id: ForeignTokenId("jti-1".into()),
            expires_at: world.clock.now_value().plus(Duration::from_secs(3600)),
            spent: None,
        };
        write(&world, move |tx| tx.archive().note_foreign_tokens(slice::from_ref(&issued)).unwrap());
        assert!(refresh(&world, &token).is_ok());
    }

    #[test]
    fn a_password_change_or_a_logout_everywhere_refuses_tokens_from_before() {
        let (world, token) = takeover();
        let alice = world.find("alice").id;
        block_on(world.auth.change_password(alice, Password::new("Another-pw-1").unwrap())).unwrap();
        assert_revoked(&refresh(&world, &token));
        assert!(block_on(world.auth.verify(&token)).is_err());
        let newer = world.tokens.foreign_refresh(&alice.to_string(), "jti-2", world.clock.now_value());
        assert!(refresh(&world, &newer).is_ok());
    }

    #[test]
    fn nobody_active_means_no_session() {
        let (world, token) = takeover();
        let nobody = world.tokens.foreign_refresh("404", "jti-2", world.clock.now_value());
        let alice = world.find("alice").id;
        block_on(world.auth.set_active(alice, false)).unwrap();
        for token in [&token, &nobody] {
            assert!(matches!(refresh(&world, token), Err(RefreshError::NoActiveAccount)));
            assert!(matches!(
                block_on(world.auth.logout_with(token, Client::default())),
                Err(RefreshError::NoActiveAccount)
            ));
            assert!(block_on(world.auth.verify(token)).is_err());
        }
        write(&world, move |tx| assert_eq!(tx.foreign_token(&ForeignTokenId("jti-1".into())).unwrap(), None));
    }

    #[test]
    fn a_token_of_django_is_neither_exchanged_nor_spent_for_an_account_that_was_made_here() {
        let (world, _) = takeover();
        let made_here = world.user("root", "pw-of-root");
        let now = world.clock.now_value();
        let token = world.tokens.foreign_refresh(&made_here.id.to_string(), "jti-2", now);
        assert!(matches!(refresh(&world, &token), Err(RefreshError::NoActiveAccount)));
        assert!(matches!(
            block_on(world.auth.logout_with(&token, Client::default())),
            Err(RefreshError::NoActiveAccount)
        ));
        assert_revoked(&block_on(world.auth.verify(&token)).map_err(|error| match error {
            AuthenticationError::Token(rejection) => RefreshError::Token(rejection),
            other => panic!("{other:?}"),
        }));
        assert_eq!(world.live_sessions("root"), 0);
        write(&world, move |tx| assert_eq!(tx.foreign_token(&ForeignTokenId("jti-2".into())).unwrap(), None));
    }

    #[test]
    fn a_logout_spends_the_token() {
        let (world, token) = takeover();
        assert!(block_on(world.auth.verify(&token)).is_ok());
        block_on(world.auth.logout_with(&token, Client::default())).unwrap();
        assert!(block_on(world.auth.verify(&token)).is_err());
        assert_revoked(&refresh(&world, &token));
        assert_revoked(&block_on(world.auth.logout_with(&token, Client::default())));
        assert_eq!(world.live_sessions("alice"), 0);
    }

    #[test]
    fn a_logout_with_a_token_that_was_just_exchanged_ends_the_session() {
        let (world, token) = takeover();
        let first = refresh(&world, &token).unwrap();
        block_on(world.auth.logout_with(&token, Client::default())).unwrap();
        assert!(block_on(world.auth.authenticate(&first.access)).is_err());
    }

    #[test]
    fn a_replayed_token_at_logout_is_reuse_and_ends_the_session_all_the_same() {
        let (world, token) = takeover();
        let first = refresh(&world, &token).unwrap();
        world.clock.advance(Duration::from_secs(60));
        assert_revoked(&block_on(world.auth.logout_with(&token, Client::default())));
        assert!(block_on(world.auth.authenticate(&first.access)).is_err());
    }

    #[test]
    fn an_exchanged_token_is_not_honoured_by_verification() {
        let (world, token) = takeover();
        refresh(&world, &token).unwrap();
        assert!(matches!(
            block_on(world.auth.verify(&token)),
            Err(AuthenticationError::Token(TokenRejection::Revoked))
        ));
    }

    #[test]
    fn an_account_with_a_key_of_text_is_found_by_it_and_not_by_the_number_that_was_drawn() {
        let world = World::new();
        let key = ForeignKey::Text("a-b-c".into());
        let alice = world.imported(ForeignAccount { key, ..foreign(1, "alice", None) });
        let now = world.clock.now_value();
        assert_eq!(alice.tokens_valid_after, Timestamp::EPOCH);
        let by_subject = world.tokens.foreign_refresh("a-b-c", "jti-1", now);
        let by_number = world.tokens.foreign_refresh(&alice.id.to_string(), "jti-2", now);
        assert!(matches!(refresh(&world, &by_number), Err(RefreshError::NoActiveAccount)));
        let pair = refresh(&world, &by_subject).unwrap();
        assert_eq!(block_on(world.auth.authenticate(&pair.access)).unwrap().user.id, alice.id);

        let open = |key: &str| block_on(world.auth.authenticate(&world.tokens.foreign_access(key, now)));
        assert_eq!(open("a-b-c").unwrap().user.id, alice.id);
        for key in [alice.id.to_string().as_str(), "a-b"] {
            assert!(matches!(open(key), Err(AuthenticationError::UserNotFound)), "{key}");
        }
    }

    #[test]
    fn the_subject_of_an_account_that_is_known_by_its_number_names_nobody() {
        let (world, _) = takeover();
        let alice = world.find("alice");
        assert_eq!(alice.id, UserId(1));
        let token = world.tokens.foreign_access(alice.subject.as_str(), world.clock.now_value());
        assert!(matches!(block_on(world.auth.authenticate(&token)), Err(AuthenticationError::UserNotFound)));
    }
}
