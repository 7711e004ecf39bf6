//! The file's text as it may be shown: a password that was put there by mistake is not.

/// What the keys of such values are called, in any case.
const WORDS: [&str; 6] = [
    "password",
    "passwd",
    "passphrase",
    "token",
    "secret_access_key",
    "private_key",
];

/// As many bytes in as many lines, so that every place stays where it is. Works on text that is no TOML, too.
pub(super) fn masked(text: &str) -> String {
    let mut open = None;
    text.split_inclusive('\n')
        .map(|line| masked_line(line, &mut open))
        .collect()
}

/// A value that goes on in the next line.
enum Open {
    /// To this end of a text.
    Text(&'static str),
    List,
}

/// Hides all that follows the `=` of such a key, to the end of its value.
fn masked_line(line: &str, open: &mut Option<Open>) -> String {
    let value = match open {
        Some(Open::Text(end)) => {
            if line.contains(*end) {
                *open = None;
            }
            return hidden(line);
        }
        Some(Open::List) if !begins_anew(line) => return hidden(line),
        Some(Open::List) | None => value_at(line),
    };
    let (shown, value) = line.split_at(value.unwrap_or(line.len()));
    *open = left_open(value);
    shown.to_owned() + &hidden(value)
}

/// Where the value of such a key begins.
fn value_at(line: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    let key = WORDS.iter().filter_map(|word| lower.find(word)).min()?;
    Some(key + lower[key..].find('=')? + 1)
}

fn left_open(value: &str) -> Option<Open> {
    let quotes = ["\"\"\"", "\'\'\'"].into_iter();
    let mut unclosed = quotes.filter(|end| value.matches(end).count() % 2 == 1);
    let text = unclosed.next().map(Open::Text);
    let is_list = value.matches('[').count() > value.matches(']').count();
    text.or(is_list.then_some(Open::List))
}

/// Whether a line is a key with its value, or a header: no item of a list.
fn begins_anew(line: &str) -> bool {
    let line = line.trim();
    let key = line.split('=').next().unwrap_or_default().trim();
    let is_name = |text: &str| {
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        !text.is_empty() && text.chars().all(is_of_name)
    };
    let is_key = line.contains('=') && is_name(key);
    is_key || line.starts_with('[') && is_name(line.trim_matches(['[', ']']))
}

fn hidden(text: &str) -> String {
    let stars = text.chars().map(|c| {
        if c.is_whitespace() {
            c.to_string()
        } else {
            "*".repeat(c.len_utf8())
        }
    });
    stars.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_such_a_key_is_hidden_byte_for_byte() {
        for (line, expected) in [
            ("password = \"né1\"\n", "password = ******\n"),
            (
                "login = { DB_PASSWORD = 'x', port = 1 }",
                "login = { DB_PASSWORD = **** **** * * *",
            ),
            ("host = \"db\"\n", "host = \"db\"\n"),
            (
                "test = [\"set the password of <user>\"]",
                "test = [\"set the password of <user>\"]",
            ),
        ] {
            let shown = masked(line);
            assert_eq!((shown.as_str(), shown.len()), (expected, line.len()));
        }
    }

    #[test]
    fn a_value_of_several_lines_is_hidden_to_its_end() {
        let shown = masked(
            "a = 1\npassword = \"\"\"\nh1 = 2\n\"\"\"\nb = 2\ntoken = [\n  [\"h2]\"],\n  \"h3 = h4\",\n]\n[c.d]\ne = 5\n",
        );
        assert!(!shown.contains('h'), "{shown}");
        for line in ["a = 1\n", "\nb = 2\n", "\n[c.d]\ne = 5\n"] {
            assert!(shown.contains(line), "{shown}");
        }
    }
}
