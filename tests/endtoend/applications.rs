//! Applications: each running task logs in with the password it was given when it started.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

use super::{Shop, password};

/// What became of one application's logins, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Logins {
    pub(super) accepted: usize,
    pub(super) refused: usize,
    pub(super) last: Option<bool>,
}

/// Logs in as every running task of every service, on a thread, until it is asked to end.
pub(super) struct Applications {
    end: Arc<AtomicBool>,
    thread: JoinHandle<BTreeMap<String, Logins>>,
}

impl Applications {
    pub(super) fn start(shop: &Arc<Shop>) -> Self {
        let (shop, end) = (shop.clone(), Arc::new(AtomicBool::new(false)));
        let ended = end.clone();
        let thread = thread::Builder::new()
            .name("applications".to_owned())
            .spawn(move || {
                let mut logins: BTreeMap<String, Logins> = BTreeMap::new();
                // One round more after the end was asked for: it sees how things stand then.
                let mut last_round = false;
                while !last_round {
                    last_round = ended.load(Ordering::SeqCst);
                    round(&shop, &mut logins);
                    pause();
                }
                logins
            });
        let thread = thread.expect("a thread");
        Self { end, thread }
    }

    pub(super) fn end(self) -> BTreeMap<String, Logins> {
        self.end.store(true, Ordering::SeqCst);
        self.thread.join().expect("the applications")
    }
}

#[expect(clippy::disallowed_methods, reason = "users come now and then")]
fn pause() {
    thread::sleep(Duration::from_millis(100));
}

fn round(shop: &Shop, logins: &mut BTreeMap<String, Logins>) {
    let tasks = shop.standin.get("tasks");
    let mut by_service: BTreeMap<String, bool> = BTreeMap::new();
    let serving = |task: &&Value| task["healthStatus"] == "HEALTHY" && task["desiredStatus"] == "RUNNING";
    for task in tasks["tasks"].as_array().expect("a list").iter().filter(serving) {
        let service = task["group"].as_str().expect("a group").to_owned();
        let in_order = by_service.entry(service).or_insert(true);
        *in_order &= logs_in(shop, task);
    }
    for (service, accepted) in by_service {
        let of_service = logins.entry(service).or_default();
        *(if accepted {
            &mut of_service.accepted
        } else {
            &mut of_service.refused
        }) += 1;
        of_service.last = Some(accepted);
    }
}

fn logs_in(shop: &Shop, task: &Value) -> bool {
    [&shop.mysql, &shop.postgres].into_iter().all(|database| {
        let Some(version) = task["versions"][&database.secret].as_str() else {
            return true;
        };
        let n = shop.number_of(version);
        database.server.accepts("app", &password(n))
    })
}
