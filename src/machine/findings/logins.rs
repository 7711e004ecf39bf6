//! Login tests that are on and cannot work, that have no answer, or whose answer says more than that it works.

use jiff::Timestamp;

use super::{Kind, List, Severity};
use crate::facts::state::SecretFacts;
use crate::facts::track::{Run, Track};
use crate::judge::Judgement;
use crate::model::{LoginAnswer, SecretArn, VersionId, regions};
use crate::policy::Settings;

/// The rule's keys that say where and as whom to log in.
const KEYS: [&str; 5] = [
    "login.engine",
    "login.host",
    "login.port",
    "login.user",
    "login.dbname",
];

impl List<'_> {
    pub(super) fn logins(
        &mut self,
        facts: &SecretFacts,
        judgement: &Judgement,
        settings: &Settings,
        now: Timestamp,
    ) {
        let Some(track) = asked_last(facts, judgement) else {
            return;
        };
        let Some(run) = track.latest() else { return };
        let rule = &judgement.rule;
        match &run.state {
            LoginAnswer::Accepted | LoginAnswer::Refused { .. } => {}
            LoginAnswer::Admitted { but } => {
                let text = format!("the login test's password is accepted, but {but}");
                let remedy = format!(
                    "correct login.dbname of {rule}, or dbname in the secret; or let the account use that database"
                );
                self.add(Severity::Info, Kind::LoginIncomplete, text, remedy);
            }
            LoginAnswer::Unusable { why } => {
                let text = format!("login tests are on, and none can be made: {}", bare(why));
                self.add(
                    Severity::Warning,
                    Kind::LoginImpossible,
                    text,
                    missing_remedy(why, rule),
                );
            }
            // Certificates, authorities and keys do not come right by themselves: told at once.
            LoginAnswer::Tls { why } => {
                let remedy = tls_remedy(self.secret, why, rule);
                let text = format!("login tests are on, and none can be made: TLS: {why}");
                self.add(Severity::Warning, Kind::LoginImpossible, text, remedy);
            }
            answer @ (LoginAnswer::Account { .. }
            | LoginAnswer::Busy { .. }
            | LoginAnswer::Unreachable { .. }
            | LoginAnswer::Unknown { .. }) => {
                let since = silent_since(track).unwrap_or(run.first.sent);
                if now >= since + settings.patience_with_logins() {
                    let text = format!(
                        "no login test has told of the password since {since:.0}, the last: {answer}"
                    );
                    let remedy = silence_remedy(answer, rule);
                    self.add(Severity::Warning, Kind::LoginUnanswered, text, remedy);
                }
            }
        }
    }

    /// What a person can do to have a value proven: not what is done already.
    pub(super) fn prove_it(&self) -> &'static str {
        if self.login_test {
            "see why the login test does not tell"
        } else {
            "switch the login test on for this secret"
        }
    }
}

/// The logins with the version that was asked for last: of those that carry a label and have been tried.
fn asked_last<'a>(facts: &'a SecretFacts, judgement: &Judgement) -> Option<&'a Track<LoginAnswer>> {
    if !judgement.login_test {
        return None;
    }
    let open = judgement.open().map(|view| &view.rotation.key.version);
    let tracks = [open, facts.current()].into_iter().flatten();
    let asked = |version: &VersionId| facts.logins.get(version);
    tracks
        .filter_map(asked)
        .max_by_key(|track| track.latest().map(|run| run.last.sent))
}

/// When it is told that no login test says anything, where the last ones have not.
pub(crate) fn silence_told_at(
    facts: &SecretFacts,
    judgement: &Judgement,
    settings: &Settings,
) -> Option<Timestamp> {
    let since = silent_since(asked_last(facts, judgement)?)?;
    Some(since + settings.patience_with_logins())
}

/// Since when no answer has told anything of the password.
fn silent_since(track: &Track<LoginAnswer>) -> Option<Timestamp> {
    let silent = |run: &&Run<LoginAnswer>| !run.state.tells();
    let runs = track.runs().iter().rev().take_while(silent);
    runs.last().map(|run| run.first.sent)
}

/// Without the way out that the reason itself ends with: the remedy has it, with the rule's name.
fn bare(why: &str) -> &str {
    why.split_once(": correct the secret")
        .map_or(why, |(what, _)| what)
}

fn missing_remedy(why: &str, rule: &str) -> String {
    let keys: Vec<&str> = KEYS.into_iter().filter(|key| why.contains(key)).collect();
    if keys.is_empty() {
        return format!("correct the secret's value, or set login.test = false in {rule}");
    }
    let is_missing = |part: &&str| part.ends_with("is missing");
    let parts: Vec<&str> = bare(why).split(", ").collect();
    let in_the_secret = match parts.iter().filter(|part| is_missing(part)).count() {
        0 => "correct it in the secret",
        missing if missing == parts.len() => "give the secret the missing keys",
        _ => "correct the secret and give it the missing keys",
    };
    format!(
        "set {} in {rule}, or {in_the_secret}; else set login.test = false there",
        keys.join(", ")
    )
}

fn tls_remedy(secret: &SecretArn, why: &str, rule: &str) -> String {
    let address = secret.region().and_then(regions::missing_authorities);
    match address.filter(|_| why.contains("unknown authority")) {
        Some(address) => {
            format!(
                "RDS's authorities of this region are not built in: download {address} and name the file in login.ca_file"
            )
        }
        None => format!("see login.tls of {rule}, and login.ca_file"),
    }
}

fn silence_remedy(answer: &LoginAnswer, rule: &str) -> String {
    match answer {
        LoginAnswer::Unreachable { .. } => format!(
            "let the watchdog reach the database (security group, route, name), or correct login.host and login.port of {rule}; \
             else set login.test = false there"
        ),
        LoginAnswer::Busy { .. } => {
            "see what takes the database's connections; a proxy that has no credentials or refuses them must know the \
             secret, and the database must have its password"
                .to_owned()
        }
        LoginAnswer::Account { .. } => {
            "let the account log in by password from where the watchdog runs; docs/logins.md has the code"
                .to_owned()
        }
        LoginAnswer::Unknown { .. }
        | LoginAnswer::Accepted
        | LoginAnswer::Admitted { .. }
        | LoginAnswer::Refused { .. }
        | LoginAnswer::Tls { .. }
        | LoginAnswer::Unusable { .. } => {
            "look the code up in the server's documentation; docs/logins.md has those that are known"
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d1_what_is_wrong_is_not_called_missing() {
        for (why, expected) in [
            (
                "`engine` is neither MySQL, MariaDB nor PostgreSQL: correct the secret, or set login.engine in its rule",
                "set login.engine in rule 1, or correct it in the secret; else",
            ),
            (
                "`port` is not a port number: correct the secret, or set login.port in its rule",
                "set login.port in rule 1, or correct it in the secret; else",
            ),
            (
                "`host` is missing: correct the secret, or set login.host in its rule",
                "set login.host in rule 1, or give the secret the missing keys; else",
            ),
            (
                "`host` is missing, `port` is not a port number: correct the secret, or set login.host, login.port in its rule",
                "set login.host, login.port in rule 1, or correct the secret and give it the missing keys; else",
            ),
        ] {
            let remedy = missing_remedy(why, "rule 1");
            assert!(remedy.starts_with(expected), "{remedy}");
        }
    }
}
