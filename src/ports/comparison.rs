//! What a secret's two values and the database say of a promotion: AWSCURRENT's value beside AWSPENDING's.

use std::collections::BTreeSet;
use std::fmt;

use machine::model::LoginAnswer;

/// What was found right before a promotion of AWSPENDING. No value stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The values, or the rule, stand in the way: no login was tried.
    Hindered(Hindrance),
    /// One login was tried with each value, both at the same time.
    Tried {
        current: LoginAnswer,
        pending: LoginAnswer,
        /// What the server told the login with AWSPENDING's value.
        writer: Writer,
    },
}

/// Why the two logins would say nothing of a promotion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// One value cannot be read, or it does not say where and how to log in. `why` names keys, never values.
    Unusable { side: Side, why: String },
    /// `username` differs: alternating users. The old user stays valid, whatever the log says.
    OtherUser { keys: KeyNames },
    /// `host`, `port` or `engine` differs: a promotion would lead the consumers to another server.
    OtherServer { keys: KeyNames },
    /// Other keys than `password` differ.
    OtherKeys { keys: KeyNames },
    /// The host's name is that of an endpoint which is not the writer itself.
    Endpoint(Endpoint),
    /// These keys of the rule name something else than the values do: `login.host`, `login.port`, `login.user`.
    Rule { keys: Vec<&'static str> },
}

/// Which of the two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Current,
    Pending,
}

/// What a host's name tells of who answers there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Aurora's reader endpoint, `NAME.cluster-ro-ID.REGION.rds.amazonaws.com`.
    Reader,
    /// RDS Proxy, `NAME.proxy-ID.REGION.rds.amazonaws.com`.
    Proxy,
}

/// Whether a server takes writes, as it says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Writer {
    Yes,
    /// `because` is the server's own setting, as `read_only is on`.
    No {
        because: &'static str,
    },
    NotTold {
        why: String,
    },
}

impl Comparison {
    /// Why this does not allow a promotion, in a short sentence for people. `None`: AWSPENDING is accepted, AWSCURRENT
    /// is refused, and the server is a writer.
    pub fn objection(&self) -> Option<String> {
        let (current, pending, writer) = match self {
            Self::Hindered(hindrance) => return Some(hindrance.to_string()),
            Self::Tried {
                current,
                pending,
                writer,
            } => (current, pending, writer),
        };
        if !pending.is_accepted() {
            return Some(format!("the login with AWSPENDING is not accepted: {pending}"));
        }
        if !current.is_refused() {
            return Some(format!("the login with AWSCURRENT is not refused: {current}"));
        }
        match writer {
            Writer::Yes => None,
            Writer::No { because } => Some(format!("the server takes no writes: {because}")),
            Writer::NotTold { why } => {
                Some(format!("the server does not tell whether it takes writes: {why}"))
            }
        }
    }
}

impl Comparison {
    /// AWSPENDING is accepted and AWSCURRENT is refused, whatever else there is to say.
    pub fn logins_agree(&self) -> bool {
        match self {
            Self::Hindered(_) => false,
            Self::Tried { current, pending, .. } => pending.is_accepted() && current.is_refused(),
        }
    }
}

impl Hindrance {
    /// What it means that these keys differ. `None` where none does.
    pub fn of_keys(differ: &BTreeSet<&str>) -> Option<Self> {
        let differs = |key: &&str| differ.contains(key);
        let keys = KeyNames::new(differ);
        if differ.is_empty() {
            None
        } else if differs(&"username") {
            Some(Self::OtherUser { keys })
        } else if ["host", "port", "engine"].iter().any(differs) {
            Some(Self::OtherServer { keys })
        } else {
            Some(Self::OtherKeys { keys })
        }
    }
}

impl Endpoint {
    /// By a part of the host's name. An endpoint that is reached by a name of its own cannot be told.
    pub fn of(host: &str) -> Option<Self> {
        let host = host.to_ascii_lowercase();
        if host.contains(".cluster-ro-") {
            Some(Self::Reader)
        } else if host.contains(".proxy-") {
            Some(Self::Proxy)
        } else {
            None
        }
    }
}

/// For people: a sentence without its end.
impl fmt::Display for Hindrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable { side, why } => write!(f, "{side}'s value cannot be used: {why}"),
            Self::OtherUser { keys } => write!(
                f,
                "the two values are of alternating users: they differ in {keys}"
            ),
            Self::OtherServer { keys } => {
                write!(
                    f,
                    "the two values lead to different servers: they differ in {keys}"
                )
            }
            Self::OtherKeys { keys } => {
                write!(f, "the two values differ in more than the password: in {keys}")
            }
            Self::Endpoint(Endpoint::Reader) => {
                f.write_str("the host is named like a reader (`.cluster-ro-`), not like the writer")
            }
            Self::Endpoint(Endpoint::Proxy) => {
                f.write_str("the host is named like a proxy (`.proxy-`), which may know other passwords")
            }
            Self::Rule { keys } => write!(
                f,
                "the rule names something else than the values do: {}",
                keys.join(", ")
            ),
        }
    }
}

/// The staging label of the value.
impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Current => "AWSCURRENT",
            Self::Pending => "AWSPENDING",
        })
    }
}

/// Names of keys in order, never values. So many are named and so long, the others are counted: whoever writes the
/// secret chooses them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyNames {
    named: Vec<String>,
    more: usize,
}

impl KeyNames {
    pub const NAMED: usize = 8;
    /// In characters.
    pub const LONGEST: usize = 40;

    fn new(keys: &BTreeSet<&str>) -> Self {
        Self {
            named: keys
                .iter()
                .take(Self::NAMED)
                .map(|key| Self::shown(key))
                .collect(),
            more: keys.len().saturating_sub(Self::NAMED),
        }
    }

    /// How a key is named: control characters would break a line of the log.
    pub fn shown(key: &str) -> String {
        let whole = key.escape_debug();
        match whole.clone().nth(Self::LONGEST) {
            None => whole.collect(),
            Some(_) => whole.take(Self::LONGEST).chain(['…']).collect(),
        }
    }
}

/// As "`a`, `b` and 3 more".
impl fmt::Display for KeyNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<_> = self.named.iter().map(|key| format!("`{key}`")).collect();
        f.write_str(&named.join(", "))?;
        match self.more {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests;
