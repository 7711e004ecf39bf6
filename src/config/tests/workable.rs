//! What cannot work is refused, what is dangerous is warned of: durations, files, regions, rules in a wrong order.

use super::refused::{in_rule, refusal, with_rule};
use super::*;

const SHOP_ACTS: &str = "[[secrets.rules]]\nprefix = \"shop/\"\nmode = \"act\"\n";

#[test]
fn g2_every_kind_of_shadow_is_flagged_with_the_numbers_that_people_count() {
    let rule = |matches: &str| format!("[[secrets.rules]]\n{matches}\n");
    let all = rule("all = true");
    for (first, second, expected) in [
        (
            "all = true",
            "prefix = \"shop/\"",
            "gets no secret that rotates: rule 1 (all with rotation on)",
        ),
        (
            "all = true",
            "name = \"shop/db\"",
            "gets no secret that rotates: rule 1",
        ),
        (
            "all = true",
            "tag = { team = \"x\" }",
            "gets no secret that rotates: rule 1",
        ),
        ("all = true", "all = true", "never matches: rule 1"),
        (
            "prefix = \"shop/\"",
            "name = \"shop/db\"",
            "never matches: rule 1",
        ),
        (
            "prefix = \"shop/\"",
            "prefix = \"shop/db\"",
            "never matches: rule 1",
        ),
        (
            "tag = { team = \"x\" }",
            "tag = { team = \"x\" }",
            "never matches: rule 1",
        ),
        ("name = \"a\"", "name = \"a\"", "never matches: rule 1"),
    ] {
        let shown = refusal(&(rule(first) + &rule(second)), &[]);
        assert!(
            shown.contains(&format!("secrets.rules.2: {expected}")),
            "{first} {second}:\n{shown}"
        );
        assert!(shown.contains("x.toml:3:1]"), "{shown}");
    }
    for (first, second) in [
        ("name = \"shop/db\"", "prefix = \"shop/\""),
        ("prefix = \"shop/db\"", "prefix = \"shop/\""),
        ("prefix = \"shop/\"", "all = true"),
        ("tag = { team = \"x\" }", "prefix = \"shop/\""),
        ("tag = { team = \"x\" }", "tag = { team = \"y\" }"),
    ] {
        let config = load(&(rule(first) + &rule(second)), &[]);
        assert!(config.is_ok(), "{first} {second}");
    }
    let third = refusal(&(rule("name = \"a\"") + &all + SHOP_ACTS), &[]);
    assert!(
        third.contains("secrets.rules.3: gets no secret that rotates: rule 2"),
        "{third}"
    );
}

#[test]
fn g2_what_is_excluded_shadows_too() {
    for (excludes, matches) in [
        ("shop/*", "prefix = \"shop/\""),
        ("shop/*", "name = \"shop/db\""),
        ("shop/db", "name = \"shop/db\""),
        ("*", "all = true"),
        ("*", "tag = { team = \"x\" }"),
    ] {
        let text = format!("[secrets]\nexcludes = [\"{excludes}\"]\n[[secrets.rules]]\n{matches}\n");
        let shown = refusal(&text, &[]);
        assert!(
            shown.contains("never matches: secrets.excludes has"),
            "{text}:\n{shown}"
        );
    }
    for (excludes, matches) in [
        ("shop/db", "prefix = \"shop/\""),
        ("shop/db*", "prefix = \"shop/\""),
        ("shop/*", "all = true"),
    ] {
        let text = format!("[secrets]\nexcludes = [\"{excludes}\"]\n[[secrets.rules]]\n{matches}\n");
        assert!(load(&text, &[]).is_ok(), "{text}");
    }
}

fn assert_refused(rows: &[(&str, &str)]) {
    for (text, expected) in rows {
        let shown = refusal(&with_rule(text), &[]);
        assert!(shown.contains(expected), "{text}:\n{shown}");
        assert!(shown.contains("x.toml:2:"), "{text}:\n{shown}");
    }
}

#[test]
fn f10_durations_that_cannot_work_are_refused() {
    assert_refused(&[
        (
            "[remediation]\nrecover_deadline = \"1ms\"",
            "remediation.recover_deadline: 1ms is below 30s",
        ),
        (
            "[cadence]\nactive = \"1ms\"",
            "cadence.active: 1ms is below 100ms",
        ),
        (
            "[cadence]\nsweep = \"50ms\"",
            "cadence.sweep: 50ms is below 100ms",
        ),
        ("[cadence]\nsweep = \"30d\"", "cadence.sweep: 30d is above 6h"),
        (
            "[cadence]\nlogin_backoff = \"365d\"",
            "cadence.login_backoff: 365d is above 6h",
        ),
        (
            "[cadence]\nfailure_backoff = \"2d\"",
            "cadence.failure_backoff: 2d is above 1h",
        ),
        (
            "[cadence]\nannounced = \"10s\"\nactive = \"1m\"",
            "cadence.announced: is shorter than cadence.active",
        ),
        (
            "[remediation]\nmargin = \"1ms\"",
            "remediation.margin: 1ms is below 100ms",
        ),
        (
            "[remediation]\nsettle = \"1ms\"",
            "remediation.settle: 1ms is below 100ms",
        ),
        (
            "[remediation]\nwrite_deadline = \"1ms\"",
            "remediation.write_deadline: 1ms is below 1s",
        ),
    ]);
}

#[test]
fn f10_so_are_those_of_every_other_section() {
    assert_refused(&[
        (
            "[remediation]\nstalled_after = \"1s\"",
            "remediation.stalled_after: 1s is below 1m",
        ),
        (
            "[remediation]\nbaseline_age = \"30d\"",
            "remediation.baseline_age: 30d is above 7d",
        ),
        (
            "[remediation]\nsleep_deadline = \"2d\"",
            "remediation.sleep_deadline: 2d is above 1h",
        ),
        (
            "[remediation]\nrecover_deadline = \"31s\"\nsteady = \"40s\"",
            "is shorter than steady and margin together",
        ),
        (
            "[store]\nretention = \"3d\"\n[remediation]\nwatch_for = \"2d\"",
            "store.retention: is below twice remediation.watch_for",
        ),
        (
            "[aws]\nconnect_timeout = \"1ms\"",
            "aws.connect_timeout: 1ms is below 100ms",
        ),
        (
            "[aws]\noperation_timeout = \"1d\"",
            "aws.operation_timeout: 1d is above 5m",
        ),
        ("[login]\ntimeout = \"1ms\"", "login.timeout: 1ms is below 100ms"),
        (
            "[login]\nrefusals_within = \"1s\"",
            "login.refusals_within: 1s is below 1m",
        ),
        (
            "[login]\nrefusals_within = \"2h\"",
            "login.refusals_within: 2h is above 1h",
        ),
        ("[http]\ntimeout = \"1ms\"", "http.timeout: 1ms is below 100ms"),
        (
            "[discovery]\nclusters = [\"arn:aws:ecs:eu-west-1:1:cluster/prod\"]",
            "discovery.clusters: an ARN",
        ),
        (
            "[discovery]\nrefresh = \"1ms\"",
            "discovery.refresh: 1ms is below 1s",
        ),
        (
            "[shutdown]\ndrain = \"5s\"",
            "shutdown.drain: is shorter than remediation.write_deadline",
        ),
    ]);
}

#[test]
fn f10_files_and_folders_that_are_not_there_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("room");
        path.display().to_string()
    };
    let text = file("no.pem", "no certificate here");
    let broken = file(
        "broken.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    let here = folder.path().display().to_string();
    for (section, expected) in [
        (
            "[login]\nca_file = \"/nowhere/ca.pem\"".to_owned(),
            "/nowhere/ca.pem cannot be read: No such file",
        ),
        (
            format!("[login]\nca_file = \"{text}\""),
            "holds no usable certificate",
        ),
        (
            format!("[login]\nca_file = \"{broken}\""),
            "holds no usable certificate",
        ),
        (
            format!("[login]\nca_file = \"{here}\""),
            "is no file of certificates",
        ),
        (
            "[store]\npath = \"/nowhere/journal.sqlite\"".to_owned(),
            "the folder /nowhere is not there",
        ),
        (
            format!("[store]\npath = \"{text}/journal.sqlite\""),
            "is no folder",
        ),
        (format!("[store]\npath = \"{here}\""), "is a folder"),
    ] {
        let shown = refusal(&with_rule(&section), &[]);
        let flat = shown.replace("\n", "");
        assert!(flat.contains(expected), "{section}:\n{shown}");
        assert!(shown.contains("x.toml:2:"), "{section}:\n{shown}");
    }
    let pem = concat!(env!("CARGO_MANIFEST_DIR"), "/src/database/rds-ca-bundle.pem");
    let good = format!("[login]\nca_file = \"{pem}\"\n[store]\npath = \"{here}/journal.sqlite\"");
    assert!(load(&with_rule(&good), &[]).is_ok());
}

fn warnings(text: &str, variables: &[(&str, &str)]) -> String {
    let config = load(text, variables).map_err(|problems| problems.to_string());
    config
        .expect("no problem")
        .warnings
        .to_string()
        .replace("\n  │ ", " ")
}

#[test]
fn f10_a_region_is_refused_by_its_shape_and_warned_of_where_nobody_knows_it() {
    let region = |name: &str| with_rule(&format!("[aws]\nregion = \"{name}\""));
    let refused = refusal(&region("us-east-1a"), &[]);
    assert!(
        refused.contains("\"us-east-1a\" is no region of AWS"),
        "{refused}"
    );
    assert!(
        refused.contains("did you mean \"us-east-1\"?") && refused.contains("x.toml:2:10"),
        "{refused}"
    );
    let warned = warnings(&region("us-esat-1"), &[]);
    assert!(
        warned.contains("did you mean \"us-east-1\"?") && warned.contains("x.toml:2:10"),
        "{warned}"
    );
    assert!(warned.ends_with("1 warning\n"), "{warned}");
    assert_eq!(
        load(&region("us-gov-west-1"), &[])
            .expect("good")
            .warnings
            .count(),
        0
    );
    let stand_in = with_rule("[aws]\nregion = \"here\"\nendpoint_url = \"http://127.0.0.1:1\"");
    assert!(
        load(&stand_in, &[]).is_ok(),
        "a stand-in has what region it likes"
    );
    let by_variable = warnings(RULE, &[("AWS_REGION", "us-esat-1")]);
    assert!(
        by_variable.contains("AWS_REGION: no region \"us-esat-1\" is known"),
        "{by_variable}"
    );
    let named = load(&region("eu-west-1"), &[("AWS_REGION", "nowhere")]);
    assert_eq!(named.expect("good").warnings.count(), 0, "the file wins");
}

#[test]
fn d4_a_login_test_in_a_region_without_built_in_authorities_is_warned_of() {
    let text = |region: &str, login: &str| {
        format!(
            "[aws]\nregion = \"{region}\"\n[[secrets.rules]]\nprefix = \"a\"\nlogin = {{ {login} }}\n{RULE}login = {{ test = true }}\n"
        )
    };
    let warned = warnings(&text("mx-central-1", "test = true"), &[]);
    assert!(
        warned.contains("/mx-central-1/mx-central-1-bundle.pem"),
        "{warned}"
    );
    assert!(
        warned.contains("x.toml:5:") && warned.ends_with("1 warning\n"),
        "{warned}"
    );
    let count = |text: &str| load(text, &[]).expect("good").warnings.count();
    assert_eq!(count(&text("eu-west-1", "test = true")), 0);
    assert_eq!(
        count(&text("mx-central-1", "test = true, tls = \"unverified\"")),
        0
    );
    let pem = concat!(env!("CARGO_MANIFEST_DIR"), "/src/database/rds-ca-bundle.pem");
    let given = format!(
        "{}[login]\nca_file = \"{pem}\"\n",
        text("mx-central-1", "test = true")
    );
    assert_eq!(count(&given), 0);
    let variables = [("AWS_REGION", "cn-north-1")];
    let warned = warnings(&in_rule("login = { test = true }"), &variables);
    assert!(
        warned.contains("amazonaws.com.cn/cn-north-1/cn-north-1-bundle.pem"),
        "{warned}"
    );
}

#[test]
fn what_is_dangerous_is_warned_of_with_its_place() {
    let late = warnings(&with_rule("[cadence]\nsweep = \"1h\""), &[]);
    assert!(
        late.contains("x.toml:2:9") && late.contains("first seen so late"),
        "{late}"
    );
    let short = warnings(&with_rule("[remediation]\nrecover_deadline = \"1m\""), &[]);
    assert!(short.contains("behind a load balancer"), "{short}");
    let config = load(&with_rule("[cadence]\nsweep = \"1h\""), &[]).expect("good");
    let lines: Vec<String> = config.warnings.lines().collect();
    assert!(
        lines.len() == 1 && lines[0].starts_with("x.toml:2: cadence.sweep: "),
        "{lines:?}"
    );
}

#[test]
fn g11_the_brake_for_everything_is_one_key_or_variable() {
    use machine::model::Mode;
    let config = load(
        SHOP_ACTS,
        &[("ROTATION_WATCHDOG_REMEDIATION__AT_MOST", "observe")],
    )
    .expect("good");
    assert_eq!(config.settings.limits.at_most, Mode::Observe);
    assert_eq!(
        config.rules.rules[0].policy.mode,
        Mode::Act,
        "the rule's own stays known"
    );
    assert_eq!(
        load(SHOP_ACTS, &[]).expect("good").settings.limits.at_most,
        Mode::Act
    );
    let wrong = refusal(SHOP_ACTS, &[("ROTATION_WATCHDOG_REMEDIATION__AT_MOST", "off")]);
    assert!(
        wrong.contains("AT_MOST: remediation.at_most = \"off\" does not fit"),
        "{wrong}"
    );
}

#[test]
fn names_of_512_characters_are_taken_and_longer_ones_refused() {
    let rule = |length: usize| format!("[[secrets.rules]]\nname = \"{}\"\n", "n".repeat(length));
    let config = load(&rule(512), &[]).expect("as long as AWS allows");
    assert!(config.rules.rules[0].policy.rule.len() > 512);
    let shown = refusal(&rule(513), &[]);
    assert!(shown.contains("513 characters long"), "{shown}");
    let shown = refusal("[[secrets.rules]]\nname = \"shöp\"\n", &[]);
    assert!(shown.contains("can match no secret"), "{shown}");
    assert!(load("[[secrets.rules]]\nname = \"rds!cluster-1a2b\"\n", &[]).is_ok());
}
