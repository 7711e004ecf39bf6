//! What format 3 has words for: findings, brakes, users.

use machine::findings::{FindingId, Kind, Severity};
use machine::model::finding::{FindingFact, FindingNews, FindingWords};
use machine::model::{Brake, ConsumerId, Fact, LookKey, Part, Scope, Subject};

use super::{at, rotation, secret, version, why};

pub(super) fn all() -> Vec<Fact> {
    [findings(), brakes_and_users()].concat()
}

/// About every kind of subject; one that changes and ends.
fn findings() -> Vec<Fact> {
    let orders = || ConsumerId::service("prod", "orders");
    let looks = [
        LookKey::Sweep,
        LookKey::Secret(secret()),
        LookKey::Versions(secret()),
        LookKey::Log(secret()),
        LookKey::Login(secret(), version()),
        LookKey::Consumer(orders()),
        LookKey::Discovery(Scope::Clusters),
        LookKey::Discovery(Scope::Cluster("prod".to_owned())),
        LookKey::Discovery(Scope::Tasks("prod".to_owned())),
        LookKey::Discovery(Scope::Functions),
        LookKey::Discovery(Scope::Declared),
        LookKey::Events,
    ];
    let parts = [
        Part::Journal,
        Part::RollForward,
        Part::Rules,
        Part::Rule("rule 1".into()),
        Part::DatabaseHost("db.example".into()),
        Part::Events,
    ];
    let parts = parts.into_iter().chain(looks.map(Part::Look));
    let subjects = parts.map(Subject::Watchdog).chain([Subject::Consumer(orders())]);
    let opened = subjects.map(|subject| {
        let id = FindingId {
            kind: Kind::Unseen,
            subject,
            secret: None,
        };
        happened(&id, FindingNews::Opened(said(Severity::Info)))
    });
    let id = FindingId {
        kind: Kind::RotationFailed,
        subject: Subject::Secret(secret()),
        secret: Some(secret()),
    };
    let changes = [
        FindingNews::Opened(said(Severity::Warning)),
        FindingNews::Changed(said(Severity::Critical)),
        FindingNews::Changed(said(Severity::Warning)),
        FindingNews::Changed(said(Severity::Info)),
        FindingNews::Ended,
        FindingNews::Opened(said(Severity::Critical)),
    ];
    let changes = changes.map(|news| happened(&id, news));
    opened.chain(changes).collect()
}

fn brakes_and_users() -> Vec<Fact> {
    let braked = |brake| Fact::Braked {
        secret: secret(),
        at: at(1),
        brake,
    };
    let brakes = [Some(Brake::Observe), Some(Brake::Hold), None];
    let users = |consumers| Fact::Users {
        rotation: rotation(1),
        at: at(1),
        consumers,
    };
    let users = [users(Vec::new()), users(vec![ConsumerId::function("mailer")])];
    brakes.map(braked).into_iter().chain(users).collect()
}

pub(super) fn said(severity: Severity) -> FindingWords {
    FindingWords {
        severity,
        text: why(),
        remedy: "`true`".to_owned(),
    }
}

pub(super) fn happened(id: &FindingId, news: FindingNews) -> Fact {
    Fact::Finding(FindingFact {
        id: id.clone(),
        at: at(1),
        news,
    })
}
