//! Each line of AWS's templates, with the patterns that are built in.

use super::*;

const TEMPLATES: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/corpus/log-templates.txt"
));

struct Row {
    meaning: &'static str,
    templates: &'static str,
    level: &'static str,
    line: String,
}

fn rows() -> Vec<Row> {
    let lines = TEMPLATES.lines().filter(|line| line.contains('\t'));
    let row = |line: &'static str| {
        let mut parts = line.splitn(4, '\t');
        let mut part = || parts.next().expect("four parts");
        let (meaning, templates, level) = (part(), part(), part());
        let line = part()
            .replace("{arn}", ARN)
            .replace("{version}", VERSION)
            .replace("{master}", OTHER)
            .replace(
                "{keytab}",
                "arn:aws:secretsmanager:eu-west-1:1:secret:keytab-AbCdEf",
            );
        Row {
            meaning,
            templates,
            level,
            line,
        }
    };
    lines.map(row).collect()
}

fn names() -> Vec<(&'static str, &'static str)> {
    let lines = TEMPLATES
        .lines()
        .filter_map(|line| line.strip_prefix("template "));
    lines.filter_map(|line| line.split_once(' ')).collect()
}

fn meant(meaning: &str) -> Vec<LogLine> {
    let failed = |step, why: &str| LogLine::Failed {
        step,
        why: why.to_owned(),
        ended: true,
    };
    let said = "the rotation function says that it failed";
    vec![match meaning {
        "created v" => done(Step::CreateSecret, Some(VERSION), None),
        "created" => done(Step::CreateSecret, None, None),
        "set single" => done(Step::SetSecret, None, Some(Strategy::SingleUser)),
        "set alternating" => done(Step::SetSecret, None, Some(Strategy::AlternatingUsers)),
        "set" => done(Step::SetSecret, None, None),
        "tested" => done(Step::TestSecret, None, None),
        "finished v" => done(Step::FinishSecret, Some(VERSION), None),
        "finished" => done(Step::FinishSecret, None, None),
        "test failed" => failed(
            Some(Step::TestSecret),
            "AWSPENDING does not log in; the database may hold it already",
        ),
        "locked out" => failed(Some(Step::SetSecret), "no version of the secret logs in"),
        "failed ?" => failed(None, said),
        "failed createSecret" => failed(Some(Step::CreateSecret), said),
        "failed setSecret" => failed(Some(Step::SetSecret), said),
        "-" => return Vec::new(),
        other => panic!("no such meaning: {other}"),
    }]
}

/// An invocation that logs nothing else.
fn invocation(row: &Row) -> Vec<String> {
    let Row { level, line, .. } = row;
    vec![
        format!("START RequestId: {REQUEST} Version: $LATEST\n"),
        format!("[{level}]\t2026-11-01T00:00:00.123Z\t{REQUEST}\t{line}\n"),
        format!("END RequestId: {REQUEST}\n"),
        format!("REPORT RequestId: {REQUEST}\tDuration: 84.12 ms\tBilled Duration: 85 ms\t\n"),
    ]
}

#[test]
fn b5_each_line_of_each_template_means_what_it_does() {
    for row in rows() {
        let mut meant = meant(row.meaning);
        let is_set = |line: &LogLine| {
            matches!(
                line,
                LogLine::Done {
                    step: Step::SetSecret,
                    ..
                }
            )
        };
        meant.extend(meant.iter().any(is_set).then_some(LogLine::SetEnded));
        assert_eq!(facts(&invocation(&row)), meant, "{}", row.line);
    }
}

/// A failure is one, however often it is told: by the function's line, and by the runtime's.
#[test]
fn a_failure_of_a_template_is_told_once() {
    for row in rows()
        .iter()
        .filter(|row| row.level == "ERROR" && row.meaning != "-")
    {
        let mut lines = invocation(row);
        let error = format!(
            "[ERROR] ValueError: {}\nTraceback (most recent call last):\n  File \"/var/task/lambda_function.py\"",
            row.line
        );
        lines.insert(2, error);
        let found = facts(&lines);
        assert!(
            matches!(found.as_slice(), [LogLine::Failed { .. }]),
            "{found:?} {}",
            row.line
        );
    }
}

/// All but those that log nothing there: Active Directory of setSecret and testSecret, and the one that is to be filled.
#[test]
fn every_template_tells_of_each_of_its_steps() {
    let names = names();
    assert_eq!(names.len(), 23);
    let rows = rows();
    for (letter, name) in names {
        let tells = |meanings: &[&str]| {
            rows.iter()
                .any(|row| row.templates.contains(letter) && meanings.contains(&row.meaning))
        };
        let silent = name.contains("ActiveDirectory") || name.ends_with("RotationTemplate");
        assert!(tells(&["created v"]) && tells(&["finished v"]), "{name}");
        assert_eq!(
            tells(&["set single", "set alternating", "set"]),
            !silent,
            "{name}"
        );
        assert_eq!(tells(&["tested"]), !silent, "{name}");
    }
}

/// Each pattern is there for a line.
#[test]
fn every_pattern_is_a_line_of_a_template() {
    let lines: Vec<String> = rows().into_iter().map(|row| row.line).collect();
    for pattern in properties::patterns() {
        let many_teams_write = pattern.starts_with("Successfully completed ");
        let is_line = lines
            .iter()
            .any(|line| super::super::pattern::matches(&pattern, line).is_some());
        let of_another_step = [
            "createSecret: Connection",
            "testSecret: Connection",
            "finishSecret: Connection",
        ];
        let same_words = of_another_step.iter().any(|words| pattern.starts_with(words));
        assert!(is_line || many_teams_write || same_words, "{pattern}");
    }
}
