//! Pages of a list, within a bound.

use std::collections::BTreeSet;

use super::trouble::Trouble;

/// Follows page tokens: each once, and not more than `most` pages.
pub(super) struct Pages {
    most: usize,
    used: BTreeSet<String>,
    token: Option<String>,
}

impl Pages {
    pub(super) fn up_to(most: usize) -> Self {
        Self {
            most,
            used: BTreeSet::new(),
            token: None,
        }
    }

    /// The token of the page to ask for; `None` for the first.
    pub(super) fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Takes the token that came with a page. Whether there is another page.
    pub(super) fn follow(&mut self, next: Option<String>) -> Result<bool, Trouble> {
        match self.next(next) {
            Next::Page => Ok(true),
            Next::End => Ok(false),
            Next::Again => Err(unexpected("a page token came twice".to_owned())),
            Next::TooMany => Err(unexpected(format!("more than {} pages", self.most))),
        }
    }

    /// The same, where a list that has no end is no error.
    pub(super) fn next(&mut self, next: Option<String>) -> Next {
        let Some(next) = next.filter(|token| !token.is_empty()) else {
            return Next::End;
        };
        if !self.used.insert(next.clone()) {
            return Next::Again;
        }
        if self.used.len() >= self.most {
            return Next::TooMany;
        }
        self.token = Some(next);
        Next::Page
    }
}

/// What comes after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Page,
    End,
    /// A page that was given already.
    Again,
    TooMany,
}

fn unexpected(why: String) -> Trouble {
    Trouble::Unexpected { why }
}
