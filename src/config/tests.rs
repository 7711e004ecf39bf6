//! The configuration as a user meets it.

mod numbers;
mod properties;
mod refused;
mod workable;

use super::*;

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, Problems> {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::read(
        Some(Source::parse("x.toml".to_owned(), text.to_owned())?),
        variables,
    )
}

const RULE: &str = "[[secrets.rules]]\nall = true\n";

fn problems(text: &str) -> String {
    load(text, &[]).expect_err("a problem").to_string()
}

fn documented() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/watchdog.toml")).expect("the file")
}

#[test]
fn the_documented_file_says_the_built_in_defaults() {
    let documented = load(&documented(), &[])
        .map_err(|p| p.to_string())
        .expect("no problem");
    let built_in = load(RULE, &[]).expect("no problem");
    for ((shown, origin), (default, _)) in documented.shown().iter().zip(built_in.shown()) {
        assert_eq!((&shown.key, &shown.value), (&default.key, &default.value));
        let said = origin.starts_with("x.toml:");
        let optional = default.value.is_none() || shown.key.starts_with("secrets.rules.");
        assert!(said || optional, "{} is not in config/watchdog.toml", shown.key);
    }
    assert_eq!(documented.shown().len(), built_in.shown().len());
}

#[test]
fn every_key_is_documented_and_every_documented_key_exists() {
    let text = documented();
    let uncommented: Vec<&str> = text
        .lines()
        .map(|line| {
            let key = line.strip_prefix("# ").filter(|rest| {
                let name = rest.split(" = ").next().unwrap_or_default();
                rest.starts_with('[')
                    || rest.contains(" = ") && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            });
            key.unwrap_or(line)
        })
        .collect();
    let there = concat!(env!("CARGO_MANIFEST_DIR"), "/src/database/rds-ca-bundle.pem");
    let text = uncommented.join("\n").replace("/etc/ssl/corporate.pem", there);
    let config = load(&text, &[]).map_err(|p| p.to_string()).expect("no problem");
    for (shown, origin) in config.shown() {
        let is_one_of_several = ["name", "prefix", "tag"]
            .iter()
            .any(|key| shown.key == format!("secrets.rules.1.{key}"));
        // A metric, or an expression.
        let is_of_a_metric = shown.key.starts_with("numbers.applications.1.metrics.");
        assert!(
            origin.starts_with("x.toml:") || is_one_of_several || is_of_a_metric,
            "{} is not documented",
            shown.key
        );
    }
}

#[test]
fn all_problems_come_at_once_with_place_and_remedy() {
    let text = "[cadence]\nsweep = 30\nsweeep = \"1m\"\n\n[remediation]\nmode = \"approve\"\n\n[http]\nlisten = \"here\"\n";
    insta::assert_snapshot!(problems(text), @r#"
  × cadence.sweep = 30 has no unit
   ╭─[x.toml:2:9]
 1 │ [cadence]
 2 │ sweep = 30
   ·         ──
 3 │ sweeep = "1m"
   ╰────
  help: give a duration with its unit, as "500ms", "30s", "5m", "1h 30m" or "90d", at most 3650d
  × unknown key cadence.sweeep
   ╭─[x.toml:3:1]
 2 │ sweep = 30
 3 │ sweeep = "1m"
   · ──────
 4 │ 
   ╰────
  help: did you mean "sweep"?
  × remediation.mode = "approve" does not fit
   ╭─[x.toml:6:8]
 5 │ [remediation]
 6 │ mode = "approve"
   ·        ─────────
 7 │ 
   ╰────
  help: give one of "observe", "act"
  × http.listen = "here" does not fit
   ╭─[x.toml:9:10]
 8 │ [http]
 9 │ listen = "here"
   ·          ──────
   ╰────
  help: give an address with its port, as "127.0.0.1:9847" or "[::]:9847"
  × secrets: there is no rule, so no secret would be watched
  help: add [[secrets.rules]] with name, prefix, tag, or all = true
5 problems
"#);
}

#[test]
fn a_file_that_is_no_toml_is_shown_where_it_breaks() {
    insta::assert_snapshot!(problems("[aws]\nregion = eu-west-1\n"), @r#"
  × not TOML: invalid string
  │ expected `"`, `'`
   ╭─[x.toml:2:10]
 1 │ [aws]
 2 │ region = eu-west-1
   ·          ─
   ╰────
  help: texts and durations stand in quotes, a section in [brackets]
1 problem
"#);
}

#[test]
fn a_missing_file_says_what_to_give() {
    let problem = Config::load(Path::new("/nowhere/x.toml"), std::iter::empty()).expect_err("no file");
    insta::assert_snapshot!(problem.to_string(), @r#"
  × cannot read the configuration /nowhere/x.toml: No such file or directory (os error 2)
  help: give the path of a TOML file that this user may read; config/watchdog.toml shows every key
1 problem
"#);
}

#[test]
fn contradictions_are_problems() {
    for (text, expected) in [
        ("", "there is no rule"),
        ("[[secrets.rules]]\n", "goes by nothing"),
        (
            "[[secrets.rules]]\nname = \"a\"\nall = true\n",
            "several things at once",
        ),
        (
            "[[secrets.rules]]\nprefix = \"a\"\n[[secrets.rules]]\nname = \"ab\"\n",
            "never matches",
        ),
        (
            "[[secrets.rules]]\nall = true\nmode = \"approve\"\n",
            "give one of \"observe\", \"act\"",
        ),
        (
            "[[secrets.rules]]\nall = true\nlogin = { pending_early = true }\n",
            "no effect while test is off",
        ),
        (
            "[[secrets.rules]]\nall = true\nlogin = { tls = \"maybe\" }\n",
            "give one of \"verified\"",
        ),
        (
            "[[secrets.rules]]\nall = true\nstaleness = { \"x\" = \"1h\" }\n",
            "names no consumer",
        ),
        (
            "[[secrets.rules]]\nall = true\nconsumers = [{ id = \"declared:x\" }]\n",
            "cannot be restarted",
        ),
        (
            "[[secrets.rules]]\nall = true\nconsumers = [{ staleness = \"1h\" }]\n",
            "has no id",
        ),
        (
            "[shutdown]\ndrain = \"120s\"\n",
            "not shorter than the container's stop timeout",
        ),
        (
            "[remediation]\nsleep_deadline = \"20s\"\n",
            "no function could ever be put to sleep",
        ),
        ("[remediation]\nin_flight = 0\n", "a number from 1 to 1000"),
        ("[aws]\nendpoint_url = \"localhost\"\n", "is no URL"),
        ("[aws.assume_role]\nexternal_id = \"x\"\n", "has no role_arn"),
        (
            "[cadence]\nfailure_backoff = \"1s\"\n",
            "shorter than cadence.failure",
        ),
        ("[store]\nretention = \"1h\"\n", "below 48h"),
        ("[discovery]\nclusters = [\"\"]\n", "is no cluster's name"),
        ("cadence = 3\n", "give a table"),
        ("[cadens]\n", "did you mean \"cadence\"?"),
    ] {
        let shown = problems(text);
        let unbroken = shown.replace("\n  │ ", " ");
        assert!(unbroken.contains(expected), "{text}:\n{shown}");
    }
}

#[test]
fn g15_a_key_of_another_section_is_said_to_stand_there() {
    let shown = problems("[remediation]\ndrain = \"1m\"\n");
    assert!(shown.contains("did you mean shutdown.drain?"), "{shown}");
}

/// With one refusal, which is kept back, no login test could ever be made.
#[test]
fn the_lock_out_budget_has_bounds_and_goes_into_the_settings() {
    for wrong in ["1", "51"] {
        let shown = problems(&format!("[login]\nrefusals = {wrong}\n"));
        assert!(shown.contains("a number from 2 to 50"), "{shown}");
    }
    let text = format!("{RULE}[login]\nrefusals = 3\nrefusals_within = \"30m\"\n");
    let settings = load(&text, &[]).expect("no problem").settings;
    assert_eq!(settings.limits.refusals, 3);
    assert_eq!(
        settings.timing.refusals_within,
        jiff::SignedDuration::from_mins(30)
    );
}

#[test]
fn the_environment_wins_and_is_named() {
    let variables = [
        ("ROTATION_WATCHDOG_CADENCE__SWEEP", "30s"),
        ("ROTATION_WATCHDOG_DISCOVERY__CLUSTERS", "[prod]"),
    ];
    let config = load(
        &format!("{RULE}[cadence]\nsweep = \"2m\"\nidle = \"2h\"\n"),
        &variables,
    )
    .expect("no problem");
    assert_eq!(config.settings.cadence.sweep, jiff::SignedDuration::from_secs(30));
    assert_eq!(config.discovery.clusters, Some(vec!["prod".to_owned()]));
    let origin = |key: &str| {
        let found = config.shown().iter().find(|(shown, _)| shown.key == key);
        found.map(|(_, origin)| origin.as_str())
    };
    assert_eq!(origin("cadence.sweep"), Some("ROTATION_WATCHDOG_CADENCE__SWEEP"));
    assert_eq!(origin("cadence.idle"), Some("x.toml:5"));
    assert_eq!(origin("cadence.log"), Some("default"));
}

#[test]
fn wrong_variables_are_named() {
    let variables = [
        ("ROTATION_WATCHDOG_CADENCE__SWEEP", "30"),
        ("ROTATION_WATCHDOG_CADENCE__SWEEPS", "30s"),
    ];
    let shown = load(RULE, &variables).expect_err("problems").to_string();
    assert!(
        shown.contains("ROTATION_WATCHDOG_CADENCE__SWEEP: cadence.sweep = 30 has no unit"),
        "{shown}"
    );
    assert!(
        shown.contains("ROTATION_WATCHDOG_CADENCE__SWEEPS: unknown key"),
        "{shown}"
    );
}

#[test]
fn the_first_matching_rule_wins() {
    let text = "[secrets]\nexcludes = [\"shop/legacy*\"]\n\
        [[secrets.rules]]\nname = \"shop/mysql\"\nmode = \"act\"\nlogin = { test = true, host = \"db\", tls = \"none\" }\n\
        [[secrets.rules]]\ntag = { team = \"shop\" }\n\
        [[secrets.rules]]\nall = true\n";
    let config = load(text, &[]).map_err(|p| p.to_string()).expect("no problem");
    let secret = |name: &str, team: Option<&str>, rotation_enabled| machine::model::SecretSummary {
        arn: machine::model::SecretArn::new(name),
        name: name.to_owned(),
        labels: machine::model::Labels::default(),
        tags: team
            .map(|team| ("team".to_owned(), team.to_owned()))
            .into_iter()
            .collect(),
        rotation_enabled,
        rotation_lambda: None,
        owning_service: None,
        next_rotation: None,
    };
    let number = |secret| config.rules.rule_of(&secret).map(|rule| rule.number);
    assert_eq!(number(secret("shop/mysql", None, false)), Some(1));
    assert_eq!(number(secret("shop/other", Some("shop"), false)), Some(2));
    assert_eq!(number(secret("else", None, true)), Some(3));
    assert_eq!(number(secret("else", None, false)), None);
    assert_eq!(number(secret("shop/legacy-1", Some("shop"), true)), None);
    let rule = &config.rules.rules[0];
    assert!(rule.policy.login_test && rule.policy.mode == machine::model::Mode::Act);
    assert_eq!(rule.policy.database.as_deref(), Some("db"));
    assert_eq!(rule.login.tls, Some(Tls::None));
}
