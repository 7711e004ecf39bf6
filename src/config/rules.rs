//! `[secrets]`: which secrets are watched, and what each rule allows. The first matching rule wins.

use std::fmt;

use machine::model::{Mode, SecretSummary};
use machine::policy::{LambdaMethod, Policy, RollForward};

use super::consumers::{declared, overrides, staleness};
use super::hosts::{HOST_REMEDY, is_host};
use super::rds;
use super::reader::Section;
use super::remediation;
use super::shadows::check_shadows;

/// The rules in their order, and what none of them gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Names, or beginnings of names that end in `*`.
    pub excludes: Vec<String>,
    pub rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// From 1, as people count.
    pub number: usize,
    pub matches: Match,
    pub policy: Policy,
    pub login: LoginRule,
    /// The rotation Lambda's log group, where it is not the function's own.
    pub log_group: Option<String>,
}

/// What a rule goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    Name(String),
    Prefix(String),
    Tag {
        key: String,
        value: String,
    },
    /// Every secret with rotation switched on.
    All,
}

/// Where and as whom to log in; what is absent comes from the secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginRule {
    pub engine: Option<String>,
    pub host: Option<String>,
    pub port: Option<u16>,
    pub user: Option<String>,
    pub dbname: Option<String>,
    pub tls: Option<Tls>,
}

/// How the connection of a login test is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    Verified,
    Unverified,
    Preferred,
    None,
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "name {name:?}"),
            Self::Prefix(prefix) => write!(f, "prefix {prefix:?}"),
            Self::Tag { key, value } => write!(f, "tag {key:?} = {value:?}"),
            Self::All => f.write_str("all with rotation on"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {} ({})", self.number, self.matches)
    }
}

impl Match {
    pub fn covers(&self, secret: &SecretSummary) -> bool {
        match self {
            Self::Name(name) => secret.name == *name,
            Self::Prefix(prefix) => secret.name.starts_with(prefix),
            Self::Tag { key, value } => secret.tags.get(key) == Some(value),
            Self::All => secret.rotation_enabled,
        }
    }
}

impl Rules {
    pub fn is_excluded(&self, name: &str) -> bool {
        self.excludes
            .iter()
            .any(|exclude| match exclude.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => name == exclude,
            })
    }

    /// The rule that a secret gets.
    pub fn rule_of(&self, secret: &SecretSummary) -> Option<&Rule> {
        Some(&self.rules[self.position_of(secret)?])
    }

    /// Where that rule stands among [`Self::rules`].
    pub fn position_of(&self, secret: &SecretSummary) -> Option<usize> {
        if self.is_excluded(&secret.name) {
            return None;
        }
        self.rules.iter().position(|rule| rule.matches.covers(secret))
    }
}

/// `authorities`: where RDS's authorities of this region are to be had, if they are neither built in nor given.
pub(super) fn read(mut section: Section<'_>, mode: Mode, authorities: Option<&str>) -> Rules {
    let excludes = section.texts("excludes", &[]);
    for exclude in &excludes {
        check_name(&section, "excludes", exclude.strip_suffix('*').unwrap_or(exclude));
    }
    let mut rules: Vec<Rule> = Vec::new();
    for (n, inner) in section.sections("rules").into_iter().enumerate() {
        let context = Context {
            number: n + 1,
            mode,
            excludes: &excludes,
            earlier: &rules,
            authorities,
        };
        if let Some(rule) = rule(inner, &context) {
            rules.push(rule);
        }
    }
    if section.lacks("rules") {
        section.problem_here(
            "there is no rule, so no secret would be watched",
            "add [[secrets.rules]] with name, prefix, tag, or all = true",
        );
    }
    section.finish();
    Rules { excludes, rules }
}

/// What a rule is read against.
pub(super) struct Context<'a> {
    /// From 1.
    number: usize,
    /// Of rules that have none of their own.
    mode: Mode,
    pub(super) excludes: &'a [String],
    pub(super) earlier: &'a [Rule],
    authorities: Option<&'a str>,
}

/// Problems are noted; nothing where the rule goes by nothing.
fn rule(mut section: Section<'_>, context: &Context<'_>) -> Option<Rule> {
    let matches = matches(&mut section);
    if let Some(matches) = &matches {
        check_shadows(&section, matches, context);
    }
    let (login, login_test, login_pending_early) = login(section.section("login"));
    warn_of_authorities(&section, &login, login_test, context);
    let mut policy = policy(&mut section, context.mode);
    policy.login_test = login_test;
    policy.login_pending_early = login_pending_early;
    policy.roll_forward = roll_forward(&mut section, &login, login_test);
    policy.database = section.text("database").or_else(|| login.host.clone());
    policy.rds = rds::read(&mut section);
    let log_group = section.text("log_group");
    check_log_group(&section, log_group.as_deref());
    section.finish();
    let mut rule = Rule {
        number: context.number,
        matches: matches?,
        policy,
        login,
        log_group,
    };
    rule.policy.rule = rule.to_string().into();
    Some(rule)
}

/// CreateLogGroup: logGroupName.
fn check_log_group(section: &Section<'_>, name: Option<&str>) {
    const LONGEST: usize = 512;
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-/.#".contains(&byte);
    if let Some(name) = name.filter(|name| name.len() > LONGEST || !name.bytes().all(is_allowed)) {
        section.problem(
            "log_group",
            format!("{name:?} is no log group's name: letters, digits and `_-/.#` alone, {LONGEST} at most"),
            "give the name alone, as \"/aws/lambda/rotate-db\", no ARN",
        );
    }
}

/// Told once: the region is the same for all rules.
fn warn_of_authorities(section: &Section<'_>, login: &LoginRule, test: bool, context: &Context<'_>) {
    let is_verified = matches!(login.tls, None | Some(Tls::Verified));
    let is_told = context.earlier.iter().any(|rule| rule.policy.login_test);
    if let Some(address) = context.authorities.filter(|_| test && is_verified && !is_told) {
        section.warn(
            "login",
            "RDS's authorities of this region are not built in: no certificate of its databases can be verified",
            format!("download {address}, and name the file in login.ca_file"),
        );
    }
}

fn matches(section: &mut Section<'_>) -> Option<Match> {
    let name = checked_name(section, "name").map(Match::Name);
    let prefix = checked_name(section, "prefix").map(Match::Prefix);
    let tag = tag(section);
    let all = section.flag("all", false).then_some(Match::All);
    let mut given: Vec<Match> = [name, prefix, tag, all].into_iter().flatten().collect();
    match given.len() {
        // What was given, but wrongly, is noted already.
        0 if ["name", "prefix"].iter().any(|key| section.has(key)) => None,
        0 => {
            section.problem_here("goes by nothing", "give one of name, prefix, tag, or all = true");
            None
        }
        1 => given.pop(),
        _ => {
            section.problem_here(
                "goes by several things at once",
                "give only one of name, prefix, tag and all",
            );
            None
        }
    }
}

fn checked_name(section: &mut Section<'_>, key: &'static str) -> Option<String> {
    let name = section.text(key)?;
    check_name(section, key, &name);
    Some(name)
}

/// What no secret's name can hold, so that the rule would silently match nothing.
pub(super) fn check_name(section: &Section<'_>, key: &str, name: &str) {
    const LONGEST: usize = 512;
    let is_of_names = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-!".contains(c);
    if name.contains(|c: char| !is_of_names(c)) {
        section.problem(
            key,
            format!("{name:?} can match no secret: no name holds `*`, `:`, a space, or other than ASCII letters, digits and /_+=.@-"),
            "give the name itself, no pattern and no ARN; prefix = \"shop/\" matches all that begin so",
        );
    } else if name.len() > LONGEST {
        section.problem(
            key,
            format!("it is {} characters long, and can match no secret", name.len()),
            "a secret's name has 512 characters at most",
        );
    }
}

fn tag(section: &mut Section<'_>) -> Option<Match> {
    let mut tags = section.texts_by_name("tag").into_iter();
    let (key, value) = tags.next()?;
    if tags.next().is_some() {
        section.problem("tag", "more than one tag", "give one, as { team = \"shop\" }");
    }
    Some(Match::Tag { key, value })
}

fn policy(section: &mut Section<'_>, mode: Mode) -> Policy {
    let built_in = Policy::default();
    let methods = [
        ("config-update", LambdaMethod::ConfigUpdate),
        ("concurrency-cycle", LambdaMethod::ConcurrencyCycle),
    ];
    Policy {
        mode: remediation::mode(section, Some(mode)).unwrap_or(mode),
        ecs_fetching: staleness(section, "ecs_fetching", built_in.ecs_fetching),
        lambda_fetching: staleness(section, "lambda_fetching", built_in.lambda_fetching),
        lambda_method: section
            .choice("lambda_method", Some(built_in.lambda_method), &methods)
            .unwrap_or(built_in.lambda_method),
        allow_downtime: section.flag("allow_downtime", built_in.allow_downtime),
        staleness: overrides(section),
        declared: declared(section),
        ..built_in
    }
}

/// What becomes of a rotation that only the database has the password of. It rests on our own logins.
fn roll_forward(section: &mut Section<'_>, login: &LoginRule, login_test: bool) -> RollForward {
    let acts = section.choice("roll_forward", Some(false), &[("offer", false), ("act", true)]);
    let rule = RollForward {
        acts: acts.unwrap_or_default(),
        one_account: section.flag("rotation_sets_one_account", false),
        by_rule_host: section.flag("roll_forward_by_this_host", false),
    };
    if rule.acts && !login_test {
        section.problem(
            "roll_forward",
            "would promote without a login: the login test is off",
            "set login.test = true in the rule, or roll_forward = \"offer\"",
        );
    }
    if rule.acts && login.user.is_some() {
        section.problem(
            "roll_forward",
            "cannot be decided by logins of another user: login.user takes the place of the secret's own",
            "remove login.user, or set roll_forward = \"offer\"",
        );
    }
    if rule.by_rule_host && login.host.is_none() && login.port.is_none() {
        section.problem(
            "roll_forward_by_this_host",
            "vouches for a host that the rule does not name",
            "set login.host, or remove it",
        );
    }
    if !rule.acts && (rule.one_account || rule.by_rule_host) {
        section.warn(
            "roll_forward",
            "is \"offer\": what the rule says beside it has no effect",
            "set roll_forward = \"act\", or remove rotation_sets_one_account and roll_forward_by_this_host",
        );
    }
    rule
}

/// The target, whether to test, and whether AWSPENDING is tried without a sign of setSecret.
fn login(mut section: Section<'_>) -> (LoginRule, bool, bool) {
    let modes = [
        ("verified", Tls::Verified),
        ("unverified", Tls::Unverified),
        ("preferred", Tls::Preferred),
        ("none", Tls::None),
    ];
    let engines = [
        ("mysql", "mysql"),
        ("mariadb", "mariadb"),
        ("postgres", "postgres"),
    ];
    let test = section.flag("test", false);
    let pending_early = section.flag("pending_early", false);
    let rule = LoginRule {
        engine: section.choice("engine", None, &engines).map(str::to_owned),
        host: section.text("host"),
        port: section.port("port"),
        user: section.text("user"),
        dbname: section.text("dbname"),
        tls: section.choice("tls", None, &modes),
    };
    if let Some(host) = rule.host.as_ref().filter(|host| !is_host(host)) {
        section.problem("host", format!("{host:?} is no host name"), HOST_REMEDY);
    }
    if pending_early && !test {
        section.problem(
            "pending_early",
            "has no effect while test is off",
            "set test = true, or remove it",
        );
    }
    if !test && rule != LoginRule::default() {
        section.problem_here(
            "says where to log in while test is off",
            "set test = true, or remove the target; `database` in the rule names what shares waves, \
             discovery.database_hosts whose functions are suspected",
        );
    }
    section.finish();
    (rule, test, pending_early)
}
