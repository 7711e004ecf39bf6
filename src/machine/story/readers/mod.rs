//! A reader for each source: what it tells of the milestones of one rotation.
//!
//! What DescribeSecret and lists tell of labels is read by `rotations`, which finds out which rotations there are.

pub(super) mod log;
pub(super) mod logins;
pub(super) mod ours;
pub(super) mod rds;
pub(super) mod versions;

use crate::facts::track::Track;
use crate::model::When;

/// When a track first came to a state: after the last look before it with the opposite one.
fn first<T: Clone + Eq>(
    track: &Track<T>,
    is: impl Fn(&T) -> bool,
    is_opposite: impl Fn(&T) -> bool,
) -> Option<When> {
    let i = track.runs().iter().position(|run| is(&run.state))?;
    let opposite = track.runs()[..i].iter().rev().find(|run| is_opposite(&run.state));
    let not_after = track.runs()[i].first.arrived;
    Some(opposite.map_or(When::by(not_after), |run| When::between(run.last.sent, not_after)))
}
