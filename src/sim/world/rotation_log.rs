//! What rotation Lambdas log: the lines of AWS's templates, as the Python runtime writes them (aws-facts: The rotation
//! Lambda's log).

use machine::model::{SecretArn, Step, VersionId};

use super::rotation::{RotationPlan, STEPS, Stage};
use super::{Kind, Secret, World};

/// The function that also writes to a shared group.
const NEIGHBOUR: &str = "resize-images";
/// A cut id keeps so much of its version.
const CUT: usize = 12;

/// One invocation, as the lines it leaves.
struct Invocation {
    id: String,
    lines: Vec<String>,
}

impl Invocation {
    /// Ids need only differ from one another.
    fn of(arn: &SecretArn, stage: &Stage) -> Self {
        let Stage {
            run, step, attempt, ..
        } = stage;
        let letters = arn.as_str().bytes();
        let sum = letters.fold(0_u32, |sum, letter| {
            sum.wrapping_mul(31).wrapping_add(letter.into())
        });
        let id = format!("{sum:08x}-{run:04x}-4000-8{step:03x}-{attempt:012x}");
        let lines = vec![format!("START RequestId: {id} Version: $LATEST\n")];
        Self { id, lines }
    }

    fn log(&mut self, level: &str, text: &str) {
        let line = format!("[{level}]\t2025-10-09T08:53:20.000Z\t{}\t{text}\n", self.id);
        self.lines.push(line);
    }

    fn log_error(&mut self, failure: &Failure) {
        if let Some(text) = &failure.logged {
            self.log("ERROR", text);
        }
    }

    /// As the runtime tells what nobody caught.
    fn raise(&mut self, stage: &Stage, failure: &Failure) {
        self.lines.push(format!(
            "[ERROR] {}\nTraceback (most recent call last):\n\
             \u{a0}\u{a0}File \"/var/task/lambda_function.py\", line 74, in {}\n",
            failure.raised,
            function(STEPS[stage.step])
        ));
    }

    fn end(mut self) -> Vec<String> {
        let Self { id, .. } = &self;
        let end = format!("END RequestId: {id}\n");
        let report = format!("REPORT RequestId: {id}\tDuration: 84.12 ms\tBilled Duration: 85 ms\t\n");
        self.lines.extend([end, report]);
        self.lines
    }
}

/// What an invocation that fails leaves in the log.
pub(super) struct Failure {
    /// The function's own word, if it has one.
    logged: Option<String>,
    /// The exception that the runtime tells at its end.
    raised: String,
}

impl Failure {
    pub(super) fn of(arn: &SecretArn, step: Step) -> Self {
        Self::told(
            step,
            &format!("Unable to log into database with pending secret of secret ARN {arn}"),
        )
    }

    /// setSecret of a template that knows no password that works.
    pub(super) fn locked_out(arn: &SecretArn) -> Self {
        let text = format!(
            "Unable to log into database with previous, current, or pending secret of secret arn {arn}"
        );
        Self::told(Step::SetSecret, &text)
    }

    fn told(step: Step, text: &str) -> Self {
        Self {
            logged: Some(format!("{step}: {text}")),
            raised: format!("ValueError: {text}"),
        }
    }

    /// finishSecret whose RemoveFromVersionId is not AWSCURRENT any more: the SDK's exception, which nobody catches.
    pub(super) fn overtaken() -> Self {
        let text = "InvalidParameterException: An error occurred (InvalidParameterException) when calling the \
                    UpdateSecretVersionStage operation: The parameter RemoveFromVersionId is not valid.";
        Self {
            logged: None,
            raised: text.to_owned(),
        }
    }
}

impl World {
    pub(super) fn log_success(&mut self, arn: &SecretArn, plan: &RotationPlan, stage: &Stage, anew: bool) {
        let Some(secret) = self.secrets.get(arn) else {
            return;
        };
        let line = success_line(secret, plan, stage, anew);
        let mut invocation = Invocation::of(arn, stage);
        if plan.log.benign {
            invocation.log(
                "ERROR",
                "Unable to establish SSL/TLS handshake, SSL/TLS is enforced on the host: db",
            );
        }
        invocation.log("INFO", &line);
        self.write(arn, plan, stage, line, invocation.end());
    }

    /// An invocation for what is AWSCURRENT already.
    pub(super) fn log_over(&mut self, arn: &SecretArn, plan: &RotationPlan, stage: &Stage) {
        let version = id(&stage.version, plan);
        let line = format!("Secret version {version} already set as AWSCURRENT for secret {arn}.");
        let mut invocation = Invocation::of(arn, stage);
        invocation.log("INFO", &line);
        self.write(arn, plan, stage, line, invocation.end());
    }

    pub(super) fn log_failure(
        &mut self,
        arn: &SecretArn,
        plan: &RotationPlan,
        stage: &Stage,
        failure: &Failure,
    ) {
        let mut invocation = Invocation::of(arn, stage);
        invocation.log_error(failure);
        invocation.raise(stage, failure);
        let told = failure.logged.clone().unwrap_or_else(|| failure.raised.clone());
        self.write(arn, plan, stage, told, invocation.end());
    }

    /// An error is logged, and its invocation goes on.
    pub(super) fn log_error(
        &mut self,
        arn: &SecretArn,
        plan: &RotationPlan,
        stage: &Stage,
        failure: &Failure,
    ) {
        let mut invocation = Invocation::of(arn, stage);
        invocation.log_error(failure);
        let told = failure.logged.clone().unwrap_or_default();
        self.write(arn, plan, stage, told, invocation.lines);
    }

    /// The end in failure of an invocation that has logged its error already.
    pub(super) fn log_raised(
        &mut self,
        arn: &SecretArn,
        plan: &RotationPlan,
        stage: &Stage,
        failure: &Failure,
    ) {
        let mut invocation = Invocation::of(arn, stage);
        invocation.lines.clear();
        invocation.raise(stage, failure);
        self.write(arn, plan, stage, failure.raised.clone(), invocation.end());
    }

    fn write(
        &mut self,
        arn: &SecretArn,
        plan: &RotationPlan,
        stage: &Stage,
        told: String,
        lines: Vec<String>,
    ) {
        let Some(secret) = self.secrets.get(arn) else {
            return;
        };
        if secret.kind == Kind::Managed || plan.log.lost.contains(&STEPS[stage.step]) {
            return;
        }
        let (group, own, shares) = (secret.log_group(), stream(secret), secret.shares_log);
        self.tell(told);
        for line in lines {
            for _ in 0..=usize::from(plan.log.repeated) {
                self.log(&group, &own, plan.log.delay, line.clone());
            }
        }
        if shares {
            let error = "[ERROR] ValueError: no image\nTraceback (most recent call last):\n".to_owned();
            let theirs = format!("2025/10/09/{NEIGHBOUR}[$LATEST]0a1b2c3d4e5f60718293a4b5c6d7e8f9");
            self.log(&group, &theirs, plan.log.delay, error);
        }
    }
}

fn stream(secret: &Secret) -> String {
    let name = if secret.shares_log {
        secret.lambda_name()
    } else {
        String::new()
    };
    format!("2025/10/09/{name}[$LATEST]f9e8d7c6b5a493827160f5e4d3c2b1a0")
}

fn function(step: Step) -> &'static str {
    match step {
        Step::CreateSecret => "create_secret",
        Step::SetSecret => "set_secret",
        Step::TestSecret => "test_secret",
        Step::FinishSecret => "finish_secret",
    }
}

fn success_line(secret: &Secret, plan: &RotationPlan, stage: &Stage, anew: bool) -> String {
    let (arn, version) = (&secret.arn, id(&stage.version, plan));
    let engine = secret.kind.engine().unwrap_or("API");
    match (STEPS[stage.step], secret.kind) {
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
        (Step::FinishSecret, _) if !anew => {
            format!("finishSecret: Version {version} already marked as AWSCURRENT for {arn}")
        }
        (Step::FinishSecret, _) => {
            format!("finishSecret: Successfully set AWSCURRENT stage to version {version} for secret {arn}.")
        }
    }
}

/// A version as hardened copies of the templates log it.
fn id(version: &VersionId, plan: &RotationPlan) -> String {
    match version.as_str() {
        id if plan.log.cut && id.len() > CUT => format!("{}...", &id[..CUT]),
        id => id.to_owned(),
    }
}
