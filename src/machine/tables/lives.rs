//! The lives of findings: when they open, change and end.

use super::world::{arn, at};
use crate::findings::told::joined;
use crate::findings::{Finding, Kind, Lives, Severity, Standing};
use crate::model::Subject;
use crate::model::finding::{FindingFact, FindingNews};

fn finding(severity: Severity, text: &str) -> Finding {
    let secret = arn("db");
    Finding {
        severity,
        kind: Kind::Unseen,
        subject: Subject::Secret(secret.clone()),
        secret: Some(secret),
        text: text.to_owned(),
        remedy: "look".to_owned(),
    }
}

fn warning(text: &str) -> Finding {
    finding(Severity::Warning, text)
}

/// What one teller says, second by second, and what became news.
#[derive(Default)]
struct Story {
    lives: Lives,
    news: Vec<(i64, &'static str)>,
    kept: Vec<FindingFact>,
}

impl Story {
    /// What is told at that second; nothing where its cause is not there.
    fn at(&mut self, second: i64, told: Option<Finding>) {
        let id = warning("").id();
        match told {
            Some(finding) => {
                let news = self.lives.tell(finding, at(second));
                self.note(second, news);
            }
            None => self.lives.miss(&id, at(second)),
        }
        self.pass(second);
    }

    fn pass(&mut self, second: i64) {
        let news = self.lives.pass(at(second));
        self.note(second, news);
    }

    fn note(&mut self, second: i64, news: impl IntoIterator<Item = FindingFact>) {
        for fact in news {
            let word = match &fact.news {
                FindingNews::Opened(_) => "opened",
                FindingNews::Changed(_) => "changed",
                FindingNews::Ended => "ended",
            };
            self.news.push((second, word));
            self.kept.push(fact);
        }
    }

    /// Another life, with what the journal kept.
    fn restart(&mut self) {
        self.lives = Lives::default();
        for fact in &self.kept {
            self.lives.learn(fact);
        }
    }

    fn standing(&self) -> Option<Standing> {
        self.lives.get(&warning("").id()).map(|life| life.standing)
    }
}

#[test]
fn a_finding_ends_when_its_cause_has_been_gone_for_thirty_seconds() {
    let mut story = Story::default();
    story.at(0, Some(warning("denied")));
    story.at(10, None);
    assert_eq!(story.standing(), Some(Standing::Ending { since: at(10) }));
    assert_eq!(story.lives.wake(), Some(at(40)));
    story.pass(39);
    assert!(story.standing().is_some());
    story.pass(40);
    assert_eq!(story.news, [(0, "opened"), (40, "ended")]);
    let ended = story.lives.ended().back().expect("kept");
    assert_eq!((ended.since, ended.ended), (at(0), at(40)));
    assert_eq!(ended.finding, warning("denied"));
}

#[test]
fn one_that_comes_back_before_is_the_same_and_one_that_comes_back_after_opens_again() {
    let mut story = Story::default();
    story.at(0, Some(warning("denied")));
    story.at(10, None);
    story.at(39, Some(warning("denied")));
    story.pass(60);
    let life = story.lives.get(&warning("").id()).expect("it stands");
    assert_eq!((life.since, life.standing), (at(0), Standing::Open));
    story.at(100, None);
    story.pass(130);
    story.at(140, Some(warning("denied")));
    assert_eq!(story.news, [(0, "opened"), (130, "ended"), (140, "opened")]);
}

/// Tries are counted on; another cause is another thing to do.
#[test]
fn a_number_is_no_change_and_another_cause_is_one() {
    let mut story = Story::default();
    story.at(0, Some(warning("3 tries: timeout")));
    story.at(100, Some(warning("12 tries: timeout")));
    story.at(200, Some(warning("13 tries: denied")));
    story.at(300, Some(finding(Severity::Critical, "14 tries: denied")));
    assert_eq!(story.news, [(0, "opened"), (200, "changed"), (300, "changed")]);
    let life = story.lives.get(&warning("").id()).expect("it stands");
    assert_eq!((life.since, life.changed), (at(0), at(300)));
    assert_eq!(life.finding.text, "14 tries: denied");
}

/// One that goes to and fro is told once a minute, as it is then; what gets graver at once.
#[test]
fn a_cause_that_goes_to_and_fro_does_not_fill_the_journal() {
    let mut story = Story::default();
    for second in 0..180 {
        let text = if second % 2 == 0 { "timeout" } else { "throttled" };
        story.at(second, Some(warning(text)));
    }
    assert_eq!(story.news, [(0, "opened"), (61, "changed"), (122, "changed")]);
    story.at(180, Some(finding(Severity::Critical, "denied")));
    assert_eq!(story.news.last(), Some(&(180, "changed")));
    // What was not told at once is told by time alone.
    story.at(181, Some(finding(Severity::Critical, "gone")));
    for second in 182..=240 {
        story.pass(second);
    }
    assert_eq!(story.news.last(), Some(&(240, "changed")));
    assert_eq!(story.lives.wake(), None);
}

#[test]
fn a_restart_tells_nobody_twice() {
    let mut story = Story::default();
    story.at(0, Some(warning("3 tries: timeout")));
    story.restart();
    assert_eq!(story.standing(), Some(Standing::Remembered));
    story.at(50, Some(warning("3 tries: timeout")));
    assert_eq!(story.news, [(0, "opened")]);
    let life = story.lives.get(&warning("").id()).expect("it stands");
    assert_eq!((life.since, life.standing), (at(0), Standing::Open));
    story.at(60, None);
    story.restart();
    assert_eq!(story.standing(), Some(Standing::Remembered), "nobody has looked");
    story.at(70, None);
    story.pass(100);
    story.restart();
    assert_eq!(story.standing(), None);
    assert_eq!(story.news, [(0, "opened"), (100, "ended")]);
    assert_eq!(story.lives.ended().len(), 1);
}

/// What was to end at a time that the right clock has not reached ends thirty seconds from now.
#[test]
fn a_clock_that_was_ahead_keeps_no_finding() {
    let mut story = Story::default();
    story.at(10_000, Some(warning("denied")));
    story.at(10_010, None);
    story.lives.set_back(at(100));
    assert_eq!(story.lives.wake(), Some(at(130)));
    story.pass(130);
    assert_eq!(story.news, [(10_000, "opened"), (130, "ended")]);
}

/// Just after a start less is known than before it: another cause is told when it has stood for a minute.
#[test]
fn what_is_half_known_after_a_start_is_no_change() {
    let mut story = Story::default();
    story.at(0, Some(warning("denied, and two more")));
    story.restart();
    story.at(1_000, Some(warning("denied")));
    story.at(1_005, Some(warning("denied, and one more")));
    story.at(1_010, Some(warning("denied, and two more")));
    story.pass(1_100);
    assert_eq!(story.news, [(0, "opened")]);
    story.restart();
    story.at(2_000, Some(warning("gone")));
    story.pass(2_060);
    assert_eq!(story.news, [(0, "opened"), (2_060, "changed")]);
    story.restart();
    story.at(3_000, Some(finding(Severity::Critical, "gone")));
    assert_eq!(story.news.last(), Some(&(3_000, "changed")), "graver, at once");
}

#[test]
fn several_causes_of_one_finding_are_told_together() {
    let found = joined(vec![
        warning("denied"),
        finding(Severity::Critical, "gone"),
        warning("denied"),
    ]);
    assert_eq!(found, [finding(Severity::Critical, "denied; gone")]);
}

/// A transaction whose answer was lost is written again.
#[test]
fn a_life_that_is_told_twice_is_one() {
    let mut story = Story::default();
    story.at(0, Some(warning("denied")));
    story.at(1, None);
    story.pass(31);
    story.kept = [story.kept.clone(), story.kept.clone()].concat();
    story.restart();
    assert_eq!(story.lives.ended().len(), 1);
    assert_eq!(story.standing(), None);
}
