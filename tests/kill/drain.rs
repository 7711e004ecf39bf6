//! A drain that cannot put back what is switched off says so.

use serde_json::json;

use super::Account;
use super::account::CONFIGURATION;
use crate::support::daemon::Home;
use crate::support::standin::Standin;

#[test]
fn f7_a_drain_that_leaves_a_function_switched_off_says_which_and_how_to_put_it_back() {
    let standin = Standin::start();
    let account = Account::open(&standin);
    standin.post(
        "fault",
        &json!({"operation": "DeleteFunctionConcurrency", "kind": "denied", "times": 1_000}),
    );
    let configuration = format!("{CONFIGURATION}[shutdown]\ndrain = \"11s\"\n");
    let home = Home::asking(&standin.address, &configuration);
    let daemon = home.start();
    daemon.until_ready();
    account.rotate(&daemon);
    daemon.until("a function that is switched off", || {
        (standin.reserved("reports") == Some(0)).then_some(())
    });
    assert_eq!(daemon.terminate().code(), Some(3), "{}", home.log_text());
    let told = home.log_text();
    for part in [
        "lambda:reports",
        "aws lambda delete-function-concurrency --function-name reports",
        "not drained: its deadline",
    ] {
        assert!(told.contains(part), "{part:?} is not in\n{told}");
    }
    assert!(!told.contains("\"drained\""), "{told}");

    standin.delete("fault");
    let daemon = home.start();
    account.until_awake(&daemon);
    account.until_over(&daemon);
    assert_eq!(daemon.terminate().code(), Some(0), "{}", home.log_text());
    assert!(home.log_text().contains("\"drained\""));
}
