use super::*;

/// A rotation Lambda that calls ModifyDBInstance: RDS alone tells when the password is on its way.
#[test]
fn a_password_that_rds_sets_is_followed_until_it_is_set() {
    let shop = Shop::open();
    let rds = |more: &Value| {
        let mut order = json!({
            "identifier": "shop", "engine": "mysql", "user": "app", "address": "127.0.0.1", "port": shop.mysql.server.port,
        });
        let more = more.as_object().expect("an object").clone();
        order.as_object_mut().expect("an object").extend(more);
        shop.standin.post("rds", &order)
    };
    rds(&json!({"status": "available"}));
    shop.standin.post(
        "rds-proxy",
        &json!({"name": "front", "secrets": [shop.mysql.secret]}),
    );
    let home = shop.home_with("observe", "rds = \"1s\"\n");
    let daemon = home.start();
    daemon.until_ready();
    daemon.until("the instance's secret", || {
        let all = daemon.get("/v1/databases")?["items"].clone();
        let secrets = &all[0]["secrets"];
        (secrets[0]["name"] == "shop/mysql" && secrets[0]["master_user"] == true).then_some(())
    });
    daemon.until("the proxy", || {
        let consumers = daemon.get("/v1/consumers")?["items"].as_array()?.clone();
        consumers
            .iter()
            .find(|one| one["id"] == "rds-proxy:front")
            .cloned()
    });

    let version = shop.create(&shop.mysql, 2);
    daemon.until_phase(shop.mysql.name, &["created"]);
    rds(&json!({"status": "resetting-master-credentials", "pending": true}));
    daemon.until("RDS at it", || {
        let all = daemon.get("/v1/databases")?["items"].clone();
        (all[0]["status"] == "resetting-master-credentials").then_some(())
    });
    shop.mysql.change_password(2);
    rds(&json!({"status": "available", "reset": true}));
    daemon.until_phase(shop.mysql.name, &["exposed"]);
    shop.step(&shop.mysql, &version, "test", None);
    shop.step(&shop.mysql, &version, "finish", None);
    daemon.until_phase(shop.mysql.name, &["propagating"]);
    let secret = daemon.get("/v1/secrets/shop%2Fmysql").expect("the secret");
    assert_eq!(secret["rds"]["id"], "rds-instance:shop");
    daemon.until("RDS among those that tell of setSecret", || {
        let rotation = daemon.get(&format!("/v1/rotations/{}", text(&secret, "rotation")))?;
        let mut timeline = rotation["timeline"].as_array()?.iter();
        let set = timeline.find(|entry| entry["what"] == "setSecret")?;
        set["sources"].to_string().contains("rds").then_some(())
    });
    assert!(daemon.terminate().success());
    assert!(!home.log_text().contains(MARKER), "a password is in the log");
}

/// Without the right RDS is unseen, which is told; all the rest goes on.
#[test]
fn rds_that_may_not_be_asked_is_told_once_and_keeps_nothing_from_going_on() {
    let shop = Shop::open();
    for operation in ["DescribeDBInstances", "DescribeDBClusters", "DescribeDBProxies"] {
        let fault = json!({"service": "rds", "operation": operation, "kind": "denied", "times": 1_000});
        shop.standin.post("fault", &fault);
    }
    let home = shop.home("observe");
    let daemon = home.start();
    daemon.until_ready();
    let found = daemon.until("three findings", || {
        let all = daemon.get("/v1/findings")?["items"].as_array()?.clone();
        let of_rds = all
            .into_iter()
            .filter(|one| one["text"].to_string().contains("rds:Describe"));
        let of_rds: Vec<Value> = of_rds.collect();
        (of_rds.len() == 3).then_some(of_rds)
    });
    for finding in &found {
        assert_eq!(finding["kind"], "unseen", "{finding}");
        assert!(
            finding["remedy"].to_string().contains("rds:DescribeDB"),
            "{finding}"
        );
    }
    let version = shop.create(&shop.mysql, 2);
    shop.set(&shop.mysql, &version, 2);
    daemon.until_phase(shop.mysql.name, &["exposed"]);
}
