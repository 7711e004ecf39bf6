//! Promises, kept one by one: a broken one is named with its stage, what was expected and what was found.

use std::fmt::{Debug, Write};

use jiff::SignedDuration;
use rotation_watchdog::ports::PortError;

use super::exceptions::{Difference, EXCEPTIONS, Exception, Kind};
use super::simulated::Simulated;
use super::stage::Stage;

/// How a promise was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    expected: String,
    found: String,
}

pub(super) type Kept = Result<(), Broken>;

impl Broken {
    pub(super) fn new(expected: impl Into<String>, found: impl Debug) -> Self {
        Self {
            expected: expected.into(),
            found: format!("{found:?}"),
        }
    }
}

impl From<PortError> for Broken {
    fn from(error: PortError) -> Self {
        Self::new("an answer", error)
    }
}

pub(super) fn equal<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> Kept {
    holds(found == expected, &format!("{what}: {expected:?}"), found)
}

/// `found` is shown where the expectation does not hold.
pub(super) fn holds(truth: bool, expected: &str, found: impl Debug) -> Kept {
    if truth {
        return Ok(());
    }
    Err(Broken::new(expected, found))
}

/// Looks again until it is as expected: reads of AWS may lag, and some things take time.
pub(super) async fn eventually<T: Debug>(
    stage: &dyn Stage,
    expected: &str,
    look: impl AsyncFn() -> Result<T, Broken>,
    is_so: impl Fn(&T) -> bool,
) -> Result<T, Broken> {
    let clock = stage.clock();
    let deadline = clock.now() + stage.patience();
    loop {
        let found = look().await?;
        if is_so(&found) {
            return Ok(found);
        }
        if clock.now() >= deadline {
            return Err(Broken::new(expected, found));
        }
        clock.sleep(SignedDuration::from_millis(50)).await;
    }
}

enum Verdict {
    Kept,
    Skipped(String),
    /// As `exceptions` says of this place.
    Differs(Broken, &'static Difference),
    Broken(Broken),
    /// Named as a difference, and kept.
    NoLongerDiffers,
}

/// One stage's way through the suite.
pub(super) struct Run<'a> {
    pub(super) stage: &'a dyn Stage,
    verdicts: Vec<(&'static str, Verdict)>,
}

impl<'a> Run<'a> {
    pub(super) fn on(stage: &'a dyn Stage) -> Self {
        Self {
            stage,
            verdicts: Vec::new(),
        }
    }

    /// Tries one promise. Later ones may build on what it did.
    pub(super) async fn promise(&mut self, name: &'static str, promise: impl Future<Output = Kept>) {
        let exception = self.exception(name);
        let verdict = match (self.stage.lacks(name), exception) {
            (Some(why), _) => Verdict::Skipped(why),
            (None, Some(Kind::NotThere { why })) => Verdict::Skipped((*why).to_owned()),
            (None, Some(Kind::Differs(difference))) => match promise.await {
                Ok(()) => Verdict::NoLongerDiffers,
                Err(broken) => Verdict::Differs(broken, difference),
            },
            (None, None) => promise.await.map_or_else(Verdict::Broken, |()| Verdict::Kept),
        };
        self.verdicts.push((name, verdict));
    }

    fn exception(&self, promise: &str) -> Option<&'static Kind> {
        let place = self.stage.place();
        let row = EXCEPTIONS
            .iter()
            .find(|row| row.place == place && row.promise == promise);
        row.map(|row| &row.kind)
    }

    /// The whole story; an error where a promise is broken or the list of exceptions is not true.
    pub(super) fn report(&self) -> Result<String, String> {
        let place = self.stage.place();
        let mut told = format!("the contract on {place}:\n");
        for (name, verdict) in &self.verdicts {
            tell(&mut told, name, verdict);
        }
        let wrong = |verdict: &Verdict| matches!(verdict, Verdict::Broken(_) | Verdict::NoLongerDiffers);
        let mut sound = !self.verdicts.iter().any(|(_, verdict)| wrong(verdict));
        for Exception { promise, .. } in EXCEPTIONS.iter().filter(|row| row.place == place) {
            if !self.verdicts.iter().any(|(name, _)| name == promise) {
                writeln!(
                    told,
                    "  BROKEN   exceptions name a promise that there is not: {promise}"
                )
                .ok();
                sound = false;
            }
        }
        if sound { Ok(told) } else { Err(told) }
    }
}

fn tell(told: &mut String, name: &str, verdict: &Verdict) {
    let line = match verdict {
        Verdict::Kept => format!("  kept     {name}"),
        Verdict::Skipped(why) => format!("  skipped  {name}: {why}"),
        Verdict::Differs(broken, difference) => {
            format!(
                "  differs  {name}: {difference}\n           ({})",
                in_words(broken)
            )
        }
        Verdict::Broken(broken) => format!("  BROKEN   {name}: {}", in_words(broken)),
        Verdict::NoLongerDiffers => {
            format!("  BROKEN   {name}: it is kept: take the difference off the list of exceptions")
        }
    };
    writeln!(told, "{line}").ok();
}

fn in_words(broken: &Broken) -> String {
    format!("expected {}; found {}", broken.expected, broken.found)
}

#[tokio::test(start_paused = true)]
async fn a_broken_promise_is_named_with_its_place_and_both_sides() {
    let stage = Simulated::new();
    let mut run = Run::on(&stage);
    run.promise("tides: they turn", async { equal("the tide", &"ebb", &"flood") })
        .await;
    run.promise(SKIPPED, async { unreachable!("it is on the list") })
        .await;
    let told = run.report().unwrap_err();
    for line in [
        "the contract on the simulation:",
        "BROKEN   tides: they turn: expected the tide: \"flood\"; found \"ebb\"",
        "skipped  tasks: one without a service is told apart: every simulated task is a service's",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_exception_without_its_promise_is_named() {
    let told = Run::on(&Simulated::new()).report().unwrap_err();
    let line = format!("BROKEN   exceptions name a promise that there is not: {SKIPPED}");
    assert!(told.contains(&line), "{told}");
}

/// What the simulation cannot show.
const SKIPPED: &str = "tasks: one without a service is told apart";
