//! `[shutdown]`

use jiff::SignedDuration;

use super::reader::Section;

/// ECS's longest stop timeout on Fargate; the drain must end before it.
const STOP_TIMEOUT: SignedDuration = SignedDuration::from_secs(120);

/// From the first signal to the end, at most.
pub(super) fn read(mut section: Section<'_>) -> SignedDuration {
    let drain = section.duration("drain", SignedDuration::from_secs(90));
    if drain >= STOP_TIMEOUT {
        section.problem(
            "drain",
            "is not shorter than the container's stop timeout, 120s at most",
            "make it shorter than the stopTimeout of the task definition",
        );
    }
    section.finish();
    drain
}
