//! Secrets, their rotation Lambdas and the databases behind them (aws-facts: Staging labels, Strategies).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use machine::model::{Labels, SecretArn, Step, VersionId};

use super::{Happening, PASSWORD_MARKER, World};

const STEPS: [Step; 4] = [
    Step::CreateSecret,
    Step::SetSecret,
    Step::TestSecret,
    Step::FinishSecret,
];
/// The service takes AWSPENDING away from the current version some time after success.
const CLEAN_UP: SignedDuration = SignedDuration::from_secs(90);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    SingleUser {
        engine: &'static str,
    },
    AlternatingUsers {
        engine: &'static str,
    },
    /// By RDS itself: no Lambda, no log.
    Managed,
    /// No database to log in to.
    ApiKey,
}

impl Kind {
    pub fn engine(self) -> Option<&'static str> {
        match self {
            Self::SingleUser { engine } | Self::AlternatingUsers { engine } => Some(engine),
            Self::Managed | Self::ApiKey => None,
        }
    }
}

/// A user and a password; the only thing in the world that is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    pub user: String,
    pub password: String,
}

/// A secret and its future.
#[derive(Clone, Debug)]
pub struct SecretPlan {
    pub arn: SecretArn,
    pub kind: Kind,
    pub rotations: Vec<RotationPlan>,
    /// Values put by hand, without a rotation.
    pub manual_puts: Vec<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationPlan {
    pub at: Timestamp,
    /// How long createSecret, setSecret, testSecret and finishSecret take.
    pub steps: [SignedDuration; 4],
    /// A step that fails so many times before it succeeds; the service retries the whole rotation.
    pub fails: Option<(Step, u32)>,
    pub retry_after: SignedDuration,
    /// From a log line to its first reader.
    pub log_delay: SignedDuration,
}

#[derive(Clone, Debug)]
pub struct Secret {
    pub arn: SecretArn,
    pub kind: Kind,
    pub labels: Labels,
    pub values: BTreeMap<VersionId, Option<Value>>,
    /// What the database accepts: a password for each user.
    pub accepted: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    pub last_changed: Timestamp,
    pub last_rotated: Option<Timestamp>,
    pub next_rotation: Option<Timestamp>,
    /// Scheduled for deletion: no longer listed, and its value cannot be read.
    pub deleted: Option<Timestamp>,
    rotations: Vec<RotationPlan>,
    made: u32,
    /// When the database began to refuse the version that consumers had been given.
    pub exposed: Vec<Timestamp>,
    /// When AWSCURRENT moved.
    pub promoted: Vec<Timestamp>,
}

impl Secret {
    pub fn name(&self) -> &str {
        self.arn.name()
    }

    pub fn lambda(&self) -> Option<String> {
        (self.kind != Kind::Managed).then(|| {
            format!(
                "arn:aws:lambda:eu-west-1:123456789012:function:{}",
                self.lambda_name()
            )
        })
    }

    pub fn lambda_name(&self) -> String {
        format!("rotate-{}", self.name().trim_matches('/').replace('/', "-"))
    }

    pub fn log_group(&self) -> String {
        format!("/aws/lambda/{}", self.lambda_name())
    }

    /// The version that carries a staging label.
    pub fn labelled(&self, stage: &str) -> Option<&VersionId> {
        let labels = &self.labels;
        match stage {
            "AWSCURRENT" => labels.current.as_ref(),
            "AWSPENDING" => labels.pending.as_ref(),
            "AWSPREVIOUS" => labels.previous.as_ref(),
            _ => None,
        }
    }

    /// Whether the database lets this version in.
    pub fn accepts(&self, version: &VersionId) -> bool {
        let Some(Some(value)) = self.values.get(version) else {
            return false;
        };
        self.accepted.get(&value.user) == Some(&value.password)
    }

    fn next_version(&mut self) -> VersionId {
        self.made += 1;
        VersionId::new(format!(
            "{}-v{}",
            self.name().trim_matches('/').replace('/', "-"),
            self.made
        ))
    }

    fn new_value(&self, version: &VersionId) -> Value {
        let user = match (
            self.kind,
            self.labels.current.as_ref().and_then(|v| self.values[v].clone()),
        ) {
            (Kind::AlternatingUsers { .. }, Some(current)) if current.user == "app" => "app_clone",
            _ => "app",
        };
        Value {
            user: user.to_owned(),
            password: format!("{PASSWORD_MARKER}-{version}"),
        }
    }

    /// AWSCURRENT moves; AWSPREVIOUS follows by itself to the version it left.
    fn promote(&mut self, version: &VersionId, now: Timestamp) {
        self.labels.previous = self.labels.current.replace(version.clone());
        self.last_changed = now;
        self.promoted.push(now);
    }
}

impl World {
    pub fn add_secret(&mut self, plan: SecretPlan) {
        let mut secret = Secret {
            arn: plan.arn.clone(),
            kind: plan.kind,
            labels: Labels::default(),
            values: BTreeMap::new(),
            accepted: BTreeMap::new(),
            tags: BTreeMap::new(),
            last_changed: self.now - SignedDuration::from_hours(30 * 24),
            last_rotated: Some(self.now - SignedDuration::from_hours(30 * 24)),
            next_rotation: plan.rotations.first().map(|rotation| rotation.at),
            deleted: None,
            rotations: plan.rotations.clone(),
            made: 0,
            exposed: Vec::new(),
            promoted: Vec::new(),
        };
        let first = secret.next_version();
        let value = secret.new_value(&first);
        secret.accepted.insert(value.user.clone(), value.password.clone());
        secret.values.insert(first.clone(), Some(value));
        secret.labels.current = Some(first);
        self.secrets.insert(plan.arn.clone(), secret);
        for rotation in plan.rotations {
            self.plan(rotation.at, Happening::RotationStarts(plan.arn.clone()));
        }
        for at in plan.manual_puts {
            self.plan(at, Happening::ManualPut(plan.arn.clone()));
        }
    }

    pub(super) fn start_rotation(&mut self, arn: &SecretArn) {
        let now = self.now;
        let Some(secret) = self.secrets.get_mut(arn) else {
            return;
        };
        let version = secret.next_version();
        secret.values.insert(version.clone(), None);
        secret.labels.pending = Some(version.clone());
        secret.last_changed = now;
        self.begin_step(arn, &version, 0, 1);
    }

    fn plan_of(&self, arn: &SecretArn) -> Option<RotationPlan> {
        let secret = self.secrets.get(arn)?;
        secret
            .rotations
            .iter()
            .rev()
            .find(|plan| plan.at <= self.now)
            .cloned()
    }

    fn begin_step(&mut self, arn: &SecretArn, version: &VersionId, step: usize, attempt: u32) {
        let Some(plan) = self.plan_of(arn) else { return };
        let (secret, version) = (arn.clone(), version.clone());
        self.plan_in(
            plan.steps[step],
            Happening::StepEnds {
                secret,
                version,
                step,
                attempt,
            },
        );
    }

    /// A step comes to its end: its effect, its line, and the next step; or its failure and the service's retry.
    pub(super) fn end_step(&mut self, arn: &SecretArn, version: &VersionId, step: usize, attempt: u32) {
        let Some(plan) = self.plan_of(arn) else { return };
        let abandoned = self
            .secrets
            .get(arn)
            .is_none_or(|secret| secret.labels.pending.as_ref() != Some(version));
        if abandoned {
            return;
        }
        if plan
            .fails
            .is_some_and(|(failing, times)| failing == STEPS[step] && attempt <= times)
        {
            self.fail(arn, version, STEPS[step], &plan, attempt);
            return;
        }
        self.do_step(arn, version, STEPS[step], attempt);
        self.say(arn, &plan, success_line(&self.secrets[arn], STEPS[step], version));
        if step + 1 < STEPS.len() {
            self.begin_step(arn, version, step + 1, attempt);
        } else {
            self.plan_in(
                CLEAN_UP,
                Happening::LabelCleanUp {
                    secret: arn.clone(),
                    version: version.clone(),
                },
            );
        }
    }

    fn fail(&mut self, arn: &SecretArn, version: &VersionId, step: Step, plan: &RotationPlan, attempt: u32) {
        let line =
            format!("[ERROR] {step}: Unable to log into database with pending secret of secret ARN {arn}");
        self.say(arn, plan, line);
        let (secret, version) = (arn.clone(), version.clone());
        // The service starts again with the first step, which finds its work done.
        self.plan_in(
            plan.retry_after,
            Happening::StepEnds {
                secret,
                version,
                step: 0,
                attempt: attempt + 1,
            },
        );
    }

    fn say(&mut self, arn: &SecretArn, plan: &RotationPlan, message: String) {
        let Some(secret) = self.secrets.get(arn) else {
            return;
        };
        if secret.kind != Kind::Managed {
            let group = secret.log_group();
            self.log(&group, plan.log_delay, message);
        }
    }

    fn do_step(&mut self, arn: &SecretArn, version: &VersionId, step: Step, attempt: u32) {
        let now = self.now;
        let Some(secret) = self.secrets.get_mut(arn) else {
            return;
        };
        match step {
            Step::CreateSecret if attempt == 1 => {
                let value = secret.new_value(version);
                secret.values.insert(version.clone(), Some(value));
                secret.last_changed = now;
            }
            Step::SetSecret => {
                if let Some(Some(value)) = secret.values.get(version).cloned() {
                    let before = secret.accepted.insert(value.user, value.password.clone());
                    if before.is_some_and(|before| before != value.password) {
                        secret.exposed.push(now);
                    }
                }
            }
            Step::CreateSecret | Step::TestSecret => {}
            Step::FinishSecret => {
                secret.promote(version, now);
                secret.last_rotated = Some(now);
                secret.next_rotation = secret.rotations.iter().map(|plan| plan.at).find(|at| *at > now);
            }
        }
    }

    /// PutSecretValue without stages: AWSCURRENT moves at once, and the database knows nothing of it.
    pub(super) fn put_by_hand(&mut self, arn: &SecretArn) {
        let now = self.now;
        let Some(secret) = self.secrets.get_mut(arn) else {
            return;
        };
        let version = secret.next_version();
        let value = secret.new_value(&version);
        secret.values.insert(version.clone(), Some(value));
        secret.promote(&version, now);
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

/// The lines of AWS's templates (aws-facts: The rotation Lambda's log).
fn success_line(secret: &Secret, step: Step, version: &VersionId) -> String {
    let arn = &secret.arn;
    let engine = secret.kind.engine().unwrap_or("API");
    match (step, secret.kind) {
        (Step::CreateSecret, _) => {
            format!("createSecret: Successfully put secret for ARN {arn} and version {version}.")
        }
        (Step::SetSecret, Kind::AlternatingUsers { .. }) => {
            format!("setSecret: Successfully set password for app in {engine} DB for secret arn {arn}.")
        }
        (Step::SetSecret, _) => {
            format!("setSecret: Successfully set password for user app in {engine} DB for secret arn {arn}.")
        }
        (Step::TestSecret, _) => {
            format!("testSecret: Successfully signed into {engine} DB with AWSPENDING secret in {arn}.")
        }
        (Step::FinishSecret, _) => {
            format!("finishSecret: Successfully set AWSCURRENT stage to version {version} for secret {arn}.")
        }
    }
}
