//! What goes wrong with the watchdog's own calls, disk, clock and process in a case.

use std::str::FromStr;

/// A kind of faults. What happens to the account is in every profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Nothing but what happens to the account.
    None,
    /// Calls that are refused, throttled, slow, never answered, or answered with what is old or incomplete.
    Network,
    /// The watchdog is killed or told to stop, and starts again, on its journal, an older copy, or none.
    Crash,
    /// The journal's disk is full for a while, or tells that what it wrote was not written.
    Disk,
    /// The process is suspended for minutes or hours, and its clock jumps.
    Clock,
    All,
    /// All of it, and what people do, in the seconds of rotations and of the refreshes after them; login tests or none.
    Moments,
    /// Rotations that fail, whose retries may end, whose functions and people act meanwhile; some of `network` and `crash`
    /// with it.
    Failures,
}

impl Profile {
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::Network,
        Self::Crash,
        Self::Disk,
        Self::Clock,
        Self::All,
        Self::Moments,
        Self::Failures,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Network => "network",
            Self::Crash => "crash",
            Self::Disk => "disk",
            Self::Clock => "clock",
            Self::All => "all",
            Self::Moments => "moments",
            Self::Failures => "failures",
        }
    }

    /// Whether a case of this profile has the faults of that one.
    pub(super) fn has(self, other: Self) -> bool {
        self == other || self == Self::All
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|profile| profile.name() == text);
        found.ok_or_else(|| format!("expected one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}
