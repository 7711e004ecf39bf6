//! Rotation Lambdas whose invocations take their time, and whose failures the service may leave at that. An invocation
//! looks at the labels when it begins, goes on whatever others do meanwhile, and ends well or in failure.

use jiff::{SignedDuration, Timestamp};
use machine::model::{SecretArn, Step, VersionId};

use super::labels::{Asked, Unmoved};
use super::rotation::{RotationPlan, STEPS, Stage};
use super::rotation_log::Failure;
use super::{Happening, Kind, Mover, Secret, World};

/// Who wrote a rotation Lambda.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// AWS: an invocation for what is AWSCURRENT already returns at once, setSecret logs in with a password that it
    /// knows, and finishSecret moves AWSCURRENT only from where it was when the invocation began.
    Template,
    /// The secret's owner: setSecret sets the password as an administrator, again where it is set already, and
    /// finishSecret moves AWSCURRENT from wherever it is.
    Own,
}

/// What the service makes of a failure; what AWS's does is unpublished (aws-facts: Staging labels).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Then the rotation stays as it is; nothing where it never gives up.
    pub most: Option<u32>,
    pub after: SignedDuration,
    /// Each with a version of its own: AWSPENDING moves to it, and the one before has no label any more.
    pub anew: bool,
}

/// How a rotation Lambda and the service go about a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manner {
    pub code: Code,
    pub retries: Retries,
    /// Where testSecret fails it logs its error, and so much later it gives the database the password back that was
    /// AWSCURRENT's when it began; only then its invocation ends.
    pub sets_back: Option<SignedDuration>,
}

/// How an invocation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Well,
    /// What it was for is AWSCURRENT already: it did nothing.
    AtOnce,
    Failed,
    /// AWSCURRENT was moved by another between finishSecret's look and its call.
    Overtaken,
}

/// An invocation of the rotation Lambda that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invoked {
    pub step: Step,
    pub at: Timestamp,
    pub end: End,
}

/// An invocation for what is AWSCURRENT already takes so long.
const AT_ONCE: SignedDuration = SignedDuration::from_millis(60);

impl World {
    /// An invocation begins: it looks at the labels.
    pub(super) fn invoke(&mut self, arn: &SecretArn, mut stage: Stage, plan: &RotationPlan, manner: &Manner) {
        let Some(secret) = self.secrets.get(arn) else {
            return;
        };
        stage.current = secret.labels.current.clone();
        let is_over = manner.code == Code::Template && stage.is_current();
        let wait = if is_over { AT_ONCE } else { plan.steps[stage.step] };
        let secret = arn.clone();
        self.plan_in(wait, Happening::StepEnds { secret, stage });
    }

    /// Begins a step, unless the rotation was ended or begun anew meanwhile.
    pub(super) fn begin_again(&mut self, arn: &SecretArn, mut stage: Stage, anew: bool) {
        let now = self.now;
        let Some(secret) = self.secrets.get_mut(arn).filter(|secret| secret.is_at(&stage)) else {
            return;
        };
        if anew {
            stage.version = secret.next_version();
            secret.begin_version(&stage.version, now);
        }
        self.tell(format!("the service tries {} again", arn.name()));
        self.begin_step(arn, stage);
    }

    /// An invocation has done its work, whatever others did to the labels and the service to the rotation meanwhile.
    pub(super) fn end_work(&mut self, arn: &SecretArn, stage: Stage, plan: &RotationPlan, manner: &Manner) {
        if self
            .secrets
            .get(arn)
            .is_none_or(|secret| secret.runs != stage.run)
        {
            return;
        }
        if manner.code == Code::Template && stage.is_current() {
            self.log_over(arn, plan, &stage);
            return self.go_on(arn, stage, plan, End::AtOnce);
        }
        let failing = plan.fails.filter(|failing| failing.hits(&stage));
        let has_effect = STEPS[stage.step] != Step::TestSecret;
        if has_effect && failing.is_some_and(|failing| !failing.after_effect) {
            let failure = Failure::of(arn, STEPS[stage.step]);
            return self.end_in_failure(arn, stage, plan, (End::Failed, failure));
        }
        let fails = failing.is_some();
        match STEPS[stage.step] {
            Step::CreateSecret => self.create(arn, stage, plan, fails),
            Step::SetSecret => self.set(arn, stage, plan, fails),
            Step::TestSecret => self.test(arn, stage, plan, fails),
            Step::FinishSecret => self.finish(arn, stage, plan, fails),
        }
    }

    fn create(&mut self, arn: &SecretArn, stage: Stage, plan: &RotationPlan, fails: bool) {
        let anew = self.do_step(arn, &stage.version, Step::CreateSecret, plan);
        self.end_as_planned(arn, stage, plan, (fails, anew));
    }

    /// One that fails after its work does so between the two accounts, where there are two.
    fn set(&mut self, arn: &SecretArn, stage: Stage, plan: &RotationPlan, fails: bool) {
        let (now, code) = (self.now, plan.code());
        let Some(secret) = self.secrets.get_mut(arn) else {
            return;
        };
        let version = &stage.version;
        let is_set = secret.accepts_for_all(version);
        if code == Code::Template && !is_set && !secret.lets_a_template_in(version) {
            let failure = Failure::locked_out(arn);
            return self.end_in_failure(arn, stage, plan, (End::Failed, failure));
        }
        let anew = code == Code::Own || !is_set;
        if anew {
            let accounts = if fails { 1 } else { usize::MAX };
            secret.accept_for(version, accounts, now);
        }
        if !fails {
            secret.history_of(version).set.push(now);
        }
        self.end_as_planned(arn, stage, plan, (fails, anew));
    }

    fn test(&mut self, arn: &SecretArn, stage: Stage, plan: &RotationPlan, fails: bool) {
        let is_refused = !self.works(arn, &stage.version);
        if !fails && !is_refused {
            self.do_step(arn, &stage.version, Step::TestSecret, plan);
            return self.end_as_planned(arn, stage, plan, (false, true));
        }
        let failure = Failure::of(arn, Step::TestSecret);
        let sets_back = plan.manner.as_ref().and_then(|manner| manner.sets_back);
        match sets_back {
            Some(after) => {
                self.log_error(arn, plan, &stage, &failure);
                let secret = arn.clone();
                self.plan_in(after, Happening::DatabaseSetBack { secret, stage });
            }
            None => self.end_in_failure(arn, stage, plan, (End::Failed, failure)),
        }
    }

    /// testSecret had logged its error already.
    pub(super) fn set_back(&mut self, arn: &SecretArn, stage: Stage) {
        let now = self.now;
        let Some(plan) = self.plan_of(arn) else { return };
        if let (Some(secret), Some(current)) = (self.secrets.get_mut(arn), &stage.current) {
            secret.accept(current, now);
        }
        let failure = Failure::of(arn, Step::TestSecret);
        self.log_raised(arn, &plan, &stage, &failure);
        self.failed(arn, stage, &plan, End::Failed);
    }

    /// Its call for the label takes effect.
    fn finish(&mut self, arn: &SecretArn, stage: Stage, plan: &RotationPlan, fails: bool) {
        let Some(secret) = self.secrets.get(arn) else {
            return;
        };
        let is_current = secret.labels.current.as_ref() == Some(&stage.version);
        let from = match plan.code() {
            Code::Template => stage.current.clone(),
            Code::Own => secret.labels.current.clone(),
        };
        let takes = secret.label_takes;
        let to = stage.version.clone();
        let moved = if plan.code() == Code::Own && is_current {
            Ok(())
        } else {
            self.move_current(arn, &Asked { to, from }, Mover::Function)
        };
        let secret = arn.clone();
        let answer = Answer {
            moved,
            fails,
            anew: !is_current,
        };
        self.plan_in(
            takes,
            Happening::LabelAnswered {
                secret,
                stage,
                answer,
            },
        );
    }

    /// finishSecret has the answer to its call.
    pub(super) fn end_finish(&mut self, arn: &SecretArn, stage: Stage, answer: &Answer) {
        let Some(plan) = self.plan_of(arn) else { return };
        match &answer.moved {
            Ok(()) => self.end_as_planned(arn, stage, &plan, (answer.fails, answer.anew)),
            Err(_) => self.end_in_failure(arn, stage, &plan, (End::Overtaken, Failure::overtaken())),
        }
    }

    /// `fails`: its work is done, and it fails all the same.
    fn end_as_planned(
        &mut self,
        arn: &SecretArn,
        stage: Stage,
        plan: &RotationPlan,
        (fails, anew): (bool, bool),
    ) {
        if fails {
            let failure = Failure::of(arn, STEPS[stage.step]);
            return self.end_in_failure(arn, stage, plan, (End::Failed, failure));
        }
        self.log_success(arn, plan, &stage, anew);
        self.go_on(arn, stage, plan, End::Well);
    }

    /// The next step, or the rotation's end.
    fn go_on(&mut self, arn: &SecretArn, stage: Stage, plan: &RotationPlan, end: End) {
        self.note_end(arn, &stage, end);
        if !self.secrets.get(arn).is_some_and(|secret| secret.is_at(&stage)) {
            return;
        }
        if stage.step + 1 < STEPS.len() {
            let step = stage.step + 1;
            return self.begin_step(arn, Stage { step, ..stage });
        }
        let now = self.now;
        if let Some(secret) = self.secrets.get_mut(arn) {
            secret.note_rotated(now);
        }
        self.succeed(arn, &stage.version, plan);
    }

    fn end_in_failure(
        &mut self,
        arn: &SecretArn,
        stage: Stage,
        plan: &RotationPlan,
        (end, failure): (End, Failure),
    ) {
        self.log_failure(arn, plan, &stage, &failure);
        self.failed(arn, stage, plan, end);
    }

    /// The service tries again, or leaves the rotation as it is.
    fn failed(&mut self, arn: &SecretArn, stage: Stage, plan: &RotationPlan, end: End) {
        self.note_end(arn, &stage, end);
        let Some(Retries { most, after, anew }) = plan.manner.as_ref().map(|manner| manner.retries.clone())
        else {
            return;
        };
        let Some(secret) = self.secrets.get_mut(arn).filter(|secret| secret.is_at(&stage)) else {
            return;
        };
        if most.is_some_and(|most| stage.attempt > most) {
            secret.rotating = None;
            return self.tell(format!("the service gives up on {}", stage.version));
        }
        let (step, attempt) = (0, stage.attempt + 1);
        let stage = Stage {
            step,
            attempt,
            ..stage
        };
        let secret = arn.clone();
        self.plan_in(after, Happening::RotationRetried { secret, stage, anew });
    }

    pub(super) fn note_end(&mut self, arn: &SecretArn, stage: &Stage, end: End) {
        let (at, step) = (self.now, STEPS[stage.step]);
        if let Some(secret) = self.secrets.get_mut(arn) {
            let invoked = &mut secret.history_of(&stage.version).invoked;
            invoked.push(Invoked { step, at, end });
        }
    }
}

/// What became of finishSecret's call.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    moved: Result<(), Unmoved>,
    /// The invocation fails all the same.
    fails: bool,
    /// AWSCURRENT was on another version.
    anew: bool,
}

impl Secret {
    /// Whether the service still is at this: nobody ended the rotation or began another.
    fn is_at(&self, stage: &Stage) -> bool {
        self.rotating.as_ref() == Some(&stage.version) && self.runs == stage.run
    }

    /// The login that AWS's templates need before they set a password: for one user with any that they know, for two users
    /// with AWSCURRENT's.
    fn lets_a_template_in(&self, pending: &VersionId) -> bool {
        let current = self.labels.current.as_ref();
        let known = match self.kind {
            Kind::AlternatingUsers { .. } => [current, None, None],
            Kind::SingleUser { .. } | Kind::Managed | Kind::ApiKey => {
                [Some(pending), current, self.labels.previous.as_ref()]
            }
        };
        known.into_iter().flatten().any(|version| self.accepts(version))
    }
}
