//! The kinds of findings: one word each, the same in the log, the API, the metrics and `docs/runbook.md`.

use std::fmt;

/// What kind of finding it is. Its name is stable: alerts, queries and the runbook go by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Only a person could refresh the consumer at the next rotation.
    BeyondNext,
    /// Only a person can refresh the consumer.
    BeyondUs,
    /// The hourly cap keeps a stale consumer from another redeploy.
    Capped,
    /// setSecret is done, and AWSCURRENT has not moved for too long.
    DangerWindowOpen,
    /// RDS says that a database serves nobody.
    DatabaseUnwell,
    /// The database refuses AWSCURRENT.
    DeadValue,
    /// A task definition could not be read.
    DefinitionUnread,
    /// Functions whose environment cannot be decrypted for us.
    EnvironmentUnreadable,
    /// A queue of events is configured, and events do not come.
    EventsMissing,
    /// The consumer that tried an unproven version first did not get healthy.
    FirstFailed,
    /// The brake's tag `hold` keeps a stale consumer from its restart.
    Held,
    /// Another secret or consumer must be seen to first.
    HeldBack,
    /// Tries to refresh a consumer changed nothing.
    InVain,
    /// The journal cannot be written.
    Journal,
    /// The rotation function's log group does not exist.
    LogAbsent,
    /// The rotation function's log group cannot be read, or not to its end.
    LogUnreadable,
    /// A login test is on, and none can be made.
    LoginImpossible,
    /// A login test's password is accepted, and something else of it is wrong.
    LoginIncomplete,
    /// A login test is on, and has had no answer that tells of the password for long.
    LoginUnanswered,
    /// A long time passed between setSecret and finishSecret.
    LongWindow,
    /// AWSCURRENT was moved by hand, and nothing proves the value.
    ManualPromotion,
    /// RDS keeps the secret, and can no longer rotate it.
    MasterSecretImpaired,
    /// Nobody saw when the promotion was, and the consumer was made about then.
    MayBeStale,
    /// A redeploy may ship another image.
    MutableImage,
    /// Nobody who uses the secret was found.
    NoConsumers,
    /// The secret has no rotation.
    NoRotation,
    /// Our note on a function could not be taken away.
    NoteLeft,
    /// A rotation was due and has not happened.
    Overdue,
    /// AWSPENDING was left on a version that no rotation works on.
    PendingLeft,
    /// A consumer's reference is pinned to one version or to AWSPREVIOUS.
    Pinned,
    /// The secret has replicas in other regions, or is one.
    Replicated,
    /// A value arrived from the region where the secret is rotated, and nothing proves it.
    ReplicatedPromotion,
    /// A function that we switched off could not be switched on again.
    RestoreFailed,
    /// So many secrets want to be rolled forward that none is.
    RollForwardStopped,
    /// A version that was rolled forward is refused, and the one before it logs in.
    RollForwardUndone,
    /// AWSCURRENT moved back, and nothing proves the value.
    Rollback,
    /// AWSPENDING was promoted by us, because only the database had its password.
    RolledForward,
    /// A rotation was given up after setSecret.
    RotationAbandoned,
    /// A step of a rotation failed.
    RotationFailed,
    /// Rotation was switched off.
    RotationOff,
    /// A rotation makes no progress.
    RotationStalled,
    /// A rule of the configuration gets no secret.
    RuleWithoutSecrets,
    /// The secret is scheduled for deletion.
    SecretDeleted,
    /// The secret no longer exists.
    SecretGone,
    /// A first start found tasks from before the last rotation.
    StaleSinceBefore,
    /// Tasks without a service hold the secret.
    StandaloneTasks,
    /// Consumers name a secret that is gone, or is about to be.
    StillNamed,
    /// A consumer names the secret's database and nothing else of it.
    SuspectedConsumer,
    /// A service's tasks cannot be listed.
    TasksUnseen,
    /// The brake's tag has a word that nobody knows.
    UnknownBrake,
    /// A key of the configuration matches nothing.
    Unmatched,
    /// Numbers of an application or a database cannot be had.
    Unmeasured,
    /// Something cannot be looked at.
    Unseen,
    /// AWSCURRENT moved though testSecret had failed.
    UntestedPromotion,
    /// No secret is watched at all.
    WatchingNothing,
    /// A consumer would be refreshed if the mode were `act`.
    WouldAct,
}

impl Kind {
    /// Every kind, by its name.
    pub const ALL: [Self; 56] = [
        Self::BeyondNext,
        Self::BeyondUs,
        Self::Capped,
        Self::DangerWindowOpen,
        Self::DatabaseUnwell,
        Self::DeadValue,
        Self::DefinitionUnread,
        Self::EnvironmentUnreadable,
        Self::EventsMissing,
        Self::FirstFailed,
        Self::Held,
        Self::HeldBack,
        Self::InVain,
        Self::Journal,
        Self::LogAbsent,
        Self::LogUnreadable,
        Self::LoginImpossible,
        Self::LoginIncomplete,
        Self::LoginUnanswered,
        Self::LongWindow,
        Self::ManualPromotion,
        Self::MasterSecretImpaired,
        Self::MayBeStale,
        Self::MutableImage,
        Self::NoConsumers,
        Self::NoRotation,
        Self::NoteLeft,
        Self::Overdue,
        Self::PendingLeft,
        Self::Pinned,
        Self::Replicated,
        Self::ReplicatedPromotion,
        Self::RestoreFailed,
        Self::RollForwardStopped,
        Self::RollForwardUndone,
        Self::Rollback,
        Self::RolledForward,
        Self::RotationAbandoned,
        Self::RotationFailed,
        Self::RotationOff,
        Self::RotationStalled,
        Self::RuleWithoutSecrets,
        Self::SecretDeleted,
        Self::SecretGone,
        Self::StaleSinceBefore,
        Self::StandaloneTasks,
        Self::StillNamed,
        Self::SuspectedConsumer,
        Self::TasksUnseen,
        Self::UnknownBrake,
        Self::Unmatched,
        Self::Unmeasured,
        Self::Unseen,
        Self::UntestedPromotion,
        Self::WatchingNothing,
        Self::WouldAct,
    ];

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The stable word for queries.
    pub fn name(self) -> &'static str {
        match self {
            Self::BeyondNext => "beyond-next",
            Self::BeyondUs => "beyond-us",
            Self::Capped => "capped",
            Self::DangerWindowOpen => "danger-window-open",
            Self::DatabaseUnwell => "database-unwell",
            Self::DeadValue => "dead-value",
            Self::DefinitionUnread => "definition-unread",
            Self::EnvironmentUnreadable => "environment-unreadable",
            Self::EventsMissing => "events-missing",
            Self::FirstFailed => "first-failed",
            Self::Held => "held",
            Self::HeldBack => "held-back",
            Self::InVain => "in-vain",
            Self::Journal => "journal",
            Self::LogAbsent => "log-absent",
            Self::LogUnreadable => "log-unreadable",
            Self::LoginImpossible => "login-impossible",
            Self::LoginIncomplete => "login-incomplete",
            Self::LoginUnanswered => "login-unanswered",
            Self::LongWindow => "long-window",
            Self::ManualPromotion => "manual-promotion",
            Self::MasterSecretImpaired => "master-secret-impaired",
            Self::MayBeStale => "may-be-stale",
            Self::MutableImage => "mutable-image",
            Self::NoConsumers => "no-consumers",
            Self::NoRotation => "no-rotation",
            Self::NoteLeft => "note-left",
            Self::Overdue => "overdue",
            Self::PendingLeft => "pending-left",
            Self::Pinned => "pinned",
            Self::Replicated => "replicated",
            Self::ReplicatedPromotion => "replicated-promotion",
            Self::RestoreFailed => "restore-failed",
            Self::RollForwardStopped => "roll-forward-stopped",
            Self::RollForwardUndone => "roll-forward-undone",
            Self::Rollback => "rollback",
            Self::RolledForward => "rolled-forward",
            Self::RotationAbandoned => "rotation-abandoned",
            Self::RotationFailed => "rotation-failed",
            Self::RotationOff => "rotation-off",
            Self::RotationStalled => "rotation-stalled",
            Self::RuleWithoutSecrets => "rule-without-secrets",
            Self::SecretDeleted => "secret-deleted",
            Self::SecretGone => "secret-gone",
            Self::StaleSinceBefore => "stale-since-before",
            Self::StandaloneTasks => "standalone-tasks",
            Self::StillNamed => "still-named",
            Self::SuspectedConsumer => "suspected-consumer",
            Self::TasksUnseen => "tasks-unseen",
            Self::UnknownBrake => "unknown-brake",
            Self::Unmatched => "unmatched",
            Self::Unmeasured => "unmeasured",
            Self::Unseen => "unseen",
            Self::UntestedPromotion => "untested-promotion",
            Self::WatchingNothing => "watching-nothing",
            Self::WouldAct => "would-act",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_are_listed_in_the_order_of_their_names() {
        let names = Kind::ALL.map(Kind::name);
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        assert!(Kind::ALL.is_sorted());
        assert!(
            Kind::ALL
                .iter()
                .all(|kind| Kind::named(kind.name()) == Some(*kind))
        );
    }

    #[test]
    fn the_runbook_has_a_heading_for_each_kind_and_no_other() {
        let runbook = include_str!("../../../../docs/runbook.md");
        let (kinds, _) = runbook
            .split_once("\n# Alerts without a finding\n")
            .expect("the alerts come last");
        let headings: Vec<&str> = kinds
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        assert_eq!(headings, Kind::ALL.map(Kind::name));
    }
}
