//! What `[numbers]` takes, and what it refuses.

use machine::model::{ConsumerId, Gateway, MetricSource};

use super::refused::{refusal, with_rule};
use super::*;

/// An application with these keys.
fn with(keys: &str) -> String {
    with_rule(&format!(
        "[[numbers.applications]]\nname = \"shop\"\nconsumers = [\"ecs:prod/orders\"]\n{keys}\n"
    ))
}

#[test]
fn an_application_is_a_group_of_consumers_with_measures_of_its_own() {
    let keys = "api_gateways = [\"rest:shop api\", \"http:a1\"]\ntarget_groups = [\"targetgroup/web/1\"]\n\
                [[numbers.applications.metrics]]\nname = \"lost\"\nnamespace = \"Shop\"\nmetric = \"Lost\"\n\
                [[numbers.applications.metrics]]\nname = \"share\"\nexpression = \"100 * lost\"";
    let settings = load(&with(keys), &[]).expect("an application").settings;
    assert!(settings.numbers, "on by default");
    let orders = ConsumerId::service("prod", "orders");
    assert_eq!(settings.applications.of(&orders).as_ref(), "shop");
    let by = &settings.applications.named["shop"];
    assert_eq!(
        by.gateways,
        [Gateway::Rest("shop api".into()), Gateway::Http("a1".into())]
    );
    assert_eq!(by.metrics.len(), 2);
    assert!(
        matches!(&by.metrics[0].source, MetricSource::Metric { statistic, .. } if statistic == "Average")
    );
    let off = load(&with_rule("[numbers]\ncloudwatch = false\n"), &[]).expect("none");
    assert!(!off.settings.numbers);
}

#[test]
fn what_could_never_be_measured_is_refused() {
    let metric = |keys: &str| with(&format!("[[numbers.applications.metrics]]\n{keys}"));
    for (text, expected) in [
        (
            with_rule("[[numbers.applications]]\nconsumers = [\"ecs:a/b\"]"),
            "has no name",
        ),
        (
            with_rule("[[numbers.applications]]\nname = \"ecs:prod/orders\"\nconsumers = [\"ecs:a/b\"]"),
            "does not fit",
        ),
        (
            with_rule("[[numbers.applications]]\nname = \"shop\""),
            "no consumer",
        ),
        (
            with("[[numbers.applications]]\nname = \"web\"\nconsumers = [\"ecs:prod/orders\"]"),
            "is in \"shop\" already",
        ),
        (
            with("[[numbers.applications]]\nname = \"shop\"\nconsumers = [\"ecs:prod/web\"]"),
            "another application has the name",
        ),
        (
            with("target_groups = [\"arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web/1\"]"),
            "targetgroup/NAME/ID",
        ),
        (with("api_gateways = [\"shop\"]"), "rest:NAME"),
        (
            metric("name = \"Lost\"\nexpression = \"1\""),
            "a small letter, then letters",
        ),
        (
            metric("name = \"errors\"\nexpression = \"1\""),
            "none of the names of what is",
        ),
        (
            metric("name = \"lost\""),
            "names neither one metric nor one expression",
        ),
        (
            metric("name = \"lost\"\nexpression = \"1\"\nstatistic = \"Sum\""),
            "names neither one metric nor one expression",
        ),
        (
            metric("name = \"lost\"\nnamespace = \"Shop\"\nmetric = \"Lost\"\nstatistic = \"p101\""),
            "a percentile as \"p99\"",
        ),
        (
            metric(
                "name = \"a\"\nexpression = \"1\"\n[[numbers.applications.metrics]]\nname = \"a\"\nexpression = \"2\"",
            ),
            "another metric of the application has the name",
        ),
        (with("[numbers]\ncloudwatch = false"), "would never be measured"),
    ] {
        let told = refusal(&text, &[]);
        assert!(told.contains(expected), "{text}: {told}");
    }
}
