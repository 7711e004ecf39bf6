//! Single values: from what was written, and back to how TOML would have them.

use figment::value::{Num, Value};
use jiff::{SignedDuration, Span, SpanRelativeTo};

/// No wait is longer: times as far from today as that can still be reckoned with.
const LONGEST: SignedDuration = SignedDuration::from_hours(3650 * 24);

pub(super) fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Numbers that begin with a sign or not.
pub(super) fn number_of(value: &Value) -> Option<i128> {
    let unsigned = || value.to_u128().and_then(|n| i128::try_from(n).ok());
    value.to_i128().or_else(unsigned)
}

pub(super) fn filled(value: &Value) -> Option<String> {
    text_of(value).filter(|text| !text.trim().is_empty())
}

/// A number, or a text of digits, where a duration must have its unit.
pub(super) fn is_bare(value: &Value) -> bool {
    match value.as_str() {
        Some(text) => text.trim().parse::<f64>().is_ok(),
        None => matches!(value, Value::Num(..)),
    }
}

/// Whole milliseconds, longer than zero.
pub(super) fn parse_duration(text: &str) -> Option<SignedDuration> {
    let duration = any_duration(text)?;
    let is_whole = duration.subsec_nanos() % 1_000_000 == 0;
    (duration.is_positive() && is_whole && duration <= LONGEST).then_some(duration)
}

pub(super) fn is_zero(value: &Value) -> bool {
    let duration = value.as_str().and_then(any_duration);
    duration.is_some_and(|duration| duration.is_zero())
}

fn any_duration(text: &str) -> Option<SignedDuration> {
    let span: Span = text.parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

/// `90d`, `5m`, `500ms`: the largest unit that leaves no fraction.
pub(super) fn show_duration(duration: &SignedDuration) -> String {
    let millis = duration.as_millis();
    let units = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
        (1, "ms"),
    ];
    let exact = units
        .into_iter()
        .find(|(unit, _)| millis % unit == 0 && millis >= *unit);
    let (unit, name) = exact.unwrap_or((1, "ms"));
    quoted(format!("{}{name}", millis / unit))
}

/// A TOML string.
pub(super) fn quoted(text: impl AsRef<str>) -> String {
    let mut quoted = String::from('"');
    for letter in text.as_ref().chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted += "\\n",
            '\t' => quoted += "\\t",
            control if control.is_control() => quoted += &format!("\\u{:04X}", u32::from(control)),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// A value as it was written, cut where it is long.
pub(super) fn show_value(value: &Value) -> String {
    let text = match value {
        Value::String(_, text) => quoted(text),
        Value::Bool(_, flag) => flag.to_string(),
        Value::Num(_, number) => show_number(number),
        Value::Array(..) => "a list".to_owned(),
        Value::Dict(..) => "a table".to_owned(),
        Value::Char(_, letter) => quoted(letter.to_string()),
        Value::Empty(..) => "nothing".to_owned(),
    };
    text.chars().take(80).collect()
}

fn show_number(number: &Num) -> String {
    number
        .to_i128()
        .map(|n| n.to_string())
        .or_else(|| number.to_u128().map(|n| n.to_string()))
        .or_else(|| number.to_f64().map(|n| n.to_string()))
        .unwrap_or_default()
}
