use crate::support::Server;
use std::time::Duration;

const PATH: &str = "/api/dashboard/";

fn refused(message: &str) -> String {
    format!(
        concat!(
            r#"{{"detail":"Given token not valid for any token type","code":"token_not_valid","#,
            r#""messages":[{{"token_class":"AccessToken","token_type":"access","message":"{}"}}]}}"#
        ),
        message
    )
}

#[test]
fn without_a_bearer_nothing_opens() {
    let server = Server::start();
    let nobody = r#"{"detail":"Authentication credentials were not provided."}"#;
    server.get(PATH).assert(401, nobody);
    for header in
        ["Authorization: Token abc", "Authorization: bearer x", "Authorization:", "Authorization: Basic Zm9v"]
    {
        server.send("GET", PATH, &[header], b"").assert(401, nobody);
    }
    server.get(&format!("{PATH}?access_token={}", server.login().access)).assert(401, nobody);
}

#[test]
fn a_header_that_is_not_two_words_is_bad_and_so_are_two_headers() {
    let server = Server::start();
    let access = server.login().access;
    let bad = r#"{"detail":"Authorization header must contain two space-delimited values","code":"bad_authorization_header"}"#;
    server.send("GET", PATH, &["Authorization: Bearer"], b"").assert(401, bad);
    server.send("GET", PATH, &["Authorization: Bearer a b"], b"").assert(401, bad);
    let good = format!("Authorization: Bearer {access}");
    server.send("GET", PATH, &[&good, &good], b"").assert(401, bad);
    server.send("GET", PATH, &[&good], b"").assert(200, r#"{"message":"Hi alice"}"#);
}

#[test]
fn a_token_that_is_refused_is_told_why() {
    let server = Server::start();
    let tokens = server.login();
    server.get_as("garbage", PATH).assert(401, &refused("Token is invalid or expired"));
    server.get_as("\u{e9}\u{ff}", PATH).assert(401, &refused("Token is invalid or expired"));
    server.get_as(&tokens.refresh, PATH).assert(401, &refused("Token has wrong type"));
    server.post_as(&tokens.access, "/api/auth/logout/", "");
    server.get_as(&tokens.access, PATH).assert(401, &refused("Token is blacklisted"));
    server.world.clock.advance(Duration::from_secs(600));
    server.get_as(&tokens.access, PATH).assert(401, &refused("Token is invalid or expired"));
}
