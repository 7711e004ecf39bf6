//! Hosts of databases in environments and commands: those of the configuration by their names, and those that login tests
//! came to by their hashes.

use std::collections::{BTreeMap, BTreeSet};

use machine::model::{Reference, ReferenceKind, SecretArn, host_key};
use secrecy::zeroize::Zeroizing;

use super::Search;

/// Of how many secrets whoever names a host is suspected at most.
const MOST_BY_HOST: usize = 50;
/// Words that are hashed for one definition or environment, at most: about a millisecond's work.
const MOST_HASHED: usize = 1_000;
/// The longest name of a host (RFC 1035).
const LONGEST_HOST: usize = 253;

/// What one definition or environment names.
pub(super) struct Hosts<'a, 't> {
    search: &'a Search<'a>,
    /// The hosts of the configuration.
    pub(super) named: BTreeSet<String>,
    /// The secrets of each host that is named, and where that is.
    places: BTreeMap<&'a [SecretArn], &'t str>,
    hashed: usize,
}

impl<'a, 't> Hosts<'a, 't> {
    pub(super) fn of(search: &'a Search<'a>) -> Self {
        Self {
            search,
            named: BTreeSet::new(),
            places: BTreeMap::new(),
            hashed: 0,
        }
    }

    pub(super) fn search(&mut self, place: &'t str, text: &str) {
        for word in hosts_in(text) {
            let named = self.search.wanted.hosts.get_key_value(word.as_str());
            if let Some((host, secrets)) = named {
                self.named.insert(host.clone());
                self.places.entry(secrets).or_insert(place);
            }
            let is_whole = word.len() >= text.trim().trim_end_matches('.').len();
            if let Some(secrets) = self.seen(&word, is_whole) {
                self.places.entry(secrets).or_insert(place);
            }
        }
    }

    /// The secrets of a host that is known by its hash. A word without a dot is asked only where it is the whole value:
    /// `DB_HOST=mysql`.
    fn seen(&mut self, word: &str, is_whole: bool) -> Option<&'a [SecretArn]> {
        let seen = &self.search.wanted.seen_hosts;
        let is_likely = word.len() <= LONGEST_HOST && (is_whole || word.contains('.'));
        if seen.is_empty() || !is_likely || self.hashed >= MOST_HASHED {
            return None;
        }
        self.hashed += 1;
        seen.get(&(self.search.id_of)(word)).map(Vec::as_slice)
    }

    /// Whoever is known to use one of the secrets of a host has the host's name for its sake.
    pub(super) fn suspected(&self, found: &BTreeSet<Reference>) -> Vec<(Reference, &'t str)> {
        let is_sure = |secrets: &[SecretArn]| {
            let mut sure = found.iter().filter(|one| one.kind != ReferenceKind::Suspected);
            sure.any(|one| secrets.contains(&one.secret))
        };
        let unexplained = self.places.iter().filter(|(secrets, _)| !is_sure(secrets));
        let suspected = unexplained.flat_map(|(secrets, place)| {
            let secrets = secrets.iter().take(MOST_BY_HOST);
            secrets.map(|secret| {
                let kind = ReferenceKind::Suspected;
                let secret = secret.clone();
                (Reference { secret, kind }, *place)
            })
        });
        suspected.collect()
    }
}

/// What could be a host in a value, such as in `mysql://user@host:3306/name`. Case does not matter, nor does the dot at the
/// end of a whole name.
pub(super) fn hosts_in(value: &str) -> impl Iterator<Item = Zeroizing<String>> {
    let words = value.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.'));
    let words = words.filter(|word| !word.is_empty());
    words.map(|word| Zeroizing::new(host_key(word)))
}

#[cfg(test)]
mod tests {
    use machine::model::HostId;

    use super::super::Wanted;
    use super::*;

    fn names_host(value: &str, host: &str) -> bool {
        hosts_in(value).any(|named| *named == host)
    }

    #[test]
    fn a_host_is_named_alone_or_in_an_address() {
        let host = "db.eu-west-1.rds.amazonaws.com";
        for value in [
            host.to_owned(),
            format!("mysql://app@{host}:3306/shop"),
            format!("jdbc:postgresql://{host}/shop"),
            format!("host={host} user=app"),
            host.to_uppercase(),
        ] {
            assert!(names_host(&value, host), "{value}");
        }
        assert!(names_host(&format!("{host}."), host));
        for value in [format!("old-{host}"), format!("{host}.cn"), String::new()] {
            assert!(!names_host(&value, host), "{value}");
        }
    }

    /// Whether somebody with this value is suspected of the secret that logs in to `host`, known by a hash.
    fn is_suspected(value: &str, host: &str) -> bool {
        let secret = SecretArn::new("arn:aws:secretsmanager:eu-west-1:1:secret:shop/db-AbCdEf");
        let id_of = |host: &str| {
            let sum = host.bytes().fold(7_u128, |sum, byte| {
                sum.wrapping_mul(31).wrapping_add(u128::from(byte))
            });
            HostId::new(sum.to_be_bytes())
        };
        let wanted = Wanted {
            seen_hosts: BTreeMap::from([(id_of(&host_key(host)), vec![secret])]),
            ..Wanted::default()
        };
        let search = Search::of(&wanted, &id_of);
        let mut hosts = Hosts::of(&search);
        hosts.search("DB_HOST", value);
        !hosts.suspected(&BTreeSet::new()).is_empty()
    }

    #[test]
    fn a_host_that_is_known_by_its_hash_is_found_alone_or_in_an_address() {
        let host = "db.eu-west-1.rds.amazonaws.com";
        for value in [
            host,
            "DB.eu-west-1.rds.amazonaws.com.",
            "jdbc:mysql://db.eu-west-1.rds.amazonaws.com:3306/x",
        ] {
            assert!(is_suspected(value, host), "{value}");
        }
        for (value, is_named) in [("mysql", true), (" mysql ", true), ("my mysql is here", false)] {
            assert_eq!(is_suspected(value, "mysql"), is_named, "{value}");
        }
        assert!(!is_suspected("other.example", host));
    }

    #[test]
    fn no_more_than_a_thousand_words_are_hashed() {
        for (before, is_found) in [(MOST_HASHED - 1, true), (MOST_HASHED, false)] {
            let value = "a.b ".repeat(before) + "db.example";
            assert_eq!(is_suspected(&value, "db.example"), is_found, "{before}");
        }
    }
}
