//! `check-config`: all problems of a configuration at once; what is in effect, and which rule a secret gets.

use std::io::Write;
use std::path::Path;

use super::table::plural;
use super::wiring;
use crate::config::{Config, Match, Rule, Rules, environment};

/// 0 where the configuration is good, 2 where it has problems.
pub(super) fn run(file: &Path, show: bool, secret: Option<&str>, out: &mut dyn Write) -> anyhow::Result<u8> {
    let config = match Config::load(file, environment()) {
        Ok(config) => config,
        Err(problems) => {
            writeln!(anstream::stderr(), "{problems}")?;
            return Ok(2);
        }
    };
    if show {
        write_effective(&config, out)?;
        writeln!(out, "# the journal is {}", wiring::journal(&config).display())?;
    }
    match secret {
        Some(name) => writeln!(out, "{}", rule_for(&config.rules, name))?,
        None if !show => writeln!(
            out,
            "{} is good: {}",
            file.display(),
            plural(config.rules.rules.len(), "rule")
        )?,
        None => {}
    }
    Ok(0)
}

fn write_effective(config: &Config, out: &mut dyn Write) -> anyhow::Result<()> {
    for (shown, origin) in config.shown() {
        match &shown.value {
            Some(value) => writeln!(out, "{} = {value}  # {origin}", shown.key)?,
            None => writeln!(out, "# {} is not set", shown.key)?,
        }
    }
    Ok(())
}

/// What a name alone can tell: a rule that goes by a tag, or by rotation being on, may come first on AWS.
fn rule_for(rules: &Rules, name: &str) -> String {
    if rules.is_excluded(name) {
        return format!("{name} is excluded by secrets.excludes: it is not watched");
    }
    let mut text = String::new();
    for rule in &rules.rules {
        match certain(rule, name) {
            Some(true) => return text + &format!("{name} gets {rule}: {}", allows(rule)),
            Some(false) => {}
            None => {
                text += &format!(
                    "{name} gets {rule} if it fits, which only AWS knows: {}\n",
                    allows(rule)
                )
            }
        }
    }
    let other = if text.is_empty() { "" } else { "other " };
    text + &format!("{name} gets no {other}rule: it is not watched")
}

fn certain(rule: &Rule, name: &str) -> Option<bool> {
    match &rule.matches {
        Match::Name(known) => Some(known == name),
        Match::Prefix(prefix) => Some(name.starts_with(prefix.as_str())),
        Match::Tag { .. } | Match::All => None,
    }
}

fn allows(rule: &Rule) -> String {
    let test = if rule.policy.login_test { "on" } else { "off" };
    let mode = crate::telemetry::words::mode(rule.policy.mode);
    format!("mode {mode}, login test {test}")
}
