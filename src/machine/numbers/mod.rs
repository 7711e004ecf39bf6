//! Numbers of applications and databases: what they were before a rotation, and what they are since. They are shown, and
//! they strengthen findings. They never cause a write.

mod measuring;
mod schedule;
mod series;
mod words;

pub use measuring::Numbers;
pub(crate) use schedule::{asked_every, wanted};
pub use series::{Baseline, EARLIER, Series, Taken};
pub use words::{Health, Spell, amount, failing, told};
