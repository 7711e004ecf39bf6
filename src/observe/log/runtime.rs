//! How a runtime tells that an invocation failed, in text: `tests/corpus/log-runtimes.txt` has each form and its source.
//!
//! What a function logs of an error and goes on is no failure. Where the form of the two is the same, only the
//! invocation's end tells them apart ([`Weight::IfLast`]).

/// How an invocation ended before its time, the most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Break {
    TimedOut,
    Killed,
    NotLoaded,
    Exception,
    Exited,
    Failed,
}

/// Whether a line alone proves that the invocation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Certain,
    /// It may have been logged only: it counts where the function said nothing after it.
    IfLast,
}

/// Errors that keep a function from being loaded.
const NOT_LOADED: [&str; 12] = [
    "ImportModuleError",
    "HandlerNotFound",
    "MalformedHandlerName",
    "UserCodeSyntaxError",
    "BuiltInModuleConflict",
    "InvalidEntrypoint",
    "InvalidWorkingDir",
    "Init<",
    "InitError",
    "Class not found",
    "Error loading class",
    "Error loading method",
];
const NO_MEMORY: [&str; 4] = ["signal: killed", "OutOfMemory", "MemoryError", "NoMemoryError"];

impl Break {
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::TimedOut => "the rotation function timed out",
            Self::Killed => "the rotation function was killed: it ran out of memory, most likely",
            Self::NotLoaded => "the rotation function could not be loaded",
            Self::Exception => "the rotation function raised an exception",
            Self::Exited => "the rotation function's process exited",
            Self::Failed => "the rotation function failed",
        }
    }

    /// By the type of an error, or the text that begins with it.
    pub(super) fn of_type(error: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|word| error.contains(word));
        if has(&NO_MEMORY) {
            Self::Killed
        } else if has(&NOT_LOADED) {
            Self::NotLoaded
        } else if has(&["Timedout", "TimedOut"]) {
            Self::TimedOut
        } else if has(&["ExitError", "NodeJsExit", "Runtime exited", "Extension.Crash"]) {
            Self::Exited
        } else {
            Self::Exception
        }
    }

    /// By what a report says.
    pub(super) fn of_status(status: &str, error: &str) -> Self {
        match (status, error) {
            ("timeout", _) => Self::TimedOut,
            (_, "") => Self::Failed,
            (_, error) => Self::of_type(error),
        }
    }

    /// The process ended with its memory used up.
    pub(super) fn for_want_of_memory(self) -> Self {
        match self {
            Self::Exited | Self::Failed => Self::Killed,
            Self::TimedOut | Self::Killed | Self::NotLoaded | Self::Exception => self,
        }
    }
}

/// Whether a text is a runtime's own word that its invocation failed.
pub(super) fn broken(text: &str) -> Option<(Break, Weight)> {
    let text = text.trim_start();
    python(text)
        .or_else(|| node(text))
        .or_else(|| java(text))
        .or_else(|| dotnet(text))
        .or_else(|| ruby(text))
        .or_else(|| crash(text))
}

/// `[ERROR] Type: text`, then the traceback. What is logged has a tab where this has a blank, but for a person's own
/// formatter: `[ERROR] text`, then the traceback.
fn python(text: &str) -> Option<(Break, Weight)> {
    const UNHANDLED: &str = "LAMBDA_WARNING: Unhandled exception";
    let (error, unhandled) = match text.split_once(UNHANDLED) {
        Some((_, behind)) => (behind.split_once("[ERROR] ").map_or("", |(_, error)| error), true),
        None => (text.strip_prefix("[ERROR] ")?, false),
    };
    let first = error.split(['\n', '\r']).next().unwrap_or_default();
    let kind = first.split([':', ' ']).next().unwrap_or_default();
    let is_kind = is_type(kind) && first[kind.len()..].chars().next().is_none_or(|c| c == ':');
    let has_trace = error.contains("Traceback (most recent call last)");
    let certain = unhandled || is_kind && (has_trace || kind.starts_with("Runtime."));
    let weight = if certain { Weight::Certain } else { Weight::IfLast };
    (certain || has_trace || is_kind && is_error_type(kind)).then(|| (Break::of_type(kind), weight))
}

/// A name as types have it, with what it is qualified by.
fn is_type(word: &str) -> bool {
    let begins = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '`' | '+' | '$'))
}

fn is_error_type(word: &str) -> bool {
    ["Error", "Exception", "Fault", "Exit", "Interrupt", "Failure"]
        .iter()
        .any(|end| word.ends_with(end))
}

/// `<time>\t<id>\tERROR\tInvoke Error \t{…}`.
fn node(text: &str) -> Option<(Break, Weight)> {
    const OWN: [&str; 4] = [
        "Invoke Error",
        "Uncaught Exception",
        "Unhandled Promise Rejection",
        "Init Error",
    ];
    let said = text.split_once("\tERROR\t")?.1;
    let behind = OWN.iter().find_map(|own| said.strip_prefix(own))?.trim_start();
    let is_error = behind.starts_with('{') && behind.contains("\"errorType\"");
    let kind = || {
        behind
            .split_once("\"errorType\"")
            .map_or("", |(_, rest)| &rest[..rest.find(',').unwrap_or(rest.len())])
    };
    is_error.then(|| (Break::of_type(kind()), Weight::Certain))
}

/// `text: class`, then the stack, which begins with the class again. The text may have several lines.
fn java(text: &str) -> Option<(Break, Weight)> {
    let lines = || text.split(['\n', '\r']).filter(|line| !line.trim().is_empty());
    let named = |(line, next): (&str, &str)| {
        let (_, class) = line.trim_end().rsplit_once(": ")?;
        let stack = next.strip_prefix(class)?;
        let begins = stack.trim_end().is_empty() || stack.starts_with(':');
        (begins && is_type(class) && class.contains('.')).then(|| match Break::of_type(line) {
            Break::NotLoaded => Break::NotLoaded,
            _ => Break::of_type(class),
        })
    };
    let end = lines().zip(lines().skip(1)).find_map(named)?;
    Some((end, Weight::Certain))
}

/// `<time>\t<id>\tfail\tType: text`, then the stack. `LogError(exception.ToString())` writes the same.
fn dotnet(text: &str) -> Option<(Break, Weight)> {
    let (stamp, said) = text.split_once("\tfail\t")?;
    let kind = said.split([':', '\n', ' ']).next().unwrap_or_default();
    let is_named = [":", " (0x"]
        .iter()
        .any(|next| said[kind.len()..].starts_with(next));
    let has_stack = said.contains("\n   at ") || said.contains("\r   at ");
    let is_it = !stamp.contains('\n') && is_named && is_type(kind) && (is_error_type(kind) || has_stack);
    is_it.then(|| (Break::of_type(kind), Weight::IfLast))
}

/// The runtime's own words; the error follows as a JSON object.
fn ruby(text: &str) -> Option<(Break, Weight)> {
    let begins = |words: &str| text.starts_with(words);
    if begins("Init error when loading handler") {
        return Some((Break::NotLoaded, Weight::Certain));
    }
    let raised = begins("Error raised from handler method") || begins("Critical exception from handler");
    raised.then_some((Break::Exception, Weight::Certain))
}

/// The process itself goes down.
fn crash(text: &str) -> Option<(Break, Weight)> {
    let begins = |words: &str| text.starts_with(words);
    if begins("Exception in thread \"main\" ") || begins("Unhandled exception. ") {
        return Some((
            Break::of_type(text.split(['\n', '\r']).next().unwrap_or_default()),
            Weight::Certain,
        ));
    }
    let panics = begins("thread '") && text.contains(" panicked at ");
    if begins("panic: ") || begins("fatal error: ") || panics {
        return Some((Break::Exited, Weight::IfLast));
    }
    begins("FATAL ERROR: ").then_some((Break::Killed, Weight::IfLast))
}
