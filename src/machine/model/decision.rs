//! Decisions: durable before their write is sent; and what became of them.

use jiff::Timestamp;

use super::{AttemptId, Guard, RotationKey, Target, Write};

/// One write that was decided: durable before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub attempt: AttemptId,
    pub write: Write,
    /// Asked of the world right before the write is sent. Not journalled: what was decided by another life is looked at,
    /// never sent.
    pub guards: Vec<Guard>,
    /// The rotations that it is made for; none when a switched-off function is found by its tag alone.
    pub serves: Vec<RotationKey>,
    pub at: Timestamp,
    /// The write's own deadline: after it the answer is in doubt.
    pub deadline: Timestamp,
}

impl Decision {
    pub fn target(&self) -> Target {
        self.write.target()
    }
}

/// A decision and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub decision: Decision,
    /// Nothing while it is under way, or when the process died before the answer.
    pub outcome: Option<(Timestamp, Outcome)>,
}

impl Attempt {
    /// When AWS answered that the write was made.
    pub fn written(&self) -> Option<Timestamp> {
        match &self.outcome {
            Some((at, Outcome::Done(Done::Written { .. }))) => Some(*at),
            _ => None,
        }
    }
}

/// What a write's answer means for sending it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done(Done),
    /// Certainly nothing changed: may be sent again.
    NoEffect(NoEffect),
    /// A timeout, a cut connection, a server error: it may have happened. Looked at before anything is repeated.
    InDoubt {
        why: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// The write went through. `began`: what it began, by the name that the answer gives it; for a redeploy, the deployment.
    Written { began: Option<String> },
    /// The precheck found it done.
    AlreadySo,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoEffect {
    Throttled,
    Denied {
        iam_action: String,
        resource: String,
    },
    /// The precheck, or AWS's own guard, found another state than the decision expected.
    Conflict {
        expected: String,
        found: String,
    },
    /// AWS rejects the request as such.
    Rejected {
        why: String,
    },
    /// A guard found what time does not mend: the write is left to people.
    Unfit {
        why: String,
    },
    /// The connection could not be made, so nothing was sent.
    NotSent {
        why: String,
    },
}

impl NoEffect {
    /// What is kept of AWS's refusal to update a function whose runtime is out of support.
    pub const RUNTIME_BLOCKED: &str =
        "InvalidParameterValueException: the runtime is no longer supported for updating functions";

    /// Whether no update of the function will ever go through with its present runtime.
    pub fn is_blocked_runtime(&self) -> bool {
        matches!(self, Self::Rejected { why } if why == Self::RUNTIME_BLOCKED)
    }
}
