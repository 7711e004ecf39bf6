//! The lives of findings: since when each stands, how its cause changed, when it ended.
//!
//! What is to be told is derived from the facts, again and again. A life is what is remembered of that, and each of its
//! turns is a fact: so a restart tells nobody twice. Example: a consumer is stale at 03:00:05, which opens `beyond-us`;
//! a person redeploys it at 03:10; at 03:10:30 the finding ends. Were the consumer stale again at 03:10:20, the finding
//! would stand since 03:00:05.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::cause::{Cause, cause};
use crate::model::SecretArn;
use crate::model::finding::{Finding, FindingFact, FindingId, FindingNews, FindingWords};

/// A finding ends when its cause has been gone for so long. One that comes back before is the same, and never ended.
const ENDS_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// Another cause is told at most so often: one that goes to and fro must not fill the journal. What gets graver is told
/// at once.
const CHANGES_APART: SignedDuration = SignedDuration::from_secs(60);
/// Ended findings that are shown; the journal has more.
const ENDED_LIMIT: usize = 1_000;

/// A finding that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// As it is said now.
    pub finding: Finding,
    pub since: Timestamp,
    /// When another severity or cause was told last; `since` where none was.
    pub changed: Timestamp,
    pub standing: Standing,
    /// What was told last.
    told: Cause,
    /// Until then what this life knows may be half of it, and no change is told but one that is graver.
    quiet_until: Timestamp,
}

/// Whether the cause of a finding is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Open,
    /// Its cause is gone since then; it ends when that has lasted for 30 s.
    Ending {
        since: Timestamp,
    },
    /// A life of the watchdog before this one told it, and its cause was not looked for again yet.
    Remembered,
}

impl Standing {
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ending { .. } => "ending",
            Self::Remembered => "remembered",
        }
    }
}

/// A finding that stands no more, as it was said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub finding: Finding,
    pub since: Timestamp,
    pub ended: Timestamp,
}

/// Every finding that stands, and those that ended last.
#[derive(Clone, Debug, Default)]
pub struct Lives {
    /// By the secret that they belong to, in the order of their identities.
    standing: BTreeMap<Option<SecretArn>, Vec<Arc<Life>>>,
    /// When one may have ended, or may tell of its other cause.
    due: BTreeSet<(Timestamp, FindingId)>,
    remembered: BTreeSet<FindingId>,
    /// In the order in which they ended.
    ended: VecDeque<Arc<Ended>>,
    /// Whose findings are others than before, even if only in their words.
    touched: BTreeSet<Option<SecretArn>>,
}

impl Lives {
    /// Those that belong to a secret, or to none.
    pub fn of(&self, secret: Option<&SecretArn>) -> &[Arc<Life>] {
        let lives = self.standing.get(&secret.cloned());
        lives.map(Vec::as_slice).unwrap_or_default()
    }

    pub fn all(&self) -> impl Iterator<Item = &Arc<Life>> {
        self.standing.values().flatten()
    }

    /// The last that ended, in that order.
    pub fn ended(&self) -> &VecDeque<Arc<Ended>> {
        &self.ended
    }

    pub fn get(&self, id: &FindingId) -> Option<&Arc<Life>> {
        let lives = self.standing.get(&id.secret)?;
        place(lives, id).ok().map(|i| &lives[i])
    }

    /// Takes in what happened to a finding. Whether that is news.
    pub(crate) fn learn(&mut self, fact: &FindingFact) -> bool {
        match (&fact.news, self.get(&fact.id)) {
            (FindingNews::Opened(_), Some(_)) | (FindingNews::Changed(_) | FindingNews::Ended, None) => false,
            // A transaction that was repeated, though it had been kept.
            (FindingNews::Opened(_), None) if self.ended_since(fact) => false,
            (FindingNews::Opened(words), None) => {
                self.remembered.insert(fact.id.clone());
                self.open(&fact.id, Life::remembered(&fact.id, words, fact.at));
                true
            }
            (FindingNews::Changed(words), Some(_)) => {
                let finding = finding(&fact.id, words);
                self.change(&fact.id, |life| {
                    life.changed = fact.at;
                    life.told = cause(&finding);
                    life.finding = finding;
                });
                true
            }
            (FindingNews::Ended, Some(known)) => {
                let ended = Ended {
                    finding: known.finding.clone(),
                    since: known.since,
                    ended: fact.at,
                };
                self.remove(&fact.id);
                if self.ended.len() == ENDED_LIMIT {
                    self.ended.pop_front();
                }
                self.ended.push_back(Arc::new(ended));
                true
            }
        }
    }

    fn ended_since(&self, opened: &FindingFact) -> bool {
        let mut ended = self.ended.iter().rev();
        let last = ended.find(|ended| ended.finding.id() == opened.id);
        last.is_some_and(|last| last.ended >= opened.at && last.since == opened.at)
    }

    /// A finding is to be told now.
    pub(crate) fn tell(&mut self, finding: Finding, now: Timestamp) -> Option<FindingFact> {
        let id = finding.id();
        let news = match self.get(&id) {
            None => Some(FindingNews::Opened(FindingWords::from(&finding))),
            Some(life) if life.told == cause(&finding) => None,
            // What this life knows so far may be half of it.
            Some(life) if life.standing == Standing::Remembered && !life.gets_graver(&finding) => {
                // Other words are told when they have stood for a while.
                let quiet_until = now + CHANGES_APART;
                self.due.insert((quiet_until, id.clone()));
                self.change(&id, |life| life.quiet_until = quiet_until);
                None
            }
            Some(life) if life.may_change(&finding, now) => {
                Some(FindingNews::Changed(FindingWords::from(&finding)))
            }
            Some(life) => {
                self.due.insert((life.may_change_at(), id.clone()));
                None
            }
        };
        let at = now;
        let fact = news.map(|news| FindingFact {
            id: id.clone(),
            at,
            news,
        });
        if let Some(fact) = &fact {
            self.learn(fact);
        }
        self.remembered.remove(&id);
        let is_as_told = |life: &Arc<Life>| life.standing == Standing::Open && life.finding == finding;
        if !self.get(&id).is_some_and(is_as_told) {
            self.change(&id, |life| {
                life.standing = Standing::Open;
                life.finding = finding;
            });
        }
        fact
    }

    /// A finding is not to be told any more.
    pub(crate) fn miss(&mut self, id: &FindingId, now: Timestamp) {
        if self.get(id).is_none_or(|life| life.gone().is_some()) {
            return;
        }
        self.remembered.remove(id);
        self.due.insert((now + ENDS_AFTER, id.clone()));
        self.change(id, |life| life.standing = Standing::Ending { since: now });
    }

    /// Those that a life before told, and this one has not told yet.
    pub(crate) fn remembered(&self) -> impl Iterator<Item = &FindingId> {
        self.remembered.iter()
    }

    pub(crate) fn has_remembered(&self) -> bool {
        !self.remembered.is_empty()
    }

    /// What time alone has brought about.
    pub(crate) fn pass(&mut self, now: Timestamp) -> Vec<FindingFact> {
        let mut facts = Vec::new();
        while let Some((_, id)) = self.due.first().filter(|(due, _)| *due <= now).cloned() {
            self.due.pop_first();
            let Some(life) = self.get(&id) else { continue };
            let news = match life.standing {
                Standing::Ending { since } if since + ENDS_AFTER <= now => FindingNews::Ended,
                Standing::Open if life.told == cause(&life.finding) => continue,
                Standing::Open if life.may_change(&life.finding, now) => {
                    FindingNews::Changed(FindingWords::from(&life.finding))
                }
                Standing::Open => {
                    self.due.insert((life.may_change_at(), id));
                    continue;
                }
                Standing::Ending { .. } | Standing::Remembered => continue,
            };
            let fact = FindingFact { id, at: now, news };
            self.learn(&fact);
            facts.push(fact);
        }
        facts
    }

    /// The clock was ahead: whatever is due by it is due from now on.
    pub(crate) fn set_back(&mut self, now: Timestamp) {
        for (due, id) in std::mem::take(&mut self.due) {
            let Some(life) = self.get(&id) else { continue };
            let gone = life.gone().map(|since| since.min(now));
            self.change(&id, |life| match gone {
                Some(since) => life.standing = Standing::Ending { since },
                None => life.quiet_until = life.quiet_until.min(now),
            });
            let due = gone.map_or(due.min(now), |since| since + ENDS_AFTER);
            self.due.insert((due, id));
        }
    }

    /// When time alone brings something about.
    pub(crate) fn wake(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Whose findings are others than when this was asked last.
    pub(crate) fn take_touched(&mut self) -> BTreeSet<Option<SecretArn>> {
        std::mem::take(&mut self.touched)
    }

    /// All are to be shown anew.
    pub(crate) fn touch_all(&mut self) {
        self.touched.extend(self.standing.keys().cloned());
    }

    fn open(&mut self, id: &FindingId, life: Life) {
        let lives = self.standing.entry(id.secret.clone()).or_default();
        let (Ok(i) | Err(i)) = place(lives, id);
        lives.insert(i, Arc::new(life));
        self.touched.insert(id.secret.clone());
    }

    /// Changes one that stands.
    fn change(&mut self, id: &FindingId, change: impl FnOnce(&mut Life)) {
        let Some(lives) = self.standing.get_mut(&id.secret) else {
            return;
        };
        if let Ok(i) = place(lives, id) {
            change(Arc::make_mut(&mut lives[i]));
            self.touched.insert(id.secret.clone());
        }
    }

    fn remove(&mut self, id: &FindingId) {
        self.remembered.remove(id);
        let Some(lives) = self.standing.get_mut(&id.secret) else {
            return;
        };
        if let Ok(i) = place(lives, id) {
            lives.remove(i);
        }
        if lives.is_empty() {
            self.standing.remove(&id.secret);
        }
        self.touched.insert(id.secret.clone());
    }
}

impl Life {
    /// A finding that this life tells, since then.
    pub fn open(finding: Finding, since: Timestamp) -> Self {
        Self {
            told: cause(&finding),
            finding,
            since,
            changed: since,
            quiet_until: since,
            standing: Standing::Open,
        }
    }

    fn remembered(id: &FindingId, words: &FindingWords, at: Timestamp) -> Self {
        Self {
            standing: Standing::Remembered,
            ..Self::open(finding(id, words), at)
        }
    }

    /// Since when its cause is gone, if it is.
    pub fn gone(&self) -> Option<Timestamp> {
        match self.standing {
            Standing::Ending { since } => Some(since),
            Standing::Open | Standing::Remembered => None,
        }
    }

    fn gets_graver(&self, to: &Finding) -> bool {
        to.severity > self.told.severity
    }

    fn may_change(&self, to: &Finding, now: Timestamp) -> bool {
        self.gets_graver(to) || now >= self.may_change_at() || now < self.changed
    }

    fn may_change_at(&self) -> Timestamp {
        self.quiet_until.max(self.changed + CHANGES_APART)
    }
}

fn finding(id: &FindingId, words: &FindingWords) -> Finding {
    let FindingId {
        kind,
        subject,
        secret,
    } = id.clone();
    let FindingWords {
        severity,
        text,
        remedy,
    } = words.clone();
    Finding {
        severity,
        kind,
        subject,
        secret,
        text,
        remedy,
    }
}

/// Where it stands, or would.
fn place(lives: &[Arc<Life>], id: &FindingId) -> Result<usize, usize> {
    lives.binary_search_by(|life| {
        let finding = &life.finding;
        (finding.kind, &finding.subject).cmp(&(id.kind, &id.subject))
    })
}
