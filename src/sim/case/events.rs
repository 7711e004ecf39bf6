//! How events come in a case, drawn.

use jiff::Timestamp;

use crate::sim::Stream;
use crate::sim::world::{Arrival, Delivery};

/// So many events come in ways of their own; then it begins again.
const ARRIVALS: usize = 64;

pub(super) fn draw(seed: u64, start: Timestamp) -> Delivery {
    let mut drawn = Stream::new(seed, "events");
    let lost_in = *drawn.pick(&[0, 0, 3, 10]);
    let twice_in = *drawn.pick(&[0, 2, 5]);
    // Half a second, or what a trail may take.
    let slowest = *drawn.pick(&[500, 2_000, 120_000]);
    let mut arrival = || {
        if lost_in > 0 && drawn.once_in(lost_in) {
            return Arrival::Lost;
        }
        Arrival::Comes {
            after: drawn.millis(150, slowest),
            again: (twice_in > 0 && drawn.once_in(twice_in)).then(|| drawn.millis(0, 60_000)),
        }
    };
    let arrivals = (0..ARRIVALS).map(|_| arrival()).collect();
    Delivery {
        arrivals,
        trail: drawn.once_in(2),
        ends: drawn.once_in(3).then(|| start + drawn.millis(0, 7_200_000)),
        foreign: *drawn.pick(&[0, 0, 1, 30]),
    }
}
