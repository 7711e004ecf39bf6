//! What the journal keeps.

use jiff::{SignedDuration, Timestamp};

use super::finding::FindingFact;
use super::{
    AttemptId, Belongs, Brake, ConsumerId, Dates, Decision, Labels, LogFact, LoginAnswer, Look, MasterState,
    Outcome, Procedure, Reset, RotationKey, SecretArn, Stage, VersionId,
};

/// What the journal keeps: enough to know after a restart what was seen, decided and done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The labels were so during the look, and AWS told these dates with them.
    Labels {
        secret: SecretArn,
        look: Look,
        labels: Labels,
        dates: Dates,
    },
    Valued {
        secret: SecretArn,
        version: VersionId,
        look: Look,
        present: bool,
    },
    Log {
        secret: SecretArn,
        fact: LogFact,
    },
    Login {
        secret: SecretArn,
        version: VersionId,
        look: Look,
        answer: LoginAnswer,
    },
    Decided(Decision),
    Ended {
        attempt: AttemptId,
        at: Timestamp,
        outcome: Outcome,
    },
    /// A consumer came to this stage for a rotation, as a look at this time showed.
    Reached {
        rotation: RotationKey,
        consumer: ConsumerId,
        stage: Stage,
        at: Timestamp,
        why: String,
        /// Until then, at least, something of it held the old value.
        old: Option<Timestamp>,
    },
    WouldAct(WouldAct),
    Refused(Refusal),
    /// A rotation that ended by itself: how long it took from setSecret to finishSecret.
    Paced {
        rotation: RotationKey,
        pace: Pace,
    },
    Finding(FindingFact),
    /// The brake's tag on a secret is this from then on; nothing where it was taken off.
    Braked {
        secret: SecretArn,
        at: Timestamp,
        brake: Option<Brake>,
    },
    /// The master user's password stood so at this look, as RDS tells it. The secret is the one that holds it.
    Master {
        secret: SecretArn,
        look: Look,
        state: MasterState,
    },
    /// A login test knows the secret's database of RDS.
    Belongs {
        secret: SecretArn,
        belongs: Belongs,
    },
    /// RDS set the master user's password, or could not.
    Reset {
        secret: SecretArn,
        reset: Reset,
    },
    /// These use what was promoted, and no others: everything was searched.
    Users {
        rotation: RotationKey,
        at: Timestamp,
        consumers: Vec<ConsumerId>,
    },
}

/// How long a good rotation took from setSecret to finishSecret, at most; and when it was promoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub took: SignedDuration,
    pub at: Timestamp,
}

/// A database refused a login, and may count it against the account. Told of each secret that is known to name the
/// account, so that it counts after a crash for whichever is tried first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// When the refusal arrived.
    pub at: Timestamp,
    /// The secret and version that were tried.
    pub of: SecretArn,
    pub version: VersionId,
    /// The secret that it is told of.
    pub secret: SecretArn,
}

/// A consumer was stale, and nothing but the mode kept it from being refreshed so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WouldAct {
    pub rotation: RotationKey,
    pub consumer: ConsumerId,
    pub procedure: Procedure,
    pub at: Timestamp,
    /// Why it was stale.
    pub why: String,
}
