//! `[login]`: what all login tests share.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use machine::policy::{Limits, Timing};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::bounds::{Bounds, bounds};
use super::reader::Section;

const TIMEOUT: Bounds = bounds(
    100,
    5 * 60 * 1_000,
    "no database answers sooner, and one that hangs longer holds its look up",
);

const WITHIN: Bounds = bounds(
    60 * 1_000,
    60 * 60 * 1_000,
    "databases count refused logins over minutes before they lock an account",
);
/// One is kept back, so that below two no login test could be made. Accounts that are locked at all are locked by less
/// than the most.
const REFUSALS: RangeInclusive<usize> = 2..=50;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// For the whole of one login test.
    pub timeout: SignedDuration,
    /// Authorities in PEM, instead of RDS's and the system's.
    pub ca_file: Option<PathBuf>,
    /// How many logins of one account may be refused, and within which time.
    pub refusals: usize,
    pub refusals_within: SignedDuration,
}

pub(super) fn read(mut section: Section<'_>) -> Login {
    let login = Login {
        timeout: section.duration_within("timeout", SignedDuration::from_secs(5), &TIMEOUT),
        ca_file: section.text("ca_file").map(PathBuf::from),
        refusals: section.count("refusals", Limits::default().refusals, REFUSALS),
        refusals_within: section.duration_within(
            "refusals_within",
            Timing::default().refusals_within,
            &WITHIN,
        ),
    };
    if let Some(Err((text, remedy))) = login.ca_file.as_deref().map(check_authorities) {
        section.problem("ca_file", text, remedy);
    }
    section.finish();
    login
}

/// Roll forward reads both values, logs in with both and writes, all within one write's deadline.
pub(super) fn refuse_slow_logins(section: &Section<'_>) {
    section.problem(
        "timeout",
        "is not shorter than remediation.write_deadline: no rotation could be rolled forward, as a rule asks for",
        "make it shorter, or write_deadline longer",
    );
}

/// What no login test could begin with: no file, none that may be read, or no certificate in it.
fn check_authorities(path: &Path) -> Result<(), (String, &'static str)> {
    const LARGEST: u64 = 16 * 1024 * 1024;
    const REMEDY: &str = "give a PEM file of the authorities to trust, that the watchdog's user may read";
    let shown = path.display();
    let about = fs::metadata(path).map_err(|error| (format!("{shown} cannot be read: {error}"), REMEDY))?;
    if !about.is_file() || about.len() > LARGEST {
        return Err((format!("{shown} is no file of certificates"), REMEDY));
    }
    let pem = fs::read(path).map_err(|error| (format!("{shown} cannot be read: {error}"), REMEDY))?;
    let mut certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
    let is_usable = |certificate| RootCertStore::empty().add(certificate).is_ok();
    if certificates.any(is_usable) {
        return Ok(());
    }
    Err((format!("{shown} holds no usable certificate"), REMEDY))
}
