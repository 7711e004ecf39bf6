use std::sync::{Arc, Mutex, OnceLock};

use machine::model::{Done, Outcome};
use serde_json::json;

use super::account::{assert_journal_settled, journalled};
use super::*;
use crate::support::daemon::{Daemon, Home};
use crate::support::exchange::Asked;
use crate::support::http;
use crate::support::proxy::{End, Fate, Proxy};
use crate::support::standin::Standin;

/// With this write a function is switched off.
const SWITCHED_OFF: &str = "PutFunctionConcurrency receipts 0";

/// Gives room on a disk, or takes it.
type Room = Box<dyn Fn(bool) + Send + Sync>;

/// Writes in their order, and the disk that runs out of room at the first that switches off.
#[derive(Clone, Default)]
struct Filling {
    seen: Arc<Mutex<Vec<String>>>,
    room: Arc<OnceLock<Room>>,
}

impl Filling {
    fn pass(&self, asked: &Asked) -> Fate {
        if let Asked::Write(write) = asked {
            let mut seen = self.seen.lock().expect("no panic");
            if write == SWITCHED_OFF && !seen.iter().any(|before| before == write) {
                self.give_room(false);
            }
            seen.push(write.clone());
        }
        Fate::PASS
    }

    fn give_room(&self, room: bool) {
        self.room.get().expect("a disk")(room);
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").clone()
    }
}

/// No file of the process may grow. That is another error than a full disk's, and kills by default (`man 2 setrlimit`).
#[test]
fn on_a_full_disk_nothing_is_decided_but_what_sleeps_is_put_back() {
    let standin = Standin::start();
    let case = Case::open(&standin);
    let daemon = case.home.start();
    let process = daemon.process();
    case.fill_and_give_room(&daemon, Box::new(move |room| process.give_room(room)));
    assert!(daemon.terminate().success(), "{}", case.home.log_text());
    case.assert_recorded();
}

/// A file system of a few megabytes: SQLite's own error for it. The simulation has it everywhere, the journal's own
/// tests on a file.
#[test]
#[expect(clippy::print_stdout, reason = "`--show-output` tells what was not tried")]
fn so_it_is_on_a_small_file_system_without_room() {
    let standin = Standin::start();
    let case = Case::open(&standin);
    let Some(daemon) = case.home.start_on_small_disk() else {
        return println!("not tried: nobody may mount a tmpfs here (unshare --user --mount)");
    };
    daemon.until_ready();
    let disk = Arc::new(daemon.small_disk());
    let filled = disk.clone();
    case.fill_and_give_room(&daemon, Box::new(move |room| filled.give_room(room)));
    assert!(daemon.terminate().success(), "{}", case.home.log_text());
    let log = case.home.log_text();
    assert!(log.contains("no room left for the journal"), "{log}");
    disk.copy_journal(&case.home);
    case.assert_recorded();
}

/// An account whose writes pass a proxy that fills the disk.
struct Case<'a> {
    account: Account<'a>,
    filling: Filling,
    home: Home,
    _proxy: Proxy,
}

impl<'a> Case<'a> {
    fn open(standin: &'a Standin) -> Self {
        let (account, filling) = (Account::open(standin), Filling::default());
        let passing = filling.clone();
        let proxy = Proxy::start(&standin.address, move |asked| passing.pass(asked));
        Self {
            home: account.home(&proxy.address),
            account,
            filling,
            _proxy: proxy,
        }
    }

    /// Two rotations: one during which the disk fills up, and one on the full disk, until there is room.
    fn fill_and_give_room(&self, daemon: &Daemon<'_>, room: Room) {
        let Self { account, filling, .. } = self;
        filling.room.set(room).ok().expect("once");
        daemon.until_ready();
        account.rotate(daemon);
        daemon.until("a full disk", || {
            filling.seen().contains(&SWITCHED_OFF.to_owned()).then_some(())
        });
        account.until_awake(daemon);
        assert_told(daemon);

        let before = filling.seen().len();
        account.rotate(daemon);
        account.until_all_wait_for(daemon, "the journal cannot be written");
        assert_eq!(filling.seen().len(), before, "{:#?}", filling.seen());

        filling.give_room(true);
        account.until_over(daemon);
        daemon.until_ready();
        assert!(finding(daemon).is_none());
        assert_served_since(&filling.seen()[before..]);
    }

    fn assert_recorded(&self) {
        assert_journal_settled(&self.home);
        let seen = self.filling.seen();
        assert_eq!(written(&self.home), seen.len(), "a write without a record");
    }
}

#[test]
fn a_start_on_a_full_disk_puts_back_what_sleeps() {
    let standin = Standin::start();
    let account = Account::open(&standin);
    let proxy = Proxy::start(&standin.address, {
        let mut is_left = true;
        move |asked| match asked {
            Asked::Write(write) if write == SWITCHED_OFF && std::mem::take(&mut is_left) => Fate {
                reaches: true,
                end: End::Kill,
            },
            _ => Fate::PASS,
        }
    });
    let home = account.home(&proxy.address);
    let daemon = home.start();
    proxy.aim(daemon.process());
    daemon.until_ready();
    account.rotate(&daemon);
    daemon.until_killed();

    let daemon = home.start_without_room();
    account.until_awake(&daemon);
    assert_told(&daemon);
    daemon.process().give_room(true);
    account.until_over(&daemon);
    assert!(daemon.terminate().success(), "{}", home.log_text());
    account.assert_served_once();
    assert_journal_settled(&home);
}

/// Not ready, and why; a finding with a way out.
fn assert_told(daemon: &Daemon<'_>) {
    let (status, body) = http::ask(&daemon.home.address, "GET", "/readyz", "").expect("an answer");
    assert_eq!(status, 503, "{body}");
    assert!(body.contains("a journal that can be written"), "{body}");
    let finding = finding(daemon).expect("a finding");
    assert_eq!(finding["severity"], json!("critical"), "{finding:#}");
    assert!(finding["remedy"].to_string().contains("make room"), "{finding:#}");
}

fn finding(daemon: &Daemon<'_>) -> Option<serde_json::Value> {
    let findings = daemon.get("/v1/findings").expect("findings");
    let findings = findings["items"].as_array().expect("a list");
    let mut open = findings
        .iter()
        .filter(|finding| finding["state"] == json!("open"));
    open.find(|finding| finding["kind"] == json!("journal")).cloned()
}

/// The second rotation, once there was room.
fn assert_served_since(writes: &[String]) {
    for once in [
        "UpdateService invoices",
        "UpdateService orders",
        "UpdateFunctionConfiguration mailer",
    ] {
        let times = writes.iter().filter(|write| *write == once).count();
        assert_eq!(times, 1, "{writes:#?}");
    }
}

/// Decisions in the journal that became a write.
fn written(home: &Home) -> usize {
    let is_written = |outcome: &Option<Outcome>| matches!(outcome, Some(Outcome::Done(Done::Written { .. })));
    journalled(home)
        .values()
        .filter(|outcome| is_written(outcome))
        .count()
}
