//! `[telemetry]`: logs and metrics.

use tracing_subscriber::filter::Directive;

use super::reader::Section;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telemetry {
    pub log_format: LogFormat,
    /// Directives after the default ones.
    pub log_filter: Option<String>,
    /// Secrets with metric series of their own.
    pub secret_series: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Human on a terminal, else JSON.
    Auto,
    Json,
    Human,
}

pub(super) fn read(mut section: Section<'_>) -> Telemetry {
    let formats = [
        ("auto", LogFormat::Auto),
        ("json", LogFormat::Json),
        ("human", LogFormat::Human),
    ];
    let telemetry = Telemetry {
        log_format: section
            .choice("log_format", Some(LogFormat::Auto), &formats)
            .unwrap_or(LogFormat::Auto),
        log_filter: section.parsed(
            "log_filter",
            None,
            "tracing directives, as \"debug\" or \"rotation_watchdog=debug,aws_=info\"",
            |text| is_filter(text).then(|| text.to_owned()),
            Clone::clone,
        ),
        secret_series: section.count("secret_series", 200, 0..=10_000),
    };
    section.finish();
    telemetry
}

/// As `telemetry` reads it: directives between commas.
fn is_filter(text: &str) -> bool {
    text.split(',')
        .all(|directive| directive.parse::<Directive>().is_ok())
}
