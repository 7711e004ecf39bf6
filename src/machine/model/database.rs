//! Databases as the machine knows them: by keyed hashes, which are made outside of it.

use std::fmt;

macro_rules! keyed_hash {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            pub fn new(hash: [u8; 16]) -> Self {
                Self(hash)
            }
        }

        /// The key is another in each process, so the digits say nothing of the host.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let [a, b, ..] = self.0;
                write!(f, concat!(stringify!($name), "({:02x}{:02x}…)"), a, b)
            }
        }
    };
}

keyed_hash!(
    /// A host, whatever its port.
    HostId
);
keyed_hash!(
    /// A database: host and port.
    DatabaseId
);
keyed_hash!(
    /// A user of a database: host, port and user.
    AccountId
);

keyed_hash!(
    /// An identifier of RDS, of an instance or of a cluster.
    IdentifierId
);

/// Where a version of a secret logs in: all that is kept of the value that said so (design rule 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatabaseSeen {
    pub host: HostId,
    pub database: DatabaseId,
    pub account: AccountId,
    /// The instance or cluster of RDS that the value names beside its host, and the user there.
    pub named: Option<(IdentifierId, AccountId)>,
}
