//! What format 4 has words for: databases of RDS, proxies, and what is measured.

use machine::findings::{FindingId, Kind, Severity};
use machine::model::finding::FindingNews;
use machine::model::{
    Belongs, ConsumerId, Fact, LookKey, ManagedStatus, MasterState, Measured, Part, RdsId, RdsPart, Reset,
    Scope, Stage, Subject,
};

use super::of_the_third::{happened, said};
use super::{at, look, rotation, secret, why};

pub(super) fn all() -> Vec<Fact> {
    [findings(), passwords(), proxies(), databases(), numbers()].concat()
}

fn findings() -> Vec<Fact> {
    let looks = [
        LookKey::Discovery(Scope::Proxies),
        LookKey::Rds(RdsPart::Instances),
        LookKey::Rds(RdsPart::Clusters),
        LookKey::Rds(RdsPart::Events),
    ];
    let subjects = looks.map(|key| Subject::Watchdog(Part::Look(key)));
    let databases = [RdsId::instance("shop"), RdsId::cluster("shop")].map(Subject::Database);
    let unseen = subjects.into_iter().map(about(Kind::Unseen));
    let unwell = databases.into_iter().map(about(Kind::DatabaseUnwell));
    let impaired = FindingId {
        kind: Kind::MasterSecretImpaired,
        subject: Subject::Secret(secret()),
        secret: Some(secret()),
    };
    let all = unseen.chain(unwell).chain([impaired]);
    all.map(|id| happened(&id, FindingNews::Opened(said(Severity::Warning))))
        .collect()
}

fn about(kind: Kind) -> impl Fn(Subject) -> FindingId {
    move |subject| FindingId {
        kind,
        subject,
        secret: None,
    }
}

/// Numbers that cannot be had.
fn numbers() -> Vec<Fact> {
    let shop = [
        Measured::Application("shop".into()),
        Measured::Database(RdsId::instance("shop")),
    ];
    let looks = shop.map(|measured| Subject::Watchdog(Part::Look(LookKey::Numbers(measured))));
    let measured = [
        Subject::Application("shop".into()),
        Subject::Database(RdsId::instance("shop")),
    ];
    let unseen = looks.into_iter().map(about(Kind::Unseen));
    let unmeasured = measured.into_iter().map(about(Kind::Unmeasured));
    let all = unseen.chain(unmeasured);
    all.map(|id| happened(&id, FindingNews::Opened(said(Severity::Info))))
        .collect()
}

fn passwords() -> Vec<Fact> {
    let statuses = [
        None,
        Some(ManagedStatus::Creating),
        Some(ManagedStatus::Active),
        Some(ManagedStatus::Rotating),
        Some(ManagedStatus::Impaired),
        Some(ManagedStatus::Other),
    ];
    let states = statuses.map(|managed| Fact::Master {
        secret: secret(),
        look: look(),
        state: MasterState {
            resetting: managed == Some(ManagedStatus::Rotating),
            managed,
        },
    });
    let resets = [false, true].map(|failed| Fact::Reset {
        secret: secret(),
        reset: Reset { at: at(1), failed },
    });
    states.into_iter().chain(resets).collect()
}

fn proxies() -> Vec<Fact> {
    let proxy = ConsumerId::proxy("shop");
    vec![
        Fact::Reached {
            rotation: rotation(1),
            consumer: proxy.clone(),
            stage: Stage::Presumed,
            at: at(1),
            why: why(),
            old: None,
        },
        Fact::Users {
            rotation: rotation(1),
            at: at(1),
            consumers: vec![proxy],
        },
    ]
}

fn databases() -> Vec<Fact> {
    let belongs = [(RdsId::instance("shop"), true), (RdsId::cluster("shop"), false)];
    let belongs = belongs.map(|(database, master_user)| Fact::Belongs {
        secret: secret(),
        belongs: Belongs {
            database,
            master_user,
        },
    });
    belongs.to_vec()
}
