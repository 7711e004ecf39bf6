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
    text.split_inclusive('\n').map(masked_line).collect()
}

/// All that follows the `=` of such a key, to the end of the line.
fn masked_line(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    let key = WORDS.iter().filter_map(|word| lower.find(word)).min();
    let value = key.and_then(|key| Some(key + lower[key..].find('=')? + 1));
    let Some(value) = value else {
        return line.to_owned();
    };
    let (shown, hidden) = line.split_at(value);
    let stars = hidden.chars().map(|c| {
        if c.is_whitespace() {
            c.to_string()
        } else {
            "*".repeat(c.len_utf8())
        }
    });
    shown.chars().map(String::from).chain(stars).collect()
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
}
