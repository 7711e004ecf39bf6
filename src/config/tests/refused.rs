//! What must not start, for it would silently do something else than was meant; and where each problem points.

use super::*;

pub(super) fn with_rule(section: &str) -> String {
    format!("{section}\n{RULE}")
}

pub(super) fn in_rule(keys: &str) -> String {
    format!("{RULE}{keys}\n")
}

/// The report's text with its wrapped lines joined.
pub(super) fn refusal(text: &str, variables: &[(&str, &str)]) -> String {
    let problems = load(text, variables).expect_err(text);
    problems.to_string().replace("\n  │ ", " ")
}

#[test]
fn what_would_silently_mean_something_else_is_refused() {
    for (text, expected) in [
        ("[secrets]\nrules = []\n".to_owned(), "there is no rule"),
        ("[[secrets.rules]]\nprefix = \"\"\n".to_owned(), "not empty"),
        (
            "[[secrets.rules]]\nname = \"shop/*\"\n".to_owned(),
            "can match no secret",
        ),
        (
            "[[secrets.rules]]\nname = \"arn:aws:secretsmanager:eu-west-1:1:secret:a-AbCdEf\"\n".to_owned(),
            "can match no secret",
        ),
        (
            with_rule("[secrets]\nexcludes = [\"a/*/b\"]"),
            "can match no secret",
        ),
        (in_rule("login = { host = \"db\" }"), "while test is off"),
        (in_rule("consumers = [{ id = \"x\" }]"), "ecs:CLUSTER/SERVICE"),
        (
            in_rule("consumers = [{ id = \"lambda:x\" }, { id = \"lambda:x\" }]"),
            "listed twice",
        ),
        (with_rule("[store]\npath = \"\""), "not empty"),
        (with_rule("[store]\npath = \":memory:\""), "is no file"),
        (with_rule("[store]\npath = \"file:x?mode=memory\""), "is no file"),
        (with_rule("[store]\nretention = \"3651d\""), "at most 3650d"),
        (
            in_rule("ecs_fetching = \"3651d\""),
            "ecs_fetching = \"3651d\" does not fit",
        ),
        (with_rule("[cadence]\nsweep = \"30\""), "has no unit"),
        (with_rule("[cadence]\nsweep = 0.5"), "has no unit"),
        (
            with_rule("[cadence]\nsweep = \"0s\""),
            "cadence.sweep: zero is below 100ms",
        ),
        (
            with_rule("[store]\nretention = \"0h\""),
            "store.retention = \"0h\" is zero",
        ),
        (with_rule("[cadence]\nsweep = \"-5m\""), "does not fit"),
        (
            with_rule("[telemetry]\nlog_filter = \"rotation_watchdog=loud\""),
            "tracing directives",
        ),
        (with_rule("[logs]\ntest = [\"\"]"), "would match every line"),
        (with_rule("[logs]\ntest = [\"<any>.\"]"), "would match every line"),
        (with_rule("[logs]\ntest = [\"done <arn\"]"), "without the other"),
        (with_rule("[logs]\ntest = [\"done> <arn>\"]"), "without the other"),
        (
            with_rule("[logs]\nexception = [\"[ERROR]\"]"),
            "every logged error",
        ),
        (
            with_rule("[logs]\nfailed = [\"FATAL: <any>\"]"),
            "every logged error",
        ),
    ] {
        let shown = refusal(&text, &[]);
        assert!(shown.contains(expected), "{text}:\n{shown}");
        assert!(shown.ends_with("\n1 problem"), "more than one problem:\n{shown}");
    }
}

#[test]
fn a_key_of_the_wrong_type_is_one_problem() {
    let shown = problems("[[secrets.rules]]\nname = 3\n");
    assert!(!shown.contains("goes by nothing"), "{shown}");
}

#[test]
fn a_problem_inside_of_an_inline_table_or_list_points_at_it() {
    insta::assert_snapshot!(problems(&in_rule("login = { test = true, tls = \"maybe\", hots = \"db\" }")), @r#"
  × secrets.rules.1.login.tls = "maybe" does not fit
   ╭─[x.toml:3:30]
 2 │ all = true
 3 │ login = { test = true, tls = "maybe", hots = "db" }
   ·                              ───────
   ╰────
  help: give one of "verified", "unverified", "preferred", "none"
  × unknown key secrets.rules.1.login.hots
   ╭─[x.toml:3:39]
 2 │ all = true
 3 │ login = { test = true, tls = "maybe", hots = "db" }
   ·                                       ────
   ╰────
  help: did you mean "host"?
2 problems
"#);
    let shown = problems("secrets.rules = [{ all = true, consumers = [{ id = \"x\" }] }]\n");
    assert!(shown.contains("x.toml:1:52]"), "{shown}");
}

#[test]
fn a_problem_of_a_rule_points_at_its_first_line() {
    insta::assert_snapshot!(problems(&in_rule("[[secrets.rules]]\nall = true")), @r"
  × secrets.rules.2: never matches: rule 1 (all with rotation on) comes first and wins
   ╭─[x.toml:3:1]
 2 │ all = true
 3 │ [[secrets.rules]]
   · ─────────────────
 4 │ all = true
   ╰────
  help: move it up, or remove it
1 problem
");
}

#[test]
fn a_password_put_in_the_file_by_mistake_is_not_shown() {
    for text in [
        in_rule("login = { test = true, password = \"hunter2\" }"),
        "[login]\npassword = hunter2\n".to_owned(),
        in_rule("[login]\npassword = \"hunter2\"\ntimeout = 5"),
    ] {
        let problems = load(&text, &[]).expect_err("a problem");
        assert!(!problems.to_string().contains("hunter2"), "{problems}");
        assert!(!format!("{problems:?}").contains("hunter2"), "{problems:?}");
    }
}

#[test]
fn a_problem_of_the_environment_names_a_variable_that_is_set() {
    for (name, text, expected) in [
        ("CADENS__SWEEP", "1m", "CADENS__SWEEP: unknown key cadens"),
        (
            "SECRETS__RULES",
            "[{all=true, modee=\"act\"}]",
            "RULES: unknown key secrets.rules.1.modee",
        ),
        (
            "SECRETS__RULES__0__MODE",
            "act",
            "RULES__0__MODE: secrets.rules = a table",
        ),
        (
            "AWS__ASSUME_ROLE__EXTERNAL_ID",
            "x",
            "EXTERNAL_ID: aws.assume_role: has no role_arn",
        ),
        ("AWS__REGION", "", "REGION: aws.region = \"\" does not fit"),
    ] {
        let shown = refusal(RULE, &[(&format!("ROTATION_WATCHDOG_{name}"), text)]);
        assert!(shown.contains(expected), "{shown}");
    }
}

#[test]
fn a_text_from_the_environment_stays_as_it_was_written() {
    let variables = [
        (
            "ROTATION_WATCHDOG_AWS__ASSUME_ROLE__ROLE_ARN",
            "arn:aws:iam::1:role/x",
        ),
        ("ROTATION_WATCHDOG_AWS__ASSUME_ROLE__EXTERNAL_ID", "0123"),
        ("ROTATION_WATCHDOG_AWS__PROFILE", "true"),
    ];
    let config = load(RULE, &variables)
        .map_err(|p| p.to_string())
        .expect("no problem");
    assert_eq!(config.aws.profile.as_deref(), Some("true"));
    let role = config.aws.assume_role.expect("a role");
    assert_eq!(role.external_id.as_deref(), Some("0123"));
}

#[test]
fn a_keys_own_variable_wins_over_its_sections_in_any_order() {
    let section = ("ROTATION_WATCHDOG_CADENCE", "{sweep=\"2m\"}");
    let key = ("ROTATION_WATCHDOG_CADENCE__SWEEP", "30s");
    for variables in [[section, key], [key, section]] {
        let config = load(RULE, &variables).expect("no problem");
        assert_eq!(config.settings.cadence.sweep, jiff::SignedDuration::from_secs(30));
    }
}

/// Under another name than discovery's it would be a second consumer, restarted beside the first.
#[test]
fn c6_a_consumer_is_named_by_plain_names_wherever_it_is_named() {
    for id in [
        "lambda:arn:aws:lambda:eu-west-1:123456789012:function:mailer",
        "lambda:mailer:live",
        "lambda:foo:bar:baz",
        "lambda:mail er",
        "ecs:prod/a/b",
        "ecs:prod/orders ",
        "ecs:arn:aws:ecs:eu-west-1:123456789012:service/prod/orders",
    ] {
        for (text, remedy) in [
            (
                in_rule(&format!("consumers = [{{ id = \"{id}\" }}]")),
                "lambda:FUNCTION",
            ),
            (
                in_rule(&format!("staleness = {{ \"{id}\" = \"15m\" }}")),
                "lambda:FUNCTION",
            ),
            (
                with_rule(&format!("[remediation]\nown_service = \"{id}\"")),
                "ecs:CLUSTER/SERVICE",
            ),
        ] {
            let shown = refusal(&text, &[]);
            assert!(
                shown.contains(remedy) && shown.contains("plain names"),
                "{text}:\n{shown}"
            );
            assert!(
                shown.contains("x.toml:") && shown.ends_with("\n1 problem"),
                "{text}:\n{shown}"
            );
        }
    }
    let good = in_rule("consumers = [{ id = \"lambda:mail_er-2\" }, { id = \"ecs:prod/or-ders\" }]");
    assert!(load(&good, &[]).is_ok());
}

#[test]
fn f10_what_no_host_group_session_or_cluster_can_be_called_is_refused() {
    let login = |host: &str| in_rule(&format!("login = {{ test = true, host = \"{host}\" }}"));
    let hosts = |entry: &str| with_rule(&format!("[discovery]\ndatabase_hosts = {{ {entry} }}"));
    let session = |name: &str| {
        let role = "role_arn = \"arn:aws:iam::123456789012:role/x\"";
        with_rule(&format!("[aws.assume_role]\n{role}\nsession_name = \"{name}\""))
    };
    let cluster = |name: &str| with_rule(&format!("[discovery]\nclusters = [\"{name}\"]"));
    let group = |name: &str| in_rule(&format!("log_group = \"{name}\""));
    let pattern = |pattern: &str| with_rule(&format!("[logs]\ntest = [\"{pattern}\"]"));
    for (text, expected) in [
        (
            login("mysql://db.example"),
            "\"mysql://db.example\" is no host name",
        ),
        (login("db.example:3306"), "no scheme, no port, no path"),
        (
            hosts("\"http://foo:33\" = \"shop/db\""),
            "\"http://foo:33\" is no host name",
        ),
        (hosts("\"\" = \"shop/db\""), "\"\" is no host name"),
        (
            hosts("\"host:3306\" = \"shop/db\""),
            "\"host:3306\" is no host name",
        ),
        (
            hosts("\"db.example\" = \"\""),
            "\"db.example\" belongs to no secret",
        ),
        (hosts("\"db.example\" = \"shop db\""), "can match no secret"),
        (session("a name"), "is no name of a session"),
        (session("x"), "2 to 64 letters"),
        (group("arn:aws:logs:x"), "is no log group's name"),
        (group("my group"), "is no log group's name"),
        (cluster("prod "), "\"prod \" is no cluster's name"),
        (cluster(""), "is no cluster's name"),
        (cluster("prod*"), "without blanks or patterns"),
        (pattern("ok"), "fewer than 3 letters"),
        (pattern("<a> x"), "fewer than 3 letters"),
    ] {
        let shown = refusal(&text, &[]);
        assert!(shown.contains(expected), "{text}:\n{shown}");
        assert!(
            shown.contains("x.toml:") && shown.ends_with("\n1 problem"),
            "{text}:\n{shown}"
        );
    }
    for good in [
        login("DB-1.example.internal"),
        login("::1"),
        login("10.0.0.1"),
        hosts("\"db.example.internal.\" = \"shop/db\""),
        session("rotation+watchdog@prod"),
        group("/aws/lambda/rotate_db-2"),
        cluster("prod_eu-1"),
        pattern("tested"),
    ] {
        let loaded = load(&good, &[]).map_err(|problems| problems.to_string());
        assert!(loaded.is_ok(), "{good}: {loaded:?}");
    }
}

/// Whoever lets a label be moved must have said all that it rests on.
#[test]
fn a_roll_forward_that_cannot_be_decided_is_refused() {
    let acting = |login: &str| in_rule(&format!("roll_forward = \"act\"\nlogin = {{ {login} }}"));
    let slow = "[login]\ntimeout = \"10s\"\n[remediation]\nwrite_deadline = \"10s\"";
    for (text, expected) in [
        (in_rule("roll_forward = \"act\""), "the login test is off"),
        (acting("test = true, user = \"app\""), "login.user"),
        (
            in_rule("roll_forward = \"act\"\nroll_forward_by_this_host = true\nlogin = { test = true }"),
            "a host that the rule does not name",
        ),
        (
            format!("{slow}\n{}", acting("test = true")),
            "not shorter than remediation.write_deadline",
        ),
        (
            in_rule("roll_forward = \"maybe\""),
            "give one of \"offer\", \"act\"",
        ),
        (
            with_rule("[remediation]\nroll_forward_a_day = 0"),
            "roll_forward_a_day",
        ),
    ] {
        let refused = refusal(&text, &[]);
        assert!(refused.contains(expected), "{text}\n{refused}");
    }
    let config = load(&acting("test = true"), &[]).expect("it can be decided");
    assert!(config.rules.rules[0].policy.roll_forward.acts);
    let config = load(&in_rule("login = { test = true }"), &[]).expect("a rule");
    assert!(
        !config.rules.rules[0].policy.roll_forward.acts,
        "offered by default"
    );
}

#[test]
fn a_database_of_rds_that_cannot_be_meant_is_refused() {
    for (text, expected) in [
        (
            in_rule("rds = \"shop.abc.eu-west-1.rds.amazonaws.com\""),
            "rds-instance:IDENTIFIER",
        ),
        (in_rule("rds = \"rds-proxy:shop\""), "rds-instance:IDENTIFIER"),
        (in_rule("rds_master_user = true"), "names no database"),
        (
            in_rule("staleness = { \"rds-proxy:shop\" = \"restart\" }"),
            "names no consumer",
        ),
        (
            in_rule("rds = \"rds-cluster:shop\"") + "[discovery]\nrds = false\n",
            "would have no effect",
        ),
    ] {
        let told = refusal(&text, &[]);
        assert!(told.contains(expected), "{text}: {told}");
    }
}
