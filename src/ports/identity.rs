//! By what databases are told apart: keyed hashes of what a secret's value says of its database.

use hmac::{Hmac, KeyInit, Mac};
use machine::model::{AccountId, DatabaseId, DatabaseSeen, HostId, IdentifierId, RdsId, host_key};
use sha2::Sha256;

/// Makes the hashes of one life. Its key is never shown and never journalled: without it nobody can try names of hosts.
#[derive(Clone)]
pub struct Identities {
    keyed: Hmac<Sha256>,
}

impl Identities {
    /// `key`: random for each process; made from the seed in the simulation.
    pub fn new(key: &[u8; 64]) -> Self {
        Self {
            keyed: Hmac::<Sha256>::new(key.into()),
        }
    }

    /// Case does not matter, nor does the dot that may end a whole name.
    pub fn host(&self, host: &str) -> HostId {
        HostId::new(self.hash(&["host", &host_key(host)]))
    }

    pub fn database(&self, host: &str, port: u16, user: &str) -> DatabaseSeen {
        let (name, port) = (host_key(host), port.to_string());
        DatabaseSeen {
            host: self.host(host),
            database: DatabaseId::new(self.hash(&["database", &name, &port])),
            account: AccountId::new(self.hash(&["account", &name, &port, user])),
            named: None,
        }
    }

    /// An instance and a cluster may have one identifier.
    pub fn rds(&self, id: &RdsId) -> IdentifierId {
        IdentifierId::new(self.hash(&["rds", &id.to_string()]))
    }

    /// A user of a database, by its identifier in RDS.
    pub fn rds_user(&self, id: &RdsId, user: &str) -> AccountId {
        AccountId::new(self.hash(&["rds user", &id.to_string(), user]))
    }

    /// Each part with its length before it, so that no two lists of parts are hashed alike.
    fn hash(&self, parts: &[&str]) -> [u8; 16] {
        let mut keyed = self.keyed.clone();
        for part in parts {
            keyed.update(&(part.len() as u64).to_be_bytes());
            keyed.update(part.as_bytes());
        }
        let whole: [u8; 32] = keyed.finalize().into_bytes().into();
        std::array::from_fn(|i| whole[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identities(key: u8) -> Identities {
        Identities::new(&[key; 64])
    }

    #[test]
    fn a_database_is_its_host_and_port_and_an_account_its_user_too() {
        let of = |host: &str, port, user: &str| identities(1).database(host, port, user);
        let known = of("db.example", 3306, "app");
        assert_eq!(known, of("DB.example.", 3306, "app"), "the same name");
        let other_user = of("db.example", 3306, "App");
        assert_eq!(known.database, other_user.database);
        assert_ne!(known.account, other_user.account, "users differ by their case");
        let other_port = of("db.example", 3307, "app");
        assert_eq!(known.host, other_port.host);
        assert_ne!(known.database, other_port.database);
        assert_ne!(known.account, other_port.account);
        let other_host = of("db.example3", 306, "app");
        assert_ne!(known.database, other_host.database, "no border may move");
        assert_eq!(known.host, identities(1).host("db.EXAMPLE"));
    }

    #[test]
    fn another_key_gives_other_hashes_and_none_shows_its_host() {
        let [one, two] = [1, 2].map(|key| identities(key).database("db.example", 3306, "app"));
        assert_ne!(one.host, two.host);
        assert_ne!(one.database, two.database);
        assert_ne!(one.account, two.account);
        let shown = format!("{one:?}");
        assert!(!shown.contains("example") && !shown.contains("app"), "{shown}");
    }
}
