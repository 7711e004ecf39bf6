//! Problems of a configuration: all at once, each with its place and a remedy.

use std::fmt;

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

/// Everything that is wrong with a configuration. `Display` is for people, with the lines of the file.
#[derive(Debug)]
pub struct Problems {
    source: Option<(String, String)>,
    problems: Vec<Problem>,
}

impl Problems {
    pub(super) fn new(source: Option<(String, String)>, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| match &problem.place {
            Place::File(span) => (0, span.start),
            Place::Variable(_) => (1, 0),
            Place::Nowhere => (2, 0),
        });
        Self { source, problems }
    }

    pub(super) fn without_source(problem: Problem) -> Self {
        Self::new(None, vec![problem])
    }

    pub fn count(&self) -> usize {
        self.problems.len()
    }

    fn report(&self, problem: &Problem) -> Report {
        let text = match &problem.place {
            Place::Variable(name) => format!("{name}: {}", problem.text),
            Place::File(_) | Place::Nowhere => problem.text.clone(),
        };
        let mut diagnostic = MietteDiagnostic::new(text).with_help(&problem.remedy);
        let (Place::File(span), Some((name, text))) = (&problem.place, &self.source) else {
            return Report::new(diagnostic);
        };
        diagnostic = diagnostic.with_label(LabeledSpan::new_with_span(None, span.clone()));
        Report::new(diagnostic).with_source_code(NamedSource::new(name, text.clone()))
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
            .with_width(110)
            .with_context_lines(1);
        for problem in &self.problems {
            handler.render_report(f, self.report(problem).as_ref())?;
        }
        match self.problems.len() {
            1 => writeln!(f, "1 problem; nothing was started"),
            n => writeln!(f, "{n} problems; nothing was started"),
        }
    }
}

impl std::error::Error for Problems {}
