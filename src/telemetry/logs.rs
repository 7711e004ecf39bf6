//! Logs: one line for each event, JSON or for people, to any writer.

use std::io::IsTerminal;
use std::sync::Arc;

use jiff::Timestamp;
use tracing::{Dispatch, Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt, ParseError, filter_fn};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;

/// Libraries speak when something is wrong. A directive matches every target that begins with it.
const DEFAULT_FILTER: &str =
    "info,aws_=warn,hyper=warn,h2=warn,rustls=warn,mysql_async=warn,tokio_postgres=warn";

/// These log what went over the wire below INFO, secret values included: no option lifts that (design rule 7).
const WIRE: [&str; 5] = ["aws_", "hyper", "h2", "mysql_async", "tokio_postgres"];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Human on a terminal, else JSON.
    #[default]
    Auto,
    Json,
    Human,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    pub format: Format,
    /// Directives after the default ones, `level` or `target=level`, separated by commas.
    pub filter: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("log filter {filter:?} is not a list of `level` or `target=level`")]
    Filter { filter: String, source: ParseError },
    #[error("logging is switched on twice in this process")]
    Twice {
        source: tracing::dispatcher::SetGlobalDefaultError,
    },
}

/// Tells a line's time.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Logs to standard error for the rest of the process.
pub fn init(options: &LogOptions, now: Now) -> Result<(), LogError> {
    let dispatch = dispatch(options, std::io::stderr().is_terminal(), std::io::stderr, now)?;
    tracing::dispatcher::set_global_default(dispatch).map_err(|source| LogError::Twice { source })
}

/// The same lines to any writer: the simulation's buffer, a test's.
pub fn dispatch<W>(options: &LogOptions, terminal: bool, writer: W, now: Now) -> Result<Dispatch, LogError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = filter(options.filter.as_deref())?.and(filter_fn(may_speak));
    let layer = fmt::layer().with_writer(writer).with_timer(Clocked(now));
    let json = match options.format {
        Format::Auto => !terminal,
        Format::Json => true,
        Format::Human => false,
    };
    let layer: Box<dyn Layer<Registry> + Send + Sync> = if json {
        let layer = layer.json().flatten_event(true).with_span_list(false);
        layer.with_filter(filter).boxed()
    } else {
        let layer = layer.compact().with_ansi(terminal).with_target(false);
        layer.with_filter(filter).boxed()
    };
    Ok(Dispatch::new(Registry::default().with(layer)))
}

fn filter(option: Option<&str>) -> Result<EnvFilter, LogError> {
    let directives = match option {
        Some(more) => format!("{DEFAULT_FILTER},{more}"),
        None => DEFAULT_FILTER.to_owned(),
    };
    let filter = option.unwrap_or_default().to_owned();
    EnvFilter::builder()
        .parse(directives)
        .map_err(|source| LogError::Filter { filter, source })
}

fn may_speak(event: &Metadata<'_>) -> bool {
    let on_the_wire = WIRE.iter().any(|target| event.target().starts_with(target));
    !on_the_wire || *event.level() <= Level::INFO
}

/// The program's clock as the line's time, to the millisecond.
struct Clocked(Now);

impl FormatTime for Clocked {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        write!(writer, "{:.3}", (self.0)())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Format, filter: Option<&str>, log: impl FnOnce()) -> String {
        let buffer = Buffer::default();
        let options = LogOptions {
            format,
            filter: filter.map(str::to_owned),
        };
        let writer = buffer.clone();
        let now: Now = Arc::new(|| Timestamp::UNIX_EPOCH);
        let dispatch = dispatch(&options, false, move || writer.clone(), now).expect("a good filter");
        tracing::dispatcher::with_default(&dispatch, log);
        let bytes = buffer.0.lock().expect("not poisoned").clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn a_line_reads_alone_in_both_formats() {
        let log = || tracing::warn!(secret = "shop/db", "rotation stalled");
        let human = logged(Format::Human, None, log);
        assert_eq!(
            human,
            "1970-01-01T00:00:00.000Z  WARN rotation stalled secret=\"shop/db\"\n"
        );
        for format in [Format::Json, Format::Auto] {
            let line: serde_json::Value = serde_json::from_str(&logged(format, None, log)).expect("JSON");
            assert_eq!(line["timestamp"], "1970-01-01T00:00:00.000Z");
            assert_eq!(line["level"], "WARN");
            assert_eq!(line["message"], "rotation stalled");
            assert_eq!(line["secret"], "shop/db");
        }
    }

    #[test]
    fn libraries_are_quiet_and_the_wire_is_never_shown() {
        let log = || {
            tracing::info!(target: "aws_smithy_runtime::client", "quiet");
            tracing::warn!(target: "aws_config::imds", "loud");
            tracing::trace!(target: "aws_sdk_secretsmanager", "the body");
            tracing::debug!("ours");
        };
        let plain = logged(Format::Human, None, log);
        assert!(
            plain.contains("loud") && !plain.contains("quiet") && !plain.contains("ours"),
            "{plain}"
        );
        let traced = logged(Format::Human, Some("trace,aws_=trace"), log);
        assert!(traced.contains("ours") && traced.contains("quiet"), "{traced}");
        assert!(!traced.contains("the body"), "{traced}");
    }

    #[test]
    fn a_wrong_filter_is_named() {
        let options = LogOptions {
            filter: Some("rotation=loud".to_owned()),
            ..LogOptions::default()
        };
        let now: Now = Arc::new(|| Timestamp::UNIX_EPOCH);
        let error = dispatch(&options, false, io::sink, now).expect_err("no such level");
        assert!(error.to_string().contains("rotation=loud"), "{error}");
    }
}
