use super::rotation::{assert_proven, rotate};
use super::*;

/// The deployment began, its answer was lost: it is found by looking, and not sent again.
#[test]
fn a_write_whose_answer_is_lost_is_looked_at_and_not_repeated() {
    let shop = Shop::open();
    let lost = json!({"operation": "UpdateService", "kind": "cut", "takes_effect": true});
    shop.standin.post("fault", &lost);
    let home = shop.home("act");
    let daemon = home.start();
    daemon.until_ready();
    let played = rotate(&shop, &daemon, &shop.mysql, 2);
    daemon.until_phase(shop.mysql.name, &["verifying", "watching"]);
    for service in ["orders", "checkout"] {
        let redeploys = shop.written("UpdateService", service);
        assert_eq!(
            redeploys.len(),
            1,
            "{service}: {redeploys:#?}\n{}",
            home.log_text()
        );
    }
    assert!(
        home.log_text()
            .contains("in doubt: looked at before anything is repeated")
    );
    assert_proven(&daemon, &played.rotation);
}
