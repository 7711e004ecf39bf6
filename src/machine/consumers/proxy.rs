//! RDS Proxies: each logs in with what it read of the secret, and reads AWSCURRENT anew by itself. Nobody restarts one.

use jiff::{SignedDuration, Timestamp};

use super::{Promotion, Standing, Why};
use crate::facts::state::ConsumerFacts;
use crate::model::Stage;

/// By then a proxy has read AWSCURRENT. Nothing documents how soon it does: between setSecret and finishSecret new logins
/// fail, afterwards they do not (aws-facts: RDS).
const READS_WITHIN: SignedDuration = SignedDuration::from_secs(60);

pub(super) fn stand(facts: &ConsumerFacts, promotion: &Promotion<'_>) -> Standing {
    let until = promotion.threshold() + READS_WITHIN;
    match through(facts, promotion) {
        Some((at, true)) => Standing::of(Stage::Fresh, Why::LoggedInThrough).seen_at(at),
        Some((at, false)) if promotion.now >= until => {
            Standing::of(Stage::Stale, Why::ProxyRefuses).seen_at(at)
        }
        None if promotion.now >= until => Standing::of(Stage::Presumed, Why::ProxyHasRead).seen_at(until),
        None | Some((_, false)) => Standing::of(Stage::Stale, Why::ProxyReads { until })
            .until(until)
            .seen_at(promotion.promoted),
    }
}

/// The last login at the proxy's own endpoint with the promoted version, and whether it was accepted.
fn through(facts: &ConsumerFacts, promotion: &Promotion<'_>) -> Option<(Timestamp, bool)> {
    let login = promotion.last_login?;
    let is_here = facts.endpoint == Some(login.host) && login.at >= promotion.promoted;
    is_here.then_some((login.at, login.accepted))
}
