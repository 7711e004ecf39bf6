//! AWS's time, told from the `Date` header of its answers.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_smithy_async::time::TimeSource;
use aws_smithy_types::date_time::{DateTime, Format};
use jiff::{SignedDuration, Timestamp};

/// The machine's own time.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A `Date` header has whole seconds, cut off.
const DATE_STEP: SignedDuration = SignedDuration::from_secs(1);

const NANOS_OF_MILLI: i128 = 1_000_000;

/// 1970 to the year 9000. Nothing at AWS is older or younger, and any wait away from such a time is a time as well.
const MILLISECONDS: RangeInclusive<i64> = 0..=221_845_392_000_000;

/// The local clock, moved only as far as AWS's answers contradict it.
///
/// Requests are signed with it too, so that a wrong local clock does not make AWS refuse them.
#[derive(Clone)]
pub struct AwsClock {
    local: Now,
    offset: Arc<Mutex<SignedDuration>>,
}

impl AwsClock {
    pub fn new(local: Now) -> Self {
        Self {
            local,
            offset: Arc::default(),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.in_aws_time(self.local_now())
    }

    /// How far AWS's time is ahead of the local clock, as far as its answers tell.
    pub fn offset(&self) -> SignedDuration {
        *self.offset.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn local_now(&self) -> Timestamp {
        (self.local)()
    }

    pub(super) fn in_aws_time(&self, local: Timestamp) -> Timestamp {
        local.checked_add(self.offset()).unwrap_or(local)
    }

    /// AWS wrote `date` between two moments of the local clock, which bounds the offset from both sides.
    pub(super) fn learn(&self, sent: Timestamp, arrived: Timestamp, date: Timestamp) {
        let least = date.duration_since(arrived);
        let most = (date.duration_since(sent) + DATE_STEP).max(least);
        let mut offset = self.offset.lock().unwrap_or_else(PoisonError::into_inner);
        *offset = (*offset).clamp(least, most);
    }
}

impl fmt::Debug for AwsClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsClock")
            .field("offset", &self.offset())
            .finish()
    }
}

impl TimeSource for AwsClock {
    fn now(&self) -> SystemTime {
        Self::now(self).into()
    }
}

/// Reads a `Date` header.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    timestamp(&DateTime::from_str(text, Format::HttpDate).ok()?)
}

/// AWS's times have milliseconds. They come as floating-point seconds, so the rest is noise.
pub(super) fn timestamp(moment: &DateTime) -> Option<Timestamp> {
    let milliseconds = (moment.as_nanos() + NANOS_OF_MILLI / 2).div_euclid(NANOS_OF_MILLI);
    from_millisecond(i64::try_from(milliseconds).ok()?)
}

/// A time that can be reckoned with.
pub(super) fn from_millisecond(milliseconds: i64) -> Option<Timestamp> {
    let milliseconds = Some(milliseconds).filter(|found| MILLISECONDS.contains(found))?;
    Timestamp::from_millisecond(milliseconds).ok()
}
