//! What Lambda itself writes into a function's log, in text (aws-facts: The rotation Lambda's log).

use super::runtime::Break;

/// A line of Lambda's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Platform {
    /// The environment begins: what follows is of the invocation that comes next.
    InitStart,
    Start,
    /// The invocation is over; how, where the line tells.
    End(Option<Result<(), Break>>),
    /// `REPORT`, after which the environment is still.
    Report(Result<(), Option<Break>>),
    /// The runtime could not begin. It is begun again for the invocation, and may succeed then.
    InitFailed(Break),
    /// The sandbox ended the invocation.
    Broken(Break),
    /// Nothing that matters here.
    Other,
}

/// What Lambda's line says, where it is one.
pub(super) fn read(text: &str) -> Option<Platform> {
    let first = text.split_whitespace().next()?;
    match first {
        "START" if text.starts_with("START RequestId: ") => Some(Platform::Start),
        "END" if text.starts_with("END RequestId: ") => Some(Platform::End(None)),
        "REPORT" if text.starts_with("REPORT RequestId: ") => Some(report(text)),
        "INIT_START" => Some(Platform::InitStart),
        "INIT_REPORT" | "RESTORE_REPORT" => Some(init_report(text)),
        "EXTENSION" | "TELEMETRY" | "LOGS" if text.contains("Name: ") && text.contains("State: ") => {
            Some(Platform::Other)
        }
        "RESTORE_START" => Some(Platform::Other),
        "XRAY" if text.starts_with("XRAY TraceId: ") => Some(Platform::Other),
        _ => broken(text).map(Platform::Broken),
    }
}

/// Without a status it was a success, or an exception that the runtime tells of.
fn report(text: &str) -> Platform {
    let failed = |status| {
        Some(Break::of_status(
            status,
            field(text, "Error Type: ").unwrap_or_default(),
        ))
    };
    Platform::Report(match field(text, "Status: ") {
        None => Err(None),
        Some("success") => Ok(()),
        Some(status) if is_full(text) && status != "timeout" => {
            Err(failed(status).map(Break::for_want_of_memory))
        }
        Some(status) => Err(failed(status)),
    })
}

fn init_report(text: &str) -> Platform {
    match field(text, "Status: ") {
        Some(status) if status != "success" => {
            let error = field(text, "Error Type: ").unwrap_or_default();
            Platform::InitFailed(Break::of_status(status, error))
        }
        _ => Platform::Other,
    }
}

/// The word behind a name.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, behind) = text.split_once(name)?;
    behind.split_whitespace().next()
}

/// All of the function's memory was used.
fn is_full(text: &str) -> bool {
    let size = |name| field(text, name)?.parse::<u64>().ok();
    let (size, used) = (size("Memory Size: "), size("Max Memory Used: "));
    size.is_some_and(|size| used.is_some_and(|used| used >= size))
}

/// The sandbox's word on an invocation that ended without the runtime's.
fn broken(text: &str) -> Option<Break> {
    let said = behind_stamp(text);
    let behind_id = || Some(text.trim_start().strip_prefix("RequestId: ")?.split_once(' ')?.1);
    let error = said.or_else(behind_id)?;
    if error.starts_with("Task timed out after ") {
        return Some(Break::TimedOut);
    }
    if error.starts_with("Process exited before completing request") {
        return Some(Break::Exited);
    }
    let told = said.is_none() && error.starts_with("Error: ");
    let exited = error
        .strip_prefix("Error: ")
        .unwrap_or(error)
        .starts_with("Runtime exited with");
    (told || exited).then(|| Break::of_type(error))
}

/// What follows the time and the invocation's id: without both it may be anybody's.
fn behind_stamp(text: &str) -> Option<&str> {
    let (time, rest) = text.trim_start().split_once([' ', '\t'])?;
    let (id, said) = rest.trim_start().split_once([' ', '\t'])?;
    let is_time = time.len() >= 10 && time.starts_with(|c: char| c.is_ascii_digit()) && time.contains('-');
    (is_time && id.len() == 36).then(|| said.trim_start())
}
