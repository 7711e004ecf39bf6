//! Both values of a secret side by side, right before a promotion of AWSPENDING: what they say, then a login with each.
//!
//! One refused login at most for each value: both attempts begin at the same time, at one address, and are not repeated.

mod json;
mod values;

use std::net::SocketAddr;
use std::slice;

use machine::model::LoginAnswer;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

pub(super) use self::values::Pair;
use super::answer::transport;
use super::visit::{Told, Visit};
use super::{Databases, addresses, unresolved};
use crate::ports::Comparison;

impl Databases {
    pub(super) async fn try_both(&self, pair: &Pair) -> Comparison {
        let (current, pending) = self.both(pair).await;
        Comparison::Tried {
            current: current.answer,
            pending: pending.answer,
            writer: pending.writer,
        }
    }

    async fn both(&self, pair: &Pair) -> (Told, Told) {
        let deadline = self.deadline();
        let found = async { one_of(&addresses(&pair.pending).await).await };
        let answer = match timeout_at(deadline, found).await {
            Ok(Ok(address)) => return self.at(&address, pair, deadline).await,
            Ok(Err(answer)) => answer,
            Err(_) => self.too_late(),
        };
        (answer.clone().into(), answer.into())
    }

    async fn at(&self, address: &SocketAddr, pair: &Pair, deadline: Instant) -> (Told, Told) {
        let current = Visit {
            access: &pair.current,
            addresses: slice::from_ref(address),
            asks_for_writer: false,
        };
        let pending = Visit {
            access: &pair.pending,
            asks_for_writer: true,
            ..current
        };
        tokio::join!(
            self.until(deadline, Box::pin(self.visit(&current))),
            self.until(deadline, Box::pin(self.visit(&pending))),
        )
    }
}

/// Both values must meet the same server, so one address is chosen: of several the first that takes a connection. Example:
/// `localhost` may be `::1` too, where the server does not listen.
pub(super) async fn one_of(addresses: &[SocketAddr]) -> Result<SocketAddr, LoginAnswer> {
    match addresses {
        [] => Err(unresolved()),
        // A server counts a connection without a login as interrupted.
        [only] => Ok(*only),
        several => {
            let connected = TcpStream::connect(several).await;
            let address = connected.and_then(|stream| stream.peer_addr());
            address.map_err(|error| transport(&error))
        }
    }
}
