use std::fmt;
use std::sync::{Arc, Mutex};

use super::account::{WRITES, assert_journal_settled};
use super::cases::run_all;
use super::*;
use crate::support::exchange::Asked;
use crate::support::proxy::{End, Fate, Proxy};
use crate::support::standin::Standin;

#[test]
fn a_rotation_makes_each_write_once() {
    let standin = Standin::start();
    let account = Account::open(&standin);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let proxy = Proxy::start(&standin.address, move |asked| {
        if let Asked::Write(write) = asked {
            noted.lock().expect("no panic").push(write.clone());
        }
        Fate::PASS
    });
    account.assert_one_life_serves(&proxy.address);
    let mut seen = seen.lock().expect("no panic").clone();
    seen.sort();
    assert_eq!(seen, WRITES);
}

/// A `kill -9` at one write, and the start after it.
struct Kill {
    write: &'static str,
    /// Whether AWS got the write.
    reaches: bool,
    journal: Journal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Journal {
    Kept,
    Lost,
}

impl fmt::Display for Kill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.reaches { "after" } else { "before" };
        write!(f, "killed {side} {}, journal {:?}", self.write, self.journal)
    }
}

/// Both sides of each of these writes.
fn kills(writes: &[&'static str], journal: Journal) -> Vec<Kill> {
    let both = |write| {
        [false, true].map(|reaches| Kill {
            write,
            reaches,
            journal,
        })
    };
    writes.iter().copied().flat_map(both).collect()
}

#[test]
fn a_kill_at_any_write_repeats_nothing_and_forgets_nothing() {
    run_all(kills(&WRITES, Journal::Kept), survive);
}

/// One write of each kind.
const KINDS: [&str; 7] = [
    "DeleteFunctionConcurrency reports",
    "PutFunctionConcurrency receipts 0",
    "PutFunctionConcurrency receipts 7",
    "TagResource receipts",
    "UntagResource receipts",
    "UpdateFunctionConfiguration mailer",
    "UpdateService orders",
];

/// The world itself tells what is left to do: tasks by when they were created, functions by the note on them.
#[test]
fn a_kill_that_costs_the_journal_too_does_the_same() {
    run_all(kills(&KINDS, Journal::Lost), survive);
}

fn survive(standin: &Standin, kill: &Kill) {
    let account = Account::open(standin);
    let (write, reaches) = (kill.write, kill.reaches);
    let mut is_left = true;
    let proxy = Proxy::start(&standin.address, move |asked| match asked {
        Asked::Write(name) if is_left && name == write => {
            is_left = false;
            Fate {
                reaches,
                end: End::Kill,
            }
        }
        _ => Fate::PASS,
    });
    let home = account.home(&proxy.address);
    let daemon = home.start();
    proxy.aim(daemon.process());
    daemon.until_ready();
    account.rotate(&daemon);
    daemon.until_killed();
    if kill.journal == Journal::Lost {
        home.lose_journal();
    }
    let daemon = home.start();
    daemon.until_ready();
    account.until_over(&daemon);
    assert!(daemon.terminate().success(), "{}", home.log_text());
    account.assert_served_once();
    assert_journal_settled(&home);
}
