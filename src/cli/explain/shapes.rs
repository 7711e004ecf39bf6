//! The API's answers about one secret, and the lines they make.

use jiff::Timestamp;
use serde::Deserialize;

use super::super::ago::ago;
use super::super::story::{self, Entry};

/// What the next rotation would do to one consumer.
#[derive(Deserialize)]
pub(super) struct Outlook {
    pub(super) consumer: String,
    pub(super) how: Vec<String>,
    pub(super) next: String,
    pub(super) text: String,
    pub(super) as_of: Option<Timestamp>,
}

#[derive(Deserialize)]
pub(super) struct Labels {
    pub(super) current: Option<String>,
    pub(super) pending: Option<String>,
    pub(super) previous: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Window {
    pub(super) open: bool,
    pub(super) opened: Interval,
    pub(super) closed: Option<Interval>,
    pub(super) at_least_seconds: f64,
    pub(super) at_most_seconds: Option<f64>,
    pub(super) caches_until: Option<Timestamp>,
}

/// What becomes of a rotation whose password only the database has.
#[derive(Deserialize)]
pub(super) struct RollForward {
    pub(super) text: String,
    pub(super) since: Timestamp,
}

#[derive(Deserialize)]
pub(super) struct Interval {
    pub(super) not_before: Option<Timestamp>,
    pub(super) not_after: Timestamp,
}

#[derive(Deserialize)]
pub(super) struct Rotation {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) origin: String,
    pub(super) phase: String,
    pub(super) works: Works,
    pub(super) timeline: Vec<Entry>,
}

#[derive(Deserialize)]
pub(super) struct Works {
    pub(super) verdict: String,
    pub(super) at: Option<Timestamp>,
}

#[derive(Deserialize)]
pub(super) struct Standing {
    pub(super) consumer: String,
    pub(super) stage: Option<String>,
    pub(super) why: Option<String>,
    pub(super) as_of: Option<Timestamp>,
    pub(super) wants: Option<String>,
    pub(super) wants_text: Option<String>,
    pub(super) waits_for: Option<String>,
    pub(super) remediations: Vec<Remediation>,
}

#[derive(Deserialize)]
pub(super) struct Remediation {
    pub(super) attempt: String,
    pub(super) action: String,
    pub(super) text: String,
    pub(super) decided: Timestamp,
    pub(super) answered: Option<Timestamp>,
    pub(super) outcome_text: Option<String>,
}

impl Labels {
    pub(super) fn line(&self, looked: Option<Timestamp>, now: Timestamp) -> String {
        let each = [
            ("AWSCURRENT", &self.current),
            ("AWSPENDING", &self.pending),
            ("AWSPREVIOUS", &self.previous),
        ];
        let on = each
            .iter()
            .filter_map(|(label, version)| Some(format!("{label} {}", version.as_ref()?)));
        let on = on.collect::<Vec<_>>().join(", ");
        match looked {
            Some(looked) => format!("{on}; last looked at {looked:.3}, {}", ago(looked, now)),
            None => "not looked at yet".to_owned(),
        }
    }
}

impl Rotation {
    pub(super) fn proof(&self) -> String {
        let at = self
            .works
            .at
            .map_or_else(String::new, |at| format!(" at {at:.3}"));
        match self.works.verdict.as_str() {
            "login" => format!("it logged in{at}"),
            "test-secret" => format!("testSecret logged in{at}"),
            "protocol" => "by protocol: it came through AWSPENDING; one consumer goes first".to_owned(),
            "refused" => format!("none: the database refused it{at}"),
            _ => self.unproven().to_owned(),
        }
    }

    fn unproven(&self) -> &'static str {
        match self.phase.as_str() {
            "creating" | "created" | "exposed" | "tested" | "failed" => {
                "none yet: AWSCURRENT has not moved to it"
            }
            "abandoned" => "none: AWSCURRENT never moved to it",
            _ => "none: nobody is restarted for it",
        }
    }
}

impl Window {
    pub(super) fn line(&self) -> String {
        let lasted = story::window(self.open, self.at_least_seconds, self.at_most_seconds);
        let closed = self
            .closed
            .as_ref()
            .map(|closed| format!("; closed {}", closed.line()));
        let caches = self.caches_until;
        let caches = caches.map(|until| format!("; caches may hold the old value until {until:.0}"));
        format!(
            "{lasted}: opened {}{}{}",
            self.opened.line(),
            closed.unwrap_or_default(),
            caches.unwrap_or_default()
        )
    }
}

impl Interval {
    pub(super) fn line(&self) -> String {
        match self.not_before {
            Some(from) => format!("{from:.3} to {:.3}", self.not_after),
            None => format!("by {:.3}", self.not_after),
        }
    }
}

impl Standing {
    pub(super) fn stage(&self) -> &str {
        self.stage.as_deref().unwrap_or("–")
    }

    pub(super) fn why(&self, now: Timestamp) -> String {
        let mut why = self
            .why
            .clone()
            .unwrap_or_else(|| "no promotion was seen to judge it by".to_owned());
        if let Some(looked) = self.as_of {
            why += &format!(" (seen {looked:.3}, {})", ago(looked, now));
        }
        if let Some((wants, text)) = self.wants.as_ref().zip(self.wants_text.as_ref()) {
            why += &format!("; wants {wants}: {text}");
        }
        if let Some(waits) = &self.waits_for {
            why += &format!("; waits: {waits}");
        }
        why
    }
}

impl Remediation {
    pub(super) fn line(&self) -> String {
        let Self {
            attempt,
            action,
            text,
            decided,
            ..
        } = self;
        let ended = match (&self.answered, &self.outcome_text) {
            (Some(answered), Some(outcome)) => format!("answered {answered:.3}: {outcome}"),
            _ => "under way".to_owned(),
        };
        format!("{action} decided {decided:.3}: {text}; {ended} (attempt {attempt})")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn g1_what_was_not_promoted_has_no_proof_yet() {
        for (phase, verdict, expected) in [
            ("creating", "unproven", "none yet: AWSCURRENT has not moved to it"),
            ("failed", "unproven", "none yet: AWSCURRENT has not moved to it"),
            ("abandoned", "unproven", "none: AWSCURRENT never moved to it"),
            ("propagating", "unproven", "none: nobody is restarted for it"),
            ("creating", "refused", "none: the database refused it"),
            (
                "propagating",
                "protocol",
                "by protocol: it came through AWSPENDING; one consumer goes first",
            ),
        ] {
            let rotation = json!({
                "id": "1", "version": "b", "origin": "rotation", "phase": phase,
                "works": {"verdict": verdict, "at": null}, "timeline": [],
            });
            let rotation: Rotation = serde_json::from_value(rotation).expect("a rotation");
            assert_eq!(rotation.proof(), expected, "{phase} {verdict}");
        }
    }
}
