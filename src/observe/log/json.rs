//! Lines in JSON: Lambda's own format, and what loggers of every runtime write.

use serde_json::{Map, Value};

use super::line::Word;
use super::platform::Platform;
use super::runtime::{Break, Weight};

/// What stands in a line's JSON.
#[derive(Default)]
pub(super) struct Json {
    pub(super) text: String,
    pub(super) request: Option<String>,
    /// What only the object's form tells; else the text does.
    pub(super) word: Option<Word>,
}

/// Where loggers put what was said: most; pino, zap and slog; structlog; Serilog; .NET's console.
const SAID: [&str; 9] = [
    "message", "msg", "event", "@m", "@mt", "Message", "log", "text", "body",
];
/// Where they put the invocation's id, without case and what parts words: the runtimes; log4j; Powertools;
/// OpenTelemetry.
const REQUEST: [&str; 6] = [
    "requestid",
    "awsrequestid",
    "functionrequestid",
    "lambdarequestid",
    "invocationid",
    "faasinvocationid",
];
/// How deep an invocation's id may lie: `record.requestId`, `context.lambda.awsRequestId`.
const DEPTH: usize = 3;

/// Where an id is that of a call to AWS.
const FOREIGN: [&str; 5] = ["ResponseMetadata", "$metadata", "response", "err", "error"];

/// The object that a line is, or ends in.
pub(super) fn read(line: &str) -> Option<Json> {
    within(line, DEPTH)
}

/// What an object says may be an object again, as text: a logger's, which the runtime took for a message. Lambda's own are
/// whole lines.
fn within(line: &str, depth: usize) -> Option<Json> {
    let object: Map<String, Value> = serde_json::from_str(object(line)?).ok()?;
    let is_line = depth == DEPTH && line.trim_start().starts_with('{');
    if let Some(json) = platform(&object).filter(|_| is_line) {
        return Some(json);
    }
    let request = request(&object, DEPTH);
    let said = SAID
        .iter()
        .find_map(|key| object.get(*key))
        .filter(|said| !is_empty(said));
    Some(match said {
        // console.error(error) looks like this, too.
        Some(Value::Object(inner)) if Error::read(inner).is_some() => {
            let error = Error::read(inner).unwrap_or_default();
            let certain = error.kind.starts_with("Runtime.");
            let weight = if certain { Weight::Certain } else { Weight::IfLast };
            error.json(weight, request)
        }
        Some(Value::String(text)) => {
            let inner = (depth > 1).then(|| within(text, depth - 1)).flatten();
            let inner = inner.unwrap_or_else(|| Json {
                text: text.clone(),
                ..Json::default()
            });
            Json {
                request: request.or(inner.request),
                ..inner
            }
        }
        Some(other) => Json {
            text: other.to_string(),
            request,
            word: None,
        },
        // What is logged has a text of its own.
        None => match Error::read(&object) {
            Some(error) => error.json(Weight::Certain, request),
            None => Json {
                text: object_text(&object),
                request,
                word: None,
            },
        },
    })
}

/// An object without a text of its own: the event, or whatever else was logged.
fn object_text(object: &Map<String, Value>) -> String {
    Value::Object(object.clone()).to_string()
}

/// The line from its brace on: behind nothing, behind Go's time, or as the last part of a line with tabs.
fn object(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.starts_with('{') {
        return Some(line);
    }
    let at = line.find('{')?;
    let before = &line[..at];
    let of_time = |c: char| c.is_ascii_digit() || " /:.".contains(c);
    let is_time = (10..32).contains(&before.len()) && before.chars().all(of_time);
    (is_time || before.ends_with('\t')).then(|| &line[at..])
}

fn is_empty(said: &Value) -> bool {
    match said {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

fn request(object: &Map<String, Value>, depth: usize) -> Option<String> {
    let is_request = |key: &str| {
        let letters = key.chars().filter(char::is_ascii_alphanumeric);
        let plain: String = letters.map(|c| c.to_ascii_lowercase()).take(24).collect();
        REQUEST.contains(&plain.as_str())
    };
    let own = object.iter().filter(|(key, _)| is_request(key));
    let own = own
        .filter_map(|(_, value)| value.as_str())
        .find(|id| !id.is_empty());
    let inner = || {
        let own = object.iter().filter(|(key, _)| !FOREIGN.contains(&key.as_str()));
        let objects = own.filter_map(|(_, value)| value.as_object());
        objects
            .filter(|_| depth > 1)
            .find_map(|inner| request(inner, depth - 1))
    };
    own.map(str::to_owned).or_else(inner)
}

/// An error as every runtime shows it.
#[derive(Default)]
struct Error {
    kind: String,
    text: String,
}

impl Error {
    fn read(object: &Map<String, Value>) -> Option<Self> {
        let kind = object.get("errorType")?.as_str()?;
        let message = object
            .get("errorMessage")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let mut text = message.to_owned();
        for key in ["stackTrace", "stack", "trace"] {
            for frame in frames(object.get(key)) {
                text = text + "\n " + frame;
            }
        }
        Some(Self {
            kind: kind.to_owned(),
            text,
        })
    }

    fn json(self, weight: Weight, request: Option<String>) -> Json {
        Json {
            word: Some(Word::Broken(Break::of_type(&self.kind), weight)),
            text: self.text,
            request,
        }
    }
}

/// Lines, or Go's objects with a label.
fn frames(stack: Option<&Value>) -> Vec<&str> {
    match stack {
        Some(Value::Array(frames)) => frames
            .iter()
            .filter_map(|frame| frame.as_str().or_else(|| frame.get("label")?.as_str()))
            .collect(),
        Some(Value::String(stack)) => stack.lines().collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => Vec::new(),
    }
}

/// Lambda's own records, which the JSON format has in place of START, END and REPORT.
fn platform(object: &Map<String, Value>) -> Option<Json> {
    let kind = object.get("type")?.as_str()?.strip_prefix("platform.")?;
    let record = object.get("record")?;
    let field = |name: &str| record.get(name).and_then(Value::as_str);
    let failed = || match field("status") {
        None | Some("success") => None,
        Some(status) => Some(Break::of_status(status, field("errorType").unwrap_or_default())),
    };
    let ended = || match failed() {
        Some(end) if is_full(record) => Err(end.for_want_of_memory()),
        Some(end) => Err(end),
        None => Ok(()),
    };
    let platform = match kind {
        "initStart" => Platform::InitStart,
        "start" => Platform::Start,
        "runtimeDone" => Platform::End(field("status").map(|_| ended())),
        "report" if field("status").is_none() => Platform::Report(Err(None)),
        "report" => Platform::Report(ended().map_err(Some)),
        "initReport" | "initRuntimeDone" | "restoreReport" | "restoreRuntimeDone" => {
            failed().map_or(Platform::Other, Platform::InitFailed)
        }
        "fault" => Platform::Broken(Break::of_type(record.as_str().unwrap_or_default())),
        _ => Platform::Other,
    };
    let text = record.as_str().unwrap_or_default();
    let in_text = || Some(text.strip_prefix("RequestId: ")?.split(' ').next()?.to_owned());
    Some(Json {
        text: text.to_owned(),
        request: field("requestId").map(str::to_owned).or_else(in_text),
        word: Some(Word::Platform(platform)),
    })
}

/// All of the function's memory was used.
fn is_full(record: &Value) -> bool {
    let megabytes = |name| record.get("metrics")?.get(name)?.as_u64();
    let (size, used) = (megabytes("memorySizeMB"), megabytes("maxMemoryUsedMB"));
    size.is_some() && used >= size
}
