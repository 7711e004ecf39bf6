//! What a look at a Lambda function shows, and the note that we leave on one.

use jiff::Timestamp;

use super::AttemptId;

/// One look at a Lambda function's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionSeen {
    pub revision: String,
    pub last_modified: Option<Timestamp>,
    pub update: UpdateStatus,
    pub environment: EnvironmentSeen,
    /// Reserved concurrency; nothing where none is set.
    pub reserved: Option<u32>,
    pub provisioned: bool,
    /// Published versions start from a snapshot; $LATEST does not.
    pub snap_start: bool,
    /// It runs on instances of a capacity provider: its callers get $LATEST.PUBLISHED.
    pub managed_instances: bool,
    /// Each tenant has environments of its own.
    pub tenants: bool,
    /// Executions last beyond one invocation.
    pub durable: bool,
    /// Aliases that point at a published version: an update of $LATEST does not reach them.
    pub pinned_aliases: Vec<Alias>,
    /// Our own note on the function while it is switched off.
    pub sleep_tag: Option<SleepTag>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    pub name: String,
    pub version: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateStatus {
    Successful,
    InProgress,
    Failed,
}

/// What may be known of an environment without keeping any of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvironmentSeen {
    /// Read in full, or the function has none: `bytes` as AWS counts them, and our marker's value.
    Readable { bytes: usize, marker: Option<String> },
    /// The answer carried an error instead of variables: a merge would wipe them (aws-facts: Lambda).
    Unreadable { why: String },
}

/// The note left on a function before its concurrency is set to 0: what to put back, and by when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SleepTag {
    pub attempt: AttemptId,
    /// Reserved concurrency before; nothing where none was set.
    pub former: Option<u32>,
    pub deadline: Timestamp,
}

impl SleepTag {
    /// The tag's key on the function.
    pub const KEY: &str = "rotation-watchdog:restore-concurrency";

    /// `<attempt>/<former or none>/<deadline in epoch seconds>`: only characters that AWS allows in tag values.
    pub fn to_value(&self) -> String {
        let former = self.former.map_or_else(|| "none".to_owned(), |n| n.to_string());
        format!("{}/{former}/{}", self.attempt, self.deadline.as_second())
    }

    pub fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split('/');
        let attempt = AttemptId::new(parts.next().filter(|part| !part.is_empty())?);
        let former = match parts.next()? {
            "none" => None,
            n => Some(n.parse().ok()?),
        };
        let deadline = Timestamp::from_second(parts.next()?.parse().ok()?).ok()?;
        parts.next().is_none().then_some(Self {
            attempt,
            former,
            deadline,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_tags_read_back_what_they_write() {
        for former in [None, Some(0), Some(7)] {
            let tag = SleepTag {
                attempt: AttemptId::new("0011aabbccdd"),
                former,
                deadline: Timestamp::from_second(1_700_000_000).unwrap(),
            };
            assert_eq!(SleepTag::parse(&tag.to_value()), Some(tag));
        }
        for broken in ["", "a", "a/none", "a/x/1", "a/1/2/3", "/none/1"] {
            assert_eq!(SleepTag::parse(broken), None, "{broken}");
        }
    }
}
