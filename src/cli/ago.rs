//! How long ago, by the watchdog's own clock.

use jiff::Timestamp;

/// `3m ago`, `in 2h`: the largest unit that fits.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let passed = now.duration_since(at);
    let span = largest(passed.as_secs().unsigned_abs());
    if passed.is_negative() {
        format!("in {span}")
    } else {
        format!("{span} ago")
    }
}

/// How long it is from one time to another, in the largest unit that fits.
pub(super) fn lasted(from: Timestamp, to: Timestamp) -> String {
    largest(to.duration_since(from).as_secs().unsigned_abs())
}

/// A time to the second, and how long ago it was.
pub(super) fn with_ago(at: Timestamp, now: Timestamp) -> String {
    format!("{at:.0}, {}", ago(at, now))
}

fn largest(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let unit = units.into_iter().find(|(length, _)| seconds >= 2 * length);
    match unit {
        Some((length, name)) => format!("{}{name}", seconds / length),
        None => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f13_times_are_told_as_people_say_them() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).expect("in range");
        for (second, expected) in [
            (0, "0s ago"),
            (-119, "119s ago"),
            (-120, "2m ago"),
            (-7_199, "119m ago"),
            (-7_200, "2h ago"),
            (-200_000, "2d ago"),
            (300, "in 5m"),
        ] {
            assert_eq!(ago(at(second), at(0)), expected, "{second}");
        }
    }
}
