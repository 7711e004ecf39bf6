//! What the commands that list have in common: whom they ask, for what, and how the answer is written.

use std::io::Write;

use anyhow::Context;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::client::{ask, list, read};
use super::filter::Filter;
use super::width::Width;

/// A running watchdog, and what a person asks of it.
pub(super) struct Listing<'a> {
    pub url: &'a str,
    pub filter: &'a Filter,
    as_json: bool,
    pub width: Width,
}

/// As of when a watchdog answers, and whether it has looked at everything once.
#[derive(Deserialize)]
pub(super) struct Now {
    pub now: Timestamp,
    pub ready: bool,
}

impl Now {
    /// What an empty list says. Before everything was looked at it says nothing of what there is.
    pub(super) fn empty(&self, filter: &Filter, sentence: &str) -> String {
        if !self.ready {
            "not everything was looked at yet: see rotation-watchdog status\n".to_owned()
        } else if filter.is_given() {
            "nothing matches: leave SECRET or --only out to see all\n".to_owned()
        } else {
            format!("{sentence}\n")
        }
    }
}

impl<'a> Listing<'a> {
    pub(super) fn new(url: &'a str, filter: &'a Filter, as_json: bool, width: Width) -> Self {
        Self {
            url,
            filter,
            as_json,
            width,
        }
    }

    pub(super) fn now(&self) -> anyhow::Result<Now> {
        read(ask(self.url, "/v1/status")?)
    }

    /// The ARNs of the secrets that are meant by name.
    pub(super) fn named(&self) -> anyhow::Result<Vec<String>> {
        let known = list(self.url, "/v1/secrets")?;
        let arn_and_name = |secret: &Value| {
            let (arn, name) = (secret["arn"].as_str()?, secret["name"].as_str()?);
            Some((arn.to_owned(), name.to_owned()))
        };
        let known: Vec<(String, String)> = known.iter().filter_map(arn_and_name).collect();
        let known: Vec<(&str, &str)> = known.iter().map(|(arn, name)| (&**arn, &**name)).collect();
        let named = self.filter.named(&known)?;
        Ok(named.into_iter().map(str::to_owned).collect())
    }

    /// The items as the API has them for scripts, else as `told` for people.
    pub(super) fn write(
        &self,
        items: Value,
        told: impl FnOnce(Value) -> anyhow::Result<String>,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let text = if self.as_json {
            serde_json::to_string_pretty(&items).context("cannot write JSON")? + "\n"
        } else {
            told(items)?
        };
        out.write_all(text.as_bytes()).context("cannot write the answer")
    }
}
