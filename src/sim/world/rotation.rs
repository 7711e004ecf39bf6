//! Rotations: the service, its retries and the rotation Lambda's steps (aws-facts: The rotation Lambda's log).

use machine::model::{SecretArn, Step, VersionId};

use super::{Happening, Kind, RotationPlan, Secret, World};

const STEPS: [Step; 4] = [
    Step::CreateSecret,
    Step::SetSecret,
    Step::TestSecret,
    Step::FinishSecret,
];

impl World {
    pub(super) fn start_rotation(&mut self, arn: &SecretArn) {
        let now = self.now;
        let Some(secret) = self.secrets.get_mut(arn) else {
            return;
        };
        let version = secret.next_version();
        secret.values.insert(version.clone(), None);
        secret.labels.pending = Some(version.clone());
        secret.last_changed = now;
        secret.history_of(&version).started = Some(now);
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
        let anew = self.do_step(arn, version, STEPS[step]);
        self.say(
            arn,
            &plan,
            success_line(&self.secrets[arn], STEPS[step], version, anew),
        );
        if step + 1 < STEPS.len() {
            self.begin_step(arn, version, step + 1, attempt);
        } else {
            self.plan_in(
                plan.clean_up,
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

    /// Whether it did anything: a retry finds what an earlier attempt did.
    fn do_step(&mut self, arn: &SecretArn, version: &VersionId, step: Step) -> bool {
        let now = self.now;
        let Some(secret) = self.secrets.get_mut(arn) else {
            return false;
        };
        match step {
            Step::CreateSecret if secret.values.get(version).is_none_or(Option::is_none) => {
                let value = secret.new_value(version);
                secret.values.insert(version.clone(), Some(value));
                secret.last_changed = now;
                secret.history_of(version).created = Some(now);
            }
            Step::CreateSecret => return false,
            Step::SetSecret if secret.accepts(version) => return false,
            Step::SetSecret => {
                secret.history_of(version).exposed.get_or_insert(now);
                if let Some(Some(value)) = secret.values.get(version).cloned() {
                    let before = secret.accepted.insert(value.user, value.password.clone());
                    if before.is_some_and(|before| before != value.password) {
                        secret.exposed.push(now);
                    }
                }
            }
            Step::TestSecret => secret.history_of(version).tested.push(now),
            Step::FinishSecret => {
                secret.promote(version, now);
                secret.last_rotated = Some(now);
                secret.next_rotation = secret.rotations.iter().map(|plan| plan.at).find(|at| *at > now);
            }
        }
        true
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
fn success_line(secret: &Secret, step: Step, version: &VersionId, anew: bool) -> String {
    let arn = &secret.arn;
    let engine = secret.kind.engine().unwrap_or("API");
    match (step, secret.kind) {
        (Step::CreateSecret, _) if !anew => {
            format!("createSecret: Successfully retrieved secret for {arn}.")
        }
        (Step::SetSecret, _) if !anew => {
            format!(
                "setSecret: AWSPENDING secret is already set as password in {engine} DB for secret arn {arn}."
            )
        }
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
