//! The layers as one tree: defaults are the readers', above them the file, above that the environment.

use figment::error::Error;
use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::place::Place;
use super::problem::Problem;
use super::source::Source;

/// Environment variables of the configuration begin so; `__` parts the keys.
const PREFIX: &str = "ROTATION_WATCHDOG_";
/// These are no keys: the file's own name, and the build's commit.
const OTHERS: [&str; 2] = ["ROTATION_WATCHDOG_CONFIG", "ROTATION_WATCHDOG_COMMIT"];
const VARIABLES: &str = "environment";

/// The merged values, and where each came from.
pub(super) struct Tree {
    figment: Figment,
    pub(super) root: Dict,
    pub(super) source: Option<Source>,
}

impl Tree {
    pub(super) fn new(source: Option<Source>, variables: &[(String, String)]) -> Result<Self, Problem> {
        let mut figment = Figment::new();
        if let Some(source) = &source {
            figment = figment.merge(Toml::string(&source.text));
        }
        figment = figment.merge(Variables::of(variables));
        let root = match figment.extract::<Dict>() {
            Ok(root) => root,
            Err(error) => return Err(unmerged(&error)),
        };
        // Extracting into plain values keeps the tag of each.
        Ok(Self {
            figment,
            root,
            source,
        })
    }

    /// Where the value at `path` stands.
    pub(super) fn place(&self, path: &[String], value: &Value) -> Place {
        let from_variable = self
            .figment
            .get_metadata(value.tag())
            .is_some_and(|metadata| metadata.name == VARIABLES);
        if from_variable {
            return Place::Variable(variable(path));
        }
        self.source
            .as_ref()
            .and_then(|source| source.span(path))
            .map_or(Place::Nowhere, Place::File)
    }
}

fn unmerged(error: &Error) -> Problem {
    Problem::at(Place::Nowhere, error.to_string()).remedy("correct the value that is named")
}

/// The variable of a key.
pub(super) fn variable(path: &[String]) -> String {
    format!("{PREFIX}{}", path.join("__").to_uppercase())
}

/// The environment as a layer: `ROTATION_WATCHDOG_CADENCE__SWEEP=30s` is `cadence.sweep = "30s"`.
struct Variables(Dict);

impl Variables {
    fn of(variables: &[(String, String)]) -> Self {
        let mut root = Dict::new();
        let keys = variables.iter().filter_map(|(name, text)| {
            let key = name.strip_prefix(PREFIX)?;
            (!OTHERS.contains(&name.as_str())).then(|| (key.to_lowercase(), text))
        });
        for (key, text) in keys {
            let path: Vec<&str> = key.split("__").collect();
            insert(&mut root, &path, value(text));
        }
        Self(root)
    }
}

/// Lists and tables may be written as in TOML; anything else that is no number or truth value is text.
fn value(text: &str) -> Value {
    text.parse().unwrap_or_else(|_| Value::from(text))
}

fn insert(dict: &mut Dict, path: &[&str], value: Value) {
    let [first, rest @ ..] = path else { return };
    if rest.is_empty() {
        dict.insert((*first).to_owned(), value);
        return;
    }
    let inner = dict
        .entry((*first).to_owned())
        .or_insert_with(|| Value::from(Dict::new()));
    if let Value::Dict(_, inner) = inner {
        insert(inner, rest, value);
    }
}

impl Provider for Variables {
    fn metadata(&self) -> Metadata {
        Metadata::named(VARIABLES)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Map::from([(Profile::Default, self.0.clone())]))
    }
}
