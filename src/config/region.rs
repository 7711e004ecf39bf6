//! Whether a region exists: one of another shape is refused, an unknown one of the right shape may be new.

use machine::model::regions;

/// A name that is not so near is no slip of the pen.
const NEAR: f64 = 0.8;

/// What is wrong with a region.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// No region of any partition is written so.
    NoRegion(String),
    /// None that this version knows.
    Unknown(String),
}

/// Nothing where the region is known. The text is the remedy.
pub(super) fn doubt(region: &str) -> Option<Doubt> {
    if regions::is_known(region) {
        return None;
    }
    let nearest = nearest(region).map(|near| format!("did you mean {near:?}? "));
    let nearest = nearest.unwrap_or_default();
    Some(if regions::has_the_shape(region) {
        Doubt::Unknown(format!(
            "{nearest}Go on if it is new; `aws account list-regions` has them all"
        ))
    } else {
        Doubt::NoRegion(format!(
            "{nearest}Give one as \"eu-west-1\", without a zone's letter"
        ))
    })
}

/// `us-east-1a` is a zone of `us-east-1`; the rest goes by likeness.
fn nearest(region: &str) -> Option<&'static str> {
    let region = region.trim().to_ascii_lowercase().replace(['_', ' '], "-");
    let zone = regions::all().find(|known| region.starts_with(known));
    let alike = |known: &str| strsim::jaro_winkler(&region, known);
    let best = || regions::all().max_by(|a, b| alike(a).total_cmp(&alike(b)));
    zone.or_else(|| best().filter(|known| alike(known) >= NEAR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f10_a_region_that_does_not_exist_is_refused_or_warned_of_with_the_nearest() {
        assert_eq!(doubt("eu-west-1"), None);
        assert_eq!(doubt("us-gov-west-1"), None);
        for (region, expected) in [
            ("us-east-1a", "did you mean \"us-east-1\"?"),
            ("EU-WEST-1", "did you mean \"eu-west-1\"?"),
            ("eu_west_1", "did you mean \"eu-west-1\"?"),
            ("Frankfurt", "Give one as"),
            ("", "Give one as"),
        ] {
            let told = doubt(region);
            assert!(
                matches!(&told, Some(Doubt::NoRegion(text)) if text.contains(expected)),
                "{told:?}"
            );
        }
        for (region, expected) in [
            ("eu-wset-1", "did you mean \"eu-west-1\"?"),
            ("us-esat-1", "did you mean \"us-east-1\"?"),
            ("xy-elsewhere-7", "Go on if it is new"),
        ] {
            let told = doubt(region);
            assert!(
                matches!(&told, Some(Doubt::Unknown(text)) if text.contains(expected)),
                "{told:?}"
            );
        }
    }
}
