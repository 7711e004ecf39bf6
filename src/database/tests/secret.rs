//! Secrets, whole and broken.

use secrecy::ExposeSecret;

use super::super::secret::{Access, Engine};
use super::*;

fn resolve(target: &LoginTarget, value: &str) -> Result<Access, String> {
    Access::resolve(target, &Credentials(value.into()))
}

fn whole(changes: &str) -> Access {
    let value = format!(r#"{{"engine":"mysql","host":"h","username":"u","password":"{MARKER}"{changes}}}"#);
    resolve(&LoginTarget::default(), &value).unwrap()
}

#[test]
fn the_keys_of_awss_templates_are_read() {
    let value = r#"{"engine":"Aurora-PostgreSQL","host":"db.example","port":"6543","username":"app",
        "password":"a\"b\u0026","dbname":"shop","masterarn":"arn:…","more":[{"deep":1}],"ssl":"False"}"#;
    let access = resolve(&LoginTarget::default(), value).unwrap();
    assert_eq!(
        (access.engine, access.port, access.tls),
        (Engine::Postgres, 6543, TlsMode::None)
    );
    assert_eq!(access.host.expose_secret(), "db.example");
    assert_eq!(access.user.expose_secret(), "app");
    assert_eq!(access.password.expose_secret(), "a\"b&");
    assert_eq!(access.dbname.unwrap().expose_secret(), "shop");
}

#[test]
fn engines_have_many_names() {
    let rows = [
        ("mysql", Engine::MySql, 3306),
        ("MariaDB", Engine::MySql, 3306),
        ("aurora", Engine::MySql, 3306),
        ("aurora-mysql", Engine::MySql, 3306),
        ("postgres", Engine::Postgres, 5432),
        ("postgresql", Engine::Postgres, 5432),
        ("aurora-postgresql", Engine::Postgres, 5432),
        ("aurora-postgres", Engine::Postgres, 5432),
    ];
    for (name, engine, port) in rows {
        let value = format!(r#"{{"engine":"{name}","host":"h","username":"u","password":"p"}}"#);
        let access = resolve(&LoginTarget::default(), &value).unwrap();
        assert_eq!((access.engine, access.port), (engine, port), "{name}");
    }
}

#[test]
fn ssl_is_verified_unless_it_says_false() {
    let rows = [
        ("", TlsMode::Verified),
        (r#","ssl":true"#, TlsMode::Verified),
        (r#","ssl":"true""#, TlsMode::Verified),
        (r#","ssl":"whatever""#, TlsMode::Verified),
        (r#","ssl":0"#, TlsMode::Verified),
        (r#","ssl":null"#, TlsMode::Verified),
        (r#","ssl":false"#, TlsMode::None),
        (r#","ssl":"false""#, TlsMode::None),
        (r#","ssl":"FALSE""#, TlsMode::None),
    ];
    for (key, tls) in rows {
        assert_eq!(whole(key).tls, tls, "{key}");
    }
}

#[test]
fn the_port_is_a_number_or_digits() {
    for (key, port) in [
        ("", 3306),
        (r#","port":13306"#, 13306),
        (r#","port":" 13306 ""#, 13306),
        (r#","port":null"#, 3306),
    ] {
        assert_eq!(whole(key).port, port, "{key}");
    }
}

#[test]
fn the_rule_is_stronger_than_the_secret() {
    let target = LoginTarget {
        engine: Some("postgres".to_owned()),
        host: Some("rule".to_owned()),
        port: Some(1),
        user: Some("somebody".to_owned()),
        dbname: Some("other".to_owned()),
        tls: Some(TlsMode::Unverified),
    };
    let managed = resolve(&target, r#"{"username":"admin","password":"p"}"#).unwrap();
    let broken = r#"{"engine":7,"host":[],"port":{},"username":false,"password":"p","dbname":1,"ssl":false}"#;
    for access in [managed, resolve(&target, broken).unwrap()] {
        assert_eq!(
            (access.engine, access.port, access.tls),
            (Engine::Postgres, 1, TlsMode::Unverified)
        );
        let texts = [&access.host, &access.user, access.dbname.as_ref().unwrap()]
            .map(|text| text.expose_secret().to_owned());
        assert_eq!(texts, ["rule", "somebody", "other"]);
    }
}

#[test]
fn what_is_missing_or_wrong_is_named_with_its_remedy() {
    let rows = [
        (
            r#"{"username":"u","password":"M"}"#,
            "`engine` is missing, `host` is missing: correct the secret, or set login.engine, login.host in its rule",
        ),
        (
            r#"{"engine":"mysql","host":"h","username":"u"}"#,
            "`password` is missing",
        ),
        (
            r#"{"engine":"mysql","host":"","username":null,"password":""}"#,
            "`host` is missing, `username` is missing, `password` is missing: correct the secret, or set login.host, login.user in its rule",
        ),
        (
            r#"{"engine":"M","host":"h","username":"u","password":"M"}"#,
            "`engine` is neither MySQL, MariaDB nor PostgreSQL: correct the secret, or set login.engine in its rule",
        ),
        (
            r#"{"engine":"mysql","host":"h","username":"u","password":12345}"#,
            "`password` is not a text",
        ),
        (
            r#"{"engine":"mysql","host":"h","username":"u","password":"M\u0000"}"#,
            "`password` holds a NUL character",
        ),
        (
            r#"{"engine":"mysql","host":["M"],"port":"M","username":{"M":"M"},"password":"M","dbname":1.5}"#,
            "`host` is not a text, `port` is not a port number, `username` is not a text, `dbname` is not a text: \
             correct the secret, or set login.host, login.port, login.user, login.dbname in its rule",
        ),
        ("M", "the secret's value is not JSON"),
        ("", "the secret's value is not JSON"),
        (
            r#"{"engine":"mysql","password":"M"#,
            "the secret's value is not JSON",
        ),
        (r#"{"password":"M"} M"#, "the secret's value is not JSON"),
        (
            r#"["mysql","h",1,"u","M","M","M",true]"#,
            "the secret's value is not a JSON object",
        ),
        (r#""M""#, "the secret's value is not a JSON object"),
        (
            r#"{"password":"M","password":"M"}"#,
            "the secret's value has a key twice",
        ),
    ];
    for (value, expected) in rows {
        let why = resolve(&LoginTarget::default(), &value.replace('M', MARKER)).unwrap_err();
        assert_eq!(why, expected, "{value}");
    }
}

#[test]
fn every_bad_port_is_named() {
    for port in [
        "0",
        "-1",
        "65536",
        "1.5",
        "true",
        "[]",
        r#""""#,
        r#""0x10""#,
        r#""99999""#,
    ] {
        let value = format!(r#"{{"engine":"mysql","host":"h","username":"u","password":"p","port":{port}}}"#);
        let why = resolve(&LoginTarget::default(), &value).unwrap_err();
        assert!(why.starts_with("`port` is not a port number"), "{port}: {why}");
    }
}

#[test]
fn d3_an_endpoint_of_rds_proxy_is_known_by_its_name() {
    for (host, is_proxied) in [
        ("shop.proxy-abcdefghijkl.eu-west-1.rds.amazonaws.com", true),
        (
            "readers.endpoint.proxy-abcdefghijkl.eu-west-1.rds.amazonaws.com",
            true,
        ),
        ("shop.proxy-abcdefghijkl.cn-north-1.rds.amazonaws.com.cn", true),
        ("Shop.Proxy-Abcdefghijkl.eu-west-1.rds.amazonaws.com.", true),
        ("shop.abcdefghijkl.eu-west-1.rds.amazonaws.com", false),
        ("shop.cluster-abcdefghijkl.eu-west-1.rds.amazonaws.com", false),
        ("proxy-shop.abcdefghijkl.eu-west-1.rds.amazonaws.com", false),
        ("proxy-abcdefghijkl.eu-west-1.rds.amazonaws.com", false),
        (
            "shop.proxy-abcdefghijkl.eu-west-1.rds.amazonaws.com.example",
            false,
        ),
        ("proxy-shop.example", false),
        ("", false),
    ] {
        let target = LoginTarget {
            host: Some(host.to_owned()),
            ..LoginTarget::default()
        };
        let value = r#"{"engine":"mysql","username":"u","password":"p"}"#;
        let access = resolve(&target, value);
        assert_eq!(
            access.is_ok_and(|access| access.is_proxied()),
            is_proxied,
            "{host}"
        );
    }
}

#[test]
fn nothing_of_a_secret_can_be_printed() {
    let value = format!(
        r#"{{"engine":"mysql","host":"{MARKER}","username":"{MARKER}","password":"{MARKER}","dbname":"{MARKER}"}}"#
    );
    let access = resolve(&LoginTarget::default(), &value).unwrap();
    let printed = format!("{access:?} {access:#?}");
    assert!(!printed.contains(MARKER), "{printed}");
}

#[tokio::test]
async fn an_unusable_secret_is_answered_at_once() {
    let (_, answer, seen) = databases(Duration::from_secs(20))
        .login(&LoginTarget::default(), &Credentials("no JSON".into()))
        .await;
    assert_eq!(seen, None);
    assert_eq!(
        answer,
        LoginAnswer::Unusable {
            why: "the secret's value is not JSON".to_owned()
        }
    );
}

#[test]
fn a_secret_of_64_kib_is_read_or_named_like_any_other() {
    const LARGEST: usize = 64 * 1024;
    let filled = |key: &str| {
        let rest =
            format!(r#"{{"engine":"mysql","host":"h","username":"u","password":"{MARKER}","{key}":""}}"#);
        rest.replace(
            &format!(r#""{key}":"""#),
            &format!(r#""{key}":"{}""#, "x".repeat(LARGEST - rest.len())),
        )
    };
    let access = resolve(&LoginTarget::default(), &filled("note")).unwrap();
    assert_eq!(access.password.expose_secret(), MARKER);
    let access = resolve(&LoginTarget::default(), &filled("dbname")).unwrap();
    assert!(access.dbname.unwrap().expose_secret().len() > LARGEST - 200);
    let opened = "[".repeat(LARGEST);
    assert!(resolve(&LoginTarget::default(), &opened).is_err());
    let nested = format!(
        r#"{{"engine":{}1{}}}"#,
        "[".repeat(LARGEST / 2),
        "]".repeat(LARGEST / 2)
    );
    assert!(resolve(&LoginTarget::default(), &nested).is_err());
}

/// RDS's own secrets hold nothing else; the host stands in the infrastructure's code.
#[test]
fn d1_a_secret_with_only_username_and_password_names_what_its_rule_must_say() {
    let value = format!(r#"{{"username":"admin","password":"{MARKER}"}}"#);
    assert_eq!(
        resolve(&LoginTarget::default(), &value).unwrap_err(),
        "`engine` is missing, `host` is missing: correct the secret, or set login.engine, login.host in its rule"
    );
    let target = LoginTarget {
        engine: Some("postgres".to_owned()),
        host: Some("db.example".to_owned()),
        ..LoginTarget::default()
    };
    assert!(resolve(&target, &value).is_ok());
}
