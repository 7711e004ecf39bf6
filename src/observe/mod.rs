//! Looking: one question to one source, the answer as evidence. Reads only; a failure is an answer too.

mod arn;
mod consumers;
mod discovery;
pub mod events;
mod log;
mod login;
mod metrics;
mod numbers;
mod rds;
mod reference;
mod secrets;

use std::sync::Arc;

use machine::model::{ConsumerId, Event, Evidence, Look, LookKey, RdsPart, Scope, SecretArn, VersionId};

pub use discovery::Wanted;
pub use log::{LogQuestion, OtherSecret};
pub use numbers::{MeasuredBy, NumbersQuestion};

use crate::ports::{LoginTarget, PortError, Ports};

/// A look, with all that is needed to take it.
#[derive(Clone, Debug)]
pub enum Question {
    Sweep,
    Secret(SecretArn),
    Versions(SecretArn),
    Log(LogQuestion),
    /// `stage` is the label that the version carries.
    Login {
        secret: SecretArn,
        version: VersionId,
        stage: &'static str,
        target: LoginTarget,
    },
    Consumer(ConsumerId),
    Discovery {
        scope: Scope,
        wanted: Arc<Wanted>,
    },
    Rds(RdsPart),
    Numbers(NumbersQuestion),
}

impl Question {
    pub fn key(&self) -> LookKey {
        match self {
            Self::Sweep => LookKey::Sweep,
            Self::Secret(secret) => LookKey::Secret(secret.clone()),
            Self::Versions(secret) => LookKey::Versions(secret.clone()),
            Self::Log(question) => LookKey::Log(question.secret.clone()),
            Self::Login { secret, version, .. } => LookKey::Login(secret.clone(), version.clone()),
            Self::Consumer(consumer) => LookKey::Consumer(consumer.clone()),
            Self::Discovery { scope, .. } => LookKey::Discovery(scope.clone()),
            Self::Rds(part) => LookKey::Rds(*part),
            Self::Numbers(question) => LookKey::Numbers(question.measured.clone()),
        }
    }
}

/// Takes a look. The answer, or why there is none, as an event for the machine.
pub async fn look(ports: &Ports, question: Question) -> Event {
    let key = question.key();
    let answer = match question {
        Question::Sweep => secrets::sweep(ports).await,
        Question::Secret(secret) => secrets::labels(ports, secret).await,
        Question::Versions(secret) => secrets::versions(ports, secret).await,
        Question::Log(question) => log::read(ports, question).await,
        Question::Login {
            secret,
            version,
            stage,
            target,
        } => login::test(ports, secret, version, stage, &target).await,
        Question::Consumer(consumer) => consumers::look(ports, consumer).await,
        Question::Discovery { scope, wanted } => discovery::discover(ports, scope, &wanted).await,
        Question::Rds(part) => rds::look(ports, part).await,
        Question::Numbers(question) => numbers::look(&*ports.metrics, question).await,
    };
    match answer {
        Ok((look, evidence)) => Event::Seen { look, evidence },
        Err(error) => Event::Unseen {
            look: error.look,
            key,
            failure: error.failure,
        },
    }
}

type Answer = Result<(Look, Evidence), PortError>;
