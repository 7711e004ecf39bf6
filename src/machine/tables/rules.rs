//! What a person is told of rules that get no secret.

use crate::findings::{Coverage, RuleCoverage, Severity, of_rules};

pub(super) fn coverage(listed: usize, rules: &[(&str, usize, usize)]) -> Coverage {
    let rule = |(rule, matches, gets): &(&str, usize, usize)| RuleCoverage {
        rule: (*rule).to_owned(),
        catches_all: rule.contains("all"),
        matches: *matches,
        gets: *gets,
    };
    Coverage {
        region: Some("us-east-1".to_owned()),
        account: (listed > 0).then(|| "123456789012".to_owned()),
        listed,
        watched: rules.iter().map(|(_, _, gets)| gets).sum(),
        rules: rules.iter().map(rule).collect(),
    }
}

fn told(coverage: &Coverage) -> Vec<String> {
    let told = of_rules(coverage).into_iter();
    told.map(|f| format!("{} {}: {}: {}", f.severity, f.kind, f.subject, f.text))
        .collect()
}

#[test]
fn g1_a_rule_that_matches_no_secret_is_told_with_region_and_account() {
    let told = told(&coverage(
        4,
        &[("rule 1 (name \"shp/db\")", 0, 0), ("rule 2 (all)", 3, 3)],
    ));
    assert_eq!(
        told,
        [
            "warning rule-without-secrets: rule 1 (name \"shp/db\"): it matches no secret in us-east-1 of account 123456789012"
        ]
    );
}

#[test]
fn g1_watching_nothing_is_critical() {
    let empty = coverage(0, &[("rule 1 (name \"shop/db\")", 0, 0)]);
    assert_eq!(
        told(&empty),
        [
            "warning rule-without-secrets: rule 1 (name \"shop/db\"): it matches no secret in us-east-1",
            "critical watching-nothing: secrets: no secret is watched: there is none in us-east-1"
        ]
    );
    let told_of_nothing = of_rules(&empty).pop().expect("critical");
    assert_eq!(told_of_nothing.severity, Severity::Critical);
    assert!(told_of_nothing.remedy.contains("list-secrets --region us-east-1"));
    let mistyped = told(&coverage(7, &[("rule 1 (prefix \"shp/\")", 0, 0)]));
    let expected = "no rule takes any of the 7 in us-east-1 of account 123456789012";
    assert!(mistyped[1].ends_with(expected), "{mistyped:?}");
}

#[test]
fn g2_a_rule_whose_secrets_are_all_taken_by_others_is_told_but_for_the_one_that_catches_the_rest() {
    let taken = coverage(
        5,
        &[
            ("rule 1 (tag)", 5, 5),
            ("rule 2 (name)", 1, 0),
            ("rule 3 (all)", 5, 0),
        ],
    );
    let told = told(&taken);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("rule 2 (name): it gets no secret: rules before it take the 1"),
        "{told:?}"
    );
}

#[test]
fn nobody_reads_a_thousand_of_them() {
    let rules: Vec<(&str, usize, usize)> = vec![("rule n (name)", 0, 0); 1000];
    assert_eq!(of_rules(&coverage(1, &rules)).len(), 21);
}
