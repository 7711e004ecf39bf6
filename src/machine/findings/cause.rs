//! The cause of a finding, by what is said of it: whether another is to be told.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use crate::model::finding::{Finding, Severity};

/// A severity and what is said, as far as another is another thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    pub(super) severity: Severity,
    words: u64,
}

/// A severity and what is said, without numbers and ids of tasks: counters and times go on while the cause is the same.
/// (Names that differ in a number alone, `orders-1` and `orders-2`, are taken for one cause: what is shown is right, and no
/// change is told.)
pub(super) fn cause(finding: &Finding) -> Cause {
    let mut hasher = DefaultHasher::new();
    for said in [&finding.text, &finding.remedy] {
        let parts = said.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
        for part in parts.filter(|part| !is_an_id(part)) {
            let letters = part.bytes().filter(|byte| !byte.is_ascii_digit());
            letters.for_each(|byte| byte.hash(&mut hasher));
        }
    }
    Cause {
        severity: finding.severity,
        words: hasher.finish(),
    }
}

/// As ECS gives them to tasks: 32 hexadecimal digits.
fn is_an_id(part: &str) -> bool {
    part.len() >= 32 && part.bytes().any(|byte| byte.is_ascii_digit())
}
