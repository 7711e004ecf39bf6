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
        let Some(next) = next.filter(|token| !token.is_empty()) else {
            return Ok(false);
        };
        if !self.used.insert(next.clone()) {
            return Err(unexpected("a page token came twice".to_owned()));
        }
        if self.used.len() >= self.most {
            return Err(unexpected(format!("more than {} pages", self.most)));
        }
        self.token = Some(next);
        Ok(true)
    }
}

fn unexpected(why: String) -> Trouble {
    Trouble::Unexpected { why }
}
