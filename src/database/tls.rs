//! Whom to trust: built once, used by both drivers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mysql_async::SslOpts;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

/// RDS certificates are in no public root store; `rds-ca-bundle.md` has the origin.
const RDS_BUNDLE: &[u8] = include_bytes!("rds-ca-bundle.pem");

/// Why login tests cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("login.ca_file {} cannot be read: correct the path or its permissions", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("login.ca_file {} holds no usable certificate: give a PEM file of the authorities to trust", path.display())]
    NoCertificates { path: PathBuf },
    #[error("TLS for login tests cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// Both drivers' TLS, verified and not.
pub(super) struct Tls {
    verified: MakeRustlsConnect,
    unverified: MakeRustlsConnect,
    mysql: SslOpts,
}

impl Tls {
    pub(super) fn new(ca_file: Option<&Path>) -> Result<Self, SetupError> {
        install_provider();
        let certificates = usable(match ca_file {
            Some(path) => read(path)?,
            None => built_in(),
        });
        if let (Some(path), true) = (ca_file, certificates.is_empty()) {
            return Err(SetupError::NoCertificates {
                path: path.to_owned(),
            });
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut unverified = client_config(&provider, &[])?;
        unverified
            .dangerous()
            .set_certificate_verifier(Arc::new(AnyServer(provider.clone())));
        Ok(Self {
            verified: MakeRustlsConnect::new(client_config(&provider, &certificates)?),
            unverified: MakeRustlsConnect::new(unverified),
            mysql: mysql_options(&certificates),
        })
    }

    pub(super) fn postgres(&self, verified: bool) -> MakeRustlsConnect {
        if verified {
            self.verified.clone()
        } else {
            self.unverified.clone()
        }
    }

    pub(super) fn mysql(&self, verified: bool) -> SslOpts {
        self.mysql.clone().with_danger_accept_invalid_certs(!verified)
    }
}

/// mysql_async builds its TLS from rustls's process-wide provider. Fails where one is installed already, which then stays.
fn install_provider() {
    aws_lc_rs::default_provider().install_default().ok();
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let pem = std::fs::read(path).map_err(|source| SetupError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    Ok(parse(&pem))
}

/// The certificates of a PEM text; what cannot be read of it is left out.
fn parse(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem)
        .filter_map(Result::ok)
        .collect()
}

/// RDS's authorities and the system's.
fn built_in() -> Vec<CertificateDer<'static>> {
    let system = rustls_native_certs::load_native_certs();
    if system.certs.is_empty() {
        tracing::info!("the system has no root certificates: login tests trust RDS's authorities only");
    }
    let mut all = parse(RDS_BUNDLE);
    all.extend(system.certs);
    all
}

/// mysql_async fails whole on one certificate that rustls does not take, so those go first.
fn usable(mut certificates: Vec<CertificateDer<'static>>) -> Vec<CertificateDer<'static>> {
    certificates.retain(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok());
    certificates
}

fn client_config(
    provider: &Arc<CryptoProvider>,
    certificates: &[CertificateDer<'static>],
) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates.iter().cloned());
    Ok(ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// DER passes: mysql_async takes bytes without a PEM section for one certificate.
fn mysql_options(certificates: &[CertificateDer<'static>]) -> SslOpts {
    let roots = certificates
        .iter()
        .map(|certificate| certificate.to_vec().into())
        .collect();
    SslOpts::default()
        .with_disable_built_in_roots(true)
        .with_root_certs(roots)
}

/// Takes every certificate, for [`TlsMode::Unverified`](crate::ports::TlsMode): encrypted, the peer is not checked.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_rds_bundle_is_the_one_its_page_describes() {
        let certificates = parse(RDS_BUNDLE);
        assert_eq!(certificates.len(), 120);
        assert_eq!(usable(certificates).len(), 120);
        let digest: String = Sha256::digest(RDS_BUNDLE)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let page = include_str!("rds-ca-bundle.md");
        assert!(page.contains(&digest), "{digest}");
    }

    /// The regions whose authorities the bundle holds: each certificate names its own.
    #[test]
    fn d4_the_regions_with_built_in_authorities_are_those_of_the_bundle() {
        let named = |certificate: &CertificateDer<'_>| {
            const BEFORE: &[u8] = b"Amazon RDS ";
            let der = certificate.as_ref();
            let starts = der.windows(BEFORE.len()).rposition(|part| part == BEFORE)?;
            let rest = &der[starts + BEFORE.len()..];
            let word = rest.split(|byte| *byte == b' ').next()?;
            let word = String::from_utf8(word.to_vec()).ok()?;
            machine::model::regions::has_the_shape(&word).then_some(word)
        };
        let certificates = parse(RDS_BUNDLE);
        let found: std::collections::BTreeSet<String> = certificates.iter().filter_map(named).collect();
        assert_eq!(
            found,
            machine::model::regions::WITH_AUTHORITIES
                .map(str::to_owned)
                .into()
        );
    }

    #[test]
    fn a_ca_file_that_cannot_serve_is_named_with_a_remedy() {
        let absent = Tls::new(Some(Path::new("/nonexistent/ca.pem"))).err().unwrap();
        assert!(
            absent
                .to_string()
                .starts_with("login.ca_file /nonexistent/ca.pem cannot be read"),
            "{absent}"
        );
        for content in [
            "",
            "no certificate here",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), content).unwrap();
            let error = Tls::new(Some(file.path())).err().unwrap().to_string();
            assert!(
                error.contains(&file.path().display().to_string()) && error.contains("PEM"),
                "{error}"
            );
        }
    }

    #[test]
    fn both_sources_of_roots_can_be_used() {
        assert!(Tls::new(None).is_ok());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), RDS_BUNDLE).unwrap();
        assert!(Tls::new(Some(file.path())).is_ok());
    }
}
