//! The configuration: built-in defaults, above them a TOML file, above that the environment.
//!
//! A file for each section. All problems come at once; a configuration with one of them is none. Immutable once
//! loaded. Nothing else reads the environment.

mod aws;
mod bounds;
mod cadence;
mod consumers;
mod discovery;
mod events;
mod hosts;
mod http;
mod login;
mod logs;
mod masked;
mod notes;
mod numbers;
mod place;
mod problem;
mod rds;
mod reader;
mod region;
mod remediation;
mod rules;
mod shadows;
mod shutdown;
mod source;
mod store;
mod telemetry;
#[cfg(test)]
mod tests;
mod tree;
mod values;

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use machine::model::LogPatterns;
use machine::model::regions;
use machine::policy::Settings;

pub use aws::{AssumeRole, Aws};
pub use discovery::Discovery;
pub use events::Events;
pub use http::Http;
pub use login::Login;
pub use notes::Shown;
pub use problem::{Problem, Problems, Warnings};
pub use rules::{LoginRule, Match, Rule, Rules, Tls};
pub use store::Store;
pub use telemetry::{LogFormat, Telemetry};

use masked::masked;
use notes::Notes;
use place::Place;
use reader::Section;
use region::Doubt;
use source::Source;
use tree::Tree;

/// A configuration without a problem.
#[derive(Debug)]
pub struct Config {
    pub aws: Aws,
    pub rules: Rules,
    pub discovery: Discovery,
    pub events: Events,
    pub settings: Settings,
    pub patterns: LogPatterns,
    pub login: Login,
    pub store: Store,
    pub http: Http,
    pub telemetry: Telemetry,
    /// From the first signal to the end.
    pub drain: jiff::SignedDuration,
    /// What is dangerous and may be meant so.
    pub warnings: Warnings,
    shown: Vec<(Shown, String)>,
}

/// The process's environment. A name that is not Unicode is none of ours.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub fn environment() -> impl Iterator<Item = (String, String)> {
    let text = |name: OsString, value: OsString| {
        Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
    };
    std::env::vars_os().filter_map(move |(name, value)| text(name, value))
}

impl Config {
    /// Reads `file`; `variables` are the environment's, or a test's.
    pub fn load(file: &Path, variables: impl Iterator<Item = (String, String)>) -> Result<Self, Problems> {
        Self::read(Some(Source::read(file)?), variables)
    }

    fn read(
        source: Option<Source>,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Problems> {
        let variables: Vec<(String, String)> = variables.collect();
        let text = source
            .as_ref()
            .map(|source| (source.name.clone(), masked(&source.text)));
        let tree =
            Tree::new(source, &variables).map_err(|problem| Problems::new(text.clone(), vec![problem]))?;
        let notes = RefCell::default();
        let mut config = sections(&tree, &notes);
        region_of_the_environment(&config, &variables, &notes);
        let mut notes = notes.into_inner();
        notes.tell_misplaced();
        let Notes {
            problems,
            warnings,
            shown,
            ..
        } = notes;
        if !problems.is_empty() {
            return Err(Problems::new(text, problems));
        }
        config.warnings = Warnings::new(text, warnings);
        config.shown = shown
            .into_iter()
            .map(|shown| {
                let origin = origin(&tree, &shown);
                (shown, origin)
            })
            .collect();
        Ok(config)
    }

    /// Every effective value with its origin: `default`, `file:line`, or a variable.
    pub fn shown(&self) -> &[(Shown, String)] {
        &self.shown
    }
}

/// Where the file names no region, the AWS SDK takes it from these variables, in this order.
fn region_of_the_environment(config: &Config, variables: &[(String, String)], notes: &RefCell<Notes>) {
    if config.aws.region.is_some() || config.aws.endpoint_url.is_some() {
        return;
    }
    let named = |wanted: &str| {
        variables
            .iter()
            .find(|(name, text)| name == wanted && !text.is_empty())
    };
    let Some((name, region)) = named("AWS_REGION").or_else(|| named("AWS_DEFAULT_REGION")) else {
        return;
    };
    let warn = |text: String, remedy: String| {
        let place = Place::Variable(name.clone());
        notes
            .borrow_mut()
            .warnings
            .push(Problem::at(place, text).remedy(remedy));
    };
    if let Some(Doubt::NoRegion(remedy) | Doubt::Unknown(remedy)) = region::doubt(region) {
        warn(format!("no region {region:?} is known"), remedy);
    }
    let address = regions::missing_authorities(region).filter(|_| config.login.ca_file.is_none());
    let is_verified =
        |rule: &Rule| rule.policy.login_test && matches!(rule.login.tls, None | Some(Tls::Verified));
    if let Some(address) = address.filter(|_| config.rules.rules.iter().any(is_verified)) {
        let text =
            format!("RDS's authorities of {region} are not built in, and login tests verify certificates");
        warn(
            text,
            format!("download {address}, and name the file in login.ca_file"),
        );
    }
}

fn sections(tree: &Tree, notes: &RefCell<Notes>) -> Config {
    let mut root = Section::root(tree, notes);
    let aws = aws::read(root.section("aws"));
    let (mut timing, mut limits, mode) = remediation::read(root.section("remediation"));
    let login = login::read(root.section("login"));
    limits.refusals = login.refusals;
    timing.refusals_within = login.refusals_within;
    let authorities = aws.region.as_deref().and_then(regions::missing_authorities);
    let authorities = authorities.filter(|_| login.ca_file.is_none());
    let rules = rules::read(root.section("secrets"), mode, authorities.as_deref());
    let (discovery, refresh) = discovery::read(root.section("discovery"));
    let asks_rds = discovery.rds;
    if !asks_rds && rules.rules.iter().any(|rule| rule.policy.rds.is_some()) {
        discovery::refuse_rules_without_rds(&root.section("discovery"));
    }
    let acts = rules.rules.iter().any(|rule| rule.policy.roll_forward.acts);
    if acts && login.timeout >= timing.write_deadline {
        login::refuse_slow_logins(&root.section("login"));
    }
    let events = events::read(root.section("events"));
    let mut cadence = cadence::read(root.section("cadence"));
    cadence.discovery = refresh;
    let (cloudwatch, applications) = numbers::read(root.section("numbers"));
    let (watch_for, write_deadline) = (timing.watch_for, timing.write_deadline);
    let config = Config {
        aws,
        rules,
        discovery,
        settings: Settings {
            timing,
            cadence,
            limits,
            events: events.queue_url.is_some(),
            rds: asks_rds,
            numbers: cloudwatch,
            applications: Arc::new(applications),
        },
        events,
        patterns: logs::read(root.section("logs")),
        login,
        store: store::read(root.section("store"), watch_for),
        http: http::read(root.section("http")),
        telemetry: telemetry::read(root.section("telemetry")),
        drain: shutdown::read(root.section("shutdown"), write_deadline),
        warnings: Warnings::new(None, Vec::new()),
        shown: Vec::new(),
    };
    root.finish();
    config
}

fn origin(tree: &Tree, shown: &Shown) -> String {
    match (&shown.place, &tree.source) {
        (Place::File(span), Some(source)) => format!("{}:{}", source.name, source.line(span.start)),
        (Place::Variable(name), _) => name.clone(),
        (Place::Nowhere | Place::File(_), _) => "default".to_owned(),
    }
}
