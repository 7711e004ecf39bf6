//! What the facts of a rotation mean at a given time. Derived, never stored.

use std::fmt;

use jiff::Timestamp;

use crate::model::Step;
use crate::policy::Timing;
use crate::story::rotations::{Ending, Origin, Rotation};

/// Where a rotation stands (design: The machine).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// AWSPENDING is there, without a value.
    Creating,
    /// It has a value; the database may still hold the old password.
    Created,
    /// setSecret is proven: the danger window is open, unless the old password works on.
    Exposed,
    Tested,
    /// Promoted; stale consumers are left.
    Propagating,
    /// All consumers fresh or presumed: checked for some minutes.
    Verifying,
    Watching,
    Settled,
    /// The next promotion took its place before all its consumers were fresh or presumed, and checked.
    Superseded,
    /// No progress for long.
    Stalled,
    Failed {
        step: Option<Step>,
    },
    Abandoned,
    RolledBack,
}

impl Phase {
    /// Every word of [`Self::name`].
    pub const NAMES: [&'static str; 13] = [
        "creating",
        "created",
        "exposed",
        "tested",
        "propagating",
        "verifying",
        "watching",
        "settled",
        "superseded",
        "stalled",
        "failed",
        "abandoned",
        "rolled-back",
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Created => "created",
            Self::Exposed => "exposed",
            Self::Tested => "tested",
            Self::Propagating => "propagating",
            Self::Verifying => "verifying",
            Self::Watching => "watching",
            Self::Settled => "settled",
            Self::Superseded => "superseded",
            Self::Stalled => "stalled",
            Self::Failed { .. } => "failed",
            Self::Abandoned => "abandoned",
            Self::RolledBack => "rolled-back",
        }
    }
}

impl Phase {
    /// A promotion on its way to its consumers: a login may still prove it.
    pub(crate) fn awaits_proof(self) -> bool {
        match self {
            Self::Propagating | Self::Verifying => true,
            Self::Creating
            | Self::Created
            | Self::Exposed
            | Self::Tested
            | Self::Watching
            | Self::Settled
            | Self::Superseded
            | Self::Stalled
            | Self::Failed { .. }
            | Self::Abandoned
            | Self::RolledBack => false,
        }
    }

    /// A rotation under way that does not go on.
    pub(crate) fn has_stopped(self) -> bool {
        match self {
            Self::Stalled | Self::Failed { .. } => true,
            Self::Creating
            | Self::Created
            | Self::Exposed
            | Self::Tested
            | Self::Propagating
            | Self::Verifying
            | Self::Watching
            | Self::Settled
            | Self::Superseded
            | Self::Abandoned
            | Self::RolledBack => false,
        }
    }

    /// A promotion that has come to all its consumers, or as far as it can.
    pub fn is_through(self) -> bool {
        match self {
            Self::Verifying | Self::Watching | Self::Settled => true,
            Self::Creating
            | Self::Created
            | Self::Exposed
            | Self::Tested
            | Self::Propagating
            | Self::Superseded
            | Self::Stalled
            | Self::Failed { .. }
            | Self::Abandoned
            | Self::RolledBack => false,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Failed { step: Some(step) } = self {
            return write!(f, "failed in {step}");
        }
        f.write_str(self.name())
    }
}

/// What a rotation's consumers say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consumers {
    /// Some may hold the old value.
    Pending,
    /// All were fresh, presumed or beyond us, the last one since then: what happens to them later is no matter of the
    /// rotation.
    Over { since: Timestamp },
}

/// The phase, and when time alone may change it.
pub fn phase(
    rotation: &Rotation,
    consumers: Consumers,
    now: Timestamp,
    timing: &Timing,
) -> (Phase, Option<Timestamp>) {
    match (&rotation.promoted, rotation.ending) {
        (_, Some((Ending::Abandoned | Ending::OnlyTested, _))) => (Phase::Abandoned, None),
        (_, Some((Ending::RolledBack, _))) => (Phase::RolledBack, None),
        (_, Some((Ending::Superseded, _))) if rotation.origin == Origin::Baseline => (Phase::Settled, None),
        (_, Some((Ending::Superseded, when))) => match consumers {
            Consumers::Over { since } if when.not_after >= since + timing.verify_for => {
                (Phase::Settled, None)
            }
            Consumers::Over { .. } | Consumers::Pending => (Phase::Superseded, None),
        },
        (None, None) => before_promotion(rotation, now, timing),
        (Some(promoted), None) => after_promotion(rotation, promoted.when.not_after, consumers, now, timing),
    }
}

fn before_promotion(rotation: &Rotation, now: Timestamp, timing: &Timing) -> (Phase, Option<Timestamp>) {
    if let Some(failure) = rotation.standing_failure() {
        return (Phase::Failed { step: failure.step }, None);
    }
    let stalls = rotation.last_progress().map(|at| at + timing.stalled_after);
    if stalls.is_some_and(|at| now >= at) {
        return (Phase::Stalled, None);
    }
    let phase = match (&rotation.created, &rotation.exposed, &rotation.tested) {
        (_, Some(_), Some(_)) => Phase::Tested,
        (_, Some(_), None) => Phase::Exposed,
        (_, None, Some(_)) | (Some(_), None, None) => Phase::Created,
        (None, None, None) => Phase::Creating,
    };
    (phase, stalls)
}

fn after_promotion(
    rotation: &Rotation,
    promoted: Timestamp,
    consumers: Consumers,
    now: Timestamp,
    timing: &Timing,
) -> (Phase, Option<Timestamp>) {
    if rotation.origin == Origin::Baseline {
        return (Phase::Settled, None);
    }
    let Consumers::Over { since } = consumers else {
        return (Phase::Propagating, None);
    };
    let verified = since.max(promoted) + timing.verify_for;
    let watched = promoted + timing.watch_for;
    if now < verified {
        (Phase::Verifying, Some(verified))
    } else if now < watched {
        (Phase::Watching, Some(watched))
    } else {
        (Phase::Settled, None)
    }
}
