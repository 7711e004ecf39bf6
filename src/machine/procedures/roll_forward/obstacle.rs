//! What leaves a roll forward to people.

use std::fmt;

use crate::model::NoEffect;

/// Why the watchdog does not promote, though both logins say that AWSPENDING should be promoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Another service, region or partner rotates it.
    AnothersSecret(String),
    RotationOff,
    Deleted,
    /// The version was AWSCURRENT before, so that somebody may have moved the label away from it.
    WasCurrent,
    /// It carries another label than AWSPENDING.
    Labelled,
    /// AWSCURRENT, or another label, was moved since the rotation began: somebody is at work.
    LabelsMoved,
    /// Nobody saw how it began.
    SeenUnderWay,
    /// A function that sets several accounts may not have come to all of them.
    SetUnknown,
    /// The mode is not `act`.
    Observing,
    Braked,
    /// So many times within a day.
    TooOften {
        limit: usize,
    },
    /// What a guard found.
    Unfit(String),
    /// AWS refused the write for good.
    InVain(NoEffect),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnothersSecret(why) | Self::Unfit(why) => f.write_str(why),
            Self::RotationOff => f.write_str("rotation is switched off"),
            Self::Deleted => f.write_str("the secret is scheduled for deletion"),
            Self::WasCurrent => f.write_str("the version was AWSCURRENT before: somebody may have moved AWSCURRENT away from it"),
            Self::Labelled => f.write_str("the version carries another label than AWSPENDING"),
            Self::LabelsMoved => f.write_str("a label was moved since the rotation began: somebody may be at work on the secret"),
            Self::SeenUnderWay => f.write_str("the rotation was under way when the watchdog first saw the secret"),
            Self::SetUnknown => f.write_str(
                "nothing shows that setSecret came to its end: a function that sets several accounts may have left one behind \
                 (rotation_sets_one_account = true in its rule says that there is one)",
            ),
            Self::Observing => f.write_str("the mode is observe"),
            Self::Braked => f.write_str("the secret's tag rotation-watchdog brakes it"),
            Self::TooOften { limit } => write!(f, "it was rolled forward {limit} times within a day"),
            Self::InVain(why) => write!(f, "AWS did not let it be done: {why}"),
        }
    }
}
