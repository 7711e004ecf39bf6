//! Login tests: MySQL, MariaDB and PostgreSQL (design: The house).
//!
//! One attempt for each question, never repeated here: refusals can lock an account, so the machine decides when to
//! look again. Errors of drivers stop here; they name users and hosts.

mod answer;
mod codes;
mod greeting;
mod guard;
mod mysql;
mod pair;
mod postgres;
mod secret;
#[cfg(test)]
mod tests;
mod tls;
mod visit;

use std::future::poll_fn;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use machine::model::{DatabaseSeen, LoginAnswer, Look};
use secrecy::ExposeSecret;
use tokio::net::lookup_host;
use tokio::time::{Instant, timeout_at};

use self::pair::Pair;
use self::secret::{Access, Engine};
use self::tls::Tls;
use self::visit::{Told, Visit};
use crate::ports::{Comparison, Credentials, Identities, Login, LoginTarget};

pub use self::tls::SetupError;

#[derive(Clone, Debug)]
pub struct DatabaseOptions {
    /// For the whole of a login test, from the name's resolution to the end of `SELECT 1`.
    pub login_timeout: Duration,
    /// The authorities to trust, in PEM, instead of RDS's and the system's.
    pub ca_file: Option<PathBuf>,
}

/// Logs in to databases.
pub struct Databases {
    login_timeout: Duration,
    tls: Tls,
    identities: Identities,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Databases {
    /// Reads the certificates once. `now` is the program's clock.
    pub fn new(
        options: DatabaseOptions,
        identities: Identities,
        now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    ) -> Result<Self, SetupError> {
        let DatabaseOptions {
            login_timeout,
            ca_file,
        } = options;
        let tls = Tls::new(ca_file.as_deref())?;
        Ok(Self {
            login_timeout,
            tls,
            identities,
            now,
        })
    }

    async fn answer(&self, access: &Access) -> LoginAnswer {
        self.until(self.deadline(), self.attempt(access)).await.answer
    }

    async fn attempt(&self, access: &Access) -> Told {
        let addresses = addresses(access).await;
        if addresses.is_empty() {
            return unresolved().into();
        }
        let visit = Visit {
            access,
            addresses: &addresses,
            asks_for_writer: false,
        };
        self.visit(&visit).await
    }

    async fn visit(&self, visit: &Visit<'_>) -> Told {
        match visit.access.engine {
            Engine::MySql => mysql::login(visit, &self.tls).await,
            Engine::Postgres => postgres::login(visit, &self.tls).await,
        }
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.login_timeout
    }

    async fn until(&self, deadline: Instant, attempt: impl Future<Output = Told>) -> Told {
        match timeout_at(deadline, contained(attempt)).await {
            Ok(Some(told)) => told,
            Ok(None) => answer::unreachable("the server's answer was not understood").into(),
            Err(_) => self.too_late().into(),
        }
    }

    fn too_late(&self) -> LoginAnswer {
        let limit = self.login_timeout.as_secs_f64();
        answer::unreachable(format!("no answer within {limit} s"))
    }
}

/// None where the name does not resolve.
async fn addresses(access: &Access) -> Vec<SocketAddr> {
    let resolved = lookup_host((access.host.expose_secret(), access.port)).await;
    resolved.map(Iterator::collect).unwrap_or_default()
}

fn unresolved() -> LoginAnswer {
    answer::unreachable("the host's name does not resolve")
}

#[async_trait]
impl Login for Databases {
    async fn login(
        &self,
        target: &LoginTarget,
        credentials: &Credentials,
    ) -> (Look, LoginAnswer, Option<DatabaseSeen>) {
        let sent = (self.now)();
        let (answer, seen) = match Access::resolve(target, credentials) {
            Ok(access) => (self.answer(&access).await, Some(access.seen(&self.identities))),
            Err(why) => (LoginAnswer::Unusable { why }, None),
        };
        let arrived = (self.now)();
        (Look { sent, arrived }, answer, seen)
    }

    fn identities(&self) -> &Identities {
        &self.identities
    }

    async fn compare(
        &self,
        target: &LoginTarget,
        trust_rule_host: bool,
        current: &Credentials,
        pending: &Credentials,
    ) -> (Look, Comparison) {
        let sent = (self.now)();
        let comparison = match Pair::read(target, trust_rule_host, current, pending) {
            Ok(pair) => self.try_both(&pair).await,
            Err(hindrance) => Comparison::Hindered(hindrance),
        };
        let arrived = (self.now)();
        (Look { sent, arrived }, comparison)
    }
}

/// `None` where the future panicked: mysql_async does, on malformed keys and packets of a server.
async fn contained<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        },
    )
    .await
}
