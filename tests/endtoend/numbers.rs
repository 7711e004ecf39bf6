use super::*;
use crate::support::http;

/// An application that the configuration names: a service behind a load balancer, with metrics of its own.
const APPLICATION: &str = "\
[[numbers.applications]]\nname = \"front\"\nconsumers = [\"ecs:prod/front\"]\n\
[[numbers.applications.metrics]]\nname = \"lost\"\nnamespace = \"Shop\"\nmetric = \"Lost\"\nstatistic = \"Sum\"\n\
[[numbers.applications.metrics]]\nname = \"share\"\nexpression = \"lost / 4 * 100\"\n";

/// Well within the hour before.
const MINUTES: u32 = 30;

impl Shop {
    /// Points of so many minutes ago.
    fn measured(&self, namespace: &str, metric: &str, dimensions: &Value, values: &[f64]) {
        let points: Vec<Value> = values.iter().map(|value| json!([MINUTES, value])).collect();
        let order =
            json!({"namespace": namespace, "metric": metric, "dimensions": dimensions, "points": points});
        self.standin.post("metrics", &order);
    }

    fn asked_for_numbers(&self) -> usize {
        let calls = self
            .standin
            .get("calls?service=monitoring&operation=GetMetricData");
        calls["calls"].as_array().expect("a list").len()
    }

    fn open_with_a_balanced_service() -> Self {
        let shop = Self::open();
        let group = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/front/1";
        let service = json!({
            "cluster": "prod", "name": "front", "secrets": [shop.mysql.secret], "desired": 1, "target_groups": [group],
        });
        shop.standin.post("service", &service);
        let balanced = json!({"LoadBalancer": "app/public/2", "TargetGroup": "targetgroup/front/1"});
        shop.measured("AWS/ApplicationELB", "RequestCount", &balanced, &[40.0]);
        let latencies: Vec<f64> = (1..=100).map(|n| f64::from(n) / 100.0).collect();
        shop.measured("AWS/ApplicationELB", "TargetResponseTime", &balanced, &latencies);
        let mailer = json!({"FunctionName": "mailer"});
        shop.measured("AWS/Lambda", "Duration", &mailer, &[250.0]);
        shop.measured("Shop", "Lost", &json!({}), &[3.0]);
        shop
    }
}

/// The mean of the hour before.
fn before(application: &Value, measure: &str) -> Option<f64> {
    let mut measures = application["measures"].as_array()?.iter();
    measures.find(|one| one["measure"] == measure)?["before"]["mean"].as_f64()
}

#[test]
fn applications_are_measured_while_a_secret_of_theirs_rotates() {
    let shop = Shop::open_with_a_balanced_service();
    let home = shop.home_with("observe", APPLICATION);
    let daemon = home.start();
    daemon.until_ready();
    assert_eq!(
        shop.asked_for_numbers(),
        0,
        "at rest nothing is asked for, and paid"
    );

    let version = shop.create(&shop.mysql, 2);
    let named = |name: &str| {
        let all = daemon.get("/v1/applications")?["items"].as_array()?.clone();
        all.into_iter()
            .find(|one| one["name"] == name && !one["last_look"].is_null())
    };
    let front = daemon.until("the application's numbers", || named("front"));
    assert_eq!(before(&front, "requests"), Some(40.0), "{front}");
    assert_eq!(before(&front, "latency-p99"), Some(0.99), "{front}");
    assert_eq!(before(&front, "lost"), Some(3.0), "{front}");
    assert_eq!(before(&front, "share"), Some(75.0), "{front}");
    assert_eq!(
        before(&front, "5xx"),
        Some(0.0),
        "in a minute with requests: {front}"
    );
    assert_eq!(
        front["health"], "unknown",
        "no minute since the rotation began is over"
    );
    let mailer = daemon.until("the function's numbers", || named("lambda:mailer"));
    assert_eq!(before(&mailer, "duration"), Some(0.25), "{mailer}");
    assert_eq!(
        before(&mailer, "errors"),
        None,
        "what is missing is missing: {mailer}"
    );

    shop.set(&shop.mysql, &version, 2);
    shop.step(&shop.mysql, &version, "test", None);
    shop.step(&shop.mysql, &version, "finish", None);
    daemon.until_phase(shop.mysql.name, &["propagating"]);
    let secret = daemon.get("/v1/secrets/shop%2Fmysql").expect("the secret");
    let rotation = daemon.get(&format!("/v1/rotations/{}", text(&secret, "rotation")));
    let shown = rotation.expect("the rotation")["applications"].clone();
    assert!(shown.to_string().contains("\"front\""), "{shown}");
    let (_, metrics) = http::ask(&daemon.home.address, "GET", "/metrics", "").expect("an answer");
    assert!(
        metrics.contains("rotation_watchdog_applications{health=\"unknown\"}"),
        "{metrics}"
    );
}

/// A metric expression that CloudWatch refuses is told with its words; all else is measured.
#[test]
fn an_expression_that_is_wrong_is_a_finding_and_takes_nothing_else_away() {
    let shop = Shop::open_with_a_balanced_service();
    let wrong = APPLICATION.replace("lost / 4 * 100", "SUMM(lost)");
    let home = shop.home_with("observe", &wrong);
    let daemon = home.start();
    daemon.until_ready();
    shop.create(&shop.mysql, 2);
    let finding = daemon.until("the finding", || {
        let all = daemon.get("/v1/findings")?["items"].as_array()?.clone();
        all.into_iter().find(|one| one["kind"] == "unmeasured")
    });
    assert_eq!(finding["subject"], "application front", "{finding}");
    assert!(finding["text"].to_string().contains("SUMM"), "{finding}");
    let all = daemon.get("/v1/applications").expect("a list")["items"].clone();
    let all = all.as_array().expect("a list").clone();
    let front = all.into_iter().find(|one| one["name"] == "front");
    assert_eq!(before(&front.expect("measured"), "requests"), Some(40.0));
}

/// Without the right nothing is measured, which is told; the rotation is followed all the same.
#[test]
fn cloudwatch_that_may_not_be_asked_keeps_nothing_from_going_on() {
    let shop = Shop::open_with_a_balanced_service();
    let fault = json!({"service": "monitoring", "operation": "*", "kind": "denied", "times": 1_000});
    shop.standin.post("fault", &fault);
    let home = shop.home("observe");
    let daemon = home.start();
    daemon.until_ready();
    let version = shop.create(&shop.mysql, 2);
    let finding = daemon.until("the finding", || {
        let all = daemon.get("/v1/findings")?["items"].as_array()?.clone();
        all.into_iter()
            .find(|one| one["text"].to_string().contains("cloudwatch:"))
    });
    assert_eq!(finding["kind"], "unseen", "{finding}");
    shop.set(&shop.mysql, &version, 2);
    daemon.until_phase(shop.mysql.name, &["exposed"]);
}
