//! `[http]`: where people, scrapers and health checks ask.

use std::net::SocketAddr;

use jiff::SignedDuration;

use super::bounds::{Bounds, bounds};
use super::reader::Section;

const TIMEOUT: Bounds = bounds(
    100,
    5 * 60 * 1_000,
    "a scraper's answer takes as long, and nobody waits longer",
);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    pub listen: SocketAddr,
    pub timeout: SignedDuration,
    pub concurrency: usize,
}

pub(super) fn read(mut section: Section<'_>) -> Http {
    let default = SocketAddr::from(([127, 0, 0, 1], 9847));
    let listen = section.parsed(
        "listen",
        Some(default),
        "an address with its port, as \"127.0.0.1:9847\" or \"[::]:9847\"",
        |text| text.parse().ok(),
        ToString::to_string,
    );
    let http = Http {
        listen: listen.unwrap_or(default),
        timeout: section.duration_within("timeout", SignedDuration::from_secs(5), &TIMEOUT),
        concurrency: section.count("concurrency", 64, 1..=10_000),
    };
    section.finish();
    http
}
