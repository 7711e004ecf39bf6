//! Turns: what is judged, admitted and told piece by piece is what would be, were everything done anew.

mod happens;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use self::happens::{Happens, SECRETS, happens, service_id};
use super::world::{arn, at};
use crate::admission::{Situation, admit};
use crate::facts::watched::Watch;
use crate::findings::told::{Teller, joined};
use crate::findings::{Finding, FindingId, Lives, of_fleet, of_secret};
use crate::judge::judge;
use crate::judge::outlook::outlook;
use crate::looks::consumer_looks;
use crate::model::{Fact, LookKey, Mode, Stage};
use crate::policy::{Policy, Settings};
use crate::turn::{Asked, Asker, Decide, Machine, Turn, turn};

/// A machine and the time, with a step of a second to some minutes between two turns.
struct Told {
    machine: Machine,
    watch: Watch,
    settings: Settings,
    now: i64,
    /// The journal can be written.
    journal: bool,
    kept: Vec<Fact>,
    /// What is to be looked at, by who asked for it.
    asked: BTreeMap<Asker, Asked>,
}

impl Told {
    fn new(mode: Mode) -> Self {
        let policy = Arc::new(Policy {
            mode,
            login_test: true,
            ..Policy::default()
        });
        let mut settings = Settings::default();
        settings.limits.own_service = Some(service_id(1));
        settings.limits.in_flight = 2;
        settings.limits.refusals = 3;
        let watch = Watch {
            rules: Arc::new(move |summary| (summary.name != "queue").then(|| Arc::clone(&policy))),
            rule_list: Vec::new(),
            region: None,
            clusters: None,
            rds: true,
            database_hosts: BTreeMap::new(),
        };
        Self {
            machine: Machine::new(watch.clone(), Decide::default(), at(0)),
            watch,
            settings,
            now: 0,
            journal: true,
            kept: Vec::new(),
            asked: BTreeMap::new(),
        }
    }

    fn situation(&self) -> Situation {
        Situation {
            now: at(self.now),
            draining: false,
            journal: self.journal,
        }
    }

    fn turn(&mut self, after: i64, happens: &Happens) -> Turn {
        match happens {
            // A clock that was ahead is set right.
            Happens::Back => self.now -= after.min(600),
            Happens::Restart => self.restart(),
            Happens::Journal => self.journal = !self.journal,
            _ => self.now += after,
        }
        let events = happens.event(self.now).into_iter().collect();
        let situation = self.situation();
        let mut turn = turn(&mut self.machine, events, &self.settings, situation);
        self.kept.extend(turn.facts.iter().cloned());
        self.asked.extend(std::mem::take(&mut turn.looks));
        turn
    }

    /// Another life, with what the journal kept.
    fn restart(&mut self) {
        self.machine = Machine::new(self.watch.clone(), Decide::default(), at(self.now));
        self.asked.clear();
        for fact in &self.kept {
            self.machine.recall(fact.clone());
        }
    }

    /// Whoever is known asks for what it would ask for now; when, its last look has told.
    fn assert_asked(&self) {
        let (machine, settings, now) = (&self.machine, &self.settings, at(self.now));
        let keys = |looks: &Asked| looks.iter().map(|(key, _)| key.clone()).collect::<Vec<LookKey>>();
        let asked = |asker: &Asker| self.asked.get(asker).map(keys).unwrap_or_default();
        for id in machine.state().consumers.keys() {
            let anew = consumer_looks(machine.state(), id, settings, now);
            assert_eq!(
                asked(&Asker::Consumer(id.clone())),
                keys(&anew.into_iter().collect()),
                "{id}"
            );
        }
    }

    /// All that is kept from turn to turn, held against the same made anew from the facts.
    fn assert_whole(&self) {
        let (machine, settings, now) = (&self.machine, &self.settings, at(self.now));
        let state = machine.state();
        for (secret, policy) in machine.watched() {
            let kept = machine
                .judgements()
                .get(secret)
                .expect("each watched secret is judged");
            let anew = judge(state, secret, policy, settings, now);
            assert_eq!(kept.rotations.len(), anew.rotations.len(), "{secret}");
            for (kept, anew) in kept.rotations.iter().zip(&anew.rotations) {
                assert_eq!(kept, anew, "{secret}");
            }
            assert_eq!(kept.wants, anew.wants, "{secret}");
            assert_eq!(kept.waits, anew.waits, "{secret}");
            assert_eq!(kept.withheld, anew.withheld, "{secret}");
            assert_eq!(kept.login_waits, anew.login_waits, "{secret}");
            assert_eq!(kept.database, anew.database, "{secret}");
            let found = of_secret(state, secret, kept, settings, now);
            let told = self.told(|teller| *teller == Teller::Secret(secret.clone()));
            assert_eq!(told, sorted(joined(found).into_iter()), "{secret}");
            let foreseen = outlook(state, secret, policy, settings, now);
            assert_eq!(machine.told().outlook(secret).to_vec(), foreseen, "{secret}");
        }
        let situation = self.situation();
        let moving = admit(state, machine.judgements(), settings, situation);
        let whole = admit(state, &machine.judgements().all_moving(), settings, situation);
        assert_eq!(moving, whole, "admission, order included");
        let told = self.told(|teller| !matches!(teller, Teller::Secret(_)));
        let found = of_fleet(state, machine.judgements(), machine.admission(), settings, now);
        let is_of_rules = |finding: &Finding| {
            [
                "journal",
                "rule-without-secrets",
                "watching-nothing",
                "unmatched",
                "beyond-next",
            ]
            .contains(&finding.kind.name())
        };
        let told: Vec<Finding> = told.into_iter().filter(|told| !is_of_rules(told)).collect();
        let found = sorted(found.into_iter().filter(|found| !is_of_rules(found)));
        assert_eq!(told, found, "what is told of the fleet");
        self.assert_remembered();
    }

    /// The journal tells which findings stand, and since when. Whoever tells one is the only one who does.
    fn assert_remembered(&self) {
        let mut folded = Lives::default();
        for fact in &self.kept {
            if let Fact::Finding(fact) = fact {
                assert!(folded.learn(fact), "no news: {fact:?}");
            }
        }
        let standing = |lives: &Lives| -> Vec<_> {
            let lives = lives.all();
            lives
                .map(|life| (life.finding.id(), life.since, life.changed))
                .collect()
        };
        let lives = self.machine.lives();
        assert_eq!(standing(&folded), standing(lives));
        let over = |lives: &Lives| -> Vec<_> {
            let ended = lives.ended().iter();
            ended
                .map(|life| (life.finding.id(), life.since, life.ended))
                .collect()
        };
        assert_eq!(over(&folded), over(lives));
        let mut told: Vec<&FindingId> = self.machine.told().all().map(|(_, id)| id).collect();
        told.sort();
        let twice = told.windows(2).find(|pair| pair[0] == pair[1]);
        assert_eq!(twice, None, "by two");
    }
}

impl Told {
    /// What is told just now by some, in its words.
    fn told(&self, by: impl Fn(&Teller) -> bool) -> Vec<Finding> {
        let lives = self.machine.lives();
        let ids = self.machine.told().all().filter(|(teller, _)| by(teller));
        let findings = ids.map(|(_, id)| lives.get(id).expect("what is told lives").finding.clone());
        sorted(findings)
    }
}

fn sorted(findings: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut sorted: Vec<Finding> = findings.collect();
    sorted.sort();
    sorted
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Nothing that a turn leaves as it was would be another, were it made anew.
    #[test]
    fn what_a_turn_leaves_alone_needs_nothing(
        story in vec((prop_oneof![Just(1_i64), 1..90_i64, 1..4_000_i64], happens()), 1..40),
        acts in any::<bool>(),
    ) {
        let mut told = Told::new(if acts { Mode::Act } else { Mode::Observe });
        let all = (0..SECRETS.len()).map(|secret| (secret, 0)).collect();
        told.turn(1, &Happens::Listed { secrets: all });
        for (after, happens) in &story {
            told.turn(*after, happens);
            told.assert_whole();
            told.assert_asked();
        }
    }
}

/// A turn about one secret judges that one and no other.
#[test]
fn a_turn_about_one_secret_touches_no_other() {
    let mut told = Told::new(Mode::Observe);
    let all = (0..SECRETS.len()).map(|secret| (secret, 0)).collect();
    let first = told.turn(1, &Happens::Listed { secrets: all });
    assert_eq!(first.judged.len(), 3, "queue has no rule");
    for (secret, name) in SECRETS.iter().enumerate().take(3) {
        let judged = told.turn(1, &Happens::Labels { secret, labels: 0 }).judged;
        let names: Vec<&str> = judged.iter().map(|judged| judged.secret.name()).collect();
        assert_eq!(names, [*name]);
    }
    let again = (0..SECRETS.len()).map(|secret| (secret, 0)).collect();
    told.turn(60, &Happens::Nothing);
    let quiet = told.turn(1, &Happens::Listed { secrets: again });
    assert_eq!(quiet.judged.len(), 0, "a list that says what is known");
}

/// Whoever turns out to share a database belongs to its wave from that turn on, and not longer.
#[test]
fn a_login_to_the_database_of_another_secret_changes_the_wave_of_both() {
    let mut told = Told::new(Mode::Observe);
    let all = (0..SECRETS.len()).map(|secret| (secret, 0)).collect();
    told.turn(1, &Happens::Listed { secrets: all });
    let login = |secret, database| Happens::Login {
        secret,
        version: 0,
        accepted: true,
        database: Some(database),
    };
    told.turn(1, &login(2, 1));
    let shared = told.turn(1, &login(0, 1));
    let waves = |turn: &Turn| -> Vec<(String, String)> {
        let judged = turn.judged.iter();
        let wave = judged.map(|judged| (judged.secret.name().to_owned(), judged.now.database.clone()));
        wave.collect()
    };
    let pair = |secret: &str, wave: &str| (secret.to_owned(), wave.to_owned());
    assert_eq!(waves(&shared), [pair("db", "db"), pair("mail", "db")]);
    let moved = told.turn(1, &login(0, 0));
    assert_eq!(waves(&moved), [pair("db", "db"), pair("mail", "mail")]);
    told.turn(1, &login(0, 1));
    let lost = told.turn(
        60,
        &Happens::Listed {
            secrets: vec![(1, 0), (2, 0), (3, 0)],
        },
    );
    assert!(
        waves(&lost).contains(&pair("mail", "mail")),
        "db is watched no more"
    );
}

/// What is decided shows in the same turn: nobody is stale who is being restarted.
#[test]
fn a_decision_shows_at_once() {
    let mut told = Told::new(Mode::Act);
    told.turn(
        1,
        &Happens::Listed {
            secrets: vec![(0, 0)],
        },
    );
    told.turn(
        1,
        &Happens::Cluster {
            users: vec![(0, 0, 0)],
            task_of: None,
        },
    );
    told.turn(1, &Happens::Functions { users: Vec::new() });
    for labels in [0, 1, 2] {
        told.turn(5, &Happens::Labels { secret: 0, labels });
    }
    told.turn(
        1,
        &Happens::Login {
            secret: 0,
            version: 1,
            accepted: true,
            database: None,
        },
    );
    let created = Some(vec![-500]);
    let decided = told.turn(2, &Happens::Service { consumer: 0, created });
    assert_eq!(decided.decisions.len(), 1);
    let current = told
        .machine
        .judgements()
        .get(&arn("db"))
        .and_then(|judged| judged.current());
    let stages: Vec<Stage> = current
        .expect("promoted")
        .consumers
        .iter()
        .map(|(_, s)| s.stage)
        .collect();
    assert_eq!(stages, [Stage::Refreshing]);
}
