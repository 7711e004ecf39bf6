//! What an invocation means for its secret: the step that is done, or the one it failed in.

use jiff::{SignedDuration, Timestamp};
use machine::model::{LogFact, LogLine, LogPatterns, Step, Strategy, VersionId};

use super::LogQuestion;
use super::invocation::Invocation;
use super::line::{Line, Word};
use super::pattern::matches;
use super::platform::Platform;
use super::runtime::{Break, Weight};
use super::steps;
use crate::observe::arn;

/// Lines of one stream arrive in their order. What may be an invocation's last word is it after so long.
const QUIET: SignedDuration = SignedDuration::from_secs(10);

/// What a pattern says that a line means.
pub(super) struct Claim {
    /// The secret that it is about.
    pub(super) arn: Option<String>,
    version: Option<VersionId>,
    told: Told,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Done(Step, Option<Strategy>),
    Failed(Why, Option<Step>),
}

/// Why an invocation failed, the most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    TestFailed,
    LockedOut,
    Broken(Break),
    /// The function says so.
    Said,
}

impl Why {
    /// One of a few fixed texts: lines hold user and host names.
    fn text(self) -> &'static str {
        match self {
            Self::TestFailed => "AWSPENDING does not log in; the database may hold it already",
            Self::LockedOut => "no version of the secret logs in",
            Self::Broken(end) => end.why(),
            Self::Said => "the rotation function says that it failed",
        }
    }
}

impl Claim {
    pub(super) fn read(text: &str, question: &LogQuestion) -> Option<Self> {
        kinds(&question.patterns)
            .into_iter()
            .find_map(|(patterns, told)| {
                let found = patterns.iter().find_map(|pattern| matches(pattern, text))?;
                let known = question.versions.iter();
                Some(Self {
                    arn: found.arn.map(str::to_owned),
                    version: found.version.and_then(|told| told.version(known)),
                    told,
                })
            })
    }
}

/// Failures first: they may repeat the words of what they failed at.
fn kinds(patterns: &LogPatterns) -> [(&[String], Told); 11] {
    let broken = |end| Told::Failed(Why::Broken(end), None);
    let set = |strategy| Told::Done(Step::SetSecret, strategy);
    [
        (
            &patterns.test_failed,
            Told::Failed(Why::TestFailed, Some(Step::TestSecret)),
        ),
        (
            &patterns.locked_out,
            Told::Failed(Why::LockedOut, Some(Step::SetSecret)),
        ),
        (&patterns.failed, Told::Failed(Why::Said, None)),
        (&patterns.timed_out, broken(Break::TimedOut)),
        (&patterns.exception, broken(Break::Exception)),
        (&patterns.create, Told::Done(Step::CreateSecret, None)),
        (&patterns.set_single_user, set(Some(Strategy::SingleUser))),
        (
            &patterns.set_alternating_users,
            set(Some(Strategy::AlternatingUsers)),
        ),
        (&patterns.set_retried, set(None)),
        (&patterns.test, Told::Done(Step::TestSecret, None)),
        (&patterns.finish, Told::Done(Step::FinishSecret, None)),
    ]
}

/// What an invocation for the secret means.
pub(super) fn of(invocation: &Invocation<'_>, question: &LogQuestion) -> Vec<LogFact> {
    let lines = &invocation.lines;
    let mut facts: Vec<LogFact> = lines.iter().filter_map(|line| done(line, question)).collect();
    if facts.is_empty() {
        facts.extend(succeeded(invocation));
    }
    let failure = failure(invocation, question, facts.last().map(|fact| fact.at));
    let end = failure.or_else(|| set_ended(invocation, &facts, question.now));
    facts.extend(end);
    facts
}

/// The end of an invocation that did setSecret's work and failed at nothing. Behind a report without a status may come,
/// a moment later, the line that it timed out.
fn set_ended(invocation: &Invocation<'_>, done: &[LogFact], now: Timestamp) -> Option<LogFact> {
    let is_set = |fact: &LogFact| {
        matches!(
            fact.line,
            LogLine::Done {
                step: Step::SetSecret,
                ..
            }
        )
    };
    let end = invocation.lines.iter().find_map(|line| match line.word {
        Word::Platform(Platform::Report(end)) => Some((line.at, end.is_ok())),
        _ => None,
    });
    let (at, is_told) = end.filter(|_| done.iter().any(is_set))?;
    (is_told || now.duration_since(at) >= QUIET).then_some(LogFact {
        at,
        line: LogLine::SetEnded,
    })
}

fn done(line: &Line<'_>, question: &LogQuestion) -> Option<LogFact> {
    let fact = |step, version, strategy| LogFact {
        at: line.at,
        line: LogLine::Done {
            step,
            version,
            strategy,
        },
    };
    match &line.claim {
        Some(claim)
            if claim
                .arn
                .as_deref()
                .is_some_and(|named| !question.secret.is(named)) =>
        {
            None
        }
        Some(Claim {
            told: Told::Done(step, strategy),
            version,
            ..
        }) => Some(fact(*step, version.clone(), *strategy)),
        Some(_) => None,
        None if line.word == Word::Said => {
            let step = steps::completed(&without_arns(line.said())?, line.asked)?;
            Some(fact(step, None, None))
        }
        None => None,
    }
}

/// A line without the secrets that it names. A long one says more than that a step is done.
fn without_arns(text: &str) -> Option<String> {
    const LONGEST: usize = 400;
    let without = |left: String, arn: &str| left.replace(arn, " ");
    (text.len() <= LONGEST).then(|| arn::all(text).fold(text.to_owned(), without))
}

/// Lambda's word that the invocation succeeded, where its event shows the step.
fn succeeded(invocation: &Invocation<'_>) -> Option<LogFact> {
    let report = invocation
        .lines
        .iter()
        .find(|line| line.word == Word::Platform(Platform::Report(Ok(()))))?;
    let step = invocation.lines.iter().find_map(|line| line.asked)?;
    Some(LogFact {
        at: report.at,
        line: LogLine::Done {
            step,
            version: None,
            strategy: None,
        },
    })
}

/// A sign that the invocation failed.
struct Sign<'a> {
    line: &'a Line<'a>,
    why: Why,
    step: Option<Step>,
}

impl Sign<'_> {
    /// Whether the runtime itself says that the invocation died of it.
    fn ends_it(&self) -> bool {
        matches!(
            self.line.word,
            Word::Broken(_, Weight::Certain) | Word::Platform(Platform::Broken(_))
        )
    }
}

/// One for an invocation, however often it tells of it. `done`: when it last told of a step's success.
fn failure(invocation: &Invocation<'_>, question: &LogQuestion, done: Option<Timestamp>) -> Option<LogFact> {
    let state = State::of(invocation, question, done);
    let lines = &invocation.lines;
    let signs = lines.iter().enumerate().flat_map(|(n, line)| {
        let by_claim = line
            .claim
            .as_ref()
            .filter(|_| state.stands(line))
            .and_then(|claim| claimed(line, claim, done, question));
        by_claim.into_iter().chain(state.by_word(n, line))
    });
    let signs: Vec<Sign<'_>> = signs.collect();
    let why = signs.iter().map(|sign| sign.why).min()?;
    let step = signs
        .iter()
        .find_map(|sign| sign.step)
        .or_else(|| lines.iter().find_map(|line| line.asked))
        .or_else(|| only_step(lines));
    Some(LogFact {
        at: signs.first()?.line.at,
        line: LogLine::Failed {
            step,
            why: why.text().to_owned(),
            ended: state.is_over || signs.iter().any(Sign::ends_it),
        },
    })
}

/// The one step that the invocation's lines name.
fn only_step(lines: &[&Line<'_>]) -> Option<Step> {
    let mut steps = lines.iter().filter_map(|line| steps::named(&line.text));
    let first = steps.next()?;
    steps.all(|step| step == first).then_some(first)
}

/// A failure that the function logs. What it tells of success later was another try.
fn claimed<'a>(
    line: &'a Line<'a>,
    claim: &Claim,
    done: Option<Timestamp>,
    question: &LogQuestion,
) -> Option<Sign<'a>> {
    let Told::Failed(why, step) = claim.told else {
        return None;
    };
    let named = claim.arn.as_deref();
    let is_ours = named.is_none_or(|named| question.secret.is(named));
    let is_over = done.is_none_or(|done| done < line.at);
    (is_ours && is_over).then(|| Sign {
        line,
        why,
        step: step.or_else(|| steps::of_error(line.said())),
    })
}

/// What the whole invocation says about its end.
struct State {
    /// Lambda says that it succeeded, or failed.
    told: Option<bool>,
    is_over: bool,
    has_done: bool,
    begun: bool,
    /// Its first lines may be older than what was read.
    is_cut: bool,
    /// The last line of the function's own.
    last_said: Option<usize>,
    now: Timestamp,
}

impl State {
    fn of(invocation: &Invocation<'_>, question: &LogQuestion, done: Option<Timestamp>) -> Self {
        let mut state = Self {
            told: None,
            is_over: false,
            has_done: done.is_some(),
            begun: false,
            is_cut: invocation
                .lines
                .first()
                .is_some_and(|line| line.at < question.whole_from),
            last_said: None,
            now: question.now,
        };
        for (n, line) in invocation.lines.iter().enumerate() {
            match line.word {
                // Loggers of functions add the id; extensions, and what follows a panic, do not.
                Word::Said if line.request.is_some() => state.last_said = Some(n),
                Word::Said => {}
                Word::Broken(..) => {}
                Word::Platform(platform) => state.platform(platform),
            }
        }
        state
    }

    fn platform(&mut self, platform: Platform) {
        match platform {
            Platform::Start => self.begun = true,
            Platform::End(end) => {
                self.is_over = true;
                self.told = end.map(|end| end.is_ok()).or(self.told);
            }
            Platform::Report(end) => {
                self.is_over = true;
                self.told = match end {
                    Ok(()) => Some(true),
                    Err(Some(_)) => Some(false),
                    Err(None) => self.told,
                };
            }
            Platform::InitStart | Platform::InitFailed(_) | Platform::Broken(_) | Platform::Other => {}
        }
    }

    /// The sign that a line is by whose word it is.
    fn by_word<'a>(&self, n: usize, line: &'a Line<'a>) -> Option<Sign<'a>> {
        let end = match line.word {
            Word::Said => return None,
            // Only the form of the line said so.
            Word::Broken(..) if self.told == Some(true) => return None,
            Word::Broken(end, Weight::Certain) | Word::Platform(Platform::Broken(end)) => end,
            Word::Broken(end, Weight::IfLast) if self.is_last(n, line) => end,
            Word::Platform(Platform::InitFailed(end)) if self.never_began(line) => end,
            Word::Platform(Platform::End(Some(Err(end))) | Platform::Report(Err(Some(end)))) => end,
            Word::Broken(..) | Word::Platform(_) => return None,
        };
        Some(Sign {
            line,
            why: Why::Broken(end),
            step: steps::of_error(line.said()),
        })
    }

    /// Whether a failure that the function logs counts. It may find another way: then the invocation's end tells.
    fn stands(&self, line: &Line<'_>) -> bool {
        self.told != Some(true) && self.is_quiet(line)
    }

    fn is_quiet(&self, line: &Line<'_>) -> bool {
        self.is_over || self.now.duration_since(line.at) >= QUIET
    }

    /// Whether an error was the invocation's last word, as far as anything tells.
    fn is_last(&self, n: usize, line: &Line<'_>) -> bool {
        let nothing_after = self.last_said.is_none_or(|last| last < n);
        let is_whole = self.begun || !self.is_cut;
        match self.told {
            Some(succeeded) => !succeeded,
            None => nothing_after && self.is_quiet(line) && !self.has_done && is_whole,
        }
    }

    /// Lambda begins an environment that failed again, for the invocation itself: then its report tells.
    fn never_began(&self, line: &Line<'_>) -> bool {
        match self.told {
            Some(succeeded) => !succeeded,
            None => !self.begun && !self.is_cut && self.now.duration_since(line.at) >= QUIET,
        }
    }
}
