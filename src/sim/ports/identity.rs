//! The key of a simulated life.

use jiff::Timestamp;

use crate::ports::Identities;
use crate::sim::Stream;

/// Another for each life, as each process has its own; the same whenever the same life is lived again.
pub(super) fn of_life(seed: u64, began: Timestamp) -> Identities {
    let mut drawn = Stream::new(seed, &format!("identities/{began}"));
    let mut key = [0; 64];
    for part in key.chunks_exact_mut(8) {
        part.copy_from_slice(&drawn.next().to_be_bytes());
    }
    Identities::new(&key)
}
