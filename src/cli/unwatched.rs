//! `unwatched`: the secrets that are listed and taken by no rule.

use std::io::Write;

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;

use super::client::{ask, list, read};

#[derive(Deserialize)]
struct Status {
    ready: bool,
    region: Option<String>,
    account: Option<String>,
}

#[derive(Deserialize)]
struct Unwatched {
    name: String,
    rotation_enabled: bool,
    excluded: bool,
}

/// A line for each, by name.
pub(super) fn run(url: &str, json: bool, out: &mut dyn Write) -> anyhow::Result<u8> {
    let status: Status = read(ask(url, "/v1/status")?)?;
    let items = list(url, "/v1/unwatched")?;
    let text = if json {
        serde_json::to_string_pretty(&items).context("cannot write JSON")? + "\n"
    } else {
        let secrets: Vec<Unwatched> = read(Value::Array(items))?;
        told(&status, &secrets)
    };
    out.write_all(text.as_bytes()).context("cannot write the list")?;
    Ok(0)
}

fn told(status: &Status, secrets: &[Unwatched]) -> String {
    let place = place(status.region.as_deref(), status.account.as_deref());
    if secrets.is_empty() && !status.ready {
        return format!("nothing was listed yet in {place}: see rotation-watchdog status\n");
    }
    if secrets.is_empty() {
        return format!("every secret that is listed in {place} is watched\n");
    }
    let mut text = format!("listed in {place}, and taken by no rule: {}\n", secrets.len());
    for secret in secrets {
        let rotation = if secret.rotation_enabled {
            "rotation on"
        } else {
            "no rotation"
        };
        let excluded = if secret.excluded {
            ", excluded by secrets.excludes"
        } else {
            ""
        };
        text += &format!("{}  ({rotation}{excluded})\n", secret.name);
    }
    text
}

/// `eu-west-1, account 123456789012`
pub(super) fn place(region: Option<&str>, account: Option<&str>) -> String {
    let region = region.unwrap_or("an unknown region");
    match account {
        Some(account) => format!("{region}, account {account}"),
        None => format!("{region}, account unknown until a secret is listed"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::status::tests::{printed, served};
    use super::*;

    #[test]
    fn g1_what_no_rule_takes_is_listed_with_region_and_account() {
        let (url, _serving, _guard) = served(true);
        let (code, text) = printed(|out| run(&url, false, out));
        assert_eq!(code, 0);
        assert_eq!(
            text,
            "listed in eu-west-1, account 1, and taken by no rule: 1\n\
             legacy  (no rotation, excluded by secrets.excludes)\n"
        );
        let (_, json) = printed(|out| run(&url, true, out));
        let items: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(items[0]["name"], "legacy");
    }
}
