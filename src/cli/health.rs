//! `health`: the exit code for a container's health check.

use std::io::Write;

use anyhow::Context;
use serde::Deserialize;

use super::client::get;

#[derive(Deserialize)]
struct Problem {
    detail: String,
}

/// 0 when ready (with `live`: when the loop turns), else 1, also where nobody answers: Docker knows no other codes.
pub(super) fn run(url: &str, live: bool, out: &mut dyn Write) -> anyhow::Result<u8> {
    let (path, good) = if live {
        ("/livez", "live")
    } else {
        ("/readyz", "ready")
    };
    let (code, text) = match get(url, path) {
        Ok(answer) if answer.status == 200 => (0, good.to_owned()),
        Ok(answer) => {
            let problem: Result<Problem, _> = serde_json::from_str(&answer.body);
            let detail = problem.map_or_else(|_| "no reason given".to_owned(), |problem| problem.detail);
            (1, detail)
        }
        Err(error) => (1, format!("not {good}: {error:#}")),
    };
    writeln!(out, "{text}").context("cannot write the answer")?;
    Ok(code)
}
