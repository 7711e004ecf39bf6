//! What happened to findings. Formats 1 and 2 have no word for it.

use jiff::Timestamp;
use machine::findings::{FindingId, Kind, Severity};
use machine::model::finding::{FindingFact, FindingNews, FindingWords};
use machine::model::{Fact, LookKey, Measured, Part, RdsPart, Scope, SecretArn, Subject, VersionId};
use serde::{Deserialize, Serialize};

use super::consumer;
use super::master::database;

#[derive(Serialize, Deserialize)]
pub(super) struct FindingRecord {
    kind: String,
    about: SubjectRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    at: Timestamp,
    news: NewsRecord,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum NewsRecord {
    Opened(WordsRecord),
    Changed(WordsRecord),
    Ended,
}

#[derive(Serialize, Deserialize)]
struct WordsRecord {
    severity: SeverityRecord,
    text: String,
    remedy: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SubjectRecord {
    Secret(String),
    Consumer(String),
    Database(String),
    Application(String),
    Journal,
    RollForward,
    Rules,
    Rule(String),
    DatabaseHost(String),
    Look(LookRecord),
    Events,
}

/// What is looked at.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LookRecord {
    Sweep,
    Secret(String),
    Versions(String),
    Log(String),
    Login { secret: String, version: String },
    Consumer(String),
    Clusters,
    Cluster(String),
    Tasks(String),
    Functions,
    Declared,
    Events,
    Proxies,
    RdsInstances,
    RdsClusters,
    RdsEvents,
    Numbers(String),
}

super::words::words!(
    SeverityRecord = Severity {
        Info,
        Warning,
        Critical
    }
);

impl From<&FindingFact> for FindingRecord {
    fn from(fact: &FindingFact) -> Self {
        let FindingId {
            kind,
            subject,
            secret,
        } = &fact.id;
        Self {
            kind: kind.name().to_owned(),
            about: subject.into(),
            secret: secret.as_ref().map(SecretArn::to_string),
            at: fact.at,
            news: match &fact.news {
                FindingNews::Opened(words) => NewsRecord::Opened(words.into()),
                FindingNews::Changed(words) => NewsRecord::Changed(words.into()),
                FindingNews::Ended => NewsRecord::Ended,
            },
        }
    }
}

impl TryFrom<FindingRecord> for Fact {
    type Error = String;

    fn try_from(record: FindingRecord) -> Result<Self, String> {
        let kind = Kind::named(&record.kind).ok_or_else(|| format!("unknown finding {:?}", record.kind))?;
        let id = FindingId {
            kind,
            subject: record.about.try_into()?,
            secret: record.secret.map(SecretArn::new),
        };
        let news = match record.news {
            NewsRecord::Opened(words) => FindingNews::Opened(words.into()),
            NewsRecord::Changed(words) => FindingNews::Changed(words.into()),
            NewsRecord::Ended => FindingNews::Ended,
        };
        let at = record.at;
        Ok(Self::Finding(FindingFact { id, at, news }))
    }
}

impl From<&FindingWords> for WordsRecord {
    fn from(words: &FindingWords) -> Self {
        Self {
            severity: words.severity.into(),
            text: words.text.clone(),
            remedy: words.remedy.clone(),
        }
    }
}

impl From<WordsRecord> for FindingWords {
    fn from(record: WordsRecord) -> Self {
        Self {
            severity: record.severity.into(),
            text: record.text,
            remedy: record.remedy,
        }
    }
}

impl From<&Subject> for SubjectRecord {
    fn from(subject: &Subject) -> Self {
        match subject {
            Subject::Secret(secret) => Self::Secret(secret.to_string()),
            Subject::Consumer(consumer) => Self::Consumer(consumer.to_string()),
            Subject::Database(id) => Self::Database(id.to_string()),
            Subject::Application(name) => Self::Application(name.to_string()),
            Subject::Watchdog(part) => match part {
                Part::Journal => Self::Journal,
                Part::RollForward => Self::RollForward,
                Part::Rules => Self::Rules,
                Part::Rule(rule) => Self::Rule(rule.to_string()),
                Part::DatabaseHost(host) => Self::DatabaseHost(host.to_string()),
                Part::Look(key) => Self::Look(key.into()),
                Part::Events => Self::Events,
            },
        }
    }
}

impl TryFrom<SubjectRecord> for Subject {
    type Error = String;

    fn try_from(record: SubjectRecord) -> Result<Self, String> {
        Ok(match record {
            SubjectRecord::Secret(secret) => Self::Secret(SecretArn::new(secret)),
            SubjectRecord::Consumer(text) => Self::Consumer(consumer(&text)?),
            SubjectRecord::Database(text) => Self::Database(database(&text)?),
            SubjectRecord::Application(name) => Self::Application(name.into()),
            SubjectRecord::Journal => Self::Watchdog(Part::Journal),
            SubjectRecord::RollForward => Self::Watchdog(Part::RollForward),
            SubjectRecord::Rules => Self::Watchdog(Part::Rules),
            SubjectRecord::Rule(rule) => Self::Watchdog(Part::Rule(rule.into())),
            SubjectRecord::DatabaseHost(host) => Self::Watchdog(Part::DatabaseHost(host.into())),
            SubjectRecord::Look(key) => Self::Watchdog(Part::Look(key.try_into()?)),
            SubjectRecord::Events => Self::Watchdog(Part::Events),
        })
    }
}

impl From<&LookKey> for LookRecord {
    fn from(key: &LookKey) -> Self {
        match key {
            LookKey::Sweep => Self::Sweep,
            LookKey::Secret(secret) => Self::Secret(secret.to_string()),
            LookKey::Versions(secret) => Self::Versions(secret.to_string()),
            LookKey::Log(secret) => Self::Log(secret.to_string()),
            LookKey::Login(secret, version) => Self::Login {
                secret: secret.to_string(),
                version: version.to_string(),
            },
            LookKey::Consumer(consumer) => Self::Consumer(consumer.to_string()),
            LookKey::Discovery(Scope::Clusters) => Self::Clusters,
            LookKey::Discovery(Scope::Cluster(cluster)) => Self::Cluster(cluster.clone()),
            LookKey::Discovery(Scope::Tasks(cluster)) => Self::Tasks(cluster.clone()),
            LookKey::Discovery(Scope::Functions) => Self::Functions,
            LookKey::Discovery(Scope::Proxies) => Self::Proxies,
            LookKey::Numbers(measured) => Self::Numbers(measured.to_string()),
            LookKey::Rds(RdsPart::Instances) => Self::RdsInstances,
            LookKey::Rds(RdsPart::Clusters) => Self::RdsClusters,
            LookKey::Rds(RdsPart::Events) => Self::RdsEvents,
            LookKey::Discovery(Scope::Declared) => Self::Declared,
            LookKey::Events => Self::Events,
        }
    }
}

impl TryFrom<LookRecord> for LookKey {
    type Error = String;

    fn try_from(record: LookRecord) -> Result<Self, String> {
        Ok(match record {
            LookRecord::Sweep => Self::Sweep,
            LookRecord::Secret(secret) => Self::Secret(SecretArn::new(secret)),
            LookRecord::Versions(secret) => Self::Versions(SecretArn::new(secret)),
            LookRecord::Log(secret) => Self::Log(SecretArn::new(secret)),
            LookRecord::Login { secret, version } => {
                Self::Login(SecretArn::new(secret), VersionId::new(version))
            }
            LookRecord::Consumer(text) => Self::Consumer(consumer(&text)?),
            LookRecord::Clusters => Self::Discovery(Scope::Clusters),
            LookRecord::Cluster(cluster) => Self::Discovery(Scope::Cluster(cluster)),
            LookRecord::Tasks(cluster) => Self::Discovery(Scope::Tasks(cluster)),
            LookRecord::Functions => Self::Discovery(Scope::Functions),
            LookRecord::Declared => Self::Discovery(Scope::Declared),
            LookRecord::Proxies => Self::Discovery(Scope::Proxies),
            LookRecord::Numbers(text) => Self::Numbers(Measured::parse(&text)),
            LookRecord::RdsInstances => Self::Rds(RdsPart::Instances),
            LookRecord::RdsClusters => Self::Rds(RdsPart::Clusters),
            LookRecord::RdsEvents => Self::Rds(RdsPart::Events),
            LookRecord::Events => Self::Events,
        })
    }
}
