//! Rotations that fail and may stay so, and what functions, the service and people do about them.

use jiff::{SignedDuration, Timestamp};
use machine::model::Step;

use super::Case;
use super::moments::Moments;
use crate::sim::ports::{Fault, FaultKind};
use crate::sim::world::{
    Account, Code, Failing, Kind, Manner, Retries, RotationPlan, SecretPlan, ServicePlan, Touch,
};
use crate::sim::{Scenario, Stream};

/// Pauses between retries that are longer are made once or for ever, and shorter ones not for ever: `none` has those.
const OFTEN: SignedDuration = SignedDuration::from_mins(5);

impl Case {
    pub(super) fn draw_failures(&mut self) {
        let mut drawn = Stream::new(self.seed, "failures");
        self.login_test = !drawn.once_in(4);
        self.scenario.fail_rotations();
        self.draw_roll_forward();
        let moments = Moments::of(&self.scenario);
        self.scenario.leave_some_failed();
        if drawn.once_in(3) {
            self.aim_network(&moments);
        }
        if drawn.once_in(3) {
            self.fail_promotions(&moments);
        }
        if drawn.once_in(4) {
            self.aim_crashes(&moments);
        }
    }

    /// What the rule says: that there is one account only where that is true.
    fn draw_roll_forward(&mut self) {
        let mut drawn = Stream::new(self.seed, "failures/rule");
        self.roll_forward = !drawn.once_in(4);
        let may_be_left = self.scenario.secrets.iter().any(|plan| plan.two_accounts);
        self.one_account = !may_be_left && drawn.once_in(2);
    }

    /// Of the watchdog's own calls for a label.
    fn fail_promotions(&mut self, moments: &Moments) {
        let mut drawn = Stream::new(self.seed, "failures/promotions");
        let kinds = [
            FaultKind::Throttled,
            FaultKind::Denied,
            FaultKind::LostBefore,
            FaultKind::LostAfter,
            FaultKind::Slow(drawn.millis(1_000, 15_000)),
        ];
        self.fail(Fault {
            operation: "secretsmanager:UpdateSecretVersionStage",
            times: u32::try_from(drawn.next() % 3).unwrap_or(0) + 1,
            kind: drawn.pick(&kinds).clone(),
            window: Some(moments.window(&mut drawn, 600_000)),
        });
    }
}

impl Scenario {
    /// When the service has tried every rotation for the last time, where it does not do so for ever.
    pub(super) fn last_retry(&self) -> Timestamp {
        let rotations = self.secrets.iter().flat_map(|plan| &plan.rotations);
        let ends = rotations.map(|rotation| rotation.at + rotation.tried_for());
        ends.max().unwrap_or(self.start)
    }

    /// Every rotation but the last one of each secret.
    fn fail_rotations(&mut self) {
        let seed = self.seed;
        for plan in self.secrets.iter_mut().filter(|plan| plan.kind != Kind::Managed) {
            let name = plan.arn.name().to_owned();
            fail_secret(plan, &mut Stream::new(seed, &format!("{name}/failures")));
            let Some((_, disturbed)) = plan.rotations.split_last_mut() else {
                continue;
            };
            for (n, rotation) in disturbed.iter_mut().enumerate() {
                let mut drawn = Stream::new(seed, &format!("{name}/failures/{n}"));
                if drawn.once_in(4) {
                    continue;
                }
                fail_rotation(rotation, &mut drawn);
                plan.touches.extend(people(rotation, &mut drawn));
            }
            if plan.two_accounts {
                give_the_second_account(&mut self.services, plan);
            }
        }
    }

    /// Nobody rotates some secrets once more: what failed stays so.
    fn leave_some_failed(&mut self) {
        for plan in self.secrets.iter_mut().filter(|plan| plan.kind != Kind::Managed) {
            let mut drawn = Stream::new(self.seed, &format!("{}/failures/left", plan.arn.name()));
            if drawn.once_in(3) {
                plan.rotations.pop();
            }
        }
    }
}

fn fail_secret(plan: &mut SecretPlan, drawn: &mut Stream) {
    plan.touches.retain(|(_, touch)| matches!(touch, Touch::Brake(_)));
    if drawn.once_in(2) {
        plan.label_takes = drawn.millis(100, 3_000);
    }
    plan.two_accounts = matches!(plan.kind, Kind::SingleUser { .. }) && drawn.once_in(4);
}

fn fail_rotation(rotation: &mut RotationPlan, drawn: &mut Stream) {
    rotation.comes_true_after = SignedDuration::ZERO;
    rotation.weak_test = false;
    rotation.manner = Some(Manner {
        code: *drawn.pick(&[Code::Template, Code::Template, Code::Own]),
        retries: retries(drawn),
        sets_back: drawn.once_in(4).then(|| drawn.millis(500, 20_000)),
    });
    let steps = [
        Step::CreateSecret,
        Step::SetSecret,
        Step::SetSecret,
        Step::TestSecret,
        Step::TestSecret,
        Step::TestSecret,
        Step::FinishSecret,
        Step::FinishSecret,
    ];
    rotation.fails = Some(Failing {
        step: *drawn.pick(&steps),
        times: *drawn.pick(&[1, 2, u32::MAX, u32::MAX]),
        after_effect: drawn.once_in(2),
    });
    if drawn.once_in(4) {
        let step = *drawn.pick(&[0, 1, 2, 3]);
        rotation.steps[step] = drawn.millis(10_000, 90_000);
    }
}

fn retries(drawn: &mut Stream) -> Retries {
    let longest = *drawn.pick(&[10_000, 60_000, 3_600_000]);
    let after = drawn.millis(2_000, longest);
    let most = *drawn.pick(&[None, Some(0), Some(1), Some(5)]);
    let is_anew = drawn.once_in(4);
    match most {
        None => Retries {
            most,
            after: after.max(OFTEN),
            anew: false,
        },
        Some(most) => Retries {
            most: Some(if after > OFTEN { most.min(1) } else { most }),
            after,
            anew: is_anew,
        },
    }
}

/// What a person does in the minutes after the failure, if anything.
fn people(rotation: &RotationPlan, drawn: &mut Stream) -> Vec<(Timestamp, Touch)> {
    if drawn.once_in(2) {
        return Vec::new();
    }
    let longest = *drawn.pick(&[3_000, 30_000, 300_000]);
    let at = rotation.at + rotation.steps.iter().sum::<SignedDuration>() + drawn.millis(-2_000, longest);
    let touch = *drawn.pick(&[Touch::SetBack, Touch::Promote, Touch::Promote, Touch::RollBack]);
    let undone = at + drawn.millis(7_000, 300_000);
    let then = (touch == Touch::Promote && drawn.once_in(2)).then_some((undone, Touch::RollBack));
    [(at, touch)].into_iter().chain(then).collect()
}

/// To the first service that uses this secret.
fn give_the_second_account(services: &mut [ServicePlan], secret: &SecretPlan) {
    let mut users = services
        .iter_mut()
        .filter(|plan| plan.secrets.contains(&secret.arn));
    if let Some(plan) = users.next() {
        plan.account = Account::Second;
    }
}

impl RotationPlan {
    /// How long the service tries again, and a function that takes long works on. What goes on for ever goes on at the end
    /// of a case, too.
    fn tried_for(&self) -> SignedDuration {
        let Some((manner, failing)) = self.manner.as_ref().zip(self.fails) else {
            return SignedDuration::ZERO;
        };
        let retries = manner.retries.most.unwrap_or(1).min(failing.times);
        let each = manner.retries.after + self.steps.iter().sum::<SignedDuration>();
        each * i32::try_from(retries).unwrap_or(0)
    }
}
