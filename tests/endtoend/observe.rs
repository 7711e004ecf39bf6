use super::*;

#[test]
fn observing_sees_everything_and_writes_nothing() {
    let shop = Shop::open();
    let home = shop.home("observe");
    let daemon = home.start();
    daemon.until_ready();
    let version = shop.create(&shop.mysql, 2);
    shop.set(&shop.mysql, &version, 2);
    daemon.until_phase(shop.mysql.name, &["exposed"]);
    shop.step(&shop.mysql, &version, "test", None);
    shop.step(&shop.mysql, &version, "finish", None);
    daemon.until_phase(shop.mysql.name, &["propagating"]);
    let wanted = daemon.until("what it would do", || {
        let view = daemon.get("/v1/secrets/shop%2Fmysql")?;
        let standings = view["consumer_standings"].as_array()?.clone();
        let wants = standings
            .iter()
            .filter(|standing| !standing["wants"].is_null())
            .count();
        let told = standings
            .iter()
            .all(|standing| standing["waits_for"].to_string().contains("observe"));
        (wants == 3 && told).then_some(standings)
    });
    assert_eq!(wanted.len(), 3);
    assert!(shop.standin.writes().is_empty(), "{:#?}", shop.standin.writes());
}
