//! Filling a database with a population, in statements of its own: ten million accounts do not log
//! in one by one.

use crate::cluster::Cluster;
use crate::population::{FIRST_ID, Population};
use anyhow::{Context as _, Result};
use diesel::connection::{Connection as _, SimpleConnection as _};
use diesel::sqlite::SqliteConnection;
use std::path::Path;

/// Fills a SQLite file that nobody has open. Every account has the password of the one that is there.
pub(crate) fn sqlite(path: &Path, population: Population) -> Result<()> {
    let mut connection = SqliteConnection::establish(path.to_str().context("the path is not UTF-8")?)?;
    // Nothing is at stake before the load begins: no journal, no syncs.
    connection.batch_execute(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1048576; BEGIN EXCLUSIVE;",
    )?;
    let numbers = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {})",
        population.size
    );
    let hex = |kind: &str| {
        let millis = population.first_millis();
        format!("printf('%012x{kind}8000%012x', {millis} + n, (n * 2654435761) % 4294967296)")
    };
    let dialect = Dialect {
        name: "printf('user%08d', n)",
        subject: &hyphenated(&hex("7000")),
        session: &format!("unhex({})", hex("7001")),
    };
    for statement in statements(&numbers, &dialect, population) {
        connection.batch_execute(&statement)?;
    }
    connection.batch_execute("COMMIT; PRAGMA journal_mode = WAL;")?;
    Ok(())
}

/// Fills a PostgreSQL database, likewise.
pub(crate) fn postgres(cluster: &Cluster, database: &str, population: Population) -> Result<()> {
    let numbers =
        format!("WITH numbers AS (SELECT n FROM generate_series(0::bigint, {} - 1) AS n)", population.size);
    let hex = |kind: &str| {
        let millis = population.first_millis();
        format!(
            "lpad(to_hex({millis} + n), 12, '0') || '{kind}8000' || \
             lpad(to_hex((n * 2654435761) % 4294967296), 12, '0')"
        )
    };
    let dialect = Dialect {
        name: "'user' || lpad(n::text, 8, '0')",
        subject: &hyphenated(&hex("7000")),
        session: &format!("decode({}, 'hex')", hex("7001")),
    };
    // What refers to an account is made from that account: it need not be looked up for each row.
    let mut script = "SET session_replication_role = replica; SET synchronous_commit = off;\n".to_owned();
    script.extend(statements(&numbers, &dialect, population));
    script += "SELECT setval(pg_get_serial_sequence('users', 'id'), (SELECT max(id) FROM users));\n\
               VACUUM ANALYZE;\nCHECKPOINT;\n";
    cluster.sql(database, &script).map(drop)
}

/// What the two databases write differently: texts and ids that follow from the number `n`.
struct Dialect<'a> {
    name: &'a str,
    subject: &'a str,
    session: &'a str,
}

/// Every table in the order of its key: appending to an index is fastest.
fn statements(numbers: &str, dialect: &Dialect<'_>, population: Population) -> [String; 3] {
    let Dialect { name, subject, session } = dialect;
    let like = population.session(0);
    let (began, expires) = (population.began.as_micros(), like.expires_at.as_micros());
    let ends = like.ends_at.map_or("NULL".to_owned(), |at| at.as_micros().to_string());
    let users = format!(
        "{numbers}
         INSERT INTO users
             (id, subject, username, username_canonical, email, email_canonical, password, date_joined)
         SELECT {FIRST_ID} + n, {subject}, {name}, {name}, {name} || '@example.com', {name} || '@example.com',
             (SELECT password FROM users WHERE username = 'template'), {began} FROM numbers;\n"
    );
    let names = format!(
        "INSERT INTO login_names (name, user_id)
         SELECT CASE part WHEN 0 THEN username ELSE email END, id
         FROM users CROSS JOIN (SELECT 0 AS part UNION ALL SELECT 1) AS parts
         WHERE id >= {FIRST_ID} ORDER BY id;\n"
    );
    let sessions = format!(
        "{numbers}
         INSERT INTO sessions
             (id, user_id, generation, created_at, rotated_at, expires_at, ends_at, address, user_agent,
              sweep_at)
         SELECT {session}, {FIRST_ID} + n, 0, {began}, {began}, {expires}, {ends}, '127.0.0.1', 'wrk',
             {expires}
         FROM numbers;\n"
    );
    [users, names, sessions]
}

/// The text form of a UUID whose 32 digits an expression makes.
fn hyphenated(hex: &str) -> String {
    let part = |from: u32, digits: u32| format!("substr({hex}, {from}, {digits})");
    [part(1, 8), part(9, 4), part(13, 4), part(17, 4), part(21, 12)].join(" || '-' || ")
}
