//! A secret judged by the journal alone.
//!
//! The journal keeps no look at a consumer but the stages that it came to, no tag and no LastRotatedDate. What rests on
//! these is not concluded.

use jiff::Timestamp;
use machine::facts::state::{Reached, SecretFacts, State};
use machine::findings::{Finding, Kind, of_secret};
use machine::judge::{Judgement, RotationView, judge};
use machine::model::{RotationKey, SecretArn, Stage};
use machine::policy::{Policy, Settings};
use machine::story::phase::{Consumers, Phase, phase};
use machine::story::rotations::Origin;

/// What the facts mean at one moment.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Oldest first.
    pub rotations: Vec<Told>,
    pub findings: Vec<Finding>,
    /// When time alone may change this.
    pub wake: Option<Timestamp>,
}

/// One rotation.
#[derive(Debug)]
pub(super) struct Told {
    pub view: RotationView,
    pub phase: Known,
}

/// A phase, as far as the journal tells it. After a promotion phases rest on all consumers, and it may not name all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Phase(Phase),
    /// Current at the first look.
    Baseline,
    /// No consumer is told of yet.
    Promoted,
    /// Every consumer that is told of is fresh, presumed or beyond us.
    Reached,
}

impl Judged {
    pub(super) fn of(
        state: &State,
        secret: &SecretArn,
        policy: &Policy,
        settings: &Settings,
        at: Timestamp,
    ) -> Self {
        let empty = SecretFacts::default();
        let facts = state.secret(secret).unwrap_or(&empty);
        let mut judgement = judge(state, secret, policy, settings, at);
        let mut judged = Self::default();
        for view in &mut judgement.rotations {
            let (phase, wake) = known_phase(view, &facts.reached, settings, at);
            judged.wake = judged.wake.into_iter().chain(wake).min();
            view.phase = phase.for_findings();
            view.consumers.clear();
            let view = view.clone();
            judged.rotations.push(Told { view, phase });
        }
        judged.wake = judged
            .wake
            .into_iter()
            .chain(told_open(&judgement, settings, at))
            .min();
        judged.findings = of_secret(state, secret, &judgement, settings, at);
        // Whether a rotation brought it about is often known by LastRotatedDate alone.
        judged
            .findings
            .retain(|finding| finding.kind != Kind::ManualPromotion);
        judged
    }

    pub(super) fn find(&self, key: &RotationKey) -> Option<&Told> {
        self.rotations.iter().find(|told| told.view.rotation.key == *key)
    }

    /// The rotation that matters most: the one under way, else the last promotion.
    pub(super) fn latest(&self) -> Option<&Told> {
        let mut open = self.rotations.iter().rev();
        open.find(|told| told.view.rotation.is_open())
            .or(self.rotations.last())
    }
}

/// When a danger window that stays open is told of, and told of as critical.
fn told_open(judgement: &Judgement, settings: &Settings, at: Timestamp) -> Option<Timestamp> {
    let since = judgement.open()?.window?.opened.not_after;
    let timing = &settings.timing;
    let told = [timing.open_window_warning, timing.open_window_critical].map(|after| since + after);
    told.into_iter().filter(|told| *told > at).min()
}

impl Known {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Phase(phase) => phase.name(),
            Self::Baseline => "baseline",
            Self::Promoted | Self::Reached => "promoted",
        }
    }

    /// The same for people: also says in which step it failed.
    pub(super) fn text(self) -> String {
        match self {
            Self::Phase(phase) => phase.to_string(),
            Self::Baseline | Self::Promoted | Self::Reached => self.name().to_owned(),
        }
    }

    fn for_findings(self) -> Phase {
        match self {
            Self::Phase(phase) => phase,
            Self::Baseline => Phase::Settled,
            Self::Promoted | Self::Reached => Phase::Propagating,
        }
    }
}

/// The phase, and when time alone may change it.
fn known_phase(
    view: &RotationView,
    reached: &Reached,
    settings: &Settings,
    at: Timestamp,
) -> (Known, Option<Timestamp>) {
    let rotation = &view.rotation;
    let stages = stages(reached, &rotation.key);
    if stages.is_empty() && rotation.origin == Origin::Baseline {
        return (Known::Baseline, None);
    }
    if rotation.ending.is_some() {
        return (Known::Phase(view.phase), None);
    }
    if !rotation.is_current() {
        let (phase, wake) = phase(rotation, Consumers::Pending, at, &settings.timing);
        return (Known::Phase(phase), wake);
    }
    let is_left = |stage: &Stage| matches!(stage, Stage::Unknown | Stage::Stale | Stage::Refreshing);
    let known = match stages.as_slice() {
        [] => Known::Promoted,
        some if some.iter().any(is_left) => Known::Phase(Phase::Propagating),
        _ => Known::Reached,
    };
    (known, None)
}

/// The stage at which each consumer was last seen.
pub(super) fn stages(reached: &Reached, rotation: &RotationKey) -> Vec<Stage> {
    let of_it = reached.iter().filter(|((of, _), _)| of == rotation);
    of_it.filter_map(|(_, runs)| Some(runs.last()?.stage)).collect()
}
