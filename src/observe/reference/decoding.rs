//! A text as it stands, and as what it encodes: JSON inside a variable, a part of a URL, base64.
//!
//! Bounds: escapes are undone three times at most, base64 once and of the text as a whole. No reading is longer than
//! its text, and what was copied is wiped.

use secrecy::zeroize::Zeroizing;

/// JSON within JSON within JSON.
const ROUNDS: usize = 3;
/// What is shorter than any ARN counts only where it is a name and nothing else: almost every word is base64 of something.
const LEAST_ENCODED: usize = 24;

/// Each way to read a text, the text itself first.
pub(in crate::observe) fn readings(text: &str) -> Vec<Zeroizing<String>> {
    let mut readings = unescaped(Zeroizing::new(text.to_owned()));
    if let Some(decoded) = from_base64(text.trim()) {
        readings.extend(unescaped(decoded));
    }
    readings
}

fn unescaped(text: Zeroizing<String>) -> Vec<Zeroizing<String>> {
    let mut readings = vec![text];
    for round in 0..ROUNDS {
        match unescape(&readings[round]) {
            Some(next) => readings.push(next),
            None => break,
        }
    }
    readings
}

/// One level of JSON's and of a URL's escapes undone; nothing where there are none, or where no text comes of it.
fn unescape(text: &str) -> Option<Zeroizing<String>> {
    let mut plain: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '%']) {
        plain.extend_from_slice(&rest.as_bytes()[..at]);
        let taken = match escape(&rest[at..]) {
            Some((meant, taken)) => {
                let mut bytes = [0; 4];
                match meant {
                    Meant::Char(meant) => plain.extend_from_slice(meant.encode_utf8(&mut bytes).as_bytes()),
                    Meant::Byte(meant) => plain.push(meant),
                }
                taken
            }
            None => {
                plain.push(rest.as_bytes()[at]);
                1
            }
        };
        rest = &rest[at + taken..];
    }
    plain.extend_from_slice(rest.as_bytes());
    let plain = std::str::from_utf8(&plain).ok().filter(|plain| *plain != text)?;
    Some(Zeroizing::new(plain.to_owned()))
}

enum Meant {
    Char(char),
    Byte(u8),
}

/// What the escape at the beginning means, and how long it is.
fn escape(text: &str) -> Option<(Meant, usize)> {
    let mut chars = text.chars();
    match (chars.next()?, chars.next()?) {
        ('%', _) => Some((Meant::Byte(u8::try_from(hexadecimal(text.get(1..3)?)?).ok()?), 3)),
        (_, 'u') => Some((Meant::Char(char::from_u32(hexadecimal(text.get(2..6)?)?)?), 6)),
        (_, 'n') => Some((Meant::Char('\n'), 2)),
        (_, 't') => Some((Meant::Char('\t'), 2)),
        // JSON's, a shell's (`rds\!cluster`), and those of Java's properties (`arn\:aws`).
        (_, meant) if meant.is_ascii_punctuation() => Some((Meant::Char(meant), 2)),
        _ => None,
    }
}

fn hexadecimal(digits: &str) -> Option<u32> {
    let is_plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_plain.then(|| u32::from_str_radix(digits, 16).ok())?
}

/// What a text encodes as a whole, in the standard alphabet or in that of URLs, with or without its padding, on one line
/// or on lines of 76 characters as `base64` writes them.
fn from_base64(text: &str) -> Option<Zeroizing<String>> {
    let text = text.trim_matches(['"', '\'']);
    let mut lines = Zeroizing::new(String::with_capacity(text.len()));
    text.split(['\r', '\n']).for_each(|line| lines.push_str(line));
    let digits = lines.trim_end_matches('=');
    if digits.len() % 4 == 1 {
        return None;
    }
    let mut plain: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(digits.len()));
    let (mut held, mut bits) = (0_u32, 0);
    for digit in digits.bytes() {
        held = held << 6 | six_bits(digit)?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            plain.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    let plain = std::str::from_utf8(&plain).ok()?;
    let counts = digits.len() >= LEAST_ENCODED || is_name(plain.trim_end());
    counts.then(|| Zeroizing::new(plain.to_owned()))
}

/// CreateSecret: Name. Managed ones begin with `rds!`.
fn is_name(text: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-!".contains(&byte);
    !text.is_empty() && text.bytes().all(is_of_name)
}

fn six_bits(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(text: &str) -> String {
        readings(text).last().expect("the text itself").to_string()
    }

    #[test]
    fn escapes_and_encodings_are_undone() {
        let table = [
            ("plain", "plain"),
            (r"shop\/db", "shop/db"),
            (r"shop\u002fdb", "shop/db"),
            ("shop%2Fdb%3a", "shop/db:"),
            (r"rds\!cluster", "rds!cluster"),
            (r"arn\:aws\:a\=b", "arn:aws:a=b"),
            (r#"{\"a\":\"shop\\/db\"}"#, r#"{"a":"shop/db"}"#),
            ("c2hvcC9kYiBzaG9wL2RiIHNob3AvZGI=", "shop/db shop/db shop/db"),
            ("c2hvcC9kYiBzaG9wL2RiIHNob3AvZGI", "shop/db shop/db shop/db"),
            (r"100% \d \u12 %zz %", r"100% \d \u12 %zz %"),
            (r"%ff", "%ff"),
            ("c2hvcC9kYiBzaG9wL2Ri\nIHNob3AvZGI=\n", "shop/db shop/db shop/db"),
            ("\"c2hvcC9kYiBzaG9wL2RiIHNob3AvZGI=\"", "shop/db shop/db shop/db"),
            ("c2hvcC9kYg==", "shop/db"),
            ("c2hvcC9kYgo=", "shop/db\n"),
            ("ZGI", "db"),
            ("YSBi", "YSBi"),
            ("true", "true"),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(last(text), expected, "{text}");
        }
    }

    #[test]
    fn no_more_than_three_levels_are_undone() {
        assert_eq!(last("%25252525"), "%25");
        assert_eq!(readings(&r"\\".repeat(1_000)).len(), 1 + ROUNDS);
    }
}
