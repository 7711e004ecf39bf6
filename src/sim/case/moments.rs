//! What goes wrong in the seconds that matter: at the steps of rotations, and while consumers are refreshed after them.

use jiff::{SignedDuration, Timestamp};
use machine::model::{Mode, SecretArn};

use super::faults::{OPERATIONS, failing_disk};
use super::{Case, Crash, Disk};
use crate::sim::life::{How, Pause, Place};
use crate::sim::ports::{Fault, FaultKind, Jump};
use crate::sim::world::{
    Fate, FunctionPlan, FunctionTouch, RotationPlan, SecretPlan, ServicePlan, ServiceTouch, Touch, Trouble,
    TroubleKind,
};
use crate::sim::{Scenario, Stream};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Crossings from a moment to what ends or suspends the process.
const CROSSINGS: u64 = 40;

impl Case {
    /// Draws everything anew that disturbs the account and the watchdog, at moments of rotations.
    pub(super) fn aim(&mut self) {
        let mut drawn = Stream::new(self.seed, "moments");
        self.login_test = drawn.once_in(2);
        let is_long = drawn.once_in(4);
        if is_long {
            self.scenario.rotate_an_hour_later();
        }
        let moments = Moments::of(&self.scenario);
        self.scenario.aim(&moments);
        self.aim_network(&moments);
        match drawn.next() % 4 {
            0 => {}
            1 => self.aim_pauses(&moments),
            _ => self.aim_crashes(&moments),
        }
        if is_long {
            self.aim_at_an_old_copy();
        }
        let mut failing = Stream::new(self.seed, "moments/failing disk");
        if failing.once_in(6) {
            let window = moments.window(&mut failing, 30_000);
            self.faults.push(failing_disk(&mut failing, window));
        }
        if drawn.once_in(4) {
            self.faults.push(Fault {
                operation: "journal.commit",
                times: u32::MAX,
                kind: FaultKind::Full,
                window: Some(moments.window(&mut drawn, 60_000)),
            });
        }
        if drawn.once_in(4) {
            self.jumps.push(Jump {
                at: moments.one(&mut drawn),
                by: drawn.millis(-120_000, 120_000),
            });
        }
    }

    pub(super) fn aim_network(&mut self, moments: &Moments) {
        let mut drawn = Stream::new(self.seed, "moments/network");
        for _ in 0..drawn.next() % 6 {
            let kinds = [
                FaultKind::Throttled,
                FaultKind::Denied,
                FaultKind::LostBefore,
                FaultKind::LostAfter,
                FaultKind::Slow(drawn.millis(1_000, 15_000)),
                FaultKind::Stale(drawn.millis(1_000, 4_000)),
                FaultKind::Partial,
            ];
            let times = u32::try_from(drawn.next() % 4).unwrap_or(0) + 1;
            self.fail(Fault {
                operation: drawn.pick::<&str>(&OPERATIONS),
                times,
                kind: drawn.pick(&kinds).clone(),
                window: Some(moments.window(&mut drawn, 30_000)),
            });
        }
    }

    fn aim_pauses(&mut self, moments: &Moments) {
        let mut drawn = Stream::new(self.seed, "moments/pauses");
        for _ in 0..=drawn.next() % 2 {
            let longest = *drawn.pick(&[10_000, 60_000, 300_000, 7_200_000]);
            self.pauses.push(Pause {
                at: place(moments.one(&mut drawn), &mut drawn),
                length: drawn.millis(1_000, longest),
            });
        }
    }

    /// One after the other, each on a kept, lost or older journal.
    pub(super) fn aim_crashes(&mut self, moments: &Moments) {
        let mut drawn = Stream::new(self.seed, "moments/crashes");
        for _ in 0..=drawn.next() % 3 {
            let age = *drawn.pick(&[SignedDuration::from_secs(10), SignedDuration::from_mins(1), HOUR]);
            let disks = [Disk::Kept, Disk::Kept, Disk::Kept, Disk::Lost, Disk::Old(age)];
            let longest = *drawn.pick(&[2_000, 30_000, 180_000]);
            self.crashes.push(Crash {
                at: place(moments.one(&mut drawn), &mut drawn),
                how: *drawn.pick(&[How::Killed, How::Killed, How::Terminated]),
                downtime: drawn.millis(0, longest),
                disk: *drawn.pick(&disks),
                mode: drawn.once_in(6).then(|| *drawn.pick(&[Mode::Observe, Mode::Act])),
            });
        }
        self.crashes.sort_by_key(|crash| crash.at.not_before);
    }

    /// One more crash, after the last rotation and the hour before it, of which a copy of the journal knows nothing.
    fn aim_at_an_old_copy(&mut self) {
        let mut drawn = Stream::new(self.seed, "moments/old copy");
        let last = self
            .scenario
            .secrets
            .iter()
            .filter_map(|plan| plan.rotations.last());
        let moments: Vec<Timestamp> = last.flat_map(steps).collect();
        let at = *drawn.pick(&moments);
        self.crashes.push(Crash {
            at: place(at, &mut drawn),
            how: How::Killed,
            downtime: drawn.millis(0, 30_000),
            disk: Disk::Old(HOUR),
            mode: None,
        });
    }
}

fn place(not_before: Timestamp, drawn: &mut Stream) -> Place {
    Place {
        not_before,
        crossing: drawn.next() % CROSSINGS + 1,
    }
}

/// When anything may happen: around every step of the rotations that may be disturbed, and the refreshes after them.
#[derive(Clone)]
pub(super) struct Moments(Vec<(SecretArn, Timestamp)>);

impl Moments {
    /// The last rotation of each secret is left alone.
    pub(super) fn of(scenario: &Scenario) -> Self {
        let of_secret = |plan: &SecretPlan| {
            let arn = plan.arn.clone();
            let disturbed = plan.rotations.split_last().map_or(&[][..], |(_, others)| others);
            let moments: Vec<_> = disturbed.iter().flat_map(steps).collect();
            moments.into_iter().map(move |at| (arn.clone(), at))
        };
        Self(scenario.secrets.iter().flat_map(of_secret).collect())
    }

    /// Those of these secrets' rotations.
    fn among(&self, secrets: &[SecretArn]) -> Self {
        let own = self.0.iter().filter(|(arn, _)| secrets.contains(arn));
        Self(own.cloned().collect())
    }

    /// Near one of them.
    fn one(&self, drawn: &mut Stream) -> Timestamp {
        let (_, near) = drawn.pick(&self.0);
        *near + drawn.millis(-700, 1_500)
    }

    pub(super) fn window(&self, drawn: &mut Stream, longest_ms: i64) -> (Timestamp, Timestamp) {
        let from = self.one(drawn);
        (from, from + drawn.millis(500, longest_ms))
    }
}

/// The beginning and the end of each step, and moments of the refreshes that follow: the margin, tasks that start and
/// become healthy, old ones that drain, functions that sleep and are put back.
fn steps(rotation: &RotationPlan) -> Vec<Timestamp> {
    let mut at = rotation.at;
    let mut moments = vec![at];
    for length in rotation.steps {
        at += length;
        moments.push(at);
    }
    let after = [1, 3, 6, 10, 15, 25, 45, 90].map(|seconds| at + SignedDuration::from_secs(seconds));
    moments.extend(after);
    moments
}

impl Scenario {
    /// More than an hour after everything else, so that journals and lives are so old.
    fn rotate_an_hour_later(&mut self) {
        let last = self.last_rotation().duration_since(self.start).as_secs();
        for i in 0..self.secrets.len() {
            let (name, kind) = (self.secrets[i].arn.name().to_owned(), self.secrets[i].kind);
            let mut drawn = Stream::new(self.seed, &format!("{name}/an hour later"));
            let rotation = self.rotation(&name, kind, last + drawn.between(3_700, 4_300));
            self.secrets[i].rotations.push(rotation);
        }
    }

    fn aim(&mut self, moments: &Moments) {
        let seed = self.seed;
        for plan in &mut self.secrets {
            let own = moments.among(std::slice::from_ref(&plan.arn));
            aim_at_secret(
                plan,
                &own,
                &mut Stream::new(seed, &format!("{}/moments", plan.arn.name())),
            );
            let mut drawn = Stream::new(seed, &format!("{}/moments/recreated", plan.arn.name()));
            if drawn.once_in(8) {
                let random = *drawn.pick(&["AAAAAA", "zzzzzz"]);
                plan.touches.push((own.one(&mut drawn), Touch::Recreate(random)));
            }
        }
        for plan in &mut self.services {
            let own = moments.among(&plan.secrets);
            aim_at_service(
                plan,
                &own,
                &mut Stream::new(seed, &format!("{}/moments", plan.id)),
            );
        }
        for plan in &mut self.functions {
            let own = moments.among(&plan.secrets);
            aim_at_function(
                plan,
                &own,
                &mut Stream::new(seed, &format!("{}/moments", plan.name)),
            );
        }
        let mut drawn = Stream::new(seed, "account's floor/moments");
        if drawn.once_in(5) {
            self.account_full.push(moments.window(&mut drawn, 60_000));
        }
    }
}

fn aim_at_secret(plan: &mut SecretPlan, moments: &Moments, drawn: &mut Stream) {
    for _ in 0..drawn.next() % 3 {
        let at = moments.one(drawn);
        let touch = *drawn.pick(&[
            Touch::Put { told: false },
            Touch::Put { told: true },
            Touch::Revert,
            Touch::LabelBack,
            Touch::Cancel,
            Touch::TestRotation,
            Touch::Rotate,
            Touch::Brake(Some("observe")),
            Touch::Brake(Some("hold")),
        ]);
        plan.touches.push((at, touch));
        let undone = at + drawn.millis(1_000, 300_000);
        match touch {
            Touch::Cancel => plan.touches.push((undone, Touch::Rotate)),
            Touch::Brake(_) => plan.touches.push((undone, Touch::Brake(None))),
            _ => {}
        }
    }
    if drawn.once_in(4) {
        let kind = *drawn.pick(&[TroubleKind::Full, TroubleKind::Silent, TroubleKind::Locked]);
        let (from, to) = moments.window(drawn, 120_000);
        plan.troubles.push(Trouble { from, to, kind });
    }
}

fn aim_at_service(plan: &mut ServicePlan, moments: &Moments, drawn: &mut Stream) {
    if drawn.once_in(3) {
        plan.probe = Some(drawn.millis(5_000, 30_000));
    }
    if drawn.once_in(4) {
        let fates = [Fate::Healthy, Fate::BrokenOff, Fate::Alarmed, Fate::NeverHealthy];
        plan.fates = vec![*drawn.pick(&fates), *drawn.pick(&fates)];
    }
    for _ in 0..drawn.next() % 3 {
        let touch = *drawn.pick(&[
            ServiceTouch::Redeploy,
            ServiceTouch::Redeploy,
            ServiceTouch::Redeploy,
            ServiceTouch::Scale(0),
            ServiceTouch::Scale(1),
            ServiceTouch::Scale(5),
            ServiceTouch::Delete,
        ]);
        plan.touches.push((moments.one(drawn), touch));
    }
}

fn aim_at_function(plan: &mut FunctionPlan, moments: &Moments, drawn: &mut Stream) {
    for _ in 0..drawn.next() % 3 {
        let touch = *drawn.pick(&[
            FunctionTouch::Concurrency(5),
            FunctionTouch::Concurrency(9),
            FunctionTouch::Configuration,
            FunctionTouch::Configuration,
            FunctionTouch::Delete,
        ]);
        plan.touches.push((moments.one(drawn), touch));
    }
    if drawn.once_in(4) {
        plan.unreadable = Some(moments.window(drawn, 60_000));
    }
}
