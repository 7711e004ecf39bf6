//! `databases`: how RDS says that its databases stand, and which secrets belong to them.

use std::io::Write;

use serde::Deserialize;
use serde_json::Value;

use super::client::{list, read};
use super::listing::Listing;
use super::table::{or_dash, table};

#[derive(Deserialize)]
struct Database {
    id: String,
    engine: String,
    status: String,
    health: String,
    resetting: bool,
    managed_secret: Option<Managed>,
    secrets: Vec<Secret>,
}

#[derive(Deserialize)]
struct Managed {
    status: String,
}

#[derive(Deserialize)]
struct Secret {
    name: String,
    arn: String,
    master_user: bool,
}

/// Always 0: `status` tells by its exit code whether somebody must act.
pub(super) fn run(asked: &Listing<'_>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let now = asked.now()?;
    let (filter, named) = (asked.filter, asked.named()?);
    let mut chosen = Vec::new();
    let mut rows = Vec::new();
    for raw in list(asked.url, "/v1/databases")? {
        let database: Database = read(raw.clone())?;
        let is_named = database.secrets.iter().any(|secret| named.contains(&secret.arn));
        if (filter.name.is_none() || is_named) && filter.admits([database.health.as_str()]) {
            rows.push(row(&database));
            chosen.push(raw);
        }
    }
    let told = |_| {
        let header = ["database", "engine", "status", "secrets", "kept by RDS"];
        Ok(if rows.is_empty() {
            now.empty(asked.filter, "RDS has told of no database")
        } else {
            table(header, rows, asked.width)
        })
    };
    asked.write(Value::Array(chosen), told, out)?;
    Ok(0)
}

fn row(database: &Database) -> [String; 5] {
    let reset = if database.resetting {
        ", a password is being set"
    } else {
        ""
    };
    let secrets = database.secrets.iter().map(|secret| {
        let master = if secret.master_user { " (master user)" } else { "" };
        format!("{}{master}", secret.name)
    });
    let secrets: Vec<String> = secrets.collect();
    let managed = database
        .managed_secret
        .as_ref()
        .map(|managed| managed.status.clone());
    [
        database.id.clone(),
        database.engine.clone(),
        format!("{}{reset}", database.status),
        or_dash(secrets.join(", ")),
        or_dash(managed.unwrap_or_default()),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::status::tests::{listed, served};
    use super::*;

    #[test]
    fn databases_are_listed_with_their_secrets() {
        let (url, _serving, _guard) = served(true);
        let shown = |only: &[&str]| listed(&url, only, run);
        let all = shown(&[]);
        for part in [
            "rds-instance:shop",
            "mysql",
            "available",
            "/shop/db (master user)",
            "storage-full",
        ] {
            assert!(all.contains(part), "{part} is not in\n{all}");
        }
        let unwell = shown(&["unwell"]);
        assert!(
            unwell.contains("rds-cluster:billing") && !unwell.contains("shop"),
            "{unwell}"
        );
    }
}
