//! The table, what can be asked for, exit codes, and who may be asked.

use super::*;
use crate::cli::health;
use crate::http::fixture::{Api, snapshot};
use crate::http::{Serving, serve};
use crate::runtime::{SecretView, Snapshot};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A real server over the fixture; it ends with the guard.
pub(in crate::cli) fn served(ready: bool) -> (String, Serving, DropGuard) {
    served_as(|state| {
        if !ready {
            state.missing.push("the first sweep".to_owned());
        }
    })
}

fn served_as(change: impl FnOnce(&mut Snapshot)) -> (String, Serving, DropGuard) {
    let mut state = snapshot();
    change(&mut state);
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

/// What a list shows on a terminal of unknown width, of all names.
pub(in crate::cli) fn listed(
    url: &str,
    only: &[&str],
    run: fn(&Listing<'_>, &mut dyn Write) -> anyhow::Result<u8>,
) -> String {
    let filter = asked(None, only);
    printed(|out| run(&Listing::new(url, &filter, false, Width::UNKNOWN), out)).1
}

fn asked(name: Option<&str>, only: &[&str]) -> Filter {
    Filter {
        name: name.map(str::to_owned),
        only: only.iter().map(|word| (*word).to_owned()).collect(),
    }
}

fn all() -> Filter {
    Filter::default()
}

/// The cells of a secret's row.
fn row<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let line = text.lines().find(|line| line.trim_start().starts_with(name));
    let cells = line.expect("a row").split("  ").map(str::trim);
    cells.filter(|cell| !cell.is_empty()).collect()
}

#[test]
fn the_table_shows_each_secret_and_the_findings_with_remedies() {
    let (url, _serving, _guard) = served(true);
    let (code, text) = printed(|out| run(&Listing::new(&url, &all(), false, Width::of(200)), out));
    assert_eq!(code, MUST_ACT, "a critical finding stands");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with(", simulated account: ready"), "{text}");
    assert_eq!(
        lines[1..4],
        [
            "secrets of eu-west-1, account 1",
            "started 100s ago; journal /var/lib/rotation-watchdog/rotation-watchdog.sqlite",
            "consumers at the next rotations: 2 to redeploy, 1 unknown"
        ]
    );
    let rotated = [
        "/shop/db",
        "act",
        "propagating",
        "1 fresh, 1 stale",
        "open, 26.0 to 28.0 s",
        "none",
    ];
    assert_eq!(row(&text, "/shop/db"), rotated);
    assert_eq!(row(&text, "billing/db")[2..4], ["failed in testSecret", "none"]);
    assert_eq!(row(&text, "mail-key")[3..], ["1 unknown", "–", "none"]);
    let denied = "warning: Lambda functions: cannot be looked at since 2027-01-15T08:00:05Z, 1 tries: access denied: lambda:ListFunctions on * [unseen]";
    assert_eq!(
        lines[lines.len() - 3..],
        [
            denied,
            "    since 2027-01-15T08:00:05Z, 35s ago",
            "    remedy: allow lambda:ListFunctions on *"
        ]
    );
}

#[test]
fn f13_one_secret_and_what_is_at_a_stage_can_be_asked_for() {
    let (url, _serving, _guard) = served(true);
    let shown = |filter: Filter| printed(|out| run(&Listing::new(&url, &filter, false, Width::UNKNOWN), out));
    for filter in [asked(Some("shop/"), &[]), asked(None, &["stale"])] {
        let (code, text) = shown(filter);
        assert_eq!(code, 0, "no finding about it is critical: {text}");
        assert!(text.contains("/shop/db") && !text.contains("mail-key"), "{text}");
        assert!(text.ends_with("no findings\n"), "{text}");
    }
    let (code, text) = shown(asked(None, &["critical"]));
    assert_eq!((code, text.contains("mail-key")), (MUST_ACT, false), "{text}");
    let (_, text) = shown(asked(None, &["failed"]));
    assert!(
        text.contains("billing/db") && !text.contains("/shop/db"),
        "{text}"
    );
    assert!(shown(asked(None, &["rolled-back"])).1.contains("no secret is so"));
}

#[test]
fn f13_exit_codes_tell_who_must_act_from_who_cannot_be_asked() {
    let quiet = |state: &mut Snapshot| {
        let is_loud = |view: &SecretView| !view.findings.is_empty() || &*view.name == "billing/db";
        let loud = state.secrets.values().filter(|view| is_loud(view));
        let loud: Vec<_> = loud.map(|view| view.arn.clone()).collect();
        for secret in loud {
            state.remove(&secret);
        }
    };
    let code = |change: &dyn Fn(&mut Snapshot)| {
        let (url, _serving, _guard) = served_as(change);
        printed(|out| run(&Listing::new(&url, &all(), false, Width::UNKNOWN), out)).0
    };
    let unready = |state: &mut Snapshot| state.missing.push("a list".to_owned());
    assert_eq!(code(&|_| {}), MUST_ACT);
    assert_eq!(code(&unready), MUST_ACT, "the graver of both");
    assert_eq!(code(&quiet), 0);
    let quiet_and_unready = |state: &mut Snapshot| {
        quiet(state);
        unready(state);
    };
    assert_eq!(code(&quiet_and_unready), NOT_READY);
}

/// A lowered mode, a long window, every stage: as wide as rows get.
#[test]
fn status_fits_a_hundred_columns() {
    let (url, _serving, _guard) = served_as(|state| {
        let wide = state.secrets.values().next().expect("one").clone();
        let mut wide = (*wide).clone();
        wide.name = "production/billing/aurora-postgres".into();
        state.put(wide);
    });
    let (_, text) = printed(|out| run(&Listing::new(&url, &all(), false, Width::UNKNOWN), out));
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(100), "{longest:?}\n{text}");
    assert!(text.contains("production/billing/aurora-postgres "), "{text}");
}

#[test]
fn g14_a_journal_that_was_begun_by_this_start_is_told() {
    let (url, _serving, _guard) = served_as(|state| state.journal_is_new = true);
    let (_, text) = printed(|out| run(&Listing::new(&url, &all(), false, Width::of(200)), out));
    assert!(
        text.contains("rotation-watchdog.sqlite; nothing in it is from before this start"),
        "{text}"
    );
}

#[test]
fn json_is_what_the_api_says() {
    let (url, _serving, _guard) = served(true);
    let (_, text) = printed(|out| run(&Listing::new(&url, &all(), true, Width::UNKNOWN), out));
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
    assert!(
        run(
            &Listing::new(&url, &all(), false, Width::UNKNOWN),
            &mut Vec::new()
        )
        .is_err()
    );
}
