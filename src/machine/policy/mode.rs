//! The mode in effect for a secret: what its rule allows, and what lowers it.

use crate::model::{Brake, Mode};

/// The mode that the rule gives, and what lowered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lowered {
    pub from: Mode,
    pub by: LoweredBy,
}

/// What lowers a rule's mode. The one that holds for all is named first: it must be lifted first, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoweredBy {
    /// `remediation.at_most`.
    AtMost,
    /// The tag `rotation-watchdog` on the secret.
    Tag,
}

/// The mode in effect, and what keeps it below the rule's.
pub(crate) fn lower(rule: Mode, at_most: Mode, tag: Option<Brake>) -> (Mode, Option<Lowered>) {
    let by_tag = if tag.is_some() { Mode::Observe } else { rule };
    let lowered = [(at_most, LoweredBy::AtMost), (by_tag, LoweredBy::Tag)]
        .into_iter()
        .find(|(mode, _)| *mode < rule)
        .map(|(_, by)| Lowered { from: rule, by });
    (rule.min(at_most).min(by_tag), lowered)
}
