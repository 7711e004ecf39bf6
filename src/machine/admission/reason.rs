//! The reasons for every wait, in words for people.

use std::fmt;

use jiff::Timestamp;

use crate::model::{ConsumerId, SecretArn, VersionId, WriteKind};

/// Why something that is wanted does not happen yet. Every wait has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    Observing,
    Held,
    Margin {
        until: Timestamp,
    },
    /// A login or testSecret's line may still prove the version.
    Proof {
        until: Timestamp,
    },
    /// Nothing but the label says that the version works.
    Unproven,
    /// The new version was refused by the database.
    Refused,
    /// Trusted by protocol: one consumer goes first.
    First {
        consumer: ConsumerId,
    },
    FirstFailed {
        consumer: ConsumerId,
    },
    Moving {
        secret: SecretArn,
        version: VersionId,
    },
    Unseen {
        secret: SecretArn,
    },
    /// New tasks could not read it.
    Deleted {
        secret: SecretArn,
    },
    Busy {
        write: WriteKind,
    },
    InFlight {
        limit: usize,
    },
    Wave {
        database: String,
        limit: usize,
    },
    HourlyCap {
        limit: usize,
        /// When the hour of enough of them is over.
        until: Timestamp,
    },
    /// So many logins of its account were refused of late that the next might be one too many: databases lock accounts.
    Refusals {
        refusals: usize,
        until: Timestamp,
    },
    OwnServiceLast,
    /// So many secrets began to want to be rolled forward that none is.
    TooMany {
        secrets: usize,
        until: Timestamp,
    },
    /// A restart gives it that secret's new value too, and that one waits.
    Another {
        secret: SecretArn,
        reason: Box<Reason>,
    },
    Draining,
    /// The journal cannot be written, so nothing may be decided.
    Journal,
}

/// Whether the value that is waited for may be given to anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    /// Nothing is said against it.
    Open,
    NotYet,
    /// Until a person has seen to it.
    LeftToAPerson,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Observing => f.write_str("mode is observe: it would be done now"),
            Self::Held => f.write_str("held by the secret's tag"),
            Self::Margin { until } => write!(f, "not before {until:.3}: promotion plus margin"),
            Self::Proof { until } => {
                write!(f, "waiting until {until:.0} for a login or testSecret's log line")
            }
            Self::Unproven => f.write_str("nothing proves that the version works"),
            Self::Refused => f.write_str("the database refuses the new version: nobody is restarted onto it"),
            Self::First { consumer } => write!(f, "trusted by protocol only: {consumer} goes first"),
            Self::FirstFailed { consumer } => write!(f, "{consumer} went first and did not recover"),
            Self::Moving { secret, version } => {
                write!(f, "secret {} is rotating to {version}", secret.name())
            }
            Self::Unseen { secret } => write!(f, "secret {} was not seen yet", secret.name()),
            Self::Deleted { secret } => {
                write!(f, "secret {} is deleted: new tasks cannot read it", secret.name())
            }
            Self::Busy { write } => write!(f, "{write} is under way for it"),
            Self::InFlight { limit } => write!(f, "{limit} consumers are being refreshed already"),
            Self::Wave { database, limit } => {
                write!(f, "{limit} consumers of {database} are being refreshed already")
            }
            Self::HourlyCap { limit, until } => write!(
                f,
                "redeployed {limit} times within the last hour: the next one may go at {until:.0}"
            ),
            Self::Refusals { refusals, until } => write!(
                f,
                "{refusals} logins of its account were refused of late: none is made until {until:.0}, lest the account is locked"
            ),
            Self::OwnServiceLast => f.write_str("the watchdog's own service comes last"),
            Self::TooMany { secrets, until } => write!(
                f,
                "{secrets} secrets want to be rolled forward at once, so none is before {until:.0}: look for what they share"
            ),
            Self::Another { secret, reason } => {
                write!(f, "secret {}, which it would get too: {reason}", secret.name())
            }
            Self::Draining => f.write_str("shutting down"),
            Self::Journal => f.write_str("the journal cannot be written"),
        }
    }
}

impl Reason {
    /// Who goes first, where it waits for that.
    pub fn goes_after(&self) -> Option<&ConsumerId> {
        let (_, Self::First { consumer }) = self.innermost() else {
            return None;
        };
        Some(consumer)
    }

    /// The secret whose new value somebody tries first, and who tries it, where it waits for that. `secret`: the one that
    /// the wait belongs to.
    pub fn goes_first<'a>(&'a self, secret: &'a SecretArn) -> Option<(&'a SecretArn, &'a ConsumerId)> {
        let (other, _) = self.innermost();
        Some((other.unwrap_or(secret), self.goes_after()?))
    }

    /// Whether a consumer that waits so for one secret must not get that secret's value by a restart for another either.
    pub(crate) fn withholds_value(&self) -> bool {
        self.value() != Value::Open
    }

    /// Whether only a person can bring about that the version may be given to anybody.
    pub(crate) fn needs_person(&self) -> bool {
        self.value() == Value::LeftToAPerson
    }

    /// What is waited for in the end, and of which other secret, if it is of another.
    fn innermost(&self) -> (Option<&SecretArn>, &Self) {
        let (mut of, mut waited_for) = (None, self);
        while let Self::Another { secret, reason } = waited_for {
            (of, waited_for) = (Some(secret), reason);
        }
        (of, waited_for)
    }

    /// A held secret, one that moves and one that is gone hold each restart back by themselves.
    fn value(&self) -> Value {
        match self {
            Self::Margin { .. } | Self::Proof { .. } | Self::First { .. } => Value::NotYet,
            Self::Unproven | Self::Refused | Self::FirstFailed { .. } => Value::LeftToAPerson,
            Self::Another { reason, .. } => reason.value(),
            Self::Observing
            | Self::Held
            | Self::Moving { .. }
            | Self::Unseen { .. }
            | Self::Deleted { .. }
            | Self::Busy { .. }
            | Self::InFlight { .. }
            | Self::Wave { .. }
            | Self::HourlyCap { .. }
            | Self::Refusals { .. }
            | Self::OwnServiceLast
            | Self::TooMany { .. }
            | Self::Draining
            | Self::Journal => Value::Open,
        }
    }

    /// When the wait ends by itself, where that is known.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Margin { until }
            | Self::Proof { until }
            | Self::HourlyCap { until, .. }
            | Self::TooMany { until, .. }
            | Self::Refusals { until, .. } => Some(*until),
            Self::Another { reason, .. } => reason.until(),
            Self::Observing
            | Self::Held
            | Self::Unproven
            | Self::Refused
            | Self::First { .. }
            | Self::FirstFailed { .. }
            | Self::Moving { .. }
            | Self::Unseen { .. }
            | Self::Deleted { .. }
            | Self::Busy { .. }
            | Self::InFlight { .. }
            | Self::Wave { .. }
            | Self::OwnServiceLast
            | Self::Draining
            | Self::Journal => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn another(reason: Reason) -> Reason {
        Reason::Another {
            secret: SecretArn::new("arn:aws:secretsmanager:eu-west-1:1:secret:queue-AbCdEf"),
            reason: Box::new(reason),
        }
    }

    /// Whoever waits so gets the value by no other restart either; whom only a person helps is waited for by nobody.
    #[test]
    fn f12_each_reason_says_what_it_withholds_and_whether_a_person_must_come() {
        let (at, consumer) = (Timestamp::UNIX_EPOCH, ConsumerId::service("prod", "orders"));
        let (secret, version) = (SecretArn::new("a"), VersionId::new("b"));
        let limit = 3;
        let first = Reason::First {
            consumer: consumer.clone(),
        };
        let failed = Reason::FirstFailed { consumer };
        let moving = Reason::Moving {
            secret: secret.clone(),
            version,
        };
        let capped = Reason::HourlyCap { limit, until: at };
        let refusals = Reason::Refusals {
            refusals: 9,
            until: at,
        };
        let table = [
            (Reason::Margin { until: at }, true, false),
            (Reason::Proof { until: at }, true, false),
            (Reason::Unproven, true, true),
            (Reason::Refused, true, true),
            (first.clone(), true, false),
            (failed, true, true),
            (another(first), true, false),
            (another(Reason::Refused), true, true),
            (Reason::Observing, false, false),
            (Reason::Held, false, false),
            (moving, false, false),
            (Reason::Deleted { secret }, false, false),
            (capped, false, false),
            (refusals, false, false),
            (Reason::OwnServiceLast, false, false),
            (Reason::Journal, false, false),
        ];
        for (reason, withholds, person) in table {
            assert_eq!(reason.withholds_value(), withholds, "{reason}");
            assert_eq!(reason.needs_person(), person, "{reason}");
        }
    }
}
