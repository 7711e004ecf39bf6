//! `[shutdown]`

use jiff::SignedDuration;

use super::reader::Section;

/// ECS's longest stop timeout on Fargate; the drain must end before it.
const STOP_TIMEOUT: SignedDuration = SignedDuration::from_secs(120);

/// From the first signal to the end, at most. What is switched off is put back in that time, by one write.
pub(super) fn read(mut section: Section<'_>, write_deadline: SignedDuration) -> SignedDuration {
    let drain = section.duration("drain", SignedDuration::from_secs(90));
    if drain >= STOP_TIMEOUT {
        section.problem(
            "drain",
            "is not shorter than the container's stop timeout, 120s at most",
            "make it shorter than the stopTimeout of the task definition",
        );
    } else if drain < write_deadline {
        section.problem(
            "drain",
            "is shorter than remediation.write_deadline: what is switched off could not be put back in time",
            "make it longer; 90s is the default",
        );
    }
    section.finish();
    drain
}
