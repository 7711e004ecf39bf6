//! Lists in pages: `limit` and an opaque `cursor`, in an order that does not depend on the page.

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::problem::Problem;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    limit: Option<String>,
    cursor: Option<String>,
}

/// Which page is asked for.
pub(super) struct Paging {
    limit: usize,
    cursor: Option<String>,
}

/// One page of a list.
#[derive(Serialize)]
pub(super) struct Page<T> {
    /// When the state was published.
    at: Timestamp,
    items: Vec<T>,
    /// Items on all pages.
    total: usize,
    /// For the next page; null on the last.
    next_cursor: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let wrong = |rejection: QueryRejection| Problem::bad_request(rejection.body_text());
        let Query(Raw { limit, cursor }) = Query::from_request_parts(parts, state).await.map_err(wrong)?;
        Self::new(limit.as_deref(), cursor)
    }
}

impl Paging {
    pub(super) fn new(limit: Option<&str>, cursor: Option<String>) -> Result<Self, Problem> {
        let limit = limit.map_or(Ok(DEFAULT_LIMIT), read_limit)?;
        Ok(Self { limit, cursor })
    }

    /// Cuts one page of `list` out of all its items, each with the key that orders it, and shows only those.
    pub(super) fn cut<K, T>(
        self,
        list: &str,
        at: Timestamp,
        mut items: Vec<(String, K)>,
        show: impl Fn(K) -> T,
    ) -> Result<Page<T>, Problem> {
        let after = self.cursor.map(|cursor| read_cursor(list, &cursor)).transpose()?;
        items.sort_by(|a, b| a.0.cmp(&b.0));
        let total = items.len();
        let start = after.map_or(0, |after| items.partition_point(|(key, _)| *key <= after));
        let end = total.min(start + self.limit);
        let next_cursor = (end < total && end > start).then(|| write_cursor(list, &items[end - 1].0));
        let page = items.drain(start..end);
        Ok(Page {
            at,
            items: page.map(|(_, item)| show(item)).collect(),
            total,
            next_cursor,
        })
    }
}

fn read_limit(text: &str) -> Result<usize, Problem> {
    let limit = text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| {
        Problem::bad_request(format!(
            "limit is {text:?}; it must be a number from 1 to {MAX_LIMIT}"
        ))
    })
}

/// List and key of the last item, in hexadecimal digits: opaque, and safe in a URL.
fn write_cursor(list: &str, key: &str) -> String {
    let bytes = list.bytes().chain([0]).chain(key.bytes());
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

fn read_cursor(list: &str, cursor: &str) -> Result<String, Problem> {
    let digits = cursor.as_bytes().chunks(2).map(|pair| {
        let text = std::str::from_utf8(pair).ok().filter(|text| text.len() == 2)?;
        u8::from_str_radix(text, 16).ok()
    });
    digits
        .collect::<Option<Vec<u8>>>()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| Some(text.strip_prefix(list)?.strip_prefix('\0')?.to_owned()))
        // Digits have other spellings, such as `+a` or `FF`: none of them was given.
        .filter(|key| write_cursor(list, key) == cursor)
        .ok_or_else(|| Problem::bad_request("cursor was not given by this list; begin again without one"))
}

#[cfg(test)]
mod tests;
