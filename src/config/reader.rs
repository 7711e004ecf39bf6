//! Reading one section: typed values with their defaults, every problem noted, every key accounted for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;

use figment::value::{Dict, Value};
use jiff::SignedDuration;

use super::notes::{Notes, Shown};
use super::place::Place;
use super::problem::Problem;
use super::tree::Tree;
use super::values::{
    filled, is_bare, is_zero, number_of, parse_duration, quoted, show_duration, show_value, text_of,
};

/// Unknown keys are compared with the known ones; nearer than this is worth a suggestion.
const NEAR: f64 = 0.6;
const DURATION: &str =
    "a duration with its unit, as \"500ms\", \"30s\", \"5m\", \"1h 30m\" or \"90d\", at most 3650d";
/// Tables in one list: each rule is compared with those before it.
const MOST_TABLES: usize = 1000;
const TEXT: &str = "a text that is not empty";

/// As people count: the first of a list is 1. In a path it is 0, as TOML's parser has it.
fn name_of(path: &[String]) -> String {
    let counted = path.iter().map(|part| match part.parse::<usize>() {
        Ok(index) => (index + 1).to_string(),
        Err(_) => part.clone(),
    });
    counted.collect::<Vec<_>>().join(".")
}

/// A table of the configuration while it is read.
pub(super) struct Section<'a> {
    tree: &'a Tree,
    notes: &'a RefCell<Notes>,
    path: Vec<String>,
    values: Dict,
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub(super) fn root(tree: &'a Tree, notes: &'a RefCell<Notes>) -> Self {
        Self {
            tree,
            notes,
            path: Vec::new(),
            values: tree.root.clone(),
            known: Vec::new(),
        }
    }

    /// A table inside of this one; empty where it is absent.
    pub(super) fn section(&mut self, key: &'static str) -> Self {
        let values = match self.take(key) {
            Some(Value::Dict(_, values)) => values,
            Some(other) => {
                self.wrong_type(key, &other, "a table");
                Dict::new()
            }
            None => Dict::new(),
        };
        self.inner(self.path_of(key), values)
    }

    /// A list of tables.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Self> {
        let items = match self.take(key) {
            Some(Value::Array(_, items)) => items,
            Some(other) => {
                self.wrong_type(key, &other, "a list of tables");
                Vec::new()
            }
            None => Vec::new(),
        };
        if items.len() > MOST_TABLES {
            let text = format!("{} tables; no more than {MOST_TABLES} are read", items.len());
            self.problem(key, text, "leave some out");
        }
        let mut sections = Vec::new();
        for (n, item) in items.into_iter().take(MOST_TABLES).enumerate() {
            let mut path = self.path_of(key);
            path.push(n.to_string());
            match item {
                Value::Dict(_, values) => sections.push(self.inner(path, values)),
                other => self.wrong_type(key, &other, "a list of tables"),
            }
        }
        sections
    }

    fn inner(&self, path: Vec<String>, values: Dict) -> Self {
        Section {
            tree: self.tree,
            notes: self.notes,
            path,
            values,
            known: Vec::new(),
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Whether a list is absent or empty.
    pub(super) fn lacks(&self, key: &str) -> bool {
        let list = self.values.get(key).map(Value::as_array);
        list.is_none_or(|list| list.is_some_and(<[Value]>::is_empty))
    }

    /// A text; nothing where it is absent.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.read(key, None, TEXT, filled, |text| quoted(text))
    }

    pub(super) fn text_or(&mut self, key: &'static str, default: &str) -> String {
        let found = self.read(key, Some(default.to_owned()), TEXT, filled, |text| quoted(text));
        found.unwrap_or_else(|| default.to_owned())
    }

    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        self.read(
            key,
            Some(default),
            "true or false",
            Value::to_bool,
            ToString::to_string,
        )
        .unwrap_or(default)
    }

    /// True or false; nothing where it is absent.
    pub(super) fn answer(&mut self, key: &'static str) -> Option<bool> {
        self.read(key, None, "true or false", Value::to_bool, ToString::to_string)
    }

    pub(super) fn count(&mut self, key: &'static str, default: usize, range: RangeInclusive<usize>) -> usize {
        let kind = format!("a number from {} to {}", range.start(), range.end());
        let parse = |value: &Value| {
            let number = usize::try_from(number_of(value)?).ok()?;
            range.contains(&number).then_some(number)
        };
        self.read(key, Some(default), &kind, parse, ToString::to_string)
            .unwrap_or(default)
    }

    pub(super) fn port(&mut self, key: &'static str) -> Option<u16> {
        let parse = |value: &Value| u16::try_from(number_of(value)?).ok().filter(|port| *port > 0);
        self.read(key, None, "a port from 1 to 65535", parse, ToString::to_string)
    }

    /// A duration with its unit, longer than zero.
    pub(super) fn duration(&mut self, key: &'static str, default: SignedDuration) -> SignedDuration {
        if let Some(value) = self.values.get(key).filter(|value| is_bare(value)) {
            self.misfit(key, value, "has no unit", DURATION);
            self.known.push(key);
            return default;
        }
        if let Some(value) = self.zero(key) {
            self.misfit(key, &value, "is zero", "1ms or more");
            return default;
        }
        let parse = |value: &Value| parse_duration(value.as_str()?);
        self.read(key, Some(default), DURATION, parse, show_duration)
            .unwrap_or(default)
    }

    /// The value at `key` where it is a duration of zero, which is then read.
    pub(super) fn zero(&mut self, key: &'static str) -> Option<Value> {
        let zero = self.values.get(key).filter(|value| is_zero(value)).cloned()?;
        self.known.push(key);
        Some(zero)
    }

    pub(super) fn texts(&mut self, key: &'static str, default: &[String]) -> Vec<String> {
        let parse = |value: &Value| {
            let items = value.as_array()?;
            items.iter().map(text_of).collect::<Option<Vec<String>>>()
        };
        let show = |texts: &Vec<String>| {
            let items: Vec<String> = texts.iter().map(quoted).collect();
            format!("[{}]", items.join(", "))
        };
        self.read(key, Some(default.to_vec()), "a list of texts", parse, show)
            .unwrap_or_default()
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy + PartialEq>(
        &mut self,
        key: &'static str,
        default: Option<T>,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let names: Vec<String> = words.iter().map(|(name, _)| format!("{name:?}")).collect();
        let parse = |value: &Value| {
            let text = text_of(value)?;
            words
                .iter()
                .find(|(name, _)| *name == text)
                .map(|(_, word)| *word)
        };
        let show = |word: &T| {
            let name = words
                .iter()
                .find(|(_, known)| known == word)
                .map(|(name, _)| *name);
            quoted(name.unwrap_or_default())
        };
        self.read(key, default, &format!("one of {}", names.join(", ")), parse, show)
    }

    /// A value in a form of its own.
    pub(super) fn parsed<T: Clone>(
        &mut self,
        key: &'static str,
        default: Option<T>,
        kind: &str,
        parse: impl Fn(&str) -> Option<T>,
        show: impl Fn(&T) -> String,
    ) -> Option<T> {
        let parse = |value: &Value| parse(&text_of(value)?);
        self.read(key, default, kind, parse, |value| quoted(show(value)))
    }

    /// A table of texts by names that are free.
    pub(super) fn texts_by_name(&mut self, key: &'static str) -> BTreeMap<String, String> {
        let parse = |value: &Value| {
            let pairs = value.as_dict()?.iter();
            pairs
                .map(|(name, value)| Some((name.clone(), text_of(value)?)))
                .collect()
        };
        let show = |map: &BTreeMap<String, String>| {
            let pairs: Vec<String> = map
                .iter()
                .map(|(k, v)| format!("{} = {}", quoted(k), quoted(v)))
                .collect();
            format!("{{ {} }}", pairs.join(", "))
        };
        self.read(key, None, "a table of texts", parse, show)
            .unwrap_or_default()
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        default: Option<T>,
        kind: &str,
        parse: impl Fn(&Value) -> Option<T>,
        show: impl Fn(&T) -> String,
    ) -> Option<T> {
        let Some(value) = self.take(key) else {
            self.show(key, default.as_ref().map(show), Place::Nowhere);
            return default;
        };
        let as_text = || parse(&self.tree.written(&self.path_of(key))?);
        match parse(&value).or_else(as_text) {
            Some(parsed) => {
                let place = self.tree.place(&self.path_of(key), &value);
                self.show(key, Some(show(&parsed)), place);
                Some(parsed)
            }
            None => {
                self.wrong_type(key, &value, kind);
                default
            }
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.values.get(key).cloned()
    }

    fn show(&self, key: &str, value: Option<String>, place: Place) {
        let key = name_of(&self.path_of(key));
        self.notes.borrow_mut().shown.push(Shown { key, value, place });
    }

    fn wrong_type(&self, key: &str, value: &Value, kind: &str) {
        self.misfit(key, value, "does not fit", kind);
    }

    fn misfit(&self, key: &str, value: &Value, why: &str, kind: &str) {
        let name = name_of(&self.path_of(key));
        let text = format!("{name} = {} {why}", show_value(value));
        let place = self.tree.place(&self.path_of(key), value);
        self.note(Problem::at(place, text).remedy(format!("give {kind}")));
    }

    /// A problem of the value at `key`, or of the section where the key is absent.
    pub(super) fn problem(&self, key: &str, text: impl Display, remedy: impl Into<String>) {
        let path = self.path_of(key);
        let place = match self.values.get(key) {
            Some(value) => self.tree.place(&path, value),
            None => self.place(),
        };
        self.note(Problem::at(place, format!("{}: {text}", name_of(&path))).remedy(remedy));
    }

    /// What may be meant so and is dangerous: told, not refused.
    pub(super) fn warn(&self, key: &str, text: impl Display, remedy: impl Into<String>) {
        let path = self.path_of(key);
        let place = match self.values.get(key) {
            Some(value) => self.tree.place(&path, value),
            None => self.place(),
        };
        let warning = Problem::at(place, format!("{}: {text}", name_of(&path))).remedy(remedy);
        self.notes.borrow_mut().warnings.push(warning);
    }

    /// A problem of the section as a whole.
    pub(super) fn problem_here(&self, text: impl Display, remedy: impl Into<String>) {
        let name = name_of(&self.path);
        self.note(Problem::at(self.place(), format!("{name}: {text}")).remedy(remedy));
    }

    fn place(&self) -> Place {
        self.key_place(&self.path)
    }

    fn note(&self, problem: Problem) {
        self.notes.borrow_mut().problems.push(problem);
    }

    fn path_of(&self, key: &str) -> Vec<String> {
        let mut path = self.path.clone();
        path.push(key.to_owned());
        path
    }

    /// Every key that nobody asked for is a problem.
    pub(super) fn finish(self) {
        for (key, value) in self
            .values
            .iter()
            .filter(|(key, _)| !self.known.contains(&key.as_str()))
        {
            let path = self.path_of(key);
            let place = match self.tree.place(&path, value) {
                Place::File(_) => self.key_place(&path),
                other => other,
            };
            let problem = Problem::at(place, format!("unknown key {}", name_of(&path)));
            let mut notes = self.notes.borrow_mut();
            let nth = notes.problems.len();
            notes.unknown.push((nth, key.clone()));
            notes.problems.push(problem.remedy(self.suggestion(key)));
        }
    }

    fn key_place(&self, path: &[String]) -> Place {
        let source = self.tree.source.as_ref();
        let span = source.and_then(|source| source.key_span(path));
        let variable = || self.tree.variable_at(path).map(Place::Variable);
        span.map(Place::File).or_else(variable).unwrap_or(Place::Nowhere)
    }

    fn suggestion(&self, key: &str) -> String {
        let scored = self
            .known
            .iter()
            .map(|known| (strsim::jaro_winkler(key, known), *known));
        let best = scored.max_by(|a, b| a.0.total_cmp(&b.0));
        match best {
            Some((score, known)) if score >= NEAR => format!("did you mean {known:?}?"),
            _ => format!("known here: {}", self.known.join(", ")),
        }
    }
}
