//! Logging in to a database, to prove that a password works.

use async_trait::async_trait;
use machine::model::{DatabaseSeen, LoginAnswer, Look};
use secrecy::SecretString;

use super::{Comparison, Identities};

/// Where and as whom to log in, as a rule says it; what is absent comes from the secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginTarget {
    pub engine: Option<String>,
    pub host: Option<String>,
    pub port: Option<u16>,
    pub user: Option<String>,
    pub dbname: Option<String>,
    /// `None`: the secret's own `ssl` key decides, verified where it has none.
    pub tls: Option<TlsMode>,
}

/// How the connection is protected. No mode sends a cleartext password unencrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// Certificate and host name are checked.
    Verified,
    /// Encrypted, the peer is not checked.
    Unverified,
    /// Unverified TLS where the server offers it, plain otherwise.
    Preferred,
    None,
}

/// A secret's value, as Secrets Manager returned it: wiped when dropped, never printed.
pub struct Credentials(pub SecretString);

#[async_trait]
pub trait Login: Send + Sync {
    /// Logs in, runs `SELECT 1`, and closes. Bounded in time, whatever the peer does. Beside the answer: where it logged
    /// in; nothing where rule and value do not say that.
    async fn login(
        &self,
        target: &LoginTarget,
        credentials: &Credentials,
    ) -> (Look, LoginAnswer, Option<DatabaseSeen>);

    /// By what `login` tells hosts and users apart, to compare what else names one.
    fn identities(&self) -> &Identities;

    /// Reads both values, and where nothing stands in the way logs in with both: once each, at the same time, at one
    /// address. Asks the server that accepts AWSPENDING's whether it takes writes. As a whole bounded as one login is.
    ///
    /// `trust_rule_host`: `target`'s host and port count where the values name others too.
    async fn compare(
        &self,
        target: &LoginTarget,
        trust_rule_host: bool,
        current: &Credentials,
        pending: &Credentials,
    ) -> (Look, Comparison);
}
