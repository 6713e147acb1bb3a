use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// Who certifies a test's servers: known to nobody else, gone when dropped.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    directory: TempDir,
}

impl Authority {
    /// One of its own.
    ///
    /// # Panics
    /// If its certificate cannot be written.
    pub fn new() -> Self {
        Self::make().expect("an authority of its own")
    }

    /// The file with its certificate.
    pub fn file(&self) -> PathBuf {
        self.directory.path().join("authority.pem")
    }

    /// TLS for a server at `localhost`.
    ///
    /// # Panics
    /// If nothing can be certified.
    pub(super) fn server_config(&self) -> Arc<ServerConfig> {
        self.certify().expect("a server's certificate")
    }

    fn make() -> Result<Self> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        let directory = tempfile::tempdir()?;
        let this = Self { issuer: Issuer::new(params, key), directory };
        fs::write(this.file(), certificate.pem())?;
        Ok(this)
    }

    fn certify(&self) -> Result<Arc<ServerConfig>> {
        let mut params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key);
        config.map(Arc::new).context("a certificate that rustls takes")
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}
