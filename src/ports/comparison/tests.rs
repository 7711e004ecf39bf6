use super::*;

fn refused() -> LoginAnswer {
    LoginAnswer::Refused {
        code: "1045".to_owned(),
    }
}

fn tried(current: LoginAnswer, pending: LoginAnswer, writer: Writer) -> Comparison {
    Comparison::Tried {
        current,
        pending,
        writer,
    }
}

fn not_told() -> Writer {
    Writer::NotTold {
        why: "marker".to_owned(),
    }
}

/// Each answer with the word that it is told by.
fn answers() -> Vec<(LoginAnswer, &'static str)> {
    let text = || "marker".to_owned();
    vec![
        (LoginAnswer::Accepted, "accepted"),
        (LoginAnswer::Admitted { but: text() }, "accepted, but marker"),
        (LoginAnswer::Refused { code: text() }, "refused (marker)"),
        (
            LoginAnswer::Account { code: text() },
            "the account's state (marker)",
        ),
        (
            LoginAnswer::Busy { code: text() },
            "the database is busy (marker)",
        ),
        (LoginAnswer::Unreachable { why: text() }, "unreachable: marker"),
        (
            LoginAnswer::Unknown { code: text() },
            "unknown: the server answered with error marker",
        ),
        (LoginAnswer::Tls { why: text() }, "TLS: marker"),
        (LoginAnswer::Unusable { why: text() }, "unusable secret: marker"),
    ]
}

#[test]
fn only_an_accepted_pending_a_refused_current_and_a_writer_allow_a_promotion() {
    for (pending, said_of_pending) in answers() {
        for (current, said_of_current) in answers() {
            let objection = tried(current.clone(), pending.clone(), Writer::Yes).objection();
            let expected = if !said_of_pending.starts_with("accepted") {
                Some(format!(
                    "the login with AWSPENDING is not accepted: {said_of_pending}"
                ))
            } else if !said_of_current.starts_with("refused") {
                Some(format!(
                    "the login with AWSCURRENT is not refused: {said_of_current}"
                ))
            } else {
                None
            };
            assert_eq!(objection, expected, "{current:?} {pending:?}");
        }
    }
}

#[test]
fn who_is_no_writer_or_does_not_tell_is_named() {
    for (writer, expected) in [
        (Writer::Yes, None),
        (
            Writer::No {
                because: "read_only is on",
            },
            Some("the server takes no writes: read_only is on"),
        ),
        (
            not_told(),
            Some("the server does not tell whether it takes writes: marker"),
        ),
    ] {
        let objection = tried(refused(), LoginAnswer::Accepted, writer).objection();
        assert_eq!(objection.as_deref(), expected);
    }
}

#[test]
fn each_hindrance_has_its_sentence() {
    let of_keys = |keys: &[&str]| Hindrance::of_keys(&keys.iter().copied().collect()).expect("some differ");
    let unusable = |side| Hindrance::Unusable {
        side,
        why: "`host` is missing".to_owned(),
    };
    for (hindrance, expected) in [
        (
            unusable(Side::Current),
            "AWSCURRENT's value cannot be used: `host` is missing",
        ),
        (
            unusable(Side::Pending),
            "AWSPENDING's value cannot be used: `host` is missing",
        ),
        (
            of_keys(&["username"]),
            "the two values are of alternating users: they differ in `username`",
        ),
        (
            of_keys(&["username", "host", "note"]),
            "the two values are of alternating users: they differ in `host`, `note`, `username`",
        ),
        (
            of_keys(&["host"]),
            "the two values lead to different servers: they differ in `host`",
        ),
        (
            of_keys(&["port", "note"]),
            "the two values lead to different servers: they differ in `note`, `port`",
        ),
        (
            of_keys(&["engine"]),
            "the two values lead to different servers: they differ in `engine`",
        ),
        (
            of_keys(&["dbname"]),
            "the two values differ in more than the password: in `dbname`",
        ),
        (
            Hindrance::Endpoint(Endpoint::Reader),
            "the host is named like a reader (`.cluster-ro-`), not like the writer",
        ),
        (
            Hindrance::Endpoint(Endpoint::Proxy),
            "the host is named like a proxy (`.proxy-`), which may know other passwords",
        ),
        (
            Hindrance::Rule {
                keys: vec!["login.host", "login.port"],
            },
            "the rule names something else than the values do: login.host, login.port",
        ),
    ] {
        let objection = Comparison::Hindered(hindrance).objection();
        assert_eq!(objection.as_deref(), Some(expected));
    }
    assert_eq!(Hindrance::of_keys(&BTreeSet::new()), None);
}

#[test]
fn names_of_keys_are_bounded_and_stand_on_one_line() {
    let many: Vec<String> = (10..30).map(|n| format!("k{n}")).collect();
    let names = KeyNames::new(&many.iter().map(String::as_str).collect());
    assert_eq!(
        names.to_string(),
        "`k10`, `k11`, `k12`, `k13`, `k14`, `k15`, `k16`, `k17` and 12 more"
    );
    let long = "x".repeat(41);
    for (key, shown) in [
        (&long[..40], long[..40].to_owned()),
        (&long, format!("{}…", &long[..40])),
        ("a\nb", "a\\nb".to_owned()),
    ] {
        assert_eq!(KeyNames::shown(key), shown);
    }
}

#[test]
fn an_endpoint_is_known_by_its_name() {
    for (host, expected) in [
        (
            "shop.cluster-ro-abc.eu-west-1.rds.amazonaws.com",
            Some(Endpoint::Reader),
        ),
        (
            "SHOP.CLUSTER-RO-ABC.eu-west-1.rds.amazonaws.com.",
            Some(Endpoint::Reader),
        ),
        (
            "shop.proxy-abc.eu-west-1.rds.amazonaws.com",
            Some(Endpoint::Proxy),
        ),
        (
            "readers.endpoint.proxy-abc.cn-north-1.rds.amazonaws.com.cn",
            Some(Endpoint::Proxy),
        ),
        ("shop.cluster-abc.eu-west-1.rds.amazonaws.com", None),
        ("proxy-shop.example", None),
        ("", None),
    ] {
        assert_eq!(Endpoint::of(host), expected, "{host}");
    }
}
