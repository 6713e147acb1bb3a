//! Connecting to PostgreSQL, with TLS by rustls where it is asked for.

use crate::url::PostgresUrl;
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::AsyncPgConnection;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Opens a connection; its task runs on the current runtime.
pub(super) async fn connect(url: &PostgresUrl) -> ConnectionResult<AsyncPgConnection> {
    if url.config.get_ssl_mode() == SslMode::Disable {
        let (client, connection) = url.config.connect(NoTls).await.map_err(|error| refused(&error))?;
        return AsyncPgConnection::try_from_client_and_connection(client, connection).await;
    }
    let tls = MakeRustlsConnect::new(client_config(url.root_certificates.as_deref())?);
    let (client, connection) = url.config.connect(tls).await.map_err(|error| refused(&error))?;
    AsyncPgConnection::try_from_client_and_connection(client, connection).await
}

/// A configuration that checks the server's certificate against the roots in `file`, or against the
/// machine's.
fn client_config(file: Option<&Path>) -> ConnectionResult<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(path) => {
            let unreadable = |error| bad(format!("sslrootcert {}: {error}", path.display()));
            for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
                roots.add(certificate.map_err(unreadable)?).map_err(|error| bad(error.to_string()))?;
            }
        }
        // A single unreadable file of the machine's store is no reason to trust none of it.
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

fn bad(message: String) -> ConnectionError {
    ConnectionError::BadConnection(message)
}

/// The error with its cause, which the outer text of tokio-postgres leaves out.
fn refused(error: &tokio_postgres::Error) -> ConnectionError {
    match error.source() {
        Some(cause) => bad(format!("{error}: {cause}")),
        None => bad(error.to_string()),
    }
}
