//! What discovery found beside consumers, or could not see.

use jiff::Timestamp;

use super::{Finding, Kind, List, Severity, bare_name, commands};
use crate::baseline;
use crate::judge::Judgement;
use crate::model::{ConsumerId, LookFailure, ReferenceKind, Scope, StandaloneTask, Unread};
use crate::policy::Settings;
use crate::rotations::Origin;
use crate::state::State;

impl List<'_> {
    /// Tasks that no service started: nobody replaces them. After a promotion those that are older hold the old value;
    /// at rest it is only worth knowing that there are some.
    pub(super) fn standalone_tasks(&mut self, state: &State, judgement: &Judgement, settings: &Settings) {
        let seen = state.scopes.values().flat_map(|(_, seen)| &seen.standalone);
        let tasks: Vec<&StandaloneTask> = seen.filter(|task| &task.secret == self.secret).collect();
        let Some(first) = tasks.first() else { return };
        let since = promoted(state, self.secret, judgement, settings);
        let is_old =
            |task: &&&StandaloneTask| since.is_some_and(|since| task.created.is_none_or(|at| at <= since));
        let old: Vec<_> = tasks.iter().filter(is_old).collect();
        match (old.first(), since) {
            (Some(oldest), Some(since)) => self.add(
                Severity::Warning,
                Kind::StandaloneTasks,
                format!(
                    "{} running tasks without a service were created before {since:.0} and hold the old value, among \
                     them {}",
                    old.len(),
                    oldest.task
                ),
                "stop them and start them anew: nobody else replaces them",
            ),
            _ => self.add(
                Severity::Info,
                Kind::StandaloneTasks,
                format!(
                    "{} running tasks without a service use it, among them {}: after a rotation nobody replaces them",
                    tasks.len(),
                    first.task
                ),
                "plan to stop and start them by hand after a rotation, or run them as a service",
            ),
        }
    }

    /// A secret that nobody seems to use is most likely used by what is not searched.
    pub(super) fn no_consumers(&mut self, state: &State) {
        let facts = state.secrets.get(self.secret);
        let is_searched = facts
            .and_then(|facts| facts.first_look)
            .is_some_and(|at| state.is_searched(at));
        let mut users = state
            .consumers_of(self.secret)
            .filter(|(_, facts)| !facts.is_gone());
        if !is_searched || users.next().is_some() {
            return;
        }
        self.add(
            Severity::Info,
            Kind::NoConsumers,
            "no consumer of it was found in ECS services and Lambda functions: who else uses it, on EKS, EC2, App \
             Runner, Batch or as a web function, cannot be seen",
            "name whoever uses it in the rule's consumers, with the time that it caches the value",
        );
    }
}

/// What was created by then holds the old value.
fn promoted(
    state: &State,
    secret: &crate::model::SecretArn,
    judgement: &Judgement,
    settings: &Settings,
) -> Option<Timestamp> {
    let current = judgement.current()?;
    if current.rotation.origin == Origin::Baseline {
        return baseline::last_rotation(state, secret, judgement).map(|at| at - baseline::WRITTEN_AFTER);
    }
    let promoted = current.rotation.promoted.as_ref()?.when.not_after;
    Some(promoted + settings.timing.margin)
}

pub(super) fn suspected(state: &State) -> Vec<Finding> {
    let lambdas = state.rotation_lambdas();
    let mut found = Vec::new();
    for (id, facts) in state.consumers.iter().filter(|(_, facts)| !facts.is_gone()) {
        let rotates = lambdas.contains(bare_name(id));
        for reference in facts
            .references
            .iter()
            .filter(|r| r.kind == ReferenceKind::Suspected && !rotates)
        {
            found.push(Finding {
                severity: Severity::Info,
                kind: Kind::SuspectedConsumer,
                subject: id.to_string(),
                secret: Some(reference.secret.clone()),
                text: format!(
                    "its configuration names the database of {name}, or has {name} as a word that need not be the \
                     secret: it may use the secret",
                    name = reference.secret.name()
                ),
                remedy: "give it the secret's ARN, or name it in the rule's consumers".to_owned(),
            });
        }
    }
    found
}

/// Without its environment nobody can say whether a function uses a secret (aws-facts: Lambda).
pub(super) fn unreadable(state: &State) -> Vec<Finding> {
    let names = state.scopes.values().flat_map(|(_, seen)| &seen.unreadable);
    let names: Vec<&str> = names.map(String::as_str).collect();
    let Some(first) = names.first() else {
        return Vec::new();
    };
    vec![Finding {
        severity: Severity::Warning,
        kind: Kind::EnvironmentUnreadable,
        subject: "Lambda functions".to_owned(),
        secret: None,
        text: format!(
            "the environments of {} functions cannot be decrypted, among them {first}: whether they use a secret is \
             unknown",
            names.len()
        ),
        remedy: "allow kms:Decrypt on the functions' keys".to_owned(),
    }]
}

/// Task definitions that could not be read, while the rest of their cluster was.
pub(super) fn unread(state: &State) -> Vec<Finding> {
    let of_scope = |(scope, (_, seen)): (&Scope, &(_, crate::model::ScopeSeen))| {
        let place = match scope {
            Scope::Tasks(cluster) => format!("a task without a service in cluster {cluster}"),
            Scope::Clusters | Scope::Cluster(_) | Scope::Functions | Scope::Declared => String::new(),
        };
        let told = |unread: &Unread| unread_definition(unread, &place);
        seen.unread.iter().map(told).collect::<Vec<_>>()
    };
    state.scopes.iter().flat_map(of_scope).collect()
}

fn unread_definition(unread: &Unread, place: &str) -> Finding {
    let remedy = match &unread.why {
        LookFailure::Denied { iam_action, .. } => format!("allow {iam_action} on *"),
        _ => commands::describe_definition(&unread.definition),
    };
    Finding {
        severity: Severity::Warning,
        kind: Kind::DefinitionUnread,
        subject: unread
            .consumer
            .as_ref()
            .map_or(place.to_owned(), ConsumerId::to_string),
        secret: None,
        text: format!(
            "its task definition {} cannot be read ({}): whether it uses a watched secret is not known anew",
            unread.definition, unread.why
        ),
        remedy,
    }
}

/// Secrets that are gone for good and that somebody still names: what starts the next time, fails.
pub(super) fn lost(state: &State) -> Vec<Finding> {
    let finding = |secret: &crate::model::SecretArn| {
        let users: Vec<String> = state.consumers_of(secret).map(|(id, _)| id.to_string()).collect();
        let first = users.first()?;
        Some(Finding {
            severity: Severity::Warning,
            kind: Kind::SecretGone,
            subject: secret.name().to_owned(),
            secret: Some(secret.clone()),
            text: format!(
                "the secret no longer exists, and {} consumers still name it, among them {first}: what of them starts \
                 next, fails",
                users.len()
            ),
            remedy: "make it again under its name, or take the reference out of the consumer".to_owned(),
        })
    };
    state.lost().filter_map(finding).collect()
}
