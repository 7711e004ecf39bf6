//! Consumers as rules name them, and how long they go on with an old value.

use std::collections::BTreeMap;

use machine::model::{ConsumerId, Declared, Staleness};

use super::reader::Section;
use super::values::{parse_duration, show_duration};

pub(super) const CONSUMERS: &str = "a consumer by plain names, as \"ecs:CLUSTER/SERVICE\", \"lambda:FUNCTION\" (no ARN, alias or \
                         version), or \"declared:ANY NAME\"";
const STALENESS: &str = "\"restart\", or how long its cache lives, as \"15m\"";

pub(super) fn staleness(section: &mut Section<'_>, key: &'static str, default: Staleness) -> Staleness {
    let show = |staleness: &Staleness| match staleness {
        Staleness::Restart => "restart".to_owned(),
        // No key says so.
        Staleness::Proxy => String::new(),
        Staleness::Wait(ttl) => show_duration(ttl).trim_matches('"').to_owned(),
    };
    section
        .parsed(key, Some(default), STALENESS, parse_staleness, show)
        .unwrap_or(default)
}

fn parse_staleness(text: &str) -> Option<Staleness> {
    if text == "restart" {
        return Some(Staleness::Restart);
    }
    parse_duration(text).map(Staleness::Wait)
}

pub(super) fn overrides(section: &mut Section<'_>) -> BTreeMap<ConsumerId, Staleness> {
    let mut overrides = BTreeMap::new();
    for (id, text) in section.texts_by_name("staleness") {
        match (consumer_of(&id), parse_staleness(&text)) {
            (Some(id), Some(staleness)) => {
                overrides.insert(id, staleness);
            }
            (None, _) => section.problem(
                "staleness",
                format!("{id:?} names no consumer"),
                format!("give {CONSUMERS}"),
            ),
            (_, None) => section.problem(
                "staleness",
                format!("{text:?} is not {STALENESS}"),
                format!("give {STALENESS}"),
            ),
        }
    }
    overrides
}

/// Consumers that no discovery can find.
pub(super) fn declared(section: &mut Section<'_>) -> Vec<Declared> {
    let mut declared: Vec<Declared> = Vec::new();
    for mut consumer in section.sections("consumers") {
        let id = consumer.parsed("id", None, CONSUMERS, consumer_of, ToString::to_string);
        let staleness = staleness(&mut consumer, "staleness", Staleness::Restart);
        match id {
            Some(id @ ConsumerId::Declared { .. }) if staleness == Staleness::Restart => consumer
                .problem_here(
                    format!("{id} cannot be restarted by the watchdog"),
                    "give its staleness as the time its cache lives",
                ),
            Some(id) if declared.iter().any(|earlier| earlier.id == id) => {
                consumer.problem("id", format!("{id} is listed twice"), "remove one of the two");
            }
            Some(id) => declared.push(Declared { id, staleness }),
            None if !consumer.has("id") => consumer.problem_here("has no id", format!("give {CONSUMERS}")),
            None => {}
        }
        consumer.finish();
    }
    declared
}

/// A consumer as discovery names it too: under another name it would be a second one, restarted beside the first.
pub(super) fn consumer_of(text: &str) -> Option<ConsumerId> {
    ConsumerId::parse(text).filter(|id| match id {
        ConsumerId::Service { cluster, name } => is_plain(cluster) && is_plain(name),
        ConsumerId::Function { name } => is_plain(name),
        // Discovery finds it, and nobody restarts one.
        ConsumerId::Proxy { .. } => false,
        ConsumerId::Declared { .. } => true,
    })
}

/// What ECS and Lambda allow in the names of clusters, services and functions.
pub(super) fn is_plain(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}
