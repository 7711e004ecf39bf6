//! `replay` and `explain` beside a process, after its kill, and on what is no journal.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{RULE, fails, said};
use crate::support::daemon::{Home, program, run};
use crate::support::standin::Standin;

fn replay(journal: &Path, options: &[&str]) -> Output {
    run(program().arg("replay").arg(journal).args(options))
}

fn told(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", said(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let journals = paths.filter(|path| path.to_string_lossy().contains("journal"));
    journals
        .map(|path| (path.clone(), fs::read(path).expect("a file")))
        .collect()
}

#[test]
fn a_process_is_explained_and_its_journal_read_beside_it_and_after_its_kill() {
    let standin = Standin::start();
    standin.secret("shop/mysql", &json!({}));
    let home = Home::new(&standin, RULE);
    let daemon = home.start();
    daemon.until_ready();
    let url = format!("http://{}", home.address);
    let explained = told(&run(program().args(["explain", "shop", "--url", &url])));
    assert!(explained.starts_with("shop/mysql  arn:aws:"), "{explained}");
    assert!(
        explained.contains("rule 1 (all with rotation on), mode observe"),
        "{explained}"
    );
    let unknown = run(program().args(["explain", "shop/mysq", "--url", &url]));
    assert!(told(&unknown).starts_with("shop/mysql"));
    fails(
        &run(program().args(["explain", "shop/mysqq", "--url", &url])),
        1,
        &["no secret \"shop/mysqq\" is watched; did you mean shop/mysql?"],
    );

    let beside = told(&replay(&home.journal(), &[]));
    assert!(beside.contains("judged by the built-in defaults"), "{beside}");
    assert!(beside.contains("first look: AWSCURRENT is on"), "{beside}");
    daemon.kill();
    let before = files(home.folder.path());
    assert!(
        before.len() > 1,
        "the log is left by the kill: {:?}",
        before.keys()
    );
    let config = home.config();
    let options = [
        "--secret",
        "shop/mysql",
        "--config",
        config.to_str().expect("text"),
    ];
    let after = told(&replay(&home.journal(), &options));
    assert!(after.contains("watchdog.toml"), "{after}");
    assert_eq!(files(home.folder.path()), before);
}

#[test]
fn the_golden_journal_is_told_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = folder.path().join("journal.sqlite");
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/journal-1.sql");
    let connection = Connection::open(&journal).expect("a file");
    let sql = fs::read_to_string(golden).expect("the golden journal");
    connection.execute_batch(&sql).expect("its statements");
    drop(connection);
    let text = told(&replay(&journal, &["--json"]));
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines[0]["what"], "journal");
    assert_eq!(lines[0]["facts"], 57);
    assert_eq!(lines[0]["written_by"], "0.1.0");
    let count = |what: &str| lines.iter().filter(|line| line["what"] == what).count();
    assert_eq!(count("remediation-decided"), 9);
    assert_eq!(count("remediation-answered"), 9);
    assert_eq!(count("would-remediate"), 1);
    assert_eq!(count("login"), 9);
    assert_eq!(count("log"), 13);
    assert_eq!(count("consumer"), 8);
    let lines = told(&replay(&journal, &[]));
    let in_one = lines.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(in_one.contains("no effect, rejected: because \"it\""));
    // No terminal says how wide it is. The journal's path stands alone.
    let widest = lines.lines().skip(1).map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{lines}");
}

#[test]
fn what_cannot_be_read_is_told_with_a_way_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = folder.path().join("journal.sqlite");
    fails(
        &replay(&journal, &[]),
        1,
        &["there is no file", "journal.sqlite", "store.path"],
    );
    fails(&replay(folder.path(), &[]), 1, &["is a directory", "store.path"]);
    fs::write(&journal, "SQLite format 3\0 and then nonsense ".repeat(400)).expect("written");
    fails(&replay(&journal, &[]), 1, &["damaged", "copy it again"]);
    fs::write(&journal, "a,b,c\n").expect("written");
    fails(
        &replay(&journal, &[]),
        1,
        &["is no journal: it is no SQLite database"],
    );
    fails(
        &replay(&journal, &["--since", "yesterday"]),
        2,
        &["a date or time"],
    );
    fails(
        &replay(&journal, &["--config", "/nowhere.toml"]),
        2,
        &["/nowhere.toml"],
    );
    assert_eq!(files(folder.path()).len(), 1, "nothing was made beside it");
}
