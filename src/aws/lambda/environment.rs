//! A function's environment: measured, merged, never kept (aws-facts: Lambda).

#![expect(clippy::disallowed_types, reason = "the SDK's own")]

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use aws_sdk_lambda::types::{Environment, EnvironmentError, EnvironmentResponse};
use machine::model::{Done, EnvironmentSeen, NoEffect, Outcome};

use crate::ports::MARKER_VARIABLE;

/// AWS's bound on all variables of a function together.
const LIMIT: usize = 4096;

type Variables = HashMap<String, String>;

pub(super) fn seen(environment: Option<&EnvironmentResponse>) -> EnvironmentSeen {
    match variables(environment) {
        Ok(variables) => EnvironmentSeen::Readable {
            bytes: variables.map_or(0, bytes),
            marker: variables.and_then(|found| found.get(MARKER_VARIABLE).cloned()),
        },
        Err(why) => EnvironmentSeen::Unreadable { why },
    }
}

/// The environment with one variable more, or why it must not be written: variables are replaced as a whole.
pub(super) fn merge(
    environment: Option<EnvironmentResponse>,
    name: &str,
    value: &str,
) -> Result<Environment, Outcome> {
    variables(environment.as_ref()).map_err(|found| {
        Outcome::NoEffect(NoEffect::Conflict {
            expected: "a readable environment".to_owned(),
            found,
        })
    })?;
    let mut variables = environment.and_then(|found| found.variables).unwrap_or_default();
    if variables.get(name).is_some_and(|found| found == value) {
        return Err(Outcome::Done(Done::AlreadySo));
    }
    variables.insert(name.to_owned(), value.to_owned());
    let bytes = bytes(&variables);
    if bytes > LIMIT {
        return Err(Outcome::NoEffect(NoEffect::Rejected {
            why: format!("the environment would be {bytes} bytes of {LIMIT}"),
        }));
    }
    Ok(Environment::builder().set_variables(Some(variables)).build())
}

/// A function without an environment has no variables; an answer with one must carry them.
fn variables(environment: Option<&EnvironmentResponse>) -> Result<Option<&Variables>, String> {
    let Some(environment) = environment else {
        return Ok(None);
    };
    match (environment.error(), environment.variables()) {
        (Some(error), _) => Err(unreadable(error)),
        (None, None) => Err("the answer left its variables out".to_owned()),
        (None, Some(variables)) => Ok(Some(variables)),
    }
}

/// Only the code: the message is not ours to judge.
pub(super) fn unreadable(error: &EnvironmentError) -> String {
    let code = error.error_code().unwrap_or("an error without a code");
    format!("{code} where the variables should be; kms:Decrypt on the function's key may be missing")
}

/// The size that AWS measures: the variables as JSON.
fn bytes(variables: &Variables) -> usize {
    let sorted: BTreeMap<_, _> = variables.iter().collect();
    let mut counter = Counter(0);
    let counted = serde_json::to_writer(&mut counter, &sorted);
    counted.map_or(usize::MAX, |()| counter.0)
}

/// Counts what is written to it and keeps nothing.
struct Counter(usize);

impl Write for Counter {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0 += buffer.len();
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
