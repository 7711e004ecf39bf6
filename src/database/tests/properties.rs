//! Whatever a secret holds, and whatever a server says first.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::super::greeting::tls_flag;
use super::super::pair::Pair;
use super::super::secret::Access;
use super::*;
use crate::ports::{Hindrance, KeyNames};

const KEYS: [&str; 8] = [
    "engine", "host", "port", "username", "password", "dbname", "database", "ssl",
];

/// A JSON value of any type; its texts hold the marker.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        (0..70_000_u32).prop_map(|port| json!(port.to_string())),
        select(vec!["mysql", "postgres", "oracle", "false", ""]).prop_map(Value::from),
        ".{0,8}".prop_map(|text| json!(format!("{MARKER}{text}"))),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn document() -> impl Strategy<Value = Map<String, Value>> {
    let key = prop_oneof![select(KEYS.to_vec()).prop_map(str::to_owned), "[a-z]{1,6}"];
    prop::collection::vec((key, value()), 0..10).prop_map(|pairs| pairs.into_iter().collect())
}

fn resolve(value: &str) -> Result<Access, String> {
    Access::resolve(&LoginTarget::default(), &Credentials(value.into()))
}

/// What `document` says under a key that must be a text, as a reader would find it with `serde_json::Value`.
fn text<'a>(document: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    document
        .get(key)?
        .as_str()
        .filter(|text| !text.is_empty() && !text.contains('\0'))
}

/// The keys of a value that lead to one login, and any others: what AWSCURRENT's and AWSPENDING's say of each.
fn two_values() -> impl Strategy<Value = [Map<String, Value>; 2]> {
    let key = "[a-z\\n]{1,6}".prop_filter("read by the login", |key| !KEYS.contains(&key.as_str()));
    let others = prop::collection::btree_map(key, (value(), prop::option::of(value()), any::<bool>()), 0..12);
    let login = [
        ("engine", vec!["mysql", "mariadb"]),
        ("host", vec!["h", "other"]),
        ("username", vec!["u", "u_clone"]),
    ];
    let login = login.map(|(key, names)| (Just(key), select(names)));
    (others, login).prop_map(|(others, login)| {
        let mut values = ["old", "new"].map(|password| {
            let whole = json!({"engine": "mysql", "host": "h", "username": "u", "password": format!("{MARKER}-{password}")});
            whole.as_object().cloned().unwrap_or_default()
        });
        for (key, name) in login {
            values[1].insert(key.to_owned(), json!(name));
        }
        for (key, (one, other, is_same)) in others {
            let other = if is_same { Some(one.clone()) } else { other };
            values[1].extend(other.map(|other| (key.clone(), other)));
            values[0].insert(key, one);
        }
        values
    })
}

fn pair(current: &str, pending: &str) -> Result<Pair, Hindrance> {
    let [current, pending] = [current, pending].map(|value| Credentials(value.into()));
    Pair::read(&LoginTarget::default(), false, &current, &pending)
}

proptest! {
    #[test]
    fn what_differs_is_named_and_no_value_is([current, pending] in two_values()) {
        let keys: BTreeSet<&String> = current.keys().chain(pending.keys()).collect();
        let differ: Vec<&String> = keys
            .into_iter()
            .filter(|key| *key != "password" && current.get(*key) != pending.get(*key))
            .collect();
        let texts = [&current, &pending].map(|value| Value::Object(value.clone()).to_string());
        let read = pair(&texts[0], &texts[1]);
        prop_assert!(!format!("{read:?}").contains(MARKER), "{read:?}");
        let said = read.err().map_or_else(String::new, |hindrance| hindrance.to_string());
        prop_assert!(!said.contains(MARKER), "{}", said);
        prop_assert_eq!(said.is_empty(), differ.is_empty(), "{}", said);
        let (named, more) = differ.split_at(differ.len().min(KeyNames::NAMED));
        for key in named {
            let shown = format!("`{}`", KeyNames::shown(key));
            prop_assert!(said.contains(&shown), "{}: {}", shown, said);
        }
        prop_assert_eq!(said.matches('`').count(), 2 * named.len());
        if !more.is_empty() {
            let counted = format!(" and {} more", more.len());
            prop_assert!(said.ends_with(&counted), "{}", said);
        }
        prop_assert_eq!(said.contains("alternating users"), current["username"] != pending["username"]);
    }

    #[test]
    fn any_two_texts_are_compared_without_a_word_of_them(
        current in "[\\[\\]{}\":, 0-9a-z\\\\-]{0,60}|.{0,60}", document in document(),
    ) {
        let document = Value::Object(document).to_string();
        for (current, pending) in [(&current, &document), (&document, &current)] {
            let read = format!("{:?}", pair(current, pending));
            prop_assert!(!read.contains(MARKER), "{}", read);
        }
    }

    #[test]
    fn a_secret_is_read_as_json_says_it_or_refused_without_a_word_of_it(document in document()) {
        match resolve(&Value::Object(document.clone()).to_string()) {
            Ok(access) => {
                prop_assert_eq!(Some(access.host.expose_secret()), text(&document, "host"));
                prop_assert_eq!(Some(access.user.expose_secret()), text(&document, "username"));
                prop_assert_eq!(Some(access.password.expose_secret()), text(&document, "password"));
                let shown = format!("{access:?}");
                prop_assert!(!shown.contains(MARKER));
            }
            Err(why) => {
                prop_assert!(!why.contains(MARKER), "{}", why);
                prop_assert!(why.len() < 500 && KEYS.iter().any(|key| why.contains(key)), "{}", why);
            }
        }
    }

    #[test]
    fn a_whole_secret_is_used_and_a_broken_one_never_told(
        password in "[^\\x00]{1,20}", cut in any::<Index>(), at in any::<Index>(), byte in any::<u8>(),
    ) {
        let value = json!({
            "engine": "mysql", "host": "h", "username": "u", "password": format!("{MARKER}{password}"), "port": 3306,
        }).to_string();
        let access = resolve(&value).expect("whole");
        prop_assert_eq!(access.password.expose_secret(), format!("{MARKER}{password}"));
        let mut bytes = value.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        for broken in [&bytes[..cut.index(bytes.len())], &bytes] {
            if let Err(why) = resolve(&String::from_utf8_lossy(broken)) {
                prop_assert!(!why.contains(MARKER), "{}", why);
            }
        }
    }

    #[test]
    fn any_text_is_a_secret_or_none(value in "[\\[\\]{}\":, 0-9a-z\\\\-]{0,60}|.{0,60}") {
        if let Err(why) = resolve(&value) {
            prop_assert!(why.starts_with("the secret's value ") || why.contains('`'), "{}", why);
        }
    }

    #[test]
    fn a_greeting_says_what_its_capabilities_say(
        version in "[0-9a-zA-Z.-]{0,30}",
        filler in prop::array::uniform13(any::<u8>()),
        capabilities in any::<u16>(),
        rest in prop::collection::vec(any::<u8>(), 0..30),
    ) {
        let head = [&[10], version.as_bytes(), &[0], &filler].concat();
        let greeting = [&head[..], &capabilities.to_le_bytes(), &rest].concat();
        prop_assert_eq!(tls_flag(&greeting), Some(capabilities & 0x0800 != 0));
        for cut in 0..head.len() + 2 {
            prop_assert_eq!(tls_flag(&greeting[..cut]), None);
        }
    }

    #[test]
    fn any_bytes_are_a_greeting_or_none(
        mut payload in prop::collection::vec(any::<u8>(), 0..60),
        is_ten in any::<bool>(),
    ) {
        if let (true, Some(first)) = (is_ten, payload.first_mut()) {
            *first = 10;
        }
        if tls_flag(&payload).is_some() {
            prop_assert_eq!(payload[0], 10);
            prop_assert!(payload.len() > 15);
        }
    }
}

/// 64 KB is all that a secret can hold; serde's reader must not call itself for each bracket.
#[test]
fn a_deeply_nested_secret_is_read_or_refused() {
    const DEEP: usize = 30_000;
    let whole = r#""engine":"mysql","host":"h","username":"u","password":"p""#;
    let skipped = format!(r#"{{{whole},"more":{}{}}}"#, "[".repeat(DEEP), "]".repeat(DEEP));
    assert!(resolve(&skipped).is_ok(), "a key that nobody asks for is skipped");
    for (value, said) in [
        (format!(r#"{{{whole},"more":{}"#, "[".repeat(DEEP)), "not JSON"),
        (
            format!(r#"{{{whole},"port":{}{}}}"#, "[".repeat(DEEP), "]".repeat(DEEP)),
            "`port` is not a port number",
        ),
        ("{\"a\":".repeat(DEEP), "not JSON"),
        ("[".repeat(DEEP) + &"]".repeat(DEEP), "not a JSON object"),
        ("{".repeat(DEEP), "not JSON"),
    ] {
        let why = resolve(&value).expect_err("refused");
        assert!(why.contains(said), "{why}");
    }
}

/// Megabytes, though 64 KB is all that a secret can hold: a reader which looked at each pair of places would be at it
/// for hours.
#[test]
fn a_secret_of_megabytes_is_read_like_any_other() {
    const LONG: usize = 8 * 1024 * 1024;
    let repeated = |part: &str| part.repeat(LONG / part.len());
    let whole = r#""engine":"mysql","host":"h","username":"u","password":"p""#;
    let keys: String = (0..LONG / 16).map(|n| format!(r#","key{n}":{n}"#)).collect();
    for more in [
        keys,
        repeated(r#","more":1"#),
        format!(r#","more":"{}""#, repeated("é")),
        format!(r#","more":"{}""#, repeated("\\u00e9")),
        format!(r#","{}":"""#, repeated("k")),
        format!(r#","more":[{}1]"#, repeated("1,")),
        format!(r#","more":[{}1]"#, repeated("{},")),
        format!(r#","dbname":"{}""#, repeated("\\n")),
        repeated(" "),
    ] {
        assert!(resolve(&format!("{{{whole}{more}}}")).is_ok(), "{}", &more[..20]);
        let cut = format!("{{{whole}{more}");
        assert_eq!(resolve(&cut).expect_err("cut"), "the secret's value is not JSON");
    }
    for part in ["\"", "\\", "{", "{\"a\":1},", "1", " ", "\"a\":", "é"] {
        assert!(resolve(&repeated(part)).is_err(), "{part}");
    }
    for (key, value) in [
        ("port", "9"),
        ("engine", "mysql"),
        ("host", "\\u0000"),
        ("ssl", "false"),
    ] {
        let document = whole.replace(&format!("\"{key}\":"), "\"other\":");
        let long = format!(r#"{{{document},"{key}":"{}"}}"#, repeated(value));
        match resolve(&long) {
            Ok(_) => assert_eq!(key, "ssl"),
            Err(why) => assert!(why.contains(key) && why.len() < 500, "{why}"),
        }
    }
}
