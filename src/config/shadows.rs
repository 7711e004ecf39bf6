//! Rules that get nothing because of what comes before them.

use super::reader::Section;
use super::rules::{Context, Match, Rule};

/// The first rule that matches wins, and excludes win over all.
pub(super) fn check_shadows(section: &Section<'_>, matches: &Match, context: &Context<'_>) {
    if let Some(exclude) = matches.excluded_by(context.excludes) {
        section.problem_here(
            format!("never matches: secrets.excludes has {exclude:?}"),
            "remove the rule, or the exclude",
        );
    }
    let shadow = |rule: &Rule| Some((rule.to_string(), rule.matches.shadows(matches)?));
    if let Some((shadow, left)) = context.earlier.iter().find_map(shadow) {
        section.problem_here(
            format!("{left}: {shadow} comes first and wins"),
            "move it up, or remove it",
        );
    }
}

impl Match {
    /// What is left of `other` by this one before it, where that is nothing that anybody wants.
    fn shadows(&self, other: &Self) -> Option<&'static str> {
        const NOTHING: &str = "never matches";
        match (self, other) {
            (Self::Prefix(prefix), Self::Name(name) | Self::Prefix(name)) => {
                name.starts_with(prefix.as_str()).then_some(NOTHING)
            }
            (Self::All, Self::Name(_) | Self::Prefix(_) | Self::Tag { .. }) => {
                Some("gets no secret that rotates")
            }
            _ => (self == other).then_some(NOTHING),
        }
    }

    /// The exclude that leaves nothing to this.
    fn excluded_by<'a>(&self, excludes: &'a [String]) -> Option<&'a String> {
        excludes.iter().find(|exclude| {
            let begins = exclude.strip_suffix('*');
            match self {
                Self::Name(name) => match begins {
                    Some(prefix) => name.starts_with(prefix),
                    None => name == *exclude,
                },
                Self::Prefix(prefix) => begins.is_some_and(|begin| prefix.starts_with(begin)),
                Self::Tag { .. } | Self::All => begins == Some(""),
            }
        })
    }
}
