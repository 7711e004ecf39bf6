//! A rotation that fails after setSecret, on real databases: the watchdog promotes it once, also where it is killed at that.

use std::sync::Arc;

use serde_json::json;

use super::applications::Applications;
use super::*;
use crate::support::exchange::Asked;
use crate::support::proxy::{End, Fate, Proxy};

/// A rule that lets failed rotations be finished, asked through the proxy.
fn home(proxy: &Proxy) -> Home {
    let rules = "[[secrets.rules]]\nall = true\nroll_forward = \"act\"\nlogin = { test = true, tls = \"none\" }\n\
                 [remediation]\nmode = \"act\"\nverify_for = \"2s\"\n\
                 [cadence]\nsweep = \"1s\"\nannounced = \"500ms\"\nconsumer = \"500ms\"\n";
    Home::asking(&proxy.address, rules)
}

/// setSecret changes the password, and testSecret fails. The version that only the database knows.
fn fail(shop: &Shop, daemon: &Daemon<'_>, database: &Database) -> String {
    let version = shop.create(database, 2);
    daemon.until_phase(database.name, &["created"]);
    shop.set(database, &version, 2);
    daemon.until_phase(database.name, &["exposed"]);
    let engine = if database.engine == "mysql" {
        "MySQL"
    } else {
        "PostgreSQL"
    };
    let step = json!({
        "secret": database.secret, "step": "test", "version": version, "engine": engine, "fails": true,
    });
    shop.standin.post("rotation", &step);
    version
}

fn promotions(shop: &Shop) -> usize {
    shop.written("UpdateSecretVersionStage", "").len()
}

fn current(shop: &Shop, daemon: &Daemon<'_>) -> Option<String> {
    let path = format!("/v1/secrets/{}", shop.mysql.name.replace('/', "%2F"));
    let view = daemon.get(&path)?;
    Some(view["labels"]["current"].as_str()?.to_owned())
}

#[test]
fn a_failed_rotation_is_finished_and_its_applications_recover() {
    let shop = Arc::new(Shop::open());
    let proxy = Proxy::start(&shop.standin.address, |_| Fate::PASS);
    let home = home(&proxy);
    let daemon = home.start();
    daemon.until_ready();
    let applications = Applications::start(&shop);
    let version = fail(&shop, &daemon, &shop.mysql);
    daemon.until_phase(shop.mysql.name, &["verifying", "watching"]);
    assert_eq!(current(&shop, &daemon), Some(version));
    assert_eq!(promotions(&shop), 1, "{:#?}", shop.standin.writes());
    let found = daemon.get("/v1/findings").expect("findings");
    assert!(found.to_string().contains("rolled-forward"), "{found:#}");
    for (service, logins) in applications.end() {
        assert_eq!(logins.last, Some(true), "{service} did not recover: {logins:?}");
    }
    assert!(daemon.terminate().success());
    assert!(!home.log_text().contains(MARKER), "a password is in the log");
}

/// Whether AWS got the call or not: it is looked at before it is sent again, and made once.
#[test]
fn a_kill_at_the_promotion_repeats_nothing_and_forgets_nothing() {
    for reaches in [false, true] {
        let shop = Shop::open();
        let mut is_left = true;
        let proxy = Proxy::start(&shop.standin.address, move |asked| match asked {
            Asked::Write(name) if is_left && name.starts_with("UpdateSecretVersionStage") => {
                is_left = false;
                Fate {
                    reaches,
                    end: End::Kill,
                }
            }
            _ => Fate::PASS,
        });
        let home = home(&proxy);
        let daemon = home.start();
        proxy.aim(daemon.process());
        daemon.until_ready();
        let version = fail(&shop, &daemon, &shop.mysql);
        daemon.until_killed();
        let daemon = home.start();
        daemon.until_ready();
        daemon.until_phase(shop.mysql.name, &["verifying", "watching"]);
        assert_eq!(current(&shop, &daemon), Some(version), "reaches: {reaches}");
        assert_eq!(promotions(&shop), 1, "reaches: {reaches}\n{}", home.log_text());
        assert!(daemon.terminate().success());
    }
}

/// A replica would accept the password, too: only the writer counts.
#[test]
fn a_database_that_only_reads_is_left_to_people() {
    let shop = Shop::open();
    let proxy = Proxy::start(&shop.standin.address, |_| Fate::PASS);
    let home = home(&proxy);
    let daemon = home.start();
    daemon.until_ready();
    let version = shop.create(&shop.mysql, 2);
    daemon.until_phase(shop.mysql.name, &["created"]);
    shop.set(&shop.mysql, &version, 2);
    shop.mysql.server.execute("SET GLOBAL read_only = 1");
    daemon.until_phase(shop.mysql.name, &["exposed"]);
    let step = json!({
        "secret": shop.mysql.secret, "step": "test", "version": version, "engine": "MySQL", "fails": true,
    });
    shop.standin.post("rotation", &step);
    daemon.until("the reason", || {
        let found = daemon.get("/v1/findings")?.to_string();
        found.contains("takes no writes").then_some(())
    });
    assert_eq!(promotions(&shop), 0);
    assert!(daemon.terminate().success());
}
