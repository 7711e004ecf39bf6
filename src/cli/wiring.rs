//! From the configuration to what each part is made of.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::SignedDuration;
use machine::facts::watched::RuleWords;
use machine::model::SecretSummary;
use rustls::crypto::aws_lc_rs::default_provider;
use tokio::runtime::{Builder, Runtime};

use crate::aws::{AssumeRole, AwsOptions, Timeouts};
use crate::config::{self, Config, LogFormat, LoginRule, Match, Rule, Tls};
use crate::database::DatabaseOptions;
use crate::http;
use crate::ports::{Identities, LoginTarget, TlsMode};
use crate::runtime::{Assignment, Options, Rules};
use crate::telemetry::MetricsOptions;
use crate::telemetry::logs::{Format, LogOptions};

pub(super) fn options(config: &Config, region: &str) -> Options {
    Options {
        rules: rules(config.rules.clone()),
        rule_list: config.rules.rules.iter().map(words).collect(),
        region: Some(region.to_owned()),
        settings: config.settings.clone(),
        clusters: config.discovery.clusters.clone(),
        database_hosts: config.discovery.database_hosts.clone(),
        patterns: Arc::new(config.patterns.clone()),
        retention: config.store.retention,
        journal: journal(config).display().to_string(),
        drain: config.drain,
        simulated: false,
    }
}

/// Where the journal lies, whatever folder the process was started in.
pub(super) fn journal(config: &Config) -> PathBuf {
    std::path::absolute(&config.store.path).unwrap_or_else(|_| config.store.path.clone())
}

/// What each rule says is made once: thousands of secrets share it.
fn rules(rules: config::Rules) -> Rules {
    let made: Vec<Arc<Assignment>> = rules
        .rules
        .iter()
        .map(|rule| Arc::new(assignment(rule)))
        .collect();
    Arc::new(move |secret: &SecretSummary| Some(Arc::clone(&made[rules.position_of(secret)?])))
}

fn words(rule: &Rule) -> RuleWords {
    let matches = rule.matches.clone();
    RuleWords {
        rule: rule.to_string(),
        catches_all: matches == Match::All,
        covers: Arc::new(move |secret| matches.covers(secret)),
    }
}

fn assignment(rule: &Rule) -> Assignment {
    Assignment {
        policy: Arc::new(rule.policy.clone()),
        login: login_target(&rule.login),
        log_group: rule.log_group.clone(),
    }
}

fn login_target(rule: &LoginRule) -> LoginTarget {
    LoginTarget {
        engine: rule.engine.clone(),
        host: rule.host.clone(),
        port: rule.port,
        user: rule.user.clone(),
        dbname: rule.dbname.clone(),
        tls: rule.tls.map(|tls| match tls {
            Tls::Verified => TlsMode::Verified,
            Tls::Unverified => TlsMode::Unverified,
            Tls::Preferred => TlsMode::Preferred,
            Tls::None => TlsMode::None,
        }),
    }
}

pub(super) fn aws(config: &config::Aws) -> AwsOptions {
    AwsOptions {
        region: config.region.clone(),
        endpoint_url: config.endpoint_url.clone(),
        profile: config.profile.clone(),
        assume_role: config.assume_role.as_ref().map(|role| AssumeRole {
            role_arn: role.role_arn.clone(),
            external_id: role.external_id.clone(),
            session_name: Some(role.session_name.clone()),
        }),
        timeouts: Timeouts {
            connect: duration(config.connect_timeout),
            read: duration(config.read_timeout),
            attempt: duration(config.attempt_timeout),
            operation: duration(config.operation_timeout),
        },
    }
}

pub(super) fn database(config: &config::Login) -> DatabaseOptions {
    DatabaseOptions {
        login_timeout: duration(config.timeout),
        ca_file: config.ca_file.clone(),
    }
}

/// With a key of this process: what two lives call one database cannot be compared.
pub(super) fn identities() -> anyhow::Result<Identities> {
    Ok(Identities::new(&random::<64>()?))
}

pub(super) fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    let made = default_provider().secure_random.fill(&mut bytes);
    made.map_err(|_| anyhow::anyhow!("the system gives no random bytes"))?;
    Ok(bytes)
}

/// What a command that waits runs on.
pub(super) fn runtime() -> anyhow::Result<Runtime> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start the runtime")
}

pub(super) fn http_limits(config: &config::Http) -> http::Limits {
    http::Limits {
        timeout: duration(config.timeout),
        concurrency: config.concurrency,
        ..http::Limits::default()
    }
}

pub(super) fn logs(config: &config::Telemetry) -> LogOptions {
    LogOptions {
        format: match config.log_format {
            LogFormat::Auto => Format::Auto,
            LogFormat::Json => Format::Json,
            LogFormat::Human => Format::Human,
        },
        filter: config.log_filter.clone(),
    }
}

pub(super) fn metrics(config: &config::Telemetry) -> MetricsOptions {
    MetricsOptions {
        secret_series: config.secret_series,
    }
}

/// The configuration's durations are positive.
fn duration(duration: SignedDuration) -> Duration {
    duration.unsigned_abs()
}
