//! The layers as one tree: defaults are the readers', above them the file, above that the environment.

use std::collections::BTreeMap;

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
const OTHERS: [&str; 3] = [
    "ROTATION_WATCHDOG_CONFIG",
    "ROTATION_WATCHDOG_URL",
    "ROTATION_WATCHDOG_COMMIT",
];
const VARIABLES: &str = "environment";
/// Nothing of the configuration lies deeper, be it named by a variable or nested in its value.
const DEEPEST: usize = 8;

/// In bytes: a longer list or table in a variable is not read, for figment's parser takes time as the square of its length.
const LONGEST_LIST: usize = 8 * 1024;

/// The merged values, and where each came from.
pub(super) struct Tree {
    figment: Figment,
    variables: Variables,
    pub(super) root: Dict,
    pub(super) source: Option<Source>,
}

impl Tree {
    pub(super) fn new(source: Option<Source>, variables: &[(String, String)]) -> Result<Self, Problem> {
        let mut figment = Figment::new();
        if let Some(source) = &source {
            figment = figment.merge(Toml::string(&source.text));
        }
        let variables = Variables::of(variables);
        figment = figment.merge(&variables);
        let root = match figment.extract::<Dict>() {
            Ok(root) => root,
            Err(error) => return Err(unmerged(&error)),
        };
        // Extracting into plain values keeps the tag of each.
        Ok(Self {
            figment,
            variables,
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
            return self.variable_at(path).map_or(Place::Nowhere, Place::Variable);
        }
        self.source
            .as_ref()
            .and_then(|source| source.span(path))
            .map_or(Place::Nowhere, Place::File)
    }

    /// The variable that sets the value at `path`, one that sets what it stands in, or the first that sets a part of it.
    pub(super) fn variable_at(&self, path: &[String]) -> Option<String> {
        let Variables(variables) = &self.variables;
        let around = (1..=path.len()).rev().find_map(|n| variables.get(&path[..n]));
        let inside = || {
            let (key, variable) = variables.range(path.to_vec()..).next()?;
            key.starts_with(path).then_some(variable)
        };
        around.or_else(inside).map(|variable| variable.name.clone())
    }

    /// A variable's text as it was written: 0123 may be a number or a name.
    pub(super) fn written(&self, path: &[String]) -> Option<Value> {
        let variable = self.variables.0.get(path)?;
        Some(Value::from(variable.text.as_str()))
    }
}

fn unmerged(error: &Error) -> Problem {
    Problem::at(Place::Nowhere, error.to_string()).remedy("correct the value that is named")
}

struct Variable {
    name: String,
    text: String,
}

/// The environment as a layer: `ROTATION_WATCHDOG_CADENCE__SWEEP=30s` is `cadence.sweep = "30s"`. By path, so that a
/// key's own variable comes after, and wins over, one that sets the whole section.
struct Variables(BTreeMap<Vec<String>, Variable>);

impl Variables {
    fn of(variables: &[(String, String)]) -> Self {
        let keys = variables.iter().filter_map(|(name, text)| {
            let key = name.strip_prefix(PREFIX)?.to_lowercase();
            let variable = Variable {
                name: name.clone(),
                text: text.clone(),
            };
            let path = key.splitn(DEEPEST, "__").map(str::to_owned).collect();
            (!OTHERS.contains(&name.as_str())).then_some((path, variable))
        });
        Self(keys.collect())
    }

    fn dict(&self) -> Dict {
        let mut root = Dict::new();
        for (path, variable) in &self.0 {
            insert(&mut root, path, value(&variable.text));
        }
        root
    }
}

/// Lists and tables may be written as in TOML; anything else that is no number or truth value is text.
fn value(text: &str) -> Value {
    if is_too_long(text) || nesting(text) > DEEPEST || is_cut_wrongly(text) {
        return Value::from(text);
    }
    text.parse().unwrap_or_else(|_| Value::from(text))
}

fn is_too_long(text: &str) -> bool {
    text.len() > LONGEST_LIST && text.trim_start().starts_with(['[', '{'])
}

/// figment's parser counts letters up to the first `\` and then cuts so many bytes, in the middle of a letter perhaps.
fn is_cut_wrongly(text: &str) -> bool {
    text.contains('\\') && !text.is_ascii()
}

/// figment's parser calls itself for each bracket in a bracket, without a limit.
fn nesting(text: &str) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for letter in text.chars() {
        match letter {
            '[' | '{' => open += 1,
            ']' | '}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

fn insert(dict: &mut Dict, path: &[String], value: Value) {
    let [first, rest @ ..] = path else { return };
    if rest.is_empty() {
        dict.insert(first.clone(), value);
        return;
    }
    let inner = dict
        .entry(first.clone())
        .or_insert_with(|| Value::from(Dict::new()));
    if let Value::Dict(_, inner) = inner {
        insert(inner, rest, value);
    }
}

impl Provider for &Variables {
    fn metadata(&self) -> Metadata {
        Metadata::named(VARIABLES)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Map::from([(Profile::Default, self.dict())]))
    }
}
