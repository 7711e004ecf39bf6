//! The faults of a case, each kind from a stream of its own.

use jiff::{SignedDuration, Timestamp};
use machine::model::Mode;

use super::{Case, Crash, Disk, Profile};
use crate::sim::Stream;
use crate::sim::life::{How, Pause, Place};
use crate::sim::ports::{Fault, FaultKind, Jump};

/// Everything that the watchdog asks but for RDS and CloudWatch, and for moves of labels, of which only `failures` tells.
pub(super) const OPERATIONS: [&str; 20] = [
    "database:login",
    "secretsmanager:ListSecrets",
    "secretsmanager:DescribeSecret",
    "secretsmanager:ListSecretVersionIds",
    "secretsmanager:GetSecretValue",
    "logs:FilterLogEvents",
    "ecs:ListClusters",
    "ecs:ListServices",
    "ecs:ListTasks",
    "ecs:DescribeServices",
    "ecs:DescribeTaskDefinition",
    "ecs:UpdateService",
    "lambda:ListFunctions",
    "lambda:GetFunction",
    "lambda:GetFunctionConfiguration",
    "lambda:UpdateFunctionConfiguration",
    "lambda:PutFunctionConcurrency",
    "lambda:DeleteFunctionConcurrency",
    "lambda:TagResource",
    "lambda:UntagResource",
];

const OF_RDS: [&str; 4] = [
    "rds:DescribeDBInstances",
    "rds:DescribeDBClusters",
    "rds:DescribeDBProxies",
    "rds:DescribeEvents",
];

const OF_CLOUDWATCH: [&str; 2] = ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"];

impl Case {
    pub(super) fn draw_faults(&mut self) {
        let span = self.scenario.last_rotation().duration_since(self.scenario.start);
        if self.profile.has(Profile::Network) {
            self.draw_network(&mut Stream::new(self.seed, "network"), &OPERATIONS, span);
        }
        if self.profile.has(Profile::Disk) {
            self.draw_full_disk(span);
            self.draw_failing_disk(span);
        }
        if self.profile.has(Profile::Crash) {
            self.draw_crashes();
        }
        if self.profile.has(Profile::Clock) {
            self.draw_clock(span);
        }
        // Last, with a stream of its own: the parts of older cases keep their numbers.
        if self.profile.has(Profile::Network) {
            self.draw_network(&mut Stream::new(self.seed, "network/rds"), &OF_RDS, span);
            let stream = &mut Stream::new(self.seed, "network/cloudwatch");
            self.draw_network(stream, &OF_CLOUDWATCH, span);
        }
    }

    fn moment(&self, stream: &mut Stream, span: SignedDuration) -> Timestamp {
        self.scenario.start + stream.millis(0, i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
    }

    fn draw_network(&mut self, stream: &mut Stream, operations: &[&'static str], span: SignedDuration) {
        for _ in 0..stream.next() % 8 {
            let operation = stream.pick::<&str>(operations);
            let kind = stream
                .pick(&[
                    FaultKind::Throttled,
                    FaultKind::Denied,
                    FaultKind::LostBefore,
                    FaultKind::LostAfter,
                    FaultKind::Slow(SignedDuration::from_millis(4_000)),
                    FaultKind::Slow(SignedDuration::from_millis(15_000)),
                    FaultKind::Stale(SignedDuration::from_millis(4_000)),
                    FaultKind::Partial,
                ])
                .clone();
            let times = u32::try_from(stream.next() % 6).unwrap_or(0) + 1;
            let from = self.moment(stream, span);
            let window = Some((from, from + stream.millis(1_000, 300_000)));
            self.fail(Fault {
                operation,
                times,
                kind,
                window,
            });
        }
    }

    /// Adds a fault that makes a difference.
    pub(super) fn fail(&mut self, fault: Fault) {
        if fault.kind.disturbs(fault.operation) {
            self.faults.push(fault);
        }
    }

    fn draw_full_disk(&mut self, span: SignedDuration) {
        let mut stream = Stream::new(self.seed, "disk");
        let from = self.moment(&mut stream, span);
        self.faults.push(Fault {
            operation: "journal.commit",
            times: u32::MAX,
            kind: FaultKind::Full,
            window: Some((from, from + stream.millis(1_000, 240_000))),
        });
    }

    /// What was written is there, and the disk says that it is not.
    fn draw_failing_disk(&mut self, span: SignedDuration) {
        let mut stream = Stream::new(self.seed, "disk/failing");
        if stream.once_in(2) {
            let from = self.moment(&mut stream, span);
            let to = from + stream.millis(1_000, 240_000);
            self.faults.push(failing_disk(&mut stream, (from, to)));
        }
    }

    fn draw_crashes(&mut self) {
        let mut stream = Stream::new(self.seed, "crashes");
        if stream.once_in(6) {
            self.first_start = stream.millis(0, 2_400_000);
        }
        let hour = SignedDuration::from_hours(1);
        let minute = SignedDuration::from_mins(1);
        for _ in 0..stream.next() % 4 {
            let disk = *stream.pick(&[
                Disk::Kept,
                Disk::Kept,
                Disk::Kept,
                Disk::Lost,
                Disk::Old(hour),
                Disk::Old(minute),
            ]);
            self.crashes.push(Crash {
                at: Place::nth(stream.next() % 600 + 1),
                how: *stream.pick(&[How::Killed, How::Killed, How::Terminated]),
                downtime: stream.millis(0, 180_000),
                disk,
                mode: stream
                    .once_in(8)
                    .then(|| *stream.pick(&[Mode::Observe, Mode::Act])),
            });
        }
    }

    fn draw_clock(&mut self, span: SignedDuration) {
        let mut stream = Stream::new(self.seed, "clock");
        for _ in 0..stream.next() % 3 {
            let long = stream.once_in(4);
            self.pauses.push(Pause {
                at: Place::nth(stream.next() % 900 + 1),
                length: if long {
                    stream.millis(3_600_000, 14_400_000)
                } else {
                    stream.millis(1_000, 300_000)
                },
            });
        }
        for _ in 0..stream.next() % 3 {
            self.jumps.push(Jump {
                at: self.moment(&mut stream, span),
                by: stream.millis(-120_000, 120_000),
            });
        }
    }
}

/// A few commits that are kept, and told as failed.
pub(super) fn failing_disk(stream: &mut Stream, window: (Timestamp, Timestamp)) -> Fault {
    Fault {
        operation: "journal.commit",
        times: *stream.pick(&[1, 2, 3]),
        kind: FaultKind::LostAfter,
        window: Some(window),
    }
}
