//! `consumers`: who uses which secret and how, what they hold, and what the next rotation would do to them.

use std::io::Write;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::ago::ago;
use super::client::{list, read};
use super::listing::Listing;
use super::table::table;

#[derive(Deserialize)]
struct Consumer {
    id: String,
    references: Vec<Reference>,
    last_look: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Reference {
    secret: String,
    secret_arn: String,
    how: String,
    pinned_to: Option<String>,
    stage: Option<String>,
    waits_for: Option<String>,
    next: Option<String>,
}

/// Always 0: `status` tells by its exit code whether somebody must act.
pub(super) fn run(asked: &Listing<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let now = asked.now()?;
    let (filter, named) = (asked.filter, asked.named()?);
    let is_asked = |reference: &Reference| {
        let stage = reference.stage.as_deref().unwrap_or("unjudged");
        (filter.name.is_none() || named.contains(&reference.secret_arn)) && filter.admits([stage])
    };
    let mut chosen = Vec::new();
    let mut rows = Vec::new();
    for raw in list(asked.url, "/v1/consumers")? {
        let consumer: Consumer = read(raw.clone())?;
        let references: Vec<&Reference> = consumer.references.iter().filter(|r| is_asked(r)).collect();
        if !references.is_empty() {
            rows.extend(
                references
                    .into_iter()
                    .map(|reference| row(&consumer, reference, now.now)),
            );
            chosen.push(raw);
        }
    }
    let told = |_| {
        let header = ["consumer", "secret", "how", "stage", "next rotation", "looked at"];
        Ok(if rows.is_empty() {
            now.empty(asked.filter, "no consumer was found")
        } else {
            table(header, rows, asked.width)
        })
    };
    asked.write(Value::Array(chosen), told, out)?;
    Ok(0)
}

fn row(consumer: &Consumer, reference: &Reference, now: Timestamp) -> [String; 6] {
    let Reference {
        secret,
        how,
        pinned_to,
        stage,
        waits_for,
        next,
        ..
    } = reference;
    let pinned = pinned_to.as_ref().map(|to| format!(" to {to}"));
    let stage = stage.as_deref().unwrap_or("–");
    let waits = waits_for.as_ref().map(|reason| format!("; waits: {reason}"));
    [
        consumer.id.clone(),
        secret.clone(),
        format!("{how}{}", pinned.unwrap_or_default()),
        format!("{stage}{}", waits.unwrap_or_default()),
        next.clone().unwrap_or_else(|| "–".to_owned()),
        consumer
            .last_look
            .map_or_else(|| "not yet".to_owned(), |at| ago(at, now)),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::status::tests::{listed, served};
    use super::*;

    #[test]
    fn f13_consumers_is_a_command_of_its_own() {
        let (url, _serving, _guard) = served(true);
        let shown = |only: &[&str]| listed(&url, only, run);
        let all = shown(&[]);
        for part in [
            "ecs:prod/orders",
            "injected",
            "fresh",
            "9s ago",
            "unknown",
            "not yet",
        ] {
            assert!(all.contains(part), "{part} is not in\n{all}");
        }
        let stale = shown(&["stale"]);
        assert!(
            stale.contains("ecs:prod/web") && !stale.contains("ecs:prod/orders"),
            "{stale}"
        );
        assert!(shown(&["refreshing"]).starts_with("nothing matches"));
        assert!(all.lines().all(|line| line.chars().count() <= 100), "{all}");
    }
}
