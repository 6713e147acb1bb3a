//! Statements for the server itself.

use anyhow::{Context, Result};
use std::thread;
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// Runs statements and answers the rows, each value as text. On a thread of its own, so that the
/// caller may be inside a runtime.
pub(crate) fn query(url: &str, statements: &str) -> Result<Vec<Vec<Option<String>>>> {
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            let driver = tokio::spawn(connection);
            let messages = client.simple_query(statements).await.context("a statement failed")?;
            drop(client);
            driver.await??;
            Ok(messages.iter().filter_map(row).collect())
        })
    };
    thread::scope(|scope| scope.spawn(work).join()).expect("the thread that talks to PostgreSQL panicked")
}

fn row(message: &SimpleQueryMessage) -> Option<Vec<Option<String>>> {
    let SimpleQueryMessage::Row(row) = message else { return None };
    Some((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
}
