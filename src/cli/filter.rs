//! Which secrets a person asks for.

use std::collections::BTreeSet;

use anyhow::bail;
use clap::Args;
use clap::builder::PossibleValuesParser;
use machine::model::RdsDatabase;
use machine::numbers::Health;
use machine::story::phase::Phase;

use super::pick::pick;

const STAGES: [&str; 7] = [
    "fresh",
    "presumed",
    "refreshing",
    "stale",
    "unknown",
    "beyond",
    "unjudged",
];
pub(super) const SEVERITIES: [&str; 3] = ["critical", "warning", "info"];

/// What `--only` takes. A secret whose rotations nobody has seen is `unseen`.
fn words() -> PossibleValuesParser {
    let phases = ["unseen"].into_iter().chain(Phase::NAMES);
    let words = phases.chain(STAGES).chain(SEVERITIES);
    let words = words
        .chain(RdsDatabase::HEALTH)
        .chain(Health::ALL.map(Health::name));
    // One may be a word for several things.
    let words: BTreeSet<&str> = words.collect();
    PossibleValuesParser::new(words)
}

#[derive(Args, Clone, Debug, Default)]
pub(super) struct Filter {
    /// Only this secret: its name, its ARN, or what several names begin with
    #[arg(value_name = "SECRET")]
    pub name: Option<String>,
    /// Only what is at one of these, as `--only stale,critical`: a rotation's phase, the stage of a consumer, the
    /// severity of a finding, a database's `available`, `busy` or `unwell`, an application's `well` or `failing`
    #[arg(long, value_name = "WORD", value_delimiter = ',', value_parser = words(), hide_possible_values = true)]
    pub only: Vec<String>,
}

impl Filter {
    pub(super) fn is_given(&self) -> bool {
        self.name.is_some() || !self.only.is_empty()
    }

    /// Whether one of these words is asked for; where none is, all are.
    pub(super) fn admits<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> bool {
        let asked = |word: &str| self.only.iter().any(|only| only == word);
        self.only.is_empty() || words.into_iter().any(asked)
    }

    /// The severities asked for, if any.
    pub(super) fn severities(&self) -> Vec<&str> {
        let asked = self.only.iter().map(String::as_str);
        asked.filter(|word| SEVERITIES.contains(word)).collect()
    }

    /// The ARNs of the secrets that are meant by name; of `secrets` as ARN and name.
    pub(super) fn named<'a>(&self, secrets: &[(&'a str, &'a str)]) -> anyhow::Result<Vec<&'a str>> {
        let Some(wanted) = &self.name else {
            return Ok(secrets.iter().map(|(arn, _)| *arn).collect());
        };
        let bare = |text: &str| text.trim_start_matches('/').to_owned();
        let arns = |fits: &dyn Fn(&str, &str) -> bool| -> Vec<&'a str> {
            let found = secrets.iter().filter(|(arn, name)| fits(arn, name));
            found.map(|(arn, _)| *arn).collect()
        };
        let exact = arns(&|arn, name| arn == wanted || bare(name) == bare(wanted));
        let found = if exact.is_empty() {
            arns(&|_, name| bare(name).starts_with(&bare(wanted)))
        } else {
            exact
        };
        if found.is_empty() {
            // It tells what there is instead.
            pick(wanted, secrets, "is watched")?;
            bail!("no secret {wanted:?} is watched");
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use machine::story::phase::Phase;

    use super::*;

    const SECRETS: [(&str, &str); 3] = [("arn:1", "/shop/db"), ("arn:2", "shop/queue"), ("arn:3", "mail")];

    fn named(wanted: &str) -> Result<Vec<&'static str>, String> {
        let filter = Filter {
            name: Some(wanted.to_owned()),
            only: Vec::new(),
        };
        filter.named(&SECRETS).map_err(|error| error.to_string())
    }

    #[test]
    fn f13_a_name_or_the_beginning_of_names_picks_secrets() {
        for (wanted, expected) in [
            ("shop/", ["arn:1", "arn:2"].as_slice()),
            ("shop/db", &["arn:1"]),
            ("/shop/queue", &["arn:2"]),
            ("arn:3", &["arn:3"]),
        ] {
            assert_eq!(named(wanted).expect(wanted), expected, "{wanted}");
        }
        let told = named("shop/bd").expect_err("none");
        assert!(told.contains("did you mean /shop/db"), "{told}");
    }

    #[test]
    fn every_phase_can_be_asked_for() {
        let phases = [
            Phase::Creating,
            Phase::Created,
            Phase::Exposed,
            Phase::Tested,
            Phase::Propagating,
            Phase::Verifying,
            Phase::Watching,
            Phase::Settled,
            Phase::Superseded,
            Phase::Stalled,
            Phase::Failed { step: None },
            Phase::Abandoned,
            Phase::RolledBack,
        ];
        assert_eq!(phases.map(Phase::name), Phase::NAMES);
    }
}
