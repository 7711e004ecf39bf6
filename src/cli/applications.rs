//! `applications`: applications and databases in numbers, while a rotation of theirs is watched.

use std::io::Write;

use serde::Deserialize;
use serde_json::Value;

use super::client::{list, read};
use super::listing::Listing;
use super::table::{or_dash, table};

#[derive(Deserialize)]
struct Application {
    name: String,
    health: String,
    secrets: Vec<Secret>,
    measures: Vec<Measure>,
    troubles: Vec<Trouble>,
}

#[derive(Deserialize)]
struct Secret {
    name: String,
    arn: String,
}

#[derive(Deserialize)]
struct Measure {
    measure: String,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Trouble {
    measure: String,
    why: String,
}

/// Measures by the column that they stand in; all others are one's own.
const FAILURES: [&str; 5] = ["5xx", "4xx", "errors", "throttles", "login-failures"];
const LATENCY: [&str; 5] = [
    "latency-p50",
    "latency-p99",
    "duration",
    "read-latency",
    "write-latency",
];

/// Always 0: `status` tells by its exit code whether somebody must act.
pub(super) fn run(asked: &Listing<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let now = asked.now()?;
    let (filter, named) = (asked.filter, asked.named()?);
    let mut chosen = Vec::new();
    let mut rows = Vec::new();
    for raw in list(asked.url, "/v1/applications")? {
        let application: Application = read(raw.clone())?;
        let mut secrets = application.secrets.iter();
        let is_named = secrets.any(|secret| named.contains(&secret.arn));
        if (filter.name.is_none() || is_named) && filter.admits([application.health.as_str()]) {
            rows.push(row(&application));
            chosen.push(raw);
        }
    }
    let told = |_| {
        let header = [
            "application",
            "health",
            "failures",
            "latency",
            "load",
            "rotation of",
        ];
        Ok(if rows.is_empty() {
            now.empty(
                asked.filter,
                "no rotation is watched just now, so nothing is measured",
            )
        } else {
            table(header, rows, asked.width)
        })
    };
    asked.write(Value::Array(chosen), told, out)?;
    Ok(0)
}

fn row(application: &Application) -> [String; 6] {
    let column = |takes: &dyn Fn(&str) -> bool| {
        let measures = application.measures.iter();
        let told = measures
            .filter(|one| takes(&one.measure))
            .filter_map(|one| one.text.as_deref());
        or_dash(told.collect::<Vec<_>>().join("; "))
    };
    let troubles = application.troubles.iter();
    let troubles = troubles.map(|one| format!(", {} cannot be read: {}", one.measure, one.why));
    let secrets = application.secrets.iter().map(|secret| secret.name.as_str());
    [
        application.name.clone(),
        format!("{}{}", application.health, troubles.collect::<String>()),
        column(&|measure| FAILURES.contains(&measure)),
        column(&|measure| LATENCY.contains(&measure)),
        column(&|measure| !FAILURES.contains(&measure) && !LATENCY.contains(&measure)),
        or_dash(secrets.collect::<Vec<_>>().join(", ")),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::status::tests::{listed, served};
    use super::*;

    #[test]
    fn applications_are_listed_with_what_they_fail_by() {
        let (url, _serving, _guard) = served(true);
        let shown = |only: &[&str]| listed(&url, only, run);
        let all = shown(&[]);
        for part in [
            "ecs:prod/orders",
            "failing",
            "5xx 41/min",
            "latency-p99",
            "/shop/db",
            "rds-instance:shop",
        ] {
            assert!(all.contains(part), "{part} is not in\n{all}");
        }
        let well = shown(&["well"]);
        assert!(!well.contains("ecs:prod/orders"), "{well}");
    }
}
