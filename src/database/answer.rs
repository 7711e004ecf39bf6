//! What went wrong, in our own words: drivers' messages name users and hosts, so only codes and kinds pass.

use std::error::Error;
use std::io;

use machine::model::LoginAnswer;
use rustls::CertificateError;

use super::guard::Blocked;

/// Where a server may ask for the password itself, and the connection is not encrypted.
pub(super) const CLEARTEXT: &str = "the server asks for a cleartext password without encryption";
/// Where TLS is wanted and the server has none.
pub(super) const NO_TLS: &str = "the server does not offer TLS; see login.tls";

pub(super) fn unreachable(why: impl Into<String>) -> LoginAnswer {
    LoginAnswer::Unreachable { why: why.into() }
}

pub(super) fn tls(why: impl Into<String>) -> LoginAnswer {
    LoginAnswer::Tls { why: why.into() }
}

/// By the first error of the chain that tells more than that something failed.
pub(super) fn transport(error: &(dyn Error + 'static)) -> LoginAnswer {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    chain
        .flat_map(|error| [Some(error), inside(error)])
        .flatten()
        .find_map(known)
        .or_else(|| find_io(error).map(|kind| unreachable(io_words(kind))))
        .unwrap_or_else(|| unreachable("the server's answer was not understood"))
}

/// What an io error carries: both drivers hide TLS errors there, and `source` skips it.
fn inside<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let inner = error.downcast_ref::<io::Error>()?.get_ref()?;
    Some(inner)
}

fn known(error: &(dyn Error + 'static)) -> Option<LoginAnswer> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(tls(tls_words(error)));
    }
    if error.is::<rustls::pki_types::InvalidDnsNameError>() {
        return Some(tls("the host is not a name that a certificate can carry"));
    }
    match error.downcast_ref::<Blocked>()? {
        Blocked::Cleartext => Some(tls(CLEARTEXT)),
        Blocked::NoTls => Some(tls(NO_TLS)),
        Blocked::NegotiationFailed => Some(unreachable(
            "the server answered the request for TLS with an error",
        )),
        Blocked::TooMuch => Some(unreachable("the server sends more than a login needs")),
    }
}

fn find_io(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    std::iter::successors(Some(error), |&error| error.source())
        .find_map(|error| error.downcast_ref::<io::Error>())
        .map(io::Error::kind)
}

pub(super) fn io_words(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::ConnectionRefused => "connection refused",
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::NotConnected
        | io::ErrorKind::UnexpectedEof => "the server closed the connection",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "no route to the host",
        io::ErrorKind::TimedOut => "the connection timed out",
        io::ErrorKind::InvalidData => "the server's answer was not understood",
        _ => "the connection failed",
    }
}

/// rustls's words hold the certificate's names; ours hold none.
fn tls_words(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(certificate) => certificate_words(certificate),
        rustls::Error::AlertReceived(_) => "the server ended the TLS handshake",
        rustls::Error::PeerIncompatible(_) => "no TLS version or cipher in common with the server",
        rustls::Error::InvalidMessage(_) => "the server does not speak TLS",
        _ => "the TLS handshake failed",
    }
}

fn certificate_words(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::UnknownIssuer => {
            "the server's certificate comes from an unknown authority; see login.ca_file"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another host name"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet"
        }
        CertificateError::Revoked => "the server's certificate was revoked",
        _ => "the server's certificate is not acceptable",
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::ServerName;

    use super::*;

    fn why(answer: LoginAnswer) -> String {
        match answer {
            LoginAnswer::Tls { why } => format!("TLS: {why}"),
            LoginAnswer::Unreachable { why } => why,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn tls_errors_are_found_inside_io_errors_and_named_without_names() {
        let other_name = CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("db.marker").unwrap(),
            presented: vec!["other.marker".to_owned()],
        };
        let rows = [
            (rustls::Error::InvalidCertificate(other_name), "another host name"),
            (CertificateError::UnknownIssuer.into(), "unknown authority"),
            (CertificateError::Expired.into(), "expired"),
            (CertificateError::NotValidYet.into(), "not valid yet"),
            (CertificateError::Revoked.into(), "revoked"),
            (CertificateError::BadSignature.into(), "not acceptable"),
            (
                rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure),
                "ended the TLS handshake",
            ),
            (rustls::Error::General("marker".to_owned()), "handshake failed"),
        ];
        for (error, expected) in rows {
            let hidden = mysql_async::Error::from(io::Error::new(io::ErrorKind::InvalidData, error));
            let why = why(transport(&hidden));
            assert!(why.starts_with("TLS: ") && why.contains(expected), "{why}");
            assert!(!why.contains("marker"), "{why}");
        }
    }

    #[test]
    fn io_errors_are_named_by_their_kind() {
        let rows = [
            (io::ErrorKind::ConnectionRefused, "connection refused"),
            (io::ErrorKind::UnexpectedEof, "the server closed the connection"),
            (io::ErrorKind::NetworkUnreachable, "no route to the host"),
            (io::ErrorKind::TimedOut, "the connection timed out"),
            (
                io::ErrorKind::InvalidData,
                "the server's answer was not understood",
            ),
            (io::ErrorKind::Other, "the connection failed"),
        ];
        for (kind, expected) in rows {
            assert_eq!(why(transport(&io::Error::new(kind, "marker"))), expected);
        }
    }
}
