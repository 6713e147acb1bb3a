use crate::support::{Answer, PASSWORD, Server};
use doorward_domain::hashing::HashError;
use doorward_domain::identity::{EmailAddress, Username};
use doorward_domain::mail::{Letter, Message, RequestedLetter};
use doorward_domain::one_time::SecretText;
use doorward_domain::password::{Password, PasswordRules};
use doorward_domain::takeover::{Attributes, ForeignAccount, ForeignKey, ForeignPassword};
use doorward_domain::testing::{World, block_on};
use doorward_domain::use_cases::{Draft, Policy, Proof, Role};
use doorward_domain::user::FullName;
use doorward_http::HttpSettings;
use std::time::Duration;

const VERIFY: &str = "/account/verify-email/";
const RESET: &str = "/account/reset-password/";
const CONFIRM: &str = "/account/confirm-email/";
const UNDO: &str = "/account/undo-email-change/";
const PAGES: [&str; 4] = [VERIFY, RESET, CONFIRM, UNDO];

const NEW: &str = "N3w-horse-battery!";
const OVER: &str = "<h1>This link does not work any more</h1>";
const INCOMPLETE: &str = "<h1>This link is not complete</h1>";
const CHOOSE: &str = "<h1>Choose a new password</h1>";

/// A link's uid, where it has one, and its secret.
struct Link {
    uid: String,
    key: String,
}

impl Link {
    fn of(letter: &Letter) -> Option<Self> {
        let (uid, secret) = match &letter.message {
            Message::ResetPassword { uid, secret, .. } => (uid.as_str(), secret),
            Message::VerifyEmail { secret, .. } | Message::ConfirmEmailChange { secret, .. } => ("", secret),
            Message::EmailChanged { undo, .. } => ("", undo),
            _ => return None,
        };
        Some(Self { uid: uid.to_owned(), key: secret.expose().to_owned() })
    }

    /// The link of the one letter that is sent now and has one.
    fn sent(world: &World) -> Self {
        let letters = world.mail();
        let [link] =
            <[Self; 1]>::try_from(letters.iter().filter_map(Self::of).collect::<Vec<_>>()).ok().unwrap();
        link
    }

    fn query(&self) -> String {
        if self.uid.is_empty() {
            format!("?key={}", self.key)
        } else {
            format!("?uid={}&token={}", self.uid, self.key)
        }
    }
}

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn requested(server: &Server, what: RequestedLetter) -> Link {
    block_on(server.world.auth.request_letter(what, address("alice@example.com"))).unwrap();
    Link::sent(&server.world)
}

fn to_verify(server: &Server) -> Link {
    requested(server, RequestedLetter::VerifyEmail)
}

fn to_reset(server: &Server) -> Link {
    requested(server, RequestedLetter::ResetPassword)
}

fn to_confirm(server: &Server) -> Link {
    let world = &server.world;
    let caller = world.caller(&world.login("alice", PASSWORD).unwrap());
    let password = Password::new(PASSWORD).unwrap();
    block_on(world.auth.request_email_change(&caller, address("new@example.com"), password)).unwrap();
    Link::sent(world)
}

/// Only an address that was proven to be the owner's is sent what undoes its change.
fn to_undo(server: &Server) -> Link {
    assert!(block_on(server.world.auth.vouch_for_address(server.world.find("alice").id)).unwrap());
    let link = to_confirm(server);
    block_on(server.world.auth.confirm_email_change(Proof::Link(SecretText::from_text(link.key)))).unwrap();
    Link::sent(&server.world)
}

fn press(server: &Server, page: &str, link: &Link) -> Answer {
    server.post_form(page, &[("key", &link.key)])
}

fn choose(server: &Server, link: &Link, password: &str, again: &str) -> Answer {
    let fields =
        [("uid", &*link.uid), ("token", &link.key), ("new_password1", password), ("new_password2", again)];
    server.post_form(RESET, &fields)
}

/// Status, title and the headers of every page.
#[track_caller]
fn assert_page(answer: &Answer, status: u16, marker: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert!(answer.text.contains(marker), "{}", answer.text);
    assert_careful(answer);
}

#[track_caller]
fn assert_careful(answer: &Answer) {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                  frame-ancestors 'none'; base-uri 'none'";
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex"),
        ("content-security-policy", policy),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert_eq!(answer.header("set-cookie"), None);
}

/// The key stands in its hidden field, and nowhere else.
#[track_caller]
fn assert_key_is_hidden(answer: &Answer, field: &str, link: &Link) {
    assert_eq!(answer.text.matches(&link.key).count(), 1, "{}", answer.text);
    let hidden = format!(r#"<input type="hidden" name="{field}" value="{}">"#, link.key);
    assert!(answer.text.contains(&hidden), "{}", answer.text);
}

#[test]
fn looking_at_a_page_uses_nothing_up() {
    let server = Server::start();
    let cases = [
        (VERIFY, to_verify(&server), "<h1>Confirm your e-mail address</h1>", "key"),
        (RESET, to_reset(&server), CHOOSE, "token"),
        (CONFIRM, to_confirm(&server), "<h1>Confirm your new e-mail address</h1>", "key"),
    ];
    for (page, link, marker, field) in cases {
        for _ in 0..3 {
            let answer = server.get(&(page.to_owned() + &link.query()));
            assert_page(&answer, 200, marker);
            assert_key_is_hidden(&answer, field, &link);
            assert!(answer.text.contains(r#"<form method="post" action="?">"#));
        }
        let head = server.send("HEAD", &(page.to_owned() + &link.query()), &[], b"");
        assert_eq!((head.status, head.text.as_str()), (200, ""));
        assert_careful(&head);
        assert_eq!(server.get(&(page.trim_end_matches('/').to_owned() + &link.query())).status, 200);
    }
}

#[test]
fn every_page_names_the_account_that_it_is_about() {
    let server = Server::start();
    let names_alice = |page: &str, link: Link| {
        let shown = server.get(&(page.to_owned() + &link.query()));
        assert_page(&shown, 200, "account <strong><bdi>alice</bdi></strong>");
    };
    names_alice(VERIFY, to_verify(&server));
    names_alice(RESET, to_reset(&server));
    names_alice(CONFIRM, to_confirm(&server));
    names_alice(UNDO, to_undo(&server));
}

#[test]
fn the_button_verifies_the_address_once() {
    let server = Server::start();
    let link = to_verify(&server);
    assert!(server.world.find("alice").email_verified_at.is_none());
    let done = press(&server, VERIFY, &link);
    assert_page(&done, 200, "<h1>Your address is confirmed</h1>");
    assert!(done.text.contains("alice@example.com") && !done.text.contains(&link.key));
    assert!(server.world.find("alice").email_verified_at.is_some());
    assert_page(&press(&server, VERIFY, &link), 400, OVER);
    assert_page(&server.get(&(VERIFY.to_owned() + &link.query())), 404, OVER);
}

#[test]
fn a_new_password_ends_every_session_and_the_link() {
    let server = Server::start();
    server.login();
    let link = to_reset(&server);
    assert_page(&choose(&server, &link, NEW, NEW), 200, "<h1>Your password is changed</h1>");
    assert_eq!(server.world.live_sessions("alice"), 0);
    assert!(server.world.login("alice", NEW).is_ok() && server.world.login("alice", PASSWORD).is_err());
    assert_page(&choose(&server, &link, NEW, NEW), 400, OVER);
    assert_page(&server.get(&(RESET.to_owned() + &link.query())), 404, OVER);
}

#[test]
fn a_password_that_breaks_rules_is_asked_for_again_and_the_link_still_works() {
    let server = Server::start();
    let link = to_reset(&server);
    for (password, again, errors) in [
        ("1234567", "1234567", "too short. It must contain at least 8 characters.</li>\n<li>"),
        (NEW, "other", "<li>The two passwords are not the same.</li>\n</ul>"),
        ("", "", "<ul>\n<li>Type the new password in both fields.</li>\n</ul>"),
        (NEW, "%00", "<li>Null characters are not allowed.</li>"),
        (
            "alice@example.com",
            "alice@example.com",
            "<li>The password is too similar to the email address.</li>",
        ),
        (&"x".repeat(4097), NEW, "<li>Ensure this field has no more than 4096 characters.</li>"),
    ] {
        let answer = choose(&server, &link, password, again);
        assert_page(&answer, 400, CHOOSE);
        assert!(answer.text.contains(errors), "{}", answer.text);
        assert!(answer.text.contains(r#"role="alert" aria-live="assertive""#), "{}", answer.text);
        assert!(answer.text.contains("<title>Error: Choose a new password</title>"), "{}", answer.text);
        assert_key_is_hidden(&answer, "token", &link);
        assert!(password.is_empty() || !answer.text.contains(password), "{}", answer.text);
    }
    assert_eq!(choose(&server, &link, NEW, NEW).status, 200);
}

#[test]
fn passwords_are_trimmed_where_the_api_trims_them() {
    for (trim_passwords, typed) in [(true, NEW.to_owned()), (false, format!("  {NEW} "))] {
        let server = Server::with(HttpSettings { trim_passwords, ..HttpSettings::default() });
        let link = to_reset(&server);
        let sent = format!("++{NEW}+");
        assert_eq!(choose(&server, &link, &sent, &sent).status, 200);
        assert!(server.world.login("alice", &typed).is_ok());
    }
}

#[test]
fn the_form_says_how_long_a_password_must_be() {
    let passwords = PasswordRules { minimum_length: 15, ..PasswordRules::default() };
    let world = World::under(Policy { passwords, ..Policy::default() });
    let draft = Draft {
        username: Some("alice".to_owned()),
        email: Some("alice@example.com".to_owned()),
        password: Password::new(NEW),
        password_again: Password::new(NEW),
    };
    block_on(world.auth.register(draft, Role::Member)).unwrap();
    world.mail();
    let server = Server::on(world, HttpSettings::default());
    let link = to_reset(&server);
    let form = server.get(&(RESET.to_owned() + &link.query())).text;
    assert!(
        form.contains("At least 15 characters.") && form.matches(r#"minlength="15""#).count() == 2,
        "{form}"
    );
    assert_eq!(form.matches(r#"autocomplete="new-password""#).count(), 2, "{form}");
}

#[test]
fn the_link_of_another_account_sets_no_password() {
    let server = Server::start();
    let link =
        Link { uid: server.world.user("mallory", PASSWORD).subject.as_str().to_owned(), ..to_reset(&server) };
    assert_page(&server.get(&(RESET.to_owned() + &link.query())), 404, OVER);
    for (password, again) in [(NEW, NEW), (NEW, "other"), ("", "")] {
        assert_page(&choose(&server, &link, password, again), 400, OVER);
    }
    assert!(server.world.login("alice", PASSWORD).is_ok());
}

#[test]
fn the_button_gives_the_account_its_new_address() {
    let server = Server::start();
    let link = to_confirm(&server);
    let done = press(&server, CONFIRM, &link);
    assert_page(&done, 200, "<h1>Your account has a new address</h1>");
    assert!(done.text.contains("It is new@example.com."), "{}", done.text);
    assert_eq!(server.world.find("alice").email, Some(address("new@example.com")));
    assert_page(&press(&server, CONFIRM, &link), 400, OVER);
}

#[test]
fn an_address_that_was_taken_meanwhile_is_told() {
    let server = Server::start();
    let link = to_confirm(&server);
    let draft = Draft {
        username: Some("bob".to_owned()),
        email: Some("new@example.com".to_owned()),
        password: Password::new(NEW),
        password_again: Password::new(NEW),
    };
    block_on(server.world.auth.register(draft, Role::Member)).unwrap();
    assert_page(&press(&server, CONFIRM, &link), 400, "<h1>This address is taken</h1>");
    assert_eq!(server.world.find("alice").email, Some(address("alice@example.com")));
}

#[test]
fn the_button_undoes_a_change_of_address() {
    let server = Server::start();
    let link = to_undo(&server);
    let page = server.get(&(UNDO.to_owned() + &link.query()));
    assert_page(&page, 200, "<h1>Take your account back</h1>");
    for consequence in ["has the address again", "every device is logged out", "the password does not work"] {
        assert!(page.text.contains(consequence), "{}", page.text);
    }
    assert_key_is_hidden(&page, "key", &link);
    assert_eq!(server.world.find("alice").email, Some(address("new@example.com")));

    let done = press(&server, UNDO, &link);
    assert_page(&done, 200, "<h1>Your account has its address back</h1>");
    assert!(done.text.contains("alice@example.com again"), "{}", done.text);
    assert_eq!(server.world.find("alice").email, Some(address("alice@example.com")));
    assert!(server.world.login("alice", PASSWORD).is_err());
    assert_page(&press(&server, UNDO, &link), 400, OVER);
    let reset = Link::sent(&server.world);
    assert_page(&server.get(&(RESET.to_owned() + &reset.query())), 200, CHOOSE);
}

#[test]
fn a_link_works_for_its_own_page_alone() {
    let server = Server::start();
    let link = to_verify(&server);
    for page in [CONFIRM, UNDO] {
        assert_page(&server.get(&(page.to_owned() + &link.query())), 404, OVER);
        assert_page(&press(&server, page, &link), 400, OVER);
    }
    let fields = [("uid", "x"), ("token", &*link.key), ("new_password1", NEW), ("new_password2", NEW)];
    assert_page(&server.post_form(RESET, &fields), 400, OVER);
    assert_eq!(press(&server, VERIFY, &link).status, 200);
}

#[test]
fn a_link_that_nobody_was_sent_is_over_and_its_key_is_not_shown() {
    let server = Server::start();
    for page in PAGES {
        let unknown = "%3Cscript%3Ealert(1)%3C/script%3E";
        let answer = server.get(&format!("{page}?key={unknown}&uid={unknown}&token={unknown}"));
        assert_page(&answer, 404, OVER);
        assert!(!answer.text.contains("script") && !answer.text.contains("alert"), "{}", answer.text);
        let fields = [("key", unknown), ("uid", unknown), ("token", unknown)];
        let answer = server.post_form(page, &fields);
        assert_page(&answer, 400, OVER);
        assert!(!answer.text.contains("script"), "{}", answer.text);
    }
}

/// Other systems have their own rules for names and keys.
#[test]
fn what_the_form_says_of_an_account_is_escaped() {
    let server = Server::start();
    server.world.imported(ForeignAccount {
        key: ForeignKey::Text("\"><script>1</script>".to_owned()),
        username: Username::from_stored("<script>2</script>".to_owned()),
        email: Some(address("carol@example.com")),
        password: ForeignPassword::Unusable,
        full_name: FullName::default(),
        is_active: true,
        is_staff: false,
        is_superuser: false,
        date_joined: server.world.clock.now_value(),
        last_login: None,
        groups: Vec::new(),
        permissions: Vec::new(),
        attributes: Attributes::default(),
    });
    let carol = address("carol@example.com");
    block_on(server.world.auth.request_letter(RequestedLetter::ResetPassword, carol)).unwrap();
    let link = Link::sent(&server.world);
    let query = format!("?uid=%22%3E%3Cscript%3E1%3C/script%3E&token={}", link.key);
    let form = server.get(&(RESET.to_owned() + &query));
    assert_page(&form, 200, r#"name="uid" value="&quot;&gt;&lt;script&gt;1&lt;/script&gt;""#);
    assert!(form.text.contains("<bdi>&lt;script&gt;2&lt;/script&gt;</bdi>"), "{}", form.text);
    assert!(!form.text.contains("<script"), "{}", form.text);
}

#[test]
fn a_link_with_a_part_missing_is_told() {
    let server = Server::start();
    for page in PAGES {
        for query in ["", "?", "?key=", "?key=+", "?uid=x", "?token=x", "?uid=&token=x", "?KEY=x"] {
            assert_page(&server.get(&format!("{page}{query}")), 404, INCOMPLETE);
        }
        assert_page(&server.post_form(page, &[]), 400, INCOMPLETE);
        assert_page(&server.post_form(page, &[("key", "+"), ("uid", "")]), 400, INCOMPLETE);
    }
}

#[test]
fn the_query_of_a_sent_form_does_not_count() {
    let server = Server::start();
    let link = to_verify(&server);
    assert_page(&server.post_form(&(VERIFY.to_owned() + &link.query()), &[]), 400, INCOMPLETE);
    assert!(server.world.find("alice").email_verified_at.is_none());
}

#[test]
fn multipart_is_a_form_and_json_is_none() {
    let server = Server::start();
    let link = to_verify(&server);
    let json = server.post(VERIFY, &serde_json::json!({"key": link.key}));
    assert_page(&json, 415, "<h1>This could not be read</h1>");
    let any = server.send("POST", VERIFY, &["Content-Type: */*"], b"{}");
    assert_page(&any, 415, "<h1>This could not be read</h1>");
    let part =
        format!("--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n{}\r\n--b--\r\n", link.key);
    let multipart = ["Content-Type: Multipart/Form-Data; boundary=b"];
    assert_page(&server.send("POST", VERIFY, &multipart, part.as_bytes()), 200, "Your address is confirmed");
}

/// Browsers say no more of the origin, since the page lets nothing of itself be told.
#[test]
fn a_form_may_come_from_nowhere_whichever_origins_are_allowed() {
    let cors_origins = vec!["https://app.example.com".to_owned()];
    let server = Server::with(HttpSettings { cors_origins, ..HttpSettings::default() });
    let form = format!("key={}", to_verify(&server).key);
    let headers = ["Content-Type: application/x-www-form-urlencoded", "Origin: null"];
    let done = server.send("POST", VERIFY, &headers, form.as_bytes());
    assert_page(&done, 200, "Your address is confirmed");
    assert_eq!(done.header("access-control-allow-origin"), None);
}

#[test]
fn what_fails_inside_is_told_on_a_page() {
    let server = Server::start();
    let (verify, reset) = (to_verify(&server), to_reset(&server));
    server.world.hasher.fail_next(HashError::Busy { retry_after: Duration::from_millis(2500) });
    let busy = choose(&server, &reset, NEW, NEW);
    assert_page(&busy, 503, "<h1>Please try again in a moment</h1>");
    assert_eq!(busy.header("retry-after"), Some("3"));
    server.world.hasher.fail_next(HashError::Failed);
    assert_page(&choose(&server, &reset, NEW, NEW), 500, "<h1>Something went wrong here</h1>");
    server.world.store.go_down();
    for answer in [server.get(&(VERIFY.to_owned() + &verify.query())), press(&server, VERIFY, &verify)] {
        assert_page(&answer, 503, "<h1>Please try again in a moment</h1>");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
}

#[test]
fn pages_lead_nowhere_else() {
    let server = Server::start();
    let link = to_reset(&server);
    for text in [
        server.get(&(RESET.to_owned() + &link.query())).text,
        server.get(VERIFY).text,
        choose(&server, &link, NEW, NEW).text,
    ] {
        assert!(text.starts_with("<!doctype html>\n<html lang=\"en\">"), "{text}");
        for lead in ["href", "src=", "http:", "https:", "<script", "@import", "url("] {
            assert!(!text.contains(lead), "{lead} in {text}");
        }
    }
}
