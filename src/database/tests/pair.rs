//! Two values side by side: what stands in the way of the logins, and the logins.

use std::net::{Ipv4Addr, SocketAddr};

use secrecy::ExposeSecret;

use super::super::pair::{Pair, one_of};
use super::fake::Act;
use super::*;
use crate::ports::{Comparison, Endpoint, Hindrance, Side, Writer};

fn credentials(value: &str) -> Credentials {
    Credentials(value.into())
}

/// Reads two values without the rule's trust.
fn read(target: &LoginTarget, current: &str, pending: &str) -> Result<Pair, Hindrance> {
    Pair::read(target, false, &credentials(current), &credentials(pending))
}

/// A value of AWS's templates with another password than [`current`], and further keys.
fn pending(more: &str) -> String {
    value("new", more)
}

fn current(more: &str) -> String {
    value("old", more)
}

fn value(password: &str, more: &str) -> String {
    format!(r#"{{"engine":"mysql","host":"db","username":"app","password":"{MARKER}-{password}"{more}}}"#)
}

/// What stands in the way of two values, in words; nothing where the logins may be tried.
fn in_the_way(target: &LoginTarget, current: &str, pending: &str) -> String {
    let hindrance = read(target, current, pending).err();
    let shown = format!("{hindrance:?}");
    assert!(!shown.contains(MARKER), "{shown}");
    let objection = hindrance.and_then(|hindrance| Comparison::Hindered(hindrance).objection());
    objection.unwrap_or_default()
}

#[test]
fn values_that_differ_in_the_password_alone_are_tried() {
    let pair = read(&LoginTarget::default(), &current(""), &pending("")).expect("nothing in the way");
    let shown = format!("{pair:?}");
    assert!(!shown.contains(MARKER), "{shown}");
    let whole = r#"{"engine":"mysql","host":"db","port":3306,"username":"app","password":"p","note":{"a":[1,"é"],"b":null}}"#;
    // The templates write the value anew, with escapes, spaces and an order of their own.
    let same = r#"{ "note": {"b": null, "a": [1, "\u00e9"]}, "password": "q", "username": "\u0061pp", "port": "3306",
        "host": "db", "engine": "mysql" }"#;
    for pending in [whole, same] {
        assert_eq!(in_the_way(&LoginTarget::default(), whole, pending), "");
    }
}

#[test]
fn keys_that_differ_are_named() {
    const MORE: &str = "the two values differ in more than the password: in ";
    const SERVERS: &str = "the two values lead to different servers: they differ in ";
    for (before, after, expected) in [
        (r#","dbname":"a""#, r#","dbname":"b""#, format!("{MORE}`dbname`")),
        ("", r#","note":1"#, format!("{MORE}`note`")),
        (r#","note":1"#, "", format!("{MORE}`note`")),
        (r#","note":null"#, "", format!("{MORE}`note`")),
        (r#","note":1"#, r#","note":"1""#, format!("{MORE}`note`")),
        (
            r#","note":{"a":[1]}"#,
            r#","note":{"a":[2]}"#,
            format!("{MORE}`note`"),
        ),
        (
            r#","note":{"a":1}"#,
            r#","note":{"b":1}"#,
            format!("{MORE}`note`"),
        ),
        (r#","note":[1]"#, r#","note":[1,1]"#, format!("{MORE}`note`")),
        (r#","ssl":true"#, r#","ssl":false"#, format!("{MORE}`ssl`")),
        (r#","b":1,"a":1"#, r#","a":2,"b":2"#, format!("{MORE}`a`, `b`")),
        (r#","port":3306"#, r#","port":3307"#, format!("{SERVERS}`port`")),
        (r#","port":3306"#, "", format!("{SERVERS}`port`")),
        (r#","port":" 3306""#, r#","port":3306"#, String::new()),
    ] {
        let found = in_the_way(&LoginTarget::default(), &current(before), &pending(after));
        assert_eq!(found, expected, "{before} {after}");
    }
    for (key, from, to, expected) in [
        ("host", r#""db""#, r#""other""#, format!("{SERVERS}`host`")),
        (
            "engine",
            r#""mysql""#,
            r#""mariadb""#,
            format!("{SERVERS}`engine`"),
        ),
        (
            "username",
            r#""app""#,
            r#""app_clone""#,
            "the two values are of alternating users: they differ in `username`".to_owned(),
        ),
    ] {
        let other = pending("").replace(&format!(r#""{key}":{from}"#), &format!(r#""{key}":{to}"#));
        let found = in_the_way(&LoginTarget::default(), &current(""), &other);
        assert_eq!(found, expected, "{key}");
    }
}

#[test]
fn a_value_that_cannot_be_used_or_compared_is_named_by_its_label() {
    let deep = |levels| format!(r#","note":{}{}"#, "[".repeat(levels), "]".repeat(levels));
    let uncomparable = "the secret's value is nested too deep to be compared, or holds too large a number";
    for (broken, why) in [
        ("no JSON".to_owned(), "the secret's value is not JSON"),
        ("[1]".to_owned(), "the secret's value is not a JSON object"),
        (
            r#"{"engine":"mysql","host":"db","username":"app"}"#.to_owned(),
            "`password` is missing",
        ),
        (
            value("x", "").replace("mysql", MARKER),
            "`engine` is neither MySQL, MariaDB nor PostgreSQL: correct the secret, or set login.engine in its rule",
        ),
        (
            value("x", r#","host":"db""#),
            "the secret's value has a key twice",
        ),
        (
            value("x", r#","a":1,"a":1"#),
            "the secret's value has a key twice",
        ),
        (
            value("x", r#","a":{"b":1,"b":1}"#),
            "the secret's value has a key twice",
        ),
        (value("x", &deep(1_000)), uncomparable),
        (value("x", r#","a":1e999"#), uncomparable),
    ] {
        let whole = value("x", "");
        for (side, found) in [
            ("AWSCURRENT", in_the_way(&LoginTarget::default(), &broken, &whole)),
            ("AWSPENDING", in_the_way(&LoginTarget::default(), &whole, &broken)),
        ] {
            assert_eq!(
                found,
                format!("{side}'s value cannot be used: {why}"),
                "{broken:.80}"
            );
        }
    }
    assert_eq!(
        in_the_way(
            &LoginTarget::default(),
            &current(&deep(100)),
            &pending(&deep(100))
        ),
        ""
    );
}

/// A rule that names where and as whom to log in.
fn rule(host: Option<&str>, port: Option<u16>, user: Option<&str>) -> LoginTarget {
    LoginTarget {
        engine: Some("mysql".to_owned()),
        host: host.map(str::to_owned),
        port,
        user: user.map(str::to_owned),
        ..LoginTarget::default()
    }
}

#[test]
fn the_rule_counts_only_where_the_values_name_nothing_else() {
    let full = r#"{"host":"db","port":3306,"username":"app","password":"p"}"#;
    let bare = r#"{"password":"p"}"#;
    let empty = r#"{"host":"","username":"","password":"p"}"#;
    let wrong = r#"{"host":[],"port":"x","username":1,"password":"p"}"#;
    let elsewhere = rule(Some("other"), Some(3307), Some("admin"));
    let all = vec!["login.host", "login.port", "login.user"];
    for (target, value, untrusted, trusted) in [
        (rule(None, None, None), full, vec![], vec![]),
        (rule(Some("DB."), Some(3306), Some("app")), full, vec![], vec![]),
        (rule(Some("other"), None, None), full, vec!["login.host"], vec![]),
        (rule(None, Some(3307), None), full, vec!["login.port"], vec![]),
        (
            rule(None, None, Some("APP")),
            full,
            vec!["login.user"],
            vec!["login.user"],
        ),
        (elsewhere.clone(), full, all.clone(), vec!["login.user"]),
        (elsewhere.clone(), bare, vec![], vec![]),
        (elsewhere.clone(), empty, vec![], vec![]),
        (elsewhere, wrong, all, vec!["login.user"]),
    ] {
        for (trust_rule_host, keys) in [(false, untrusted), (true, trusted)] {
            let read = Pair::read(&target, trust_rule_host, &credentials(value), &credentials(value));
            let expected = (!keys.is_empty()).then_some(Hindrance::Rule { keys });
            assert_eq!(read.err(), expected, "{target:?} {value} {trust_rule_host}");
        }
    }
}

#[test]
fn a_reader_and_a_proxy_stand_in_the_way_wherever_they_are_named() {
    let reader = "shop.cluster-ro-abc.eu-west-1.rds.amazonaws.com";
    let proxy = "shop.proxy-abc.eu-west-1.rds.amazonaws.com";
    for (host, expected) in [(reader, Endpoint::Reader), (proxy, Endpoint::Proxy)] {
        let named = value("x", "").replace(r#""host":"db""#, &format!(r#""host":"{host}""#));
        for (target, value) in [
            (rule(Some(host), None, None), value("x", "")),
            (rule(Some("db"), None, None), named.clone()),
            (rule(None, None, None), named),
        ] {
            let read = Pair::read(&target, true, &credentials(&value), &credentials(&value));
            assert_eq!(read.err(), Some(Hindrance::Endpoint(expected)), "{target:?}");
        }
    }
}

/// Both values at a server on 127.0.0.1.
fn local(engine: &str, port: u16) -> LoginTarget {
    LoginTarget {
        engine: Some(engine.to_owned()),
        host: Some("127.0.0.1".to_owned()),
        port: Some(port),
        tls: Some(TlsMode::None),
        ..LoginTarget::default()
    }
}

fn local_value(password: &str) -> Credentials {
    credentials(&format!(
        r#"{{"username":"{MARKER}-user","password":"{MARKER}-{password}"}}"#
    ))
}

async fn compare(engine: &str, port: u16, limit: Duration) -> Comparison {
    let (target, old, new) = (local(engine, port), local_value("old"), local_value("new"));
    let (look, comparison) = databases(limit).compare(&target, false, &old, &new).await;
    assert_eq!(look, Look::at(Timestamp::UNIX_EPOCH));
    let shown = format!("{comparison:?} {:?}", comparison.objection());
    assert!(!shown.contains(MARKER), "{shown}");
    comparison
}

/// A PostgreSQL server that says that every password is wrong.
async fn refusing() -> Fake {
    let body = format!("SFATAL\0C28P01\0M{MARKER} is wrong\0\0");
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    let error = [b"E", length.as_slice(), body.as_bytes()].concat();
    Fake::start(vec![Act::Hear, Act::Send(error)]).await
}

fn refused() -> LoginAnswer {
    LoginAnswer::Refused {
        code: "28P01".to_owned(),
    }
}

#[tokio::test]
async fn each_value_is_tried_once() {
    let fake = refusing().await;
    let comparison = compare("postgres", fake.port, Duration::from_secs(20)).await;
    let writer = Writer::NotTold {
        why: "it was not asked".to_owned(),
    };
    let expected = Comparison::Tried {
        current: refused(),
        pending: refused(),
        writer,
    };
    assert_eq!(comparison, expected);
    assert_eq!(fake.times_heard("application_name"), 2);
}

#[tokio::test]
async fn nobody_is_asked_where_something_stands_in_the_way() {
    let fake = refusing().await;
    let target = local("postgres", fake.port);
    let (_, comparison) = databases(Duration::from_secs(20))
        .compare(&target, false, &credentials("no JSON"), &local_value("new"))
        .await;
    let expected = Hindrance::Unusable {
        side: Side::Current,
        why: "the secret's value is not JSON".to_owned(),
    };
    assert_eq!(comparison, Comparison::Hindered(expected));
    assert_eq!(fake.times_heard("application_name"), 0);
}

#[tokio::test]
async fn of_several_addresses_the_first_that_takes_a_connection_is_chosen() {
    let fake = refusing().await;
    let [nobody, there] = [2, 1].map(|last| SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), fake.port)));
    for addresses in [&[there][..], &[nobody, there], &[there, nobody]] {
        assert_eq!(one_of(addresses).await, Ok(there), "{addresses:?}");
    }
    assert_eq!(
        one_of(&[nobody]).await,
        Ok(nobody),
        "the login tells what is wrong"
    );
    for (addresses, words) in [
        (&[nobody; 2][..], "connection refused"),
        (&[], "does not resolve"),
    ] {
        let answer = one_of(addresses).await.unwrap_err();
        assert!(is_unreachable(&answer, words), "{answer:?}");
    }
    assert!(!fake.heard("application_name"), "nobody logged in");
}

#[tokio::test]
async fn a_silent_peer_ends_both_logins_within_one_limit() {
    let fake = Fake::start(vec![]).await;
    for engine in ["mysql", "postgres"] {
        let comparison = compare(engine, fake.port, Duration::from_millis(100)).await;
        let Comparison::Tried { current, pending, .. } = comparison else {
            panic!("{comparison:?}")
        };
        for answer in [current, pending] {
            assert!(
                is_unreachable(&answer, "no answer within 0.1 s"),
                "{engine}: {answer:?}"
            );
        }
    }
}

#[test]
fn both_logins_have_their_own_password_and_all_else_in_common() {
    let pair = read(&LoginTarget::default(), &current(""), &pending("")).expect("nothing in the way");
    let shown = [pair.current, pair.pending].map(|access| {
        let [host, user, password] =
            [access.host, access.user, access.password].map(|text| text.expose_secret().to_owned());
        (host, user, password, access.port)
    });
    let expected = ["old", "new"].map(|password| {
        let password = format!("{MARKER}-{password}");
        ("db".to_owned(), "app".to_owned(), password, 3306)
    });
    assert_eq!(shown, expected);
}
