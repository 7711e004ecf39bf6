//! Problems of a configuration: all at once, each with its place and a remedy.

use std::fmt;
use std::ops::Range;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report};

use super::place::Place;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub(super) place: Place,
    pub(super) text: String,
    pub(super) remedy: String,
}

impl Problem {
    pub(super) fn at(place: Place, text: impl Into<String>) -> Self {
        Self {
            place,
            text: text.into(),
            remedy: String::new(),
        }
    }

    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }
}

/// Nobody reads on.
const SHOWN: usize = 50;
/// A file with longer lines is no text for people: places are named, lines not shown.
const LONGEST_LINE: usize = 1000;

/// Everything that is wrong with a configuration. `Display` is for people, with the lines of the file; it ends with their
/// number, and whoever shows it says what follows from that.
#[derive(Debug)]
pub struct Problems {
    source: Option<(String, String)>,
    /// The first ones.
    pub(super) problems: Vec<Problem>,
    count: usize,
}

impl Problems {
    pub(super) fn new(source: Option<(String, String)>, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| match &problem.place {
            Place::File(span) => (0, span.start),
            Place::Variable(_) => (1, 0),
            Place::Nowhere => (2, 0),
        });
        let count = problems.len();
        problems.truncate(SHOWN);
        Self {
            source,
            problems,
            count,
        }
    }

    pub(super) fn without_source(problem: Problem) -> Self {
        Self::new(None, vec![problem])
    }

    pub fn count(&self) -> usize {
        self.count
    }

    fn report(&self, problem: &Problem) -> Report {
        let diagnostic = |text: String| MietteDiagnostic::new(text).with_help(&problem.remedy);
        match (&problem.place, &self.source) {
            (Place::Variable(name), _) => Report::new(diagnostic(format!("{name}: {}", problem.text))),
            (Place::File(span), Some((name, text)))
                if text.lines().all(|line| line.len() <= LONGEST_LINE) =>
            {
                let label = LabeledSpan::new_with_span(None, first_line(text, span));
                Report::new(diagnostic(problem.text.clone()).with_label(label))
                    .with_source_code(NamedSource::new(name, text.clone()))
            }
            (Place::File(_), Some(_)) => {
                Report::new(diagnostic(format!("{}: {}", self.place(problem), problem.text)))
            }
            (Place::File(_) | Place::Nowhere, _) => Report::new(diagnostic(problem.text.clone())),
        }
    }
}

/// What goes on over many lines is shown by its first.
fn first_line(text: &str, span: &Range<usize>) -> Range<usize> {
    let lines = text.get(span.clone()).unwrap_or_default();
    span.start..span.start + lines.find('\n').unwrap_or(lines.len())
}

impl Problems {
    fn render(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
            .with_width(110)
            .with_context_lines(1);
        for problem in &self.problems {
            handler.render_report(f, self.report(problem).as_ref())?;
        }
        Ok(())
    }

    /// Where a problem is, in a few letters.
    fn place(&self, problem: &Problem) -> String {
        match (&problem.place, &self.source) {
            (Place::Variable(name), _) => name.clone(),
            (Place::File(span), Some((name, text))) => {
                let line = text[..span.start.min(text.len())].matches('\n').count() + 1;
                format!("{name}:{line}")
            }
            (Place::File(_) | Place::Nowhere, _) => "configuration".to_owned(),
        }
    }
}

/// What is dangerous and may be meant so: told with its place, and nothing is refused for it.
#[derive(Debug)]
pub struct Warnings(Problems);

impl Warnings {
    pub(super) fn new(source: Option<(String, String)>, warnings: Vec<Problem>) -> Self {
        Self(Problems::new(source, warnings))
    }

    pub fn count(&self) -> usize {
        self.0.count
    }

    /// One line each, for the log.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let Self(warnings) = self;
        let line = |warning: &Problem| {
            let Problem { text, remedy, .. } = warning;
            format!("{}: {text}. {remedy}", warnings.place(warning))
        };
        warnings.problems.iter().map(line)
    }
}

impl fmt::Display for Warnings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.render(f)?;
        match self.0.count {
            1 => writeln!(f, "1 warning"),
            n => writeln!(f, "{n} warnings"),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.render(f)?;
        match self.count {
            1 => f.write_str("1 problem"),
            n if n > SHOWN => write!(f, "{n} problems, of which the first {SHOWN} are shown"),
            n => write!(f, "{n} problems"),
        }
    }
}

impl std::error::Error for Problems {}
