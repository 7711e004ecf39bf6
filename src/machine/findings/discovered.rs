//! What discovery found beside consumers, or could not see.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Finding, Kind, List, Severity, commands};
use crate::facts::state::{ConsumerFacts, State};
use crate::judge::Judgement;
use crate::model::{
    ConsumerId, LookFailure, LookKey, Part, ReferenceKind, Scope, ScopeSeen, SecretArn, StandaloneTask,
    Subject, Unread,
};
use crate::policy::Settings;
use crate::story::baseline;
use crate::story::rotations::Origin;

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
                    "{} created before {since:.0} and may hold the old value, among them {}",
                    running(old.len(), "was", "were"),
                    oldest.task
                ),
                "stop them and start them anew: nobody else replaces them",
            ),
            _ => self.add(
                Severity::Info,
                Kind::StandaloneTasks,
                format!(
                    "{} it, among them {}: after a rotation nobody replaces what runs so",
                    running(tasks.len(), "uses", "use"),
                    first.task
                ),
                "plan to stop and start them by hand after a rotation, or run them as a service",
            ),
        }
    }

    /// A secret that nobody seems to use is most likely used by what is not searched.
    pub(super) fn no_consumers(&mut self, state: &State) {
        let facts = state.secret(self.secret);
        let is_searched = facts
            .and_then(|facts| facts.first_look)
            .is_some_and(|at| state.is_searched(at));
        let mut users = state.users_of(self.secret).filter(|(_, facts)| !facts.is_gone());
        let mut scopes = state.scopes.values();
        let mut has_task =
            || scopes.any(|(_, seen)| seen.standalone.iter().any(|task| &task.secret == self.secret));
        if !is_searched || users.next().is_some() || has_task() {
            return;
        }
        let left_out = match unreadable_functions(state).count() {
            0 => String::new(),
            1 => ", nor in 1 function whose environment cannot be decrypted".to_owned(),
            count => format!(", nor in {count} functions whose environments cannot be decrypted"),
        };
        self.add(
            Severity::Info,
            Kind::NoConsumers,
            format!(
                "no consumer of it was found in ECS services and Lambda functions: who else uses it, on EKS, EC2, App \
                 Runner, Batch or as a web function, cannot be seen{left_out}"
            ),
            "name whoever uses it in the rule's consumers, with the time that it caches the value",
        );
    }
}

/// Tasks that no service started, and what they do.
fn running(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 running task without a service {one}"),
        count => format!("{count} running tasks without a service {many}"),
    }
}

/// What was created by then holds the old value.
fn promoted(
    state: &State,
    secret: &SecretArn,
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

/// Whoever is only suspected to use a secret.
pub(super) fn suspected(state: &State, id: &ConsumerId, facts: &ConsumerFacts) -> Option<Finding> {
    if facts.is_gone() || state.rotates_secrets(id) {
        return None;
    }
    let references = facts.references.iter();
    let suspected = references.filter(|reference| reference.kind == ReferenceKind::Suspected);
    let secrets: Vec<&SecretArn> = suspected.map(|reference| &reference.secret).collect();
    // The finding is shown with a secret that is watched, where there is one.
    let is_watched = |secret: &&&SecretArn| {
        let facts = state.secret(secret);
        facts.is_some_and(|facts| facts.first_look.is_some())
    };
    let first = secrets.iter().find(is_watched).or(secrets.first())?;
    let mut places = state
        .scopes
        .values()
        .filter_map(|(_, seen)| seen.suspicions.get(id));
    let place = match places.next().map(String::as_str) {
        None => String::new(),
        Some("") => ", as in a command,".to_owned(),
        Some(variable) => format!(", as in the variable {variable},"),
    };
    Some(suspicion(id, first, &secrets, &place))
}

/// One for a consumer: a shared host, or the beginning of a name, may speak of many secrets.
fn suspicion(id: &ConsumerId, first: &SecretArn, secrets: &[&SecretArn], place: &str) -> Finding {
    const SHOWN: usize = 5;
    let names: Vec<&str> = secrets.iter().take(SHOWN).map(|secret| secret.name()).collect();
    let more = match secrets.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Finding {
        severity: Severity::Info,
        kind: Kind::SuspectedConsumer,
        subject: Subject::Consumer(id.clone()),
        secret: Some(first.clone()),
        text: format!(
            "its configuration{place} names the database of {names}{more}, or has such a name as a word that need not be the \
             secret: it may use what it names",
            names = names.join(", ")
        ),
        remedy: "give it the secret's ARN, or name it in the rule's consumers".to_owned(),
    }
}

/// Without its environment nobody can say whether a function uses a secret (aws-facts: Lambda).
pub(super) fn unreadable(state: &State) -> Vec<Finding> {
    let names: Vec<&str> = unreadable_functions(state).collect();
    let Some(first) = names.first() else {
        return Vec::new();
    };
    let whose = match names.len() {
        1 => format!("the environment of 1 function cannot be decrypted, {first}: whether it uses"),
        count => format!(
            "the environments of {count} functions cannot be decrypted, among them {first}: whether they use"
        ),
    };
    vec![Finding {
        severity: Severity::Warning,
        kind: Kind::EnvironmentUnreadable,
        subject: search_of(&Scope::Functions),
        secret: None,
        text: format!("{whose} a secret is unknown, and no-consumers may be told of one that is used there"),
        remedy: "allow kms:Decrypt on the functions' keys".to_owned(),
    }]
}

fn unreadable_functions(state: &State) -> impl Iterator<Item = &str> {
    let seen = state.scopes.values().flat_map(|(_, seen)| &seen.unreadable);
    seen.map(String::as_str)
}

/// Task definitions that could not be read, while the rest of their cluster was.
pub(super) fn unread(state: &State) -> Vec<Finding> {
    let of_scope = |(scope, (_, seen)): (&Scope, &(_, ScopeSeen))| unread_in(scope, &seen.unread);
    state.scopes.iter().flat_map(of_scope).collect()
}

/// One finding for each service; one for all that the same keeps from being read, where those are many.
fn unread_in(scope: &Scope, unread: &[Unread]) -> Vec<Finding> {
    const TOLD_ONE_BY_ONE: usize = 3;
    let mut by_cause: BTreeMap<String, Vec<&Unread>> = BTreeMap::new();
    for one in unread {
        by_cause.entry(one.why.to_string()).or_default().push(one);
    }
    let told = by_cause.into_values().flat_map(|alike| match scope {
        Scope::Cluster(_) if alike.len() <= TOLD_ONE_BY_ONE => alike
            .into_iter()
            .map(|one| unread_of_service(scope, one))
            .collect(),
        Scope::Cluster(_) | Scope::Tasks(_) => unread_together(scope, &alike),
        Scope::Clusters | Scope::Functions | Scope::Proxies | Scope::Declared => Vec::new(),
    });
    told.collect()
}

fn unread_of_service(scope: &Scope, unread: &Unread) -> Finding {
    let service = unread.consumer.clone().map(Subject::Consumer);
    let subject = service.unwrap_or_else(|| search_of(scope));
    let text = format!(
        "its task definition {} cannot be read ({})",
        unread.definition, unread.why
    );
    definition_unread(subject, &text, unread)
}

fn search_of(scope: &Scope) -> Subject {
    Subject::Watchdog(Part::Look(LookKey::Discovery(scope.clone())))
}

fn unread_together(scope: &Scope, alike: &[&Unread]) -> Vec<Finding> {
    let of_one = |first: &&Unread| {
        let whose = search_of(scope);
        let text = format!(
            "{} task definitions of {whose} cannot be read, among them {} ({})",
            alike.len(),
            first.definition,
            first.why
        );
        definition_unread(whose, &text, first)
    };
    alike.first().map(of_one).into_iter().collect()
}

fn definition_unread(subject: Subject, text: &str, unread: &Unread) -> Finding {
    let remedy = match &unread.why {
        LookFailure::Denied { iam_action, .. } => format!("allow {iam_action} on *"),
        LookFailure::NotFound { .. }
        | LookFailure::Unexpected { .. }
        | LookFailure::Throttled
        | LookFailure::Timeout
        | LookFailure::Credentials { .. }
        | LookFailure::Unreachable { .. } => commands::describe_definition(&unread.definition),
    };
    Finding {
        severity: Severity::Warning,
        kind: Kind::DefinitionUnread,
        subject,
        secret: None,
        text: format!("{text}: whether a watched secret is used there is not known anew"),
        remedy,
    }
}
