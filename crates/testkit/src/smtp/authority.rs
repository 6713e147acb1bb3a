use anyhow::{Context, Result, ensure};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// Who certifies a test's servers: made by the program `openssl`, known to nobody else, gone when
/// dropped.
pub struct Authority {
    directory: TempDir,
}

/// What is asked of the two certificates. The file takes the place of the machine's own, which says
/// more.
const CONFIGURATION: &str = "\
[req]
distinguished_name = name
prompt = no
x509_extensions = authority
[name]
CN = doorward tests
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
subjectAltName = DNS:localhost, IP:127.0.0.1
extendedKeyUsage = serverAuth
";

const NEW_KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

impl Authority {
    /// One of its own.
    ///
    /// # Panics
    /// If `openssl` is not there or does not do it.
    pub fn new() -> Self {
        Self::make().expect("`openssl` makes certificates")
    }

    /// The file with its certificate.
    pub fn file(&self) -> PathBuf {
        self.directory.path().join("authority.pem")
    }

    /// TLS for a server at `localhost`.
    ///
    /// # Panics
    /// If its own files are unreadable.
    pub(super) fn server_config(&self) -> Arc<ServerConfig> {
        self.read().expect("the certificate that was made")
    }

    fn make() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        fs::write(directory.path().join("openssl.cnf"), CONFIGURATION)?;
        let run = |arguments: &[&str]| openssl(directory.path(), arguments);
        let common = ["-config", "openssl.cnf"];
        let own = ["req", "-x509", "-days", "3650", "-keyout", "authority.key", "-out", "authority.pem"];
        run(&[&own[..], &NEW_KEY, &common].concat())?;
        let asked = ["req", "-new", "-keyout", "server.key", "-out", "server.csr"];
        run(&[&asked[..], &NEW_KEY, &common].concat())?;
        run(&[
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-out",
            "server.pem",
            "-days",
            "3650",
            "-CA",
            "authority.pem",
            "-CAkey",
            "authority.key",
            "-CAcreateserial",
            "-extfile",
            "openssl.cnf",
            "-extensions",
            "server",
        ])?;
        Ok(Self { directory })
    }

    fn read(&self) -> Result<Arc<ServerConfig>> {
        let place = self.directory.path();
        let certificate = CertificateDer::from_pem_file(place.join("server.pem"))?;
        let key = PrivateKeyDer::from_pem_file(place.join("server.key"))?;
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        Ok(Arc::new(config))
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

fn openssl(directory: &Path, arguments: &[&str]) -> Result<()> {
    let run = Command::new("openssl").args(arguments).current_dir(directory).output();
    let run = run.context("`openssl` is not to be found")?;
    ensure!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    Ok(())
}
