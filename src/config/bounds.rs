//! Durations within what can work.

use jiff::SignedDuration;

use super::reader::Section;
use super::values::show_duration;

/// What a duration may be, and why no less and no more.
pub(super) struct Bounds {
    pub(super) least: SignedDuration,
    pub(super) most: SignedDuration,
    pub(super) why: &'static str,
}

/// From so many milliseconds to so many.
pub(super) const fn bounds(least: i64, most: i64, why: &'static str) -> Bounds {
    Bounds {
        least: SignedDuration::from_millis(least),
        most: SignedDuration::from_millis(most),
        why,
    }
}

impl Section<'_> {
    /// A duration within what can work; what it is for is told where it is not.
    pub(super) fn duration_within(
        &mut self,
        key: &'static str,
        default: SignedDuration,
        bounds: &Bounds,
    ) -> SignedDuration {
        let Bounds { least, most, why } = bounds;
        let shown = |bound: &SignedDuration| show_duration(bound).trim_matches('"').to_owned();
        let too_short = |section: &Self, found: &str| {
            let text = format!("{found} is below {}: {why}", shown(least));
            let remedy = format!(
                "give {} or more; {} is the default",
                shown(least),
                shown(&default)
            );
            section.problem(key, text, remedy);
        };
        if self.zero(key).is_some() {
            too_short(self, "zero");
            return default;
        }
        let found = self.duration(key, default);
        if found < *least {
            too_short(self, &shown(&found));
        } else if found > *most {
            let text = format!("{} is above {}: {why}", shown(&found), shown(most));
            self.problem(
                key,
                text,
                format!("give {} or less; {} is the default", shown(most), shown(&default)),
            );
        }
        found
    }
}
