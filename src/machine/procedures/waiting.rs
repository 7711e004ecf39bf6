//! Waiting: whoever only caches is waited for, until its cache has expired. Nothing is written.

use jiff::SignedDuration;

use crate::consumers::{Promotion, Standing, Why};
use crate::model::Stage;

pub(crate) fn stand(promotion: &Promotion<'_>, ttl: SignedDuration) -> Standing {
    let until = promotion.threshold() + ttl;
    if promotion.now >= until {
        Standing::of(Stage::Presumed, Why::CacheExpired).seen_at(until)
    } else {
        Standing::of(Stage::Stale, Why::CacheLives { until })
            .until(until)
            .seen_at(promotion.promoted)
    }
}
