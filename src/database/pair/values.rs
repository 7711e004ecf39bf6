//! What two values of a secret say beside each other, before anybody logs in with them.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret, SecretString};

use super::json::{Entries, Json};
use crate::database::secret::{Access, Named};
use crate::ports::{Credentials, Endpoint, Hindrance, LoginTarget, Side};

/// Two values that differ in nothing but the password, and how to log in with each.
#[derive(Debug)]
pub(in crate::database) struct Pair {
    pub(in crate::database) current: Access,
    pub(in crate::database) pending: Access,
}

impl Pair {
    /// What stands in the way is asked in this order: a broken value, the keys that differ, the host's name, the rule.
    pub(in crate::database) fn read(
        target: &LoginTarget,
        trust_rule_host: bool,
        current: &Credentials,
        pending: &Credentials,
    ) -> Result<Self, Hindrance> {
        let unusable = |side| move |why| Hindrance::Unusable { side, why };
        let pair = Self {
            current: Access::resolve(target, current).map_err(unusable(Side::Current))?,
            pending: Access::resolve(target, pending).map_err(unusable(Side::Pending))?,
        };
        let current = Whole::read(current).map_err(unusable(Side::Current))?;
        let pending = Whole::read(pending).map_err(unusable(Side::Pending))?;
        if let Some(hindrance) = Hindrance::of_keys(&current.differs_from(&pending)) {
            return Err(hindrance);
        }
        // From here on both values name the same.
        let named = pending.named;
        if let Some(endpoint) = endpoint(target, &named) {
            return Err(Hindrance::Endpoint(endpoint));
        }
        match contradictions(target, &named, trust_rule_host) {
            keys if keys.is_empty() => Ok(pair),
            keys => Err(Hindrance::Rule { keys }),
        }
    }
}

/// All that a value says.
struct Whole {
    entries: Entries,
    named: Named,
}

impl Whole {
    fn read(credentials: &Credentials) -> Result<Self, String> {
        let named = Named::read(credentials)?;
        match serde_json::from_str(credentials.0.expose_secret()) {
            Ok(Json::Object(entries)) => Ok(Self { entries, named }),
            Ok(_) => Err("the secret's value is not a JSON object".to_owned()),
            Err(error) if error.is_data() => Err("the secret's value has a key twice".to_owned()),
            // Every other mistake was found by `Named`, which skips what it does not read.
            Err(_) => Err(
                "the secret's value is nested too deep to be compared, or holds too large a number"
                    .to_owned(),
            ),
        }
    }

    /// The keys but `password` that only one of the two has, or that say something else.
    fn differs_from<'a>(&'a self, other: &'a Self) -> BTreeSet<&'a str> {
        let (ours, theirs): (BTreeMap<_, _>, BTreeMap<_, _>) =
            (self.entries.iter().collect(), other.entries.iter().collect());
        let is_same_port =
            matches!((self.named.port, other.named.port), (Ok(Some(a)), Ok(Some(b))) if a == b);
        let differs = |key: &&str| match *key {
            "password" => false,
            "port" if is_same_port => false,
            key => ours.get(key) != theirs.get(key),
        };
        ours.keys()
            .chain(theirs.keys())
            .copied()
            .filter(differs)
            .collect()
    }
}

/// What the host is by its name, in the rule or in the values.
fn endpoint(target: &LoginTarget, named: &Named) -> Option<Endpoint> {
    let named = named.host.as_ref().ok().and_then(Option::as_ref);
    let hosts = [target.host.as_deref(), named.map(|host| host.expose_secret())];
    hosts.into_iter().flatten().find_map(Endpoint::of)
}

/// The rule's keys that name something else than the values do. Where the values name nothing, the rule may.
fn contradictions(target: &LoginTarget, named: &Named, trust_rule_host: bool) -> Vec<&'static str> {
    let host = contradicts(target.host.as_deref(), &named.host, is_same_host);
    let port = contradicts(target.port, &named.port, |rule, named| rule == *named);
    let user = contradicts(target.user.as_deref(), &named.user, |rule, named| {
        rule == named.expose_secret()
    });
    let keys = [
        ("login.host", host && !trust_rule_host),
        ("login.port", port && !trust_rule_host),
        ("login.user", user),
    ];
    keys.into_iter()
        .filter_map(|(key, contradicts)| contradicts.then_some(key))
        .collect()
}

fn contradicts<R, N>(
    rule: Option<R>,
    named: &Result<Option<N>, ()>,
    is_same: impl FnOnce(R, &N) -> bool,
) -> bool {
    match (rule, named) {
        (None, _) | (Some(_), Ok(None)) => false,
        (Some(rule), Ok(Some(named))) => !is_same(rule, named),
        // Nobody can mean what stands there.
        (Some(_), Err(())) => true,
    }
}

/// Names of hosts are the same in any case, and with a dot at their end.
fn is_same_host(rule: &str, named: &SecretString) -> bool {
    let [rule, named] = [rule, named.expose_secret()].map(|host| host.trim_end_matches('.'));
    rule.eq_ignore_ascii_case(named)
}
