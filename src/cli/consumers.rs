//! `consumers`: who uses which secret and how, what they hold, and what the next rotation would do to them.

use std::io::Write;

use anyhow::Context;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::ago::ago;
use super::client::{ask, list, read};
use super::filter::Filter;
use super::findings::arn_and_name;
use super::table::table;
use super::width::Width;

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

#[derive(Deserialize)]
struct Now {
    now: Timestamp,
}

/// Always 0: `status` tells by its exit code whether somebody must act.
pub(super) fn run(
    url: &str,
    filter: &Filter,
    as_json: bool,
    width: Width,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let Now { now } = read(ask(url, "/v1/status")?)?;
    let known = list(url, "/v1/secrets")?;
    let known: Vec<(&str, &str)> = known.iter().filter_map(arn_and_name).collect();
    let named = filter.named(&known)?;
    let is_asked = |reference: &Reference| {
        let stage = reference.stage.as_deref().unwrap_or("unjudged");
        (filter.name.is_none() || named.contains(&reference.secret_arn.as_str())) && filter.admits([stage])
    };
    let mut chosen = Vec::new();
    let mut rows = Vec::new();
    for raw in list(url, "/v1/consumers")? {
        let consumer: Consumer = read(raw.clone())?;
        let asked: Vec<&Reference> = consumer.references.iter().filter(|r| is_asked(r)).collect();
        if !asked.is_empty() {
            rows.extend(asked.into_iter().map(|reference| row(&consumer, reference, now)));
            chosen.push(raw);
        }
    }
    let text = if as_json {
        serde_json::to_string_pretty(&Value::Array(chosen)).context("cannot write JSON")? + "\n"
    } else if rows.is_empty() {
        "no consumer was found\n".to_owned()
    } else {
        let header = ["consumer", "secret", "how", "stage", "next rotation", "looked at"];
        table(header, rows, width)
    };
    out.write_all(text.as_bytes())
        .context("cannot write the consumers")?;
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
    use super::super::status::tests::{printed, served};
    use super::*;

    #[test]
    fn f13_consumers_is_a_command_of_its_own() {
        let (url, _serving, _guard) = served(true);
        let shown = |only: &[&str]| {
            let filter = Filter {
                name: None,
                only: only.iter().map(|word| (*word).to_owned()).collect(),
            };
            printed(|out| run(&url, &filter, false, Width::UNKNOWN, out)).1
        };
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
        assert_eq!(shown(&["refreshing"]), "no consumer was found\n");
        assert!(all.lines().all(|line| line.chars().count() <= 100), "{all}");
    }
}
