//! An account of AWS, where its owner names one (README: Against an account of yours).
//!
//! Where nobody does, each test starts itself again as the owner would, pointed at the stand-in (`rehearsal`).

mod rehearsal;
mod stage;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use jiff::Timestamp;
use rotation_watchdog::aws::{Aws, AwsOptions};
use tokio::runtime::{Builder, Runtime};

use super::owner::Owner;
use super::owner::things::{Clients, Thing, find, remove};
use super::{hold, tell};
use stage::Account;

/// A region of the account that the usual credentials belong to. (`ROTATION_WATCHDOG_…` is the product's own: it refuses
/// what it does not know.)
const REGION: &str = "WATCHDOG_CONTRACT_ACCOUNT";
/// The ARN of a role that Lambda may assume. Without it no function is made.
const ROLE: &str = "WATCHDOG_CONTRACT_ROLE";

#[test]
fn an_account_keeps_what_the_ports_promise() {
    match variable(REGION) {
        Some(region) => keep_and_remove(&region),
        None => rehearsal::a_whole_run(),
    }
}

#[test]
fn what_a_crashed_run_left_is_removed() {
    match variable(REGION) {
        Some(region) => remove_leftovers(&region),
        None => rehearsal::a_crash_and_a_refusal(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the switch of this suite, no key of the product's"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn runtime() -> Runtime {
    let built = Builder::new_current_thread().enable_all().build();
    built.expect("a runtime")
}

async fn config(region: &str) -> SdkConfig {
    let loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
    loader.region(Region::new(region.to_owned())).load().await
}

/// Whatever happens on the way, what was made is taken away.
fn keep_and_remove(region: &str) {
    let runtime = runtime();
    let account = runtime.block_on(open(region));
    let held = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            account.furnish().await;
            hold(&account).await
        })
    }));
    let owner = account.owner();
    let removed = runtime.block_on(remove(&owner.clients, &owner.made(), Some(&owner.run)));
    match held {
        Ok(report) => tell(report),
        Err(panic) => {
            complain(&removed);
            resume_unwind(panic)
        }
    }
    removed.expect("all that was made is gone");
}

#[expect(clippy::print_stderr, reason = "beside the panic that goes on")]
fn complain(removed: &Result<(), String>) {
    if let Err(left) = removed {
        eprintln!("{left}");
    }
}

#[expect(clippy::print_stdout, reason = "the account's owner reads what is made")]
fn announce(thing: &Thing) {
    println!("making {thing}");
}

#[expect(clippy::print_stdout, reason = "the account's owner reads what it costs")]
#[expect(clippy::disallowed_methods, reason = "an account goes by the real time")]
async fn open(region: &str) -> Account {
    let options = AwsOptions {
        region: Some(region.to_owned()),
        ..AwsOptions::default()
    };
    let (observer, now) = (
        std::sync::Arc::new(|_, _, _| {}),
        std::sync::Arc::new(Timestamp::now),
    );
    let aws = Aws::connect(&options, observer, now).await;
    let aws = aws.unwrap_or_else(|error| panic!("{error}"));
    let owner = Owner::new(&config(region).await, variable(ROLE), announce);
    println!(
        "run {} in {region}: one secret for some minutes and some hundred calls, less than $0.01",
        owner.run
    );
    Account::new(aws, owner)
}

fn remove_leftovers(region: &str) {
    let removed = runtime().block_on(async {
        let clients = Clients::new(&config(region).await);
        remove(&clients, &find(&clients).await?, None).await
    });
    removed.expect("what carries the tag is gone");
}
