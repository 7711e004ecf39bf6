//! A danger window that stays open: setSecret is done, and AWSCURRENT does not follow.

use jiff::{SignedDuration, Timestamp};

use super::{Kind, List, Severity, commands};
use crate::facts::state::{SecretFacts, State};
use crate::judge::RotationView;
use crate::model::Strategy;
use crate::policy::Timing;
use crate::story::rotations::Source;

impl List<'_> {
    /// Of a rotation under way. After the promotion each consumer's own findings speak, against its own bound.
    pub(super) fn open_window(
        &mut self,
        view: &RotationView,
        (state, facts): (&State, &SecretFacts),
        strategy: Strategy,
        (timing, now): (&Timing, Timestamp),
    ) {
        let Some(window) = view.window.filter(|window| window.closed.is_none()) else {
            return;
        };
        // RDS says that it is still on its way: the database takes the old one.
        if !is_shown_by_login(view) && facts.is_being_set(now) {
            return;
        }
        // Only what was certainly that long.
        let since = window.opened.not_after;
        let Some(severity) = severity(strategy, timing, since, now) else {
            return;
        };
        let version = &view.rotation.key.version;
        let text = format!(
            "setSecret of {version} is done since {since:.0} or longer, as {} shows, and AWSCURRENT has not moved to it: \
             consumers hold, and are given, a password that the database refuses",
            shown_by(view)
        );
        let remedy = match strategy {
            Strategy::Managed | Strategy::External => self.service_way_out(state),
            Strategy::SingleUser
            | Strategy::AlternatingUsers
            | Strategy::DualPasswords
            | Strategy::Unknown => format!(
                "read the rotation Lambda's log; where a login with AWSPENDING is accepted, finish the rotation: {}",
                commands::move_current(self.secret, version, facts.current())
            ),
        };
        self.add(severity, Kind::DangerWindowOpen, text, remedy);
    }
}

/// The service that rotates by itself takes about a minute (aws-facts: The rotation Lambda's log): it is given twice that.
const SERVICE_WARNING: SignedDuration = SignedDuration::from_mins(2);
const SERVICE_CRITICAL: SignedDuration = SignedDuration::from_mins(5);

/// Nothing while it is not worth a word.
fn severity(strategy: Strategy, timing: &Timing, since: Timestamp, now: Timestamp) -> Option<Severity> {
    let (warning, critical) = match strategy {
        Strategy::Managed | Strategy::External => (SERVICE_WARNING, SERVICE_CRITICAL),
        Strategy::SingleUser | Strategy::AlternatingUsers | Strategy::DualPasswords | Strategy::Unknown => {
            (timing.open_window_warning, timing.open_window_critical)
        }
    };
    if now >= since + critical {
        Some(Severity::Critical)
    } else {
        (now >= since + warning).then_some(Severity::Warning)
    }
}

fn is_shown_by_login(view: &RotationView) -> bool {
    let exposed = view.rotation.exposed.as_ref();
    exposed.is_some_and(|seen| seen.sources.contains(&Source::Login))
}

fn shown_by(view: &RotationView) -> &'static str {
    let sources = view.rotation.exposed.as_ref().map(|seen| &seen.sources);
    match sources {
        Some(sources) if sources.contains(&Source::Login) => "a login",
        Some(sources) if sources.contains(&Source::Log) => "its log",
        Some(sources) if sources.contains(&Source::Rds) => "RDS",
        Some(_) | None => "a login",
    }
}
