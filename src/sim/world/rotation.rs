//! Rotations: the service, its retries and the rotation Lambda's steps.

use jiff::{SignedDuration, Timestamp};
use machine::model::{SecretArn, Step, VersionId};

use super::invocation::{Code, End, Manner};
use super::rotation_log::Failure;
use super::{Happening, Mover, Secret, World};

pub(super) const STEPS: [Step; 4] = [
    Step::CreateSecret,
    Step::SetSecret,
    Step::TestSecret,
    Step::FinishSecret,
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationPlan {
    pub at: Timestamp,
    /// How long createSecret, setSecret, testSecret and finishSecret take.
    pub steps: [SignedDuration; 4],
    pub fails: Option<Failing>,
    pub retry_after: SignedDuration,
    /// setSecret returns before the database takes the password, as ModifyDBInstance does; it does so long after.
    pub comes_true_after: SignedDuration,
    /// testSecret logs in with nothing, and says nothing.
    pub weak_test: bool,
    /// The service takes AWSPENDING away from the current version so long after success.
    pub clean_up: SignedDuration,
    pub log: LogPlan,
    /// Without it a step sees and does everything at its end, its label moves at once, and the service tries again until
    /// it succeeds.
    pub manner: Option<Manner>,
}

impl RotationPlan {
    /// The same rotation without anything that disturbs it.
    #[must_use]
    pub fn calm(self) -> Self {
        Self {
            fails: None,
            comes_true_after: SignedDuration::ZERO,
            weak_test: false,
            clean_up: SignedDuration::from_secs(90),
            log: LogPlan {
                delay: SignedDuration::from_secs(1),
                ..LogPlan::default()
            },
            manner: None,
            ..self
        }
    }

    pub(super) fn code(&self) -> Code {
        self.manner.as_ref().map_or(Code::Own, |manner| manner.code)
    }
}

/// How the rotation Lambda's lines reach their readers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPlan {
    /// From a line to its first reader.
    pub delay: SignedDuration,
    /// The steps whose lines never arrive.
    pub lost: Vec<Step>,
    /// Every line comes twice.
    pub repeated: bool,
    /// Each step logs an error that it gets over.
    pub benign: bool,
    /// Ids of versions are cut.
    pub cut: bool,
}

/// A step that fails so many times before it succeeds; the service retries the whole rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    pub step: Step,
    pub times: u32,
    /// The step did its work, and failed then. setSecret of two accounts had done with the first.
    pub after_effect: bool,
}

impl Failing {
    pub(super) fn hits(&self, stage: &Stage) -> bool {
        self.step == STEPS[stage.step] && stage.attempt <= self.times
    }
}

/// Where a rotation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stage {
    pub version: VersionId,
    /// RotateSecret ends what an earlier one began.
    pub run: u32,
    pub step: usize,
    pub attempt: u32,
    /// What was AWSCURRENT when the invocation began, where it looked.
    pub current: Option<VersionId>,
}

impl Stage {
    pub(super) fn is_current(&self) -> bool {
        self.current.as_ref() == Some(&self.version)
    }
}

impl World {
    /// AWSPENDING that an earlier rotation left behind is taken up again (aws-facts: Staging labels).
    pub(super) fn start_rotation(&mut self, arn: &SecretArn) {
        let now = self.now;
        let Some(secret) = self.secrets.get_mut(arn) else {
            return;
        };
        if !secret.rotation_enabled {
            return;
        }
        let left_behind = secret.labels.in_progress().cloned();
        let version = left_behind.unwrap_or_else(|| secret.next_version());
        secret.begin_version(&version, now);
        secret.runs += 1;
        let run = secret.runs;
        self.begin_step(
            arn,
            Stage {
                version,
                run,
                step: 0,
                attempt: 1,
                current: None,
            },
        );
    }

    pub(super) fn plan_of(&self, arn: &SecretArn) -> Option<RotationPlan> {
        let secret = self.secrets.get(arn)?;
        secret
            .rotations
            .iter()
            .rev()
            .find(|plan| plan.at <= self.now)
            .cloned()
    }

    pub(super) fn begin_step(&mut self, arn: &SecretArn, stage: Stage) {
        let Some(plan) = self.plan_of(arn) else { return };
        if let Some(manner) = &plan.manner {
            return self.invoke(arn, stage, &plan, manner);
        }
        if STEPS[stage.step] == Step::SetSecret {
            self.set_by_rds(arn, &stage.version);
        }
        let (wait, secret) = (plan.steps[stage.step], arn.clone());
        self.plan_in(wait, Happening::StepEnds { secret, stage });
    }

    /// A step comes to its end: its effect, its line, and the next step; or its failure and the service's retry.
    pub(super) fn end_step(&mut self, arn: &SecretArn, stage: Stage) {
        let Some(plan) = self.plan_of(arn) else { return };
        if let Some(manner) = &plan.manner {
            return self.end_work(arn, stage, &plan, manner);
        }
        let is_under_way =
            |secret: &Secret| secret.rotating.as_ref() == Some(&stage.version) && secret.runs == stage.run;
        if !self.secrets.get(arn).is_some_and(is_under_way) {
            return;
        }
        let (step, version) = (STEPS[stage.step], &stage.version);
        let failing = plan.fails.filter(|failing| failing.hits(&stage));
        if failing.is_some_and(|failing| failing.after_effect) {
            self.do_step(arn, version, step, &plan);
        }
        let refused = step == Step::TestSecret && !plan.weak_test && !self.works(arn, version);
        if failing.is_some() || refused {
            self.fail(arn, stage, &plan);
            return;
        }
        let anew = self.do_step(arn, version, step, &plan);
        self.note_end(arn, &stage, End::Well);
        if step != Step::TestSecret || !plan.weak_test {
            self.log_success(arn, &plan, &stage, anew);
        }
        if stage.step + 1 < STEPS.len() {
            let step = stage.step + 1;
            self.begin_step(arn, Stage { step, ..stage });
        } else {
            self.succeed(arn, version, &plan);
        }
    }

    pub(super) fn succeed(&mut self, arn: &SecretArn, version: &VersionId, plan: &RotationPlan) {
        if let Some(secret) = self.secrets.get_mut(arn) {
            secret.rotating = None;
        }
        let (secret, version) = (arn.clone(), version.clone());
        self.plan_in(plan.clean_up, Happening::LabelCleanUp { secret, version });
    }

    fn fail(&mut self, arn: &SecretArn, stage: Stage, plan: &RotationPlan) {
        self.log_failure(arn, plan, &stage, &Failure::of(arn, STEPS[stage.step]));
        self.note_end(arn, &stage, End::Failed);
        // The service starts again with the first step, which finds its work done.
        let stage = Stage {
            step: 0,
            attempt: stage.attempt + 1,
            ..stage
        };
        let secret = arn.clone();
        self.plan_in(plan.retry_after, Happening::StepEnds { secret, stage });
    }

    /// Whether it did anything: a retry finds what an earlier attempt did.
    pub(super) fn do_step(
        &mut self,
        arn: &SecretArn,
        version: &VersionId,
        step: Step,
        plan: &RotationPlan,
    ) -> bool {
        let now = self.now;
        let Some(secret) = self.secrets.get_mut(arn) else {
            return false;
        };
        if step == Step::SetSecret {
            secret.history_of(version).set.push(now);
        }
        match step {
            Step::CreateSecret if secret.values.get(version).is_none_or(Option::is_none) => {
                let value = secret.new_value(version);
                secret.values.insert(version.clone(), Some(value));
                secret.last_changed = now;
                secret.history_of(version).created = Some(now);
            }
            Step::CreateSecret => return false,
            Step::SetSecret if secret.accepts_for_all(version) => return false,
            Step::SetSecret if plan.comes_true_after.is_zero() => {
                secret.accept(version, now);
                secret.end_reset(now);
            }
            Step::SetSecret => {
                secret.begin_reset(now);
                let (secret, version) = (arn.clone(), version.clone());
                let comes_true = Happening::PasswordComesTrue { secret, version };
                self.plan_in(plan.comes_true_after, comes_true);
            }
            Step::TestSecret => {
                let history = secret.history_of(version);
                history.weak_test = plan.weak_test;
                history.tested.push(now);
            }
            Step::FinishSecret if secret.labels.current.as_ref() == Some(version) => return false,
            Step::FinishSecret => {
                secret.promote(version, now, Mover::Function);
                secret.note_rotated(now);
            }
        }
        true
    }

    pub(super) fn password_comes_true(&mut self, arn: &SecretArn, version: &VersionId) {
        let now = self.now;
        if let Some(secret) = self.secrets.get_mut(arn) {
            secret.accept(version, now);
            secret.end_reset(now);
        }
    }

    pub(super) fn clean_up(&mut self, arn: &SecretArn, version: &VersionId) {
        let now = self.now;
        let Some(secret) = self.secrets.get_mut(arn) else {
            return;
        };
        if secret.labels.pending.as_ref() == Some(version) && secret.labels.current.as_ref() == Some(version)
        {
            secret.labels.pending = None;
            secret.last_changed = now;
        }
    }
}

impl Secret {
    /// AWSPENDING comes to a version, which the service rotates to.
    pub(super) fn begin_version(&mut self, version: &VersionId, now: Timestamp) {
        self.values.entry(version.clone()).or_insert(None);
        self.labels.pending = Some(version.clone());
        self.rotating = Some(version.clone());
        self.last_changed = now;
        self.history_of(version).started.get_or_insert(now);
    }

    /// A rotation is over.
    pub(super) fn note_rotated(&mut self, now: Timestamp) {
        self.last_rotated = Some(now);
        self.next_rotation = self.rotations.iter().map(|plan| plan.at).find(|at| *at > now);
    }
}
