//! Any text is a configuration, or problems that say where.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use toml_edit::ImDocument;

use super::super::masked::masked;
use super::super::values::{parse_duration, quoted, show_duration};
use super::*;

const MARKER: &str = "p4ssw0rd-marker";

/// The documented file, with every key that is commented out.
fn whole() -> String {
    documented()
        .lines()
        .map(|line| line.strip_prefix("# ").unwrap_or(line).to_owned() + "\n")
        .collect()
}

/// A text with some of its bytes overwritten, left out or doubled. What is no UTF-8 any more is read as far as it is.
fn damaged(text: String) -> impl Strategy<Value = String> {
    let change = (
        any::<Index>(),
        0..4_usize,
        prop_oneof![
            any::<u8>().prop_map(|byte| vec![byte]),
            select(FRAGMENTS).prop_map(|text| text.as_bytes().to_vec())
        ],
    );
    prop::collection::vec(change, 1..4).prop_map(move |changes| {
        let mut bytes = text.clone().into_bytes();
        for (at, lost, gained) in changes {
            let at = at.index(bytes.len());
            let end = (at + lost).min(bytes.len());
            bytes.splice(at..end, gained);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

const FRAGMENTS: &[&str] = &[
    "\n",
    "[",
    "]]",
    "\"",
    "'''",
    "= ",
    "{ ",
    "}",
    "\n[[secrets.rules]]\nall = true\n",
    "\n[cadence]\n",
    "sweep = \"30s\"\n",
    "1979-05-27T07:32:00Z",
    "-inf",
    "99999999999999999999",
    "\u{feff}",
    "é",
];

fn any_text() -> impl Strategy<Value = String> {
    let pieces = prop::collection::vec(
        prop_oneof![
            select(FRAGMENTS).prop_map(str::to_owned),
            "[a-z_.]{1,9} = ",
            ".{0,12}"
        ],
        0..12,
    );
    prop_oneof![
        damaged(documented()),
        damaged(whole()),
        pieces.prop_map(|pieces| pieces.concat())
    ]
}

/// What must hold of every outcome.
fn judged(text: &str, variables: &[(&str, &str)]) -> Result<(), TestCaseError> {
    let Err(problems) = load(text, variables) else {
        return Ok(());
    };
    let shown = problems.to_string();
    prop_assert!(
        problems.count() > 0
            && [" problem", " problems", " are shown"]
                .iter()
                .any(|end| shown.ends_with(end)),
        "{}",
        shown
    );
    for problem in &problems.problems {
        prop_assert!(
            !problem.text.is_empty() && !problem.remedy.is_empty(),
            "{:?}",
            problem
        );
        match &problem.place {
            Place::File(span) => prop_assert!(text.get(span.clone()).is_some(), "{:?}", problem),
            Place::Variable(name) => {
                prop_assert!(variables.iter().any(|(known, _)| known == name), "{:?}", problem)
            }
            // Of the configuration as a whole, or missing in it.
            Place::Nowhere => prop_assert!(problem.text.starts_with("secrets"), "{:?}", problem),
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_a_configuration_or_problems_with_a_place(text in any_text()) {
        judged(&text, &[])?;
    }

    #[test]
    fn so_is_any_environment(
        name in "(CADENCE|SECRETS|AWS|LOGS|STORE|HTTP|[A-Z_]{0,9})(__[A-Z0-9_]{0,12}){0,3}(__SWEEP|__RULES|__0|)",
        text in "[\\[{\"= a-z0-9,}\\]]{0,20}|30s|true|-1|\"[é\\\\nu0]{0,6}\"|.{0,20}",
    ) {
        let name = format!("ROTATION_WATCHDOG_{name}");
        judged(RULE, &[(&name, &text)])?;
    }

    /// A password where a key says so, in any form of TOML and beyond.
    #[test]
    fn what_is_called_a_password_is_shown_nowhere(
        key in select(vec!["password", "DB_PASSWORD", "login.password", "\"my token\"", "secret_access_key"]),
        value in select(vec![
            "\"M\"",
            "'M'",
            "M",
            "\"\"\"\nM\n\"\"\"",
            "'''\n\nx = M'''",
            "[\"a\",\n \"M\"\n]",
            "[\n[\n'M'],\n \"b\"]",
            "{ a = \"M\" }",
            "\"M",
            "[\"M\",\n\"M\"",
        ]),
        broken in damaged("\n[cadence]\nsweep = 5\n".to_owned()), before in any::<bool>(),
    ) {
        let line = format!("{key} = {}\n", value.replace('M', MARKER));
        let text = if before { format!("{broken}\n{line}") } else { format!("{line}{broken}") };
        if let Err(problems) = load(&text, &[]) {
            prop_assert!(!problems.to_string().contains(MARKER), "{}", problems);
            let debug = format!("{problems:?}");
            prop_assert!(!debug.contains(MARKER), "{}", debug);
        }
    }

    #[test]
    fn a_text_is_shown_as_toml_has_it(text in ".{0,40}|[\\x00-\\x7f]{0,40}") {
        let document = ImDocument::parse(format!("x = {}\n", quoted(&text))).expect("TOML");
        prop_assert_eq!(document["x"].as_str(), Some(text.as_str()));
    }

    #[test]
    fn a_duration_is_shown_as_it_is_read(
        milliseconds in 1..315_360_000_000_i64,
        unit in select(vec![1, 1000, 60_000, 3_600_000, 86_400_000]),
    ) {
        let milliseconds = (milliseconds / unit * unit).max(unit);
        let duration = jiff::SignedDuration::from_millis(milliseconds);
        let shown = show_duration(&duration);
        prop_assert_eq!(parse_duration(shown.trim_matches('"')), Some(duration), "{}", shown);
    }

    #[test]
    fn what_is_read_as_a_duration_is_one(
        text in "[0-9]{0,12}(ms|s|m|h|d|ns|us|y|w| )[0-9a-z ]{0,6}|.{0,16}",
    ) {
        if let Some(duration) = parse_duration(&text) {
            prop_assert!(duration.is_positive() && duration.as_hours() <= 3650 * 24);
            prop_assert_eq!(parse_duration(show_duration(&duration).trim_matches('"')), Some(duration));
        }
    }
}

#[test]
fn there_are_no_more_problems_than_anybody_reads() {
    let many: String = (0..5000).map(|n| format!("unknown{n} = 1\n")).collect();
    let problems = load(&many, &[]).expect_err("problems");
    assert_eq!(problems.count(), 5001);
    let shown = problems.to_string();
    assert_eq!(shown.matches("unknown key").count(), 50);
    assert!(
        shown.ends_with("5001 problems, of which the first 50 are shown"),
        "{shown}"
    );
}

#[test]
fn a_list_of_rules_has_an_end() {
    let rules: String = (0..=1000)
        .map(|n| format!("[[secrets.rules]]\nname = \"s{n}\"\n"))
        .collect();
    let shown = problems(&rules);
    assert!(
        shown.contains("secrets.rules: 1001 tables; no more than 1000 are read"),
        "{shown}"
    );
}

#[test]
fn lines_that_nobody_can_read_are_named_and_not_shown() {
    let shown = problems(&format!("{RULE}[cadence]\nsweep = \"{}\"\n", "x".repeat(2000)));
    assert!(
        shown.contains("x.toml:4: cadence.sweep =") && shown.len() < 1000,
        "{shown}"
    );
}

/// Not cut in the middle of a letter, nor shortened.
#[test]
fn a_variable_with_letters_and_backslashes_is_taken_as_it_is() {
    for text in ["\"né\\n\"", "\"ééééé\\\"\"", "é\\"] {
        let variables = [("ROTATION_WATCHDOG_AWS__PROFILE", text)];
        let config = load(RULE, &variables)
            .map_err(|p| p.to_string())
            .expect("no problem");
        assert_eq!(config.aws.profile.as_deref(), Some(text));
    }
}

/// Deeper than any stack, were each level a call.
#[test]
fn nothing_is_nested_too_deep() {
    const DEEP: usize = 100_000;
    for text in [
        format!("{RULE}x = {}", "[".repeat(DEEP)),
        format!("{RULE}x = {}", "{a=".repeat(DEEP)),
        format!("{RULE}{}a = 1", "a.".repeat(DEEP)),
        format!("{RULE}[{}a]\n", "a.".repeat(DEEP)),
    ] {
        assert_eq!(load(&text, &[]).expect_err("a problem").count(), 1);
    }
    for (name, text) in [
        ("CADENCE__SWEEP".to_owned(), "[".repeat(DEEP)),
        ("CADENCE".to_owned(), "{a=".repeat(DEEP)),
        ("A".to_owned() + &"__A".repeat(DEEP), "1".to_owned()),
    ] {
        let variables = [(format!("ROTATION_WATCHDOG_{name}"), text)];
        let variables = variables
            .each_ref()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        assert_eq!(load(RULE, &variables).expect_err("a problem").count(), 1);
    }
}

/// As much as is read of a file, of whatever costs most.
#[test]
fn as_much_as_is_read_of_anything_is_read_or_refused() {
    const LARGEST: usize = 256 * 1024;
    let lines = |line: &dyn Fn(usize) -> String| {
        let mut text = String::new();
        let mut numbers = 0..;
        while text.len() < LARGEST - 100 {
            text += &line(numbers.next().expect("endless"));
        }
        text
    };
    for text in [
        lines(&|n| format!("k{n} = 1\n")),
        lines(&|n| format!("[t{n}]\n")),
        lines(&|n| format!("[[secrets.rules]]\nname = \"s{n}\"\n")),
        lines(&|_| "password = [\n".to_owned()),
        lines(&|_| "\n".to_owned()),
        format!("x = [{}]", "1,".repeat(LARGEST / 2 - 10)),
        format!("x = \"{}\"", "[".repeat(LARGEST - 10)),
        format!("x = \"\"\"{}", "\"\"\\".repeat(LARGEST / 3 - 10)),
    ] {
        let problems = load(&text, &[]).expect_err("problems");
        assert!(problems.to_string().len() < 50_000);
    }
    let refused = problems(&"#".repeat(LARGEST + 1));
    assert!(
        refused.contains("x.toml is larger than 262144 bytes"),
        "{refused}"
    );
}

#[test]
fn a_file_without_an_end_is_refused() {
    let refused = Config::load(Path::new("/dev/zero"), std::iter::empty()).expect_err("no end");
    assert!(
        refused.to_string().contains("/dev/zero is larger than"),
        "{refused}"
    );
}

/// A file is refused for its length before it is read, a variable is not; so much that a reader which looked at each
/// pair of places would be at it for hours.
#[test]
fn megabytes_are_read_like_anything_else() {
    const LONG: usize = 1024 * 1024;
    let repeated = |part: &str| part.repeat(LONG / part.len());
    for part in ["x", "\"", "\\", "[", "1,", "é", " ", "\n", "a = 1, ", "9"] {
        for (before, behind) in [("", ""), ("[", "]"), ("\"", "\""), ("{", "}")] {
            let text = format!("{before}{}{behind}", repeated(part));
            let variables = [("ROTATION_WATCHDOG_CADENCE__SWEEP", text.as_str())];
            let problems = load(RULE, &variables).expect_err("no duration");
            assert!(problems.to_string().len() < 10_000, "{before}{part}{behind}");
        }
        assert_eq!(parse_duration(&repeated(part)), None);
        assert!(quoted(repeated(part)).len() >= LONG / 2);
    }
    for line in [
        "password = [\n",
        "token = \"\"\"\n",
        "password",
        "= [",
        "[a]\n",
        "\"\"\"",
        "\n",
    ] {
        let text = repeated(line);
        assert_eq!(masked(&text).len(), text.len());
    }
}

#[test]
fn thousands_of_variables_are_read_or_refused() {
    let names: Vec<String> = (0..20_000)
        .map(|n| format!("ROTATION_WATCHDOG_CADENCE__UNKNOWN{n}"))
        .collect();
    let variables: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "30s")).collect();
    let problems = load(RULE, &variables).expect_err("unknown keys");
    assert_eq!(problems.count(), names.len());
    assert!(problems.to_string().len() < 50_000);
}
