//! `check-config`: all problems of a configuration at once; what is in effect, and which rule a secret gets.

use std::io::Write;
use std::path::Path;

use machine::model::{Mode, SecretArn};

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
    if config.warnings.count() > 0 {
        write!(anstream::stderr(), "{}", config.warnings)?;
    }
    match secret {
        Some(name) => writeln!(
            out,
            "{}",
            rule_for(&config.rules, config.settings.limits.at_most, name)
        )?,
        None if !show => writeln!(
            out,
            "{} is good: {}{}",
            file.display(),
            plural(config.rules.rules.len(), "rule"),
            brake(&config)
        )?,
        None => {}
    }
    Ok(0)
}

/// Where the brake for everything holds a rule back, whoever reads the file wants to know.
fn brake(config: &Config) -> String {
    let at_most = config.settings.limits.at_most;
    let lowered = config
        .rules
        .rules
        .iter()
        .filter(|rule| rule.policy.mode > at_most);
    match lowered.count() {
        0 => String::new(),
        n => format!(
            "; remediation.at_most = \"{}\" lowers {n} of them",
            machine::words::mode(at_most)
        ),
    }
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
fn rule_for(rules: &Rules, at_most: Mode, wanted: &str) -> String {
    let name = bare_name(wanted);
    let name = name.as_str();
    if rules.is_excluded(name) {
        return format!("{name} is excluded by secrets.excludes: it is not watched");
    }
    let mut text = String::new();
    for rule in &rules.rules {
        match certain(rule, name) {
            Some(true) => {
                let only_if = if text.is_empty() { "" } else { "else " };
                return text + &format!("{only_if}{name} gets {rule}: {}", allows(rule, at_most));
            }
            Some(false) => {}
            None => {
                text += &format!(
                    "{name} gets {rule} if {}, which only AWS knows: {}\n",
                    condition(&rule.matches),
                    allows(rule, at_most)
                )
            }
        }
    }
    if text.is_empty() {
        return format!("{name} gets no rule: it is not watched");
    }
    text + &format!("else {name} gets no rule, and is not watched")
}

/// An ARN is what people have at hand.
fn bare_name(wanted: &str) -> String {
    if wanted.starts_with("arn:") {
        return SecretArn::new(wanted).name().to_owned();
    }
    wanted.to_owned()
}

/// What a rule asks for beyond the name.
fn condition(matches: &Match) -> String {
    match matches {
        Match::All => "its rotation is on".to_owned(),
        Match::Tag { key, value } => format!("it has the tag {key:?} = {value:?}"),
        Match::Name(_) | Match::Prefix(_) => "it fits".to_owned(),
    }
}

fn certain(rule: &Rule, name: &str) -> Option<bool> {
    match &rule.matches {
        Match::Name(known) => Some(known == name),
        Match::Prefix(prefix) => Some(name.starts_with(prefix.as_str())),
        Match::Tag { .. } | Match::All => None,
    }
}

fn allows(rule: &Rule, at_most: Mode) -> String {
    let test = if rule.policy.login_test { "on" } else { "off" };
    let word = machine::words::mode;
    let mode = word(rule.policy.mode.min(at_most));
    if rule.policy.mode > at_most {
        return format!(
            "mode {mode} (its own is {}, lowered by remediation.at_most), login test {test}",
            word(rule.policy.mode)
        );
    }
    format!("mode {mode}, login test {test}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, wanted: &str) -> String {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("room");
        let config = Config::load(file.path(), std::iter::empty());
        let config = config.map_err(|problems| problems.to_string()).expect("good");
        rule_for(&config.rules, config.settings.limits.at_most, wanted)
    }

    #[test]
    fn g2_what_a_name_gets_is_told_without_contradiction() {
        const RULES: &str = "[[secrets.rules]]\nprefix = \"shop/\"\nmode = \"act\"\n\
            [[secrets.rules]]\ntag = { team = \"x\" }\n[[secrets.rules]]\nall = true\n";
        let shop = "shop/db gets rule 1 (prefix \"shop/\"): mode act, login test off";
        assert_eq!(told(RULES, "shop/db"), shop);
        let arn = "arn:aws:secretsmanager:eu-west-1:1:secret:shop/db-AbCdEf";
        assert_eq!(told(RULES, arn), shop);
        assert_eq!(
            told(RULES, "mail"),
            "mail gets rule 2 (tag \"team\" = \"x\") if it has the tag \"team\" = \"x\", which only AWS knows: mode \
             observe, login test off\n\
             mail gets rule 3 (all with rotation on) if its rotation is on, which only AWS knows: mode observe, login \
             test off\n\
             else mail gets no rule, and is not watched"
        );
        assert_eq!(
            told("[[secrets.rules]]\nname = \"a\"\n", "b"),
            "b gets no rule: it is not watched"
        );
    }

    #[test]
    fn g11_what_lowers_a_rule_is_told_with_it() {
        let braked =
            "[remediation]\nat_most = \"observe\"\n[[secrets.rules]]\nname = \"a\"\nmode = \"act\"\n";
        let expected = "mode observe (its own is act, lowered by remediation.at_most)";
        assert!(told(braked, "a").contains(expected), "{}", told(braked, "a"));
    }
}
