//! Who names a database's host and nothing else of a secret is suspected, though nobody typed the host anywhere.

use serde_json::json;

use super::*;

#[test]
fn a_function_that_names_the_host_of_a_login_test_is_suspected() {
    let shop = Shop::open();
    shop.standin
        .function("reporter", &json!({"DB_HOST": "127.0.0.1", "MODE": "fast"}), None);
    let rules = "[[secrets.rules]]\nprefix = \"shop/\"\nlogin = { test = true, tls = \"none\" }\n\
                 [discovery]\nrefresh = \"1s\"\n[cadence]\nsweep = \"1s\"\n";
    let home = Home::new(&shop.standin, rules);
    let daemon = home.start();
    daemon.until_ready();
    let finding = daemon.until("the suspicion", || {
        let findings = daemon.get("/v1/findings")?;
        let mut items = findings["items"].as_array()?.iter();
        let suspected =
            |item: &&Value| item["kind"] == "suspected-consumer" && item["subject"] == "lambda:reporter";
        items.find(suspected).cloned()
    });
    assert!(text(&finding, "text").contains("DB_HOST"), "{finding:#}");
    assert!(
        shop.standin.writes().is_empty(),
        "a suspicion is never written to"
    );
    assert!(daemon.terminate().success());
    let address = format!("127.0.0.1:{}", shop.mysql.server.port);
    assert!(!home.log_text().contains(&address), "the host is in the log");
    let journal = std::fs::read(home.journal()).expect("the journal");
    let host = b"127.0.0.1";
    assert!(
        !journal.windows(host.len()).any(|at| at == host),
        "the host is in the journal"
    );
}
