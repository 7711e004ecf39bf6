//! `status`: what the running watchdog knows, as a table or as JSON.

use std::io::Write;

use anyhow::Context;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{LineStyle, Table};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{ask, list, read};
use super::story;
use super::unwatched;
use super::width::Width;

#[derive(Deserialize)]
struct Status {
    version: String,
    region: Option<String>,
    account: Option<String>,
    simulated: bool,
    ready: bool,
    draining: bool,
    missing: Vec<String>,
    findings: Counts,
}

#[derive(Deserialize)]
struct Counts {
    critical: usize,
    warning: usize,
    info: usize,
}

#[derive(Deserialize)]
struct Secret {
    name: String,
    mode: String,
    lowered: Option<String>,
    phase_text: String,
    consumers: Consumers,
    danger_window: Option<Window>,
    findings: Counts,
}

#[derive(Deserialize)]
struct Consumers {
    total: usize,
    fresh: usize,
    presumed: usize,
    refreshing: usize,
    stale: usize,
    unknown: usize,
    beyond: usize,
    unjudged: usize,
}

#[derive(Deserialize)]
struct Window {
    open: bool,
    at_least_seconds: f64,
    at_most_seconds: Option<f64>,
}

#[derive(Deserialize)]
pub(super) struct Finding {
    severity: String,
    kind: String,
    subject: String,
    text: String,
    remedy: String,
}

/// 0 when the watchdog is ready and no finding is critical, else 1.
pub(super) fn run(url: &str, json: bool, width: Width, out: &mut dyn Write) -> anyhow::Result<u8> {
    let raw = ask(url, "/v1/status")?;
    let secrets = list(url, "/v1/secrets")?;
    let findings = list(url, "/v1/findings")?;
    let status: Status = read(raw.clone())?;
    let code = u8::from(!status.ready || status.findings.critical > 0);
    let text = if json {
        let all = json!({"status": raw, "secrets": secrets, "findings": findings});
        serde_json::to_string_pretty(&all).context("cannot write JSON")? + "\n"
    } else {
        let secrets: Vec<Secret> = read(Value::Array(secrets))?;
        let findings: Vec<Finding> = read(Value::Array(findings))?;
        headline(&status) + &table(&secrets) + &told(&findings, width)
    };
    out.write_all(text.as_bytes())
        .context("cannot write the status")?;
    Ok(code)
}

fn headline(status: &Status) -> String {
    let state = if status.draining {
        "draining".to_owned()
    } else if status.ready {
        "ready".to_owned()
    } else {
        format!("not ready: {}", status.missing.join("; "))
    };
    let simulated = if status.simulated {
        ", simulated account"
    } else {
        ""
    };
    let place = unwatched::place(status.region.as_deref(), status.account.as_deref());
    format!(
        "rotation-watchdog {}{simulated}: {state}\nsecrets of {place}\n",
        status.version
    )
}

fn table(secrets: &[Secret]) -> String {
    if secrets.is_empty() {
        return "no secrets are watched\n".to_owned();
    }
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()))
        .set_header([
            "secret",
            "mode",
            "phase",
            "consumers",
            "danger window",
            "findings",
        ]);
    table.add_rows(secrets.iter().map(|secret| {
        [
            secret.name.clone(),
            mode(secret),
            secret.phase_text.clone(),
            consumers(&secret.consumers),
            secret
                .danger_window
                .as_ref()
                .map_or_else(|| "–".to_owned(), window),
            counts(&secret.findings),
        ]
    }));
    table.trim_fmt() + "\n"
}

/// With what keeps it below its rule's.
fn mode(secret: &Secret) -> String {
    match secret.lowered.as_deref() {
        Some("at-most") => format!("{} (at_most)", secret.mode),
        Some(by) => format!("{} ({by})", secret.mode),
        None => secret.mode.clone(),
    }
}

/// Before any promotion was seen there is nothing to be fresh for.
fn consumers(consumers: &Consumers) -> String {
    match consumers.total {
        0 => "none".to_owned(),
        total if consumers.unjudged == total => format!("–/{total}"),
        _ => stages(consumers),
    }
}

/// Those that are likely fresh are not called fresh.
fn stages(consumers: &Consumers) -> String {
    let each = [
        (consumers.fresh, "fresh"),
        (consumers.presumed, "presumed"),
        (consumers.refreshing, "refreshing"),
        (consumers.stale, "stale"),
        (consumers.unknown, "unknown"),
        (consumers.beyond, "beyond"),
    ];
    let some = each
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"));
    some.collect::<Vec<_>>().join(", ")
}

fn window(window: &Window) -> String {
    story::window(window.open, window.at_least_seconds, window.at_most_seconds)
}

fn counts(counts: &Counts) -> String {
    let each = [
        (counts.critical, "critical"),
        (counts.warning, "warning"),
        (counts.info, "info"),
    ];
    let some: Vec<String> = each
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
    if some.is_empty() {
        "none".to_owned()
    } else {
        some.join(", ")
    }
}

/// Each with its remedy below.
pub(super) fn told(findings: &[Finding], width: Width) -> String {
    if findings.is_empty() {
        return "no findings\n".to_owned();
    }
    let each = findings.iter().map(|finding| {
        let Finding {
            severity,
            kind,
            subject,
            text,
            remedy,
        } = finding;
        let what = width.wrap(&format!("{severity}: {subject}: {text} [{kind}]"), 2);
        let remedy = width.wrap(&format!("    remedy: {remedy}"), 12);
        format!("\n{what}\n{remedy}\n")
    });
    each.collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::health;
    use crate::http::fixture::{Api, snapshot};
    use crate::http::{Serving, serve};
    use tokio_util::sync::{CancellationToken, DropGuard};

    /// A real server over the fixture; it ends with the guard.
    pub(in crate::cli) fn served(ready: bool) -> (String, Serving, DropGuard) {
        let mut state = snapshot();
        if !ready {
            state.missing.push("the first sweep".to_owned());
        }
        let shutdown = CancellationToken::new();
        let any_port = "127.0.0.1:0".parse().expect("an address");
        let serving = serve(any_port, Api::over(state).router, shutdown.clone()).expect("a free port");
        (
            format!("http://{}", serving.address()),
            serving,
            shutdown.drop_guard(),
        )
    }

    pub(in crate::cli) fn printed(run: impl FnOnce(&mut dyn Write) -> anyhow::Result<u8>) -> (u8, String) {
        let mut out = Vec::new();
        let code = run(&mut out).expect("it answers");
        (code, String::from_utf8(out).expect("text"))
    }

    #[test]
    fn the_table_shows_each_secret_and_the_findings_with_remedies() {
        let (url, _serving, _guard) = served(true);
        let (code, text) = printed(|out| run(&url, false, Width::of(200), out));
        assert_eq!(code, 1, "a critical finding stands");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with(", simulated account: ready"), "{text}");
        let row = |name: &str| {
            let line = lines.iter().find(|line| line.trim_start().starts_with(name));
            line.expect("a row")
                .split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect::<Vec<_>>()
        };
        let rotated = [
            "/shop/db",
            "act",
            "propagating",
            "1 fresh, 1 stale",
            "open, 26.0 to 28.0 s",
            "none",
        ];
        assert_eq!(row("/shop/db"), rotated);
        assert_eq!(row("billing/db")[2..4], ["failed in testSecret", "none"]);
        assert_eq!(row("mail-key")[3..], ["–/1", "–", "none"]);
        let denied = "warning: Lambda functions: cannot be looked at since 2027-01-15T08:00:05Z, 1 tries: access denied: lambda:ListFunctions on * [unseen]";
        assert_eq!(
            lines[lines.len() - 2..],
            [denied, "    remedy: allow lambda:ListFunctions on *"]
        );
    }

    #[test]
    fn json_is_what_the_api_says() {
        let (url, _serving, _guard) = served(true);
        let (_, text) = printed(|out| run(&url, true, Width::UNKNOWN, out));
        let all: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(all["secrets"][1]["arn"], crate::http::fixture::FAILING);
        assert_eq!(all["status"]["findings"]["critical"], 1);
        assert_eq!(all["findings"][0]["kind"], "rotation-failed");
    }

    #[test]
    fn health_tells_ready_from_live() {
        let (url, _serving, _guard) = served(true);
        assert_eq!(
            printed(|out| health::run(&url, false, out)),
            (0, "ready\n".to_owned())
        );
        let (url, _serving, _guard) = served(false);
        let not_ready = (1, "not ready yet: the first sweep\n".to_owned());
        assert_eq!(printed(|out| health::run(&url, false, out)), not_ready);
        assert_eq!(
            printed(|out| health::run(&url, true, out)),
            (0, "live\n".to_owned())
        );
    }

    #[test]
    fn nobody_there_is_told_and_unhealthy() {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port");
        let url = format!("http://{port}");
        let (code, text) = printed(|out| health::run(&url, true, out));
        assert_eq!(code, 1);
        assert!(text.contains("is it running"), "{text}");
        assert!(run(&url, false, Width::UNKNOWN, &mut Vec::new()).is_err());
    }
}
