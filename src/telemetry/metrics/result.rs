//! How rotations end, as they are counted.

/// How a rotation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationResult {
    /// Promoted, and every consumer held the new value once.
    Completed,
    /// A step failed. Where a retry gets further, it also counts as what it came to.
    Failed,
    /// Promoted, and a consumer is left that only a person can refresh.
    LeftBehind,
    /// The next promotion came first.
    Superseded,
    Abandoned,
    OnlyTested,
    RolledBack,
}

impl RotationResult {
    pub(super) const ALL: [Self; 7] = [
        Self::Completed,
        Self::Failed,
        Self::LeftBehind,
        Self::Superseded,
        Self::Abandoned,
        Self::OnlyTested,
        Self::RolledBack,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::LeftBehind => "left-behind",
            Self::Superseded => "superseded",
            Self::Abandoned => "abandoned",
            Self::OnlyTested => "only-tested",
            Self::RolledBack => "rolled-back",
        }
    }
}
