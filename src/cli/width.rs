//! Lines for people, no wider than they see.

use std::io;

use terminal_size::terminal_size_of;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// Columns.
#[derive(Clone, Copy)]
pub(super) struct Width(usize);

impl Width {
    /// Where nothing says how wide it is: a file, a pipe.
    pub(super) const UNKNOWN: Self = Self(100);
    /// Narrower ones would hold a word a line.
    const LEAST: usize = 40;

    /// The terminal's that is written to.
    pub(super) fn of_stdout() -> Self {
        let columns = terminal_size_of(io::stdout()).map(|(columns, _)| columns.0.into());
        columns.map_or(Self::UNKNOWN, Self::of)
    }

    pub(super) fn of(columns: usize) -> Self {
        Self(columns.max(Self::LEAST))
    }

    pub(super) fn columns(self) -> usize {
        self.0
    }

    /// The line wrapped between words, and only there, so that names, versions and times stay whole. Where it goes on it
    /// is indented by so much, but never by more than half the width.
    pub(super) fn wrap(self, line: &str, indent: usize) -> String {
        let indent = " ".repeat(indent.min(self.0 / 2));
        let options = Options::new(self.0)
            .subsequent_indent(&indent)
            .break_words(false)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit);
        textwrap::fill(line, options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped_between_words_with_a_hanging_indent() {
        let line = "  08:54  seen     AWSCURRENT moved from shop-mysql-v1 to shop-mysql-v2  [by 08:54]";
        for (columns, indent, expected) in [
            (200, 17, line),
            (
                60,
                17,
                "  08:54  seen     AWSCURRENT moved from shop-mysql-v1 to\n                 shop-mysql-v2  [by 08:54]",
            ),
            (
                10,
                30,
                "  08:54  seen     AWSCURRENT moved from\n                    shop-mysql-v1 to\n                    shop-mysql-v2  [by\n                    08:54]",
            ),
        ] {
            assert_eq!(Width::of(columns).wrap(line, indent), expected);
        }
    }

    #[test]
    fn a_word_that_is_too_long_stays_whole() {
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/mysql-AbCdEf";
        assert_eq!(
            Width::of(40).wrap(&format!("shop  {arn}"), 2),
            format!("shop\n  {arn}")
        );
    }
}
