//! A secret's value and its rule, read into what a login needs.
//!
//! The keys are those of AWS's rotation templates. Texts name keys, never values. What is read here is wiped when
//! dropped; `serde_json` unescapes in a buffer of its own, and both drivers keep copies that are freed unwiped.

use std::fmt;

use machine::model::{DatabaseSeen, RdsId};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::ports::{Credentials, Identities, LoginTarget, TlsMode};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    /// MySQL, MariaDB, Aurora MySQL.
    MySql,
    /// PostgreSQL, Aurora PostgreSQL.
    Postgres,
}

impl Engine {
    /// By the names that AWS's templates and RDS use, in any case.
    fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "mysql" | "mariadb" | "aurora" | "aurora-mysql" => Some(Self::MySql),
            "postgres" | "postgresql" | "aurora-postgres" | "aurora-postgresql" => Some(Self::Postgres),
            _ => None,
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::MySql => 3306,
            Self::Postgres => 5432,
        }
    }
}

/// Where, as whom and how to log in. `Debug` shows no text of it.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) engine: Engine,
    pub(super) host: SecretString,
    pub(super) port: u16,
    pub(super) user: SecretString,
    pub(super) password: SecretString,
    pub(super) dbname: Option<SecretString>,
    pub(super) tls: TlsMode,
    /// What the value calls its database in RDS: an instance, or a cluster.
    pub(super) instance: Option<SecretString>,
    pub(super) cluster: Option<SecretString>,
}

impl Access {
    /// The rule's word first, then the secret's. The error says everything that is missing or wrong.
    pub(super) fn resolve(target: &LoginTarget, credentials: &Credentials) -> Result<Self, String> {
        let document = Document::parse(credentials.0.expose_secret())?;
        let mut wrong = Problems::default();
        let engine = wrong.need("engine", text(target.engine.as_deref(), document.engine));
        let engine = engine.and_then(|name| wrong.engine(name.expose_secret()));
        let host = wrong.need("host", text(target.host.as_deref(), document.host));
        let port = wrong.port(target.port, document.port);
        let user = wrong.need("username", text(target.user.as_deref(), document.username));
        let password = wrong.need("password", text(None, document.password));
        let dbname = wrong.optional(
            "dbname",
            text(target.dbname.as_deref(), document.dbname.or(document.database)),
        );
        let tls = target.tls.unwrap_or_else(|| document.ssl.tls_mode());
        match (engine, host, user, password) {
            (Some(engine), Some(host), Some(user), Some(password)) if wrong.is_empty() => Ok(Self {
                engine,
                host,
                port: port.unwrap_or(engine.default_port()),
                user,
                password,
                dbname,
                tls,
                instance: document.instance.into_text(),
                cluster: document.cluster.into_text(),
            }),
            _ => Err(wrong.to_string()),
        }
    }

    /// Which database it is, and which of its users.
    pub(super) fn seen(&self, identities: &Identities) -> DatabaseSeen {
        let user = self.user.expose_secret();
        let cluster = self.cluster.as_ref().map(|id| RdsId::cluster(id.expose_secret()));
        let instance = || {
            let id = self.instance.as_ref()?;
            Some(RdsId::instance(id.expose_secret()))
        };
        let named = cluster.or_else(instance);
        DatabaseSeen {
            named: named.map(|id| (identities.rds(&id), identities.rds_user(&id, user))),
            ..identities.database(self.host.expose_secret(), self.port, user)
        }
    }

    /// Whether the host is an endpoint of RDS Proxy: `NAME.proxy-ID.REGION.rds.amazonaws.com`, in China with `.cn`. A
    /// proxy that is reached by another name cannot be told.
    pub(super) fn is_proxied(&self) -> bool {
        let host = self
            .host
            .expose_secret()
            .trim_end_matches('.')
            .to_ascii_lowercase();
        let named = [".rds.amazonaws.com", ".rds.amazonaws.com.cn"]
            .iter()
            .find_map(|end| host.strip_suffix(end));
        let mut labels = named.unwrap_or_default().rsplit('.').skip(1);
        let is_of_proxies = labels.next().is_some_and(|label| label.starts_with("proxy-"));
        is_of_proxies && labels.next().is_some()
    }
}

/// Where and as whom a value itself would log in, whatever its rule says. As for [`Access`], an empty text is none.
pub(super) struct Named {
    pub(super) host: Text,
    pub(super) port: Result<Option<u16>, ()>,
    pub(super) user: Text,
}

impl Named {
    /// The error says why the value is no secret that can be read.
    pub(super) fn read(credentials: &Credentials) -> Result<Self, String> {
        let document = Document::parse(credentials.0.expose_secret())?;
        let named =
            |field| text(None, field).map(|text| text.filter(|text| !text.expose_secret().is_empty()));
        Ok(Self {
            host: named(document.host),
            port: port(document.port),
            user: named(document.username),
        })
    }
}

/// What a text key says: nothing, a text, or something that is no text.
pub(super) type Text = Result<Option<SecretString>, ()>;

fn text(rule: Option<&str>, secret: Field) -> Text {
    match (rule, secret) {
        (Some(rule), _) => Ok(Some(SecretString::from(rule))),
        (None, Field::Text(text)) => Ok(Some(text)),
        (None, Field::Absent) => Ok(None),
        (None, Field::Number(_) | Field::Bool(_) | Field::Other) => Err(()),
    }
}

/// A number, or a text of digits; nothing, or something that is no port.
fn port(secret: Field) -> Result<Option<u16>, ()> {
    let port = match secret {
        Field::Absent => return Ok(None),
        Field::Number(port) => u16::try_from(port).ok(),
        Field::Text(port) => port.expose_secret().trim().parse().ok(),
        Field::Bool(_) | Field::Other => None,
    };
    port.filter(|port| *port != 0).map(Some).ok_or(())
}

/// All that keeps a secret from being used, by key.
#[derive(Default)]
struct Problems {
    missing: Vec<&'static str>,
    wrong: Vec<(&'static str, &'static str)>,
}

impl Problems {
    fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.wrong.is_empty()
    }

    fn need(&mut self, key: &'static str, text: Text) -> Option<SecretString> {
        let before = self.wrong.len();
        let found = self.optional(key, text);
        if found.is_none() && self.wrong.len() == before {
            self.missing.push(key);
        }
        found
    }

    /// An empty text counts as absent. Both protocols end texts with a NUL, so that none can hold one.
    fn optional(&mut self, key: &'static str, text: Text) -> Option<SecretString> {
        match text {
            Ok(found) => {
                let found = found.filter(|text| !text.expose_secret().is_empty())?;
                if found.expose_secret().contains('\0') {
                    self.wrong.push((key, "holds a NUL character"));
                    return None;
                }
                Some(found)
            }
            Err(()) => {
                self.wrong.push((key, "is not a text"));
                None
            }
        }
    }

    fn engine(&mut self, name: &str) -> Option<Engine> {
        let engine = Engine::parse(name);
        if engine.is_none() {
            self.wrong
                .push(("engine", "is neither MySQL, MariaDB nor PostgreSQL"));
        }
        engine
    }

    /// `None` where nothing says, or what says so is wrong.
    fn port(&mut self, rule: Option<u16>, secret: Field) -> Option<u16> {
        let found = match rule {
            Some(0) => Err(()),
            Some(port) => Ok(Some(port)),
            None => port(secret),
        };
        found.unwrap_or_else(|()| {
            self.wrong.push(("port", "is not a port number"));
            None
        })
    }
}

/// The rule's key that stands in for the secret's; a password comes from the secret alone.
fn rule_key(key: &'static str) -> Option<&'static str> {
    match key {
        "engine" => Some("login.engine"),
        "host" => Some("login.host"),
        "port" => Some("login.port"),
        "username" => Some("login.user"),
        "dbname" => Some("login.dbname"),
        _ => None,
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = self.missing.iter().map(|key| format!("`{key}` is missing"));
        let wrong = self.wrong.iter().map(|(key, why)| format!("`{key}` {why}"));
        f.write_str(&missing.chain(wrong).collect::<Vec<_>>().join(", "))?;
        let keys = self
            .missing
            .iter()
            .copied()
            .chain(self.wrong.iter().map(|(key, _)| *key));
        let remedy: Vec<_> = keys.filter_map(rule_key).collect();
        if remedy.is_empty() {
            return Ok(());
        }
        write!(
            f,
            ": correct the secret, or set {} in its rule",
            remedy.join(", ")
        )
    }
}

/// The secret's JSON object; other keys are skipped.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    engine: Field,
    #[serde(default)]
    host: Field,
    #[serde(default)]
    port: Field,
    #[serde(default)]
    username: Field,
    #[serde(default)]
    password: Field,
    #[serde(default)]
    dbname: Field,
    #[serde(default, rename = "dbInstanceIdentifier")]
    instance: Field,
    #[serde(default, rename = "dbClusterIdentifier")]
    cluster: Field,
    #[serde(default)]
    database: Field,
    #[serde(default)]
    ssl: Field,
}

impl Document {
    /// serde's own messages quote what they found, so they are never passed on.
    fn parse(value: &str) -> Result<Self, String> {
        let broken = |why: &str| format!("the secret's value is not {why}");
        let is_object = value.trim_start().starts_with('{');
        match serde_json::from_str::<Self>(value) {
            Ok(document) if is_object => Ok(document),
            Err(error) if is_object && error.is_data() => {
                Err("the secret's value has a key twice".to_owned())
            }
            _ if is_object || serde_json::from_str::<IgnoredAny>(value).is_err() => Err(broken("JSON")),
            _ => Err(broken("a JSON object")),
        }
    }
}

/// One value of the object, whatever it is: a wrong type is reported by its key.
#[derive(Default)]
enum Field {
    #[default]
    Absent,
    Text(SecretString),
    Number(u64),
    Bool(bool),
    Other,
}

impl Field {
    /// A text that says something.
    fn into_text(self) -> Option<SecretString> {
        match self {
            Self::Text(text) => Some(text).filter(|text| !text.expose_secret().is_empty()),
            Self::Absent | Self::Number(_) | Self::Bool(_) | Self::Other => None,
        }
    }

    fn or(self, other: Self) -> Self {
        match self {
            Self::Absent => other,
            found => found,
        }
    }

    /// `ssl` as AWS's templates read it; absent or anything else is verified here, where they fall back to plain.
    fn tls_mode(&self) -> TlsMode {
        match self {
            Self::Bool(false) => TlsMode::None,
            Self::Text(text) if text.expose_secret().eq_ignore_ascii_case("false") => TlsMode::None,
            _ => TlsMode::Verified,
        }
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Field, E> {
        Ok(Field::Text(SecretString::from(text)))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Field, E> {
        Ok(Field::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Field, E> {
        Ok(Field::Number(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_unit<E>(self) -> Result<Field, E> {
        Ok(Field::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Field, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Field, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }
}
