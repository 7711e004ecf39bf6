//! Guards: what the world must be like right before a write is sent, as data. One guard is one question to the world, and
//! all that is expected of its answer.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    Done, EnvironmentSeen, FunctionSeen, Look, NoEffect, Outcome, Rollout, SecretArn, SecretSeen,
    ServiceSeen, SleepTag, UpdateStatus, VersionId,
};

/// Asked in the order in which they stand: the first that does not hold keeps the write from being sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    Service {
        cluster: Arc<str>,
        service: Arc<str>,
        expects: ServiceGuard,
    },
    Function {
        function: Arc<str>,
        expects: Vec<FunctionGuard>,
    },
    Secret {
        secret: SecretArn,
        expects: AtRest,
    },
    /// The labels of a rotation that is to be rolled forward, described anew.
    Promotable {
        secret: SecretArn,
        expects: Promotable,
    },
    /// Both values, each tried in a login right now: AWSPENDING's is accepted by a writer, AWSCURRENT's is refused.
    Logins {
        secret: SecretArn,
        current: VersionId,
        pending: VersionId,
    },
}

/// Nothing where the write may be sent; else how it ends without having been sent.
pub type Verdict = Option<Outcome>;

/// Some task is older than `fresh_after`, and nobody is about to replace it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceGuard {
    pub fresh_after: Timestamp,
}

impl ServiceGuard {
    pub fn verdict(&self, look: Look, seen: &ServiceSeen) -> Verdict {
        let fresh_after = self.fresh_after;
        if look.arrived < fresh_after {
            // The clock that the decision was made by had jumped; this answer has set it right.
            return Some(not_sent(
                "by AWS's time the promotion is so recent that a task may still be given the old value",
            ));
        }
        let mut tasks = seen.tasks.iter();
        let tasks_fresh = tasks.all(|task| task.created.is_some_and(|created| created > fresh_after));
        let primary = seen.deployments.iter().find(|deployment| deployment.primary);
        let deploying = primary.is_some_and(|deployment| deployment.rollout == Rollout::InProgress);
        let deploying_since = primary.is_some_and(|deployment| deployment.created > fresh_after);
        if seen.tasks_listed && tasks_fresh || deploying && deploying_since {
            Some(Outcome::Done(Done::AlreadySo))
        } else if deploying {
            Some(conflict(
                "no deployment under way",
                "one from before the promotion",
            ))
        } else {
            None
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionGuard {
    /// Its environment does not bear this marker yet.
    Unmarked {
        marker: String,
    },
    /// Its environment can be read in full: a merge would wipe what is not read (aws-facts: Lambda).
    ReadableEnvironment,
    NotUpdating,
    Revision(String),
    /// It bears no note: neither this one, which is done already, nor another's.
    Unnoted {
        tag: SleepTag,
    },
    /// It bears a note of what its concurrency was.
    Noted,
    NotProvisioned,
    /// Its reserved concurrency is still this. Only what is as we left it is put back; another's value stays.
    Reserved(Option<u32>),
    /// Its reserved concurrency is not this yet.
    NotYetReserved(Option<u32>),
    /// The note is still there.
    NoteLeft,
}

impl FunctionGuard {
    pub fn verdict(&self, seen: &FunctionSeen) -> Verdict {
        match self {
            Self::Unmarked { marker } => already(matches!(
                &seen.environment,
                EnvironmentSeen::Readable { marker: Some(found), .. } if found == marker
            )),
            Self::ReadableEnvironment => match &seen.environment {
                EnvironmentSeen::Unreadable { why } => Some(conflict("a readable environment", why)),
                EnvironmentSeen::Readable { .. } => None,
            },
            Self::NotUpdating => (seen.update == UpdateStatus::InProgress)
                .then(|| conflict("no update under way", "one of another")),
            Self::Revision(revision) => (seen.revision != *revision)
                .then(|| conflict(&format!("revision {revision}"), &seen.revision)),
            Self::Unnoted { tag } => match &seen.sleep_tag {
                None => None,
                Some(found) if found == tag => already(true),
                Some(_) => Some(conflict("no note of another cycle", "one")),
            },
            Self::Noted => seen
                .sleep_tag
                .is_none()
                .then(|| conflict("the note of what it was", "none")),
            Self::NotProvisioned => seen
                .provisioned
                .then(|| conflict("no provisioned concurrency", "some")),
            Self::Reserved(expected) => {
                (seen.reserved != *expected).then(|| conflict(&reserved(*expected), &reserved(seen.reserved)))
            }
            Self::NotYetReserved(former) => already(seen.reserved == *former),
            Self::NoteLeft => already(seen.sleep_tag.is_none()),
        }
    }
}

/// A secret that the consumer uses stays as it is (design rule 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtRest {
    /// The version that must be AWSCURRENT, where one is known.
    pub current: Option<VersionId>,
    /// Whether it must be there at all: whoever fetches starts without it.
    pub must_exist: bool,
    /// The write is made for its sake, so that its brake counts.
    pub is_served: bool,
}

impl AtRest {
    /// `seen`: nothing where there is no such secret.
    pub fn verdict(&self, secret: &SecretArn, seen: Option<&SecretSeen>) -> Verdict {
        let found = match seen {
            Some(seen) => self.unrest(seen),
            None => self.must_exist.then(|| "none".to_owned()),
        };
        found.map(|found| conflict(&format!("secret {} at rest", secret.name()), &found))
    }

    fn unrest(&self, seen: &SecretSeen) -> Option<String> {
        if seen.deleted.is_some() {
            return Some("scheduled for deletion".to_owned());
        }
        if let Some(version) = seen.labels.in_progress() {
            return Some(format!("AWSPENDING on {version}"));
        }
        if self.current.is_some() && seen.labels.current != self.current {
            return Some("AWSCURRENT on another version".to_owned());
        }
        let brake = seen.brake().filter(|_| self.is_served);
        brake.map(|_| "the brake's tag".to_owned())
    }
}

/// Nothing but AWSPENDING stands between the version and AWSCURRENT, and nobody else's hands are on the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotable {
    /// What AWSCURRENT is on.
    pub current: VersionId,
    /// What AWSPENDING is on.
    pub pending: VersionId,
}

impl Promotable {
    /// `seen`: nothing where there is no such secret.
    pub fn verdict(&self, secret: &SecretArn, seen: Option<&SecretSeen>) -> Verdict {
        let Some(seen) = seen else {
            return Some(conflict(&format!("secret {}", secret.name()), "none"));
        };
        let labels = &seen.labels;
        if labels.current.as_ref() == Some(&self.pending) {
            return already(true);
        }
        if let Some(why) = seen.belongs_to_another(secret) {
            return Some(unfit(why));
        }
        if labels.previous.as_ref() == Some(&self.pending) || seen.labelled.contains(&self.pending) {
            return Some(unfit("AWSPENDING's version carries another label".to_owned()));
        }
        let expected = format!(
            "AWSCURRENT on {} and AWSPENDING on {}",
            self.current, self.pending
        );
        let as_decided =
            labels.current.as_ref() == Some(&self.current) && labels.pending.as_ref() == Some(&self.pending);
        let found = if !as_decided {
            Some("other labels")
        } else if seen.deleted.is_some() {
            Some("scheduled for deletion")
        } else if !seen.rotation_enabled {
            Some("rotation switched off")
        } else {
            seen.brake().map(|_| "the brake's tag")
        };
        found.map(|found| conflict(&expected, found))
    }
}

fn unfit(why: String) -> Outcome {
    Outcome::NoEffect(NoEffect::Unfit { why })
}

fn already(is_so: bool) -> Verdict {
    is_so.then_some(Outcome::Done(Done::AlreadySo))
}

fn conflict(expected: &str, found: &str) -> Outcome {
    Outcome::NoEffect(NoEffect::Conflict {
        expected: expected.to_owned(),
        found: found.to_owned(),
    })
}

fn not_sent(why: &str) -> Outcome {
    Outcome::NoEffect(NoEffect::NotSent { why: why.to_owned() })
}

fn reserved(value: Option<u32>) -> String {
    value.map_or("no reserved concurrency".to_owned(), |n| {
        format!("reserved concurrency {n}")
    })
}
