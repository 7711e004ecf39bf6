//! What a person is told of rules that get no secret.

use super::world::{Tale, arn, version};
use crate::findings::{Coverage, Finding, RuleCoverage, Severity, of_rules};
use crate::model::{Evidence, LoginAnswer};

fn coverage(listed: usize, rules: &[(&str, usize, usize)]) -> Coverage {
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

/// Logins that tell nothing, or more than that the password works; rules that take nothing.
pub(super) fn of_logins_and_rules() -> Vec<Finding> {
    let why = || "`host` is missing: correct the secret, or set login.host in its rule".to_owned();
    let unknown = "the server's certificate comes from an unknown authority".to_owned();
    let answers = [
        LoginAnswer::Unusable { why: why() },
        LoginAnswer::Unusable {
            why: "no JSON".to_owned(),
        },
        LoginAnswer::Tls { why: unknown },
        LoginAnswer::Admitted { but: why() },
        LoginAnswer::Unreachable { why: why() },
        LoginAnswer::Busy { code: why() },
        LoginAnswer::Account { code: why() },
        LoginAnswer::Unknown { code: why() },
    ];
    let mut found = Vec::new();
    for answer in answers {
        let mut tale = Tale::new();
        tale.policy.login_test = true;
        tale.labels(0, "a - z");
        let (secret, version) = (arn("db"), version("a"));
        tale.see(
            1,
            Evidence::Login {
                secret,
                version,
                answer,
            },
        );
        found.extend(super::remedies::told(&tale, "db", 10_000));
    }
    let rule = |matches, gets| RuleCoverage {
        rule: "rule 1".to_owned(),
        catches_all: false,
        matches,
        gets,
    };
    for (listed, rules) in [(0, vec![rule(0, 0)]), (3, vec![rule(1, 0)])] {
        let region = Some("eu-west-1".to_owned());
        found.extend(of_rules(&Coverage {
            region,
            listed,
            rules,
            ..Coverage::default()
        }));
    }
    found
}
