//! A danger window that stays open: setSecret is done, and AWSCURRENT does not follow.

use jiff::Timestamp;

use super::{Kind, List, Severity, commands};
use crate::facts::state::SecretFacts;
use crate::judge::RotationView;
use crate::policy::Timing;

impl List<'_> {
    /// Of a rotation under way. After the promotion each consumer's own findings speak, against its own bound.
    pub(super) fn open_window(
        &mut self,
        view: &RotationView,
        facts: &SecretFacts,
        timing: &Timing,
        now: Timestamp,
    ) {
        let Some(window) = view.window.filter(|window| window.closed.is_none()) else {
            return;
        };
        // Only what was certainly that long.
        let since = window.opened.not_after;
        let severity = if now >= since + timing.open_window_critical {
            Severity::Critical
        } else if now >= since + timing.open_window_warning {
            Severity::Warning
        } else {
            return;
        };
        let version = &view.rotation.key.version;
        let text = format!(
            "setSecret of {version} is done since {since:.0} or longer, as its log or a login shows, and AWSCURRENT has not \
             moved to it: consumers hold, and are given, a password that the database refuses"
        );
        let remedy = format!(
            "read the rotation Lambda's log; where a login with AWSPENDING is accepted, finish the rotation: {}",
            commands::move_current(self.secret, version, facts.current())
        );
        self.add(severity, Kind::DangerWindowOpen, text, remedy);
    }
}
