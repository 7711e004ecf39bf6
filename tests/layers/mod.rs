//! Who may import whom, who may touch the outside, and how long files and functions may be.
//!
//! Of std alone, so that `scripts/test layers` can compile it by itself and answer in a second.

mod citations;
pub(crate) mod source;

use std::collections::BTreeSet;
use std::fs;

use source::{Named, Source, root, sources};

/// A part of the house, and what it may import of ours besides itself. The longest name that fits a file counts.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("machine::model", &[]),
    ("machine", &[]),
    ("ports", &["machine::model"]),
    ("config", &["machine"]),
    ("telemetry", &["machine::model", "machine::words"]),
    ("aws", &["machine::model", "machine::words", "ports", "telemetry"]),
    ("database", &["machine::model", "ports"]),
    ("observe", &["machine::model", "ports"]),
    ("remediation", &["machine::model", "ports"]),
    ("store", &["machine"]),
    (
        "runtime",
        &["machine", "ports", "observe", "remediation", "store", "telemetry"],
    ),
    (
        "http",
        &[
            "machine",
            "telemetry",
            "runtime::Snapshot",
            "runtime::SecretView",
            "runtime::EventsView",
            "runtime::DatabaseView",
            "runtime::MeasuredView",
            "runtime::Clock",
            "runtime::Pulse",
        ],
    ),
    ("sim::world", &["machine::model"]),
    // Logs go through the product's own formatter, and the API is asked, so that leaks in them are found.
    (
        "sim",
        &[
            "machine",
            "ports",
            "runtime",
            "store",
            "config",
            "telemetry",
            "http",
        ],
    ),
    // A remediation's check comes between two looks, where no scenario can reach.
    (
        "sim::tests",
        &[
            "machine",
            "ports",
            "remediation",
            "runtime",
            "sim",
            "store",
            "telemetry",
        ],
    ),
    (
        "cli",
        &[
            "machine",
            "ports",
            "config",
            "telemetry",
            "aws",
            "database",
            "observe",
            "remediation",
            "store",
            "runtime",
            "http",
            "sim",
        ],
    ),
    ("main", &["cli"]),
];

/// A crate, or a part of std, and who alone may name it.
const ONLY_IN: &[(&str, &[&str])] = &[
    // SDK types stop in the adapter.
    ("aws_config", &["aws"]),
    ("aws_credential_types", &["aws"]),
    ("aws_sdk_cloudwatchlogs", &["aws"]),
    ("aws_sdk_ecs", &["aws"]),
    ("aws_sdk_lambda", &["aws"]),
    ("aws_sdk_secretsmanager", &["aws"]),
    ("aws_sdk_sqs", &["aws"]),
    ("aws_smithy_http_client", &["aws"]),
    ("aws_smithy_runtime_api", &["aws"]),
    ("aws_smithy_types", &["aws"]),
    ("mysql_async", &["database"]),
    ("tokio_postgres", &["database"]),
    ("rusqlite", &["store"]),
    ("axum", &["http"]),
    ("tower", &["http"]),
    ("tower_http", &["http"]),
    // `http` names the content type of the metrics.
    ("prometheus", &["telemetry", "http"]),
    // The configuration refuses a filter that does not parse.
    ("tracing_subscriber", &["telemetry", "config::telemetry"]),
    ("clap", &["cli"]),
    ("comfy_table", &["cli"]),
    ("figment", &["config"]),
    ("indicatif", &["cli"]),
    ("terminal_size", &["cli"]),
    ("textwrap", &["cli"]),
    ("toml_edit", &["config"]),
    // Modules have errors of their own; only the edge throws everything into one.
    // A trial is an edge too: what goes wrong in it is a defect of its own.
    ("anyhow", &["cli", "main", "sim::campaign", "sim::trial"]),
    // The only reader of the environment. (clap's arguments may name variables: below.)
    ("std::env", &["config"]),
];

/// What decides must not be able to ask: the same inputs give the same decisions.
const NOT_IN_MACHINE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "std::time",
    "std::sync::atomic",
    "std::sync::Mutex",
    "std::sync::RwLock",
    "std::sync::LazyLock",
    "std::sync::OnceLock",
    "std::collections::HashMap",
    "std::collections::HashSet",
];

#[test]
fn imports_go_in_one_direction() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        let Some((part, allowed)) = part_of(&source) else {
            continue;
        };
        for Named { line, ours, path } in source.paths() {
            let fits = |name: &&str| is_within(&path, name);
            if ours && !fits(&part) && !allowed.iter().any(fits) {
                wrong.push(format!(
                    "{}:{line}: {part} may not import {}",
                    source.file,
                    path.join("::")
                ));
            }
        }
    }
    report(&wrong);
}

/// A file of the root itself (`lib.rs`) only lists modules and has no part.
fn part_of(source: &Source) -> Option<(&'static str, &'static [&'static str])> {
    let module = source.module();
    if module.is_empty() {
        return None;
    }
    let parts = MAY_IMPORT.iter().filter(|(part, _)| is_within(&module, part));
    let part = parts.max_by_key(|(part, _)| part.len());
    let (part, allowed) = part.unwrap_or_else(|| panic!("{}: no row in the table of imports", source.file));
    Some((part, allowed))
}

fn is_within(path: &[String], name: &str) -> bool {
    let name: Vec<&str> = name.split("::").collect();
    path.len() >= name.len() && path.iter().zip(&name).all(|(have, want)| have == want)
}

#[test]
fn each_crate_has_one_home() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        let module = source.module();
        for Named { line, ours, path } in source.paths() {
            let row = ONLY_IN.iter().find(|(name, _)| !ours && is_within(&path, name));
            let home = |homes: &[&str]| homes.iter().any(|home| is_within(&module, home));
            if let Some((name, homes)) = row
                && !home(homes)
            {
                wrong.push(format!(
                    "{}:{line}: {name} is only for {}",
                    source.file,
                    homes.join(", ")
                ));
            }
        }
    }
    report(&wrong);
}

#[test]
fn the_machine_is_pure() {
    let mut wrong = Vec::new();
    for source in sources("src/machine") {
        for Named { line, path, .. } in source.paths() {
            let impure = NOT_IN_MACHINE.iter().any(|name| is_within(&path, name));
            if impure || path.last().is_some_and(|last| last == "now") {
                wrong.push(format!("{}:{line}: {}", source.file, path.join("::")));
            }
        }
    }
    report(&wrong);
    let manifest = fs::read_to_string(root().join("src/machine/Cargo.toml")).unwrap();
    let dependencies = manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.is_empty())
        .map(|line| line.split([' ', '.', '=']).next().unwrap());
    assert_eq!(
        dependencies.collect::<BTreeSet<_>>(),
        BTreeSet::from(["jiff", "sha2"])
    );
}

#[test]
fn only_the_commands_own_options_name_variables() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        let attributes = source.code.split("#[").skip(1);
        let options = attributes.filter(|text| text.starts_with("arg(") || text.starts_with("clap("));
        let named = options.filter(|text| {
            let attribute = text.split(']').next().unwrap();
            attribute
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|word| word == "env")
        });
        if named.count() > 0 && source.file != "src/cli/mod.rs" {
            wrong.push(format!(
                "{}: options that read variables belong into src/cli/mod.rs",
                source.file
            ));
        }
    }
    report(&wrong);
}

/// A `select!` picks at random among branches that are ready, and would make two runs of one seed differ.
#[test]
fn what_is_simulated_selects_in_order() {
    let mut wrong = Vec::new();
    let simulated = [
        "src/observe",
        "src/remediation",
        "src/runtime",
        "src/sim",
        "src/store",
    ];
    for source in simulated.into_iter().flat_map(sources) {
        let mut selects = source.code.split("select!").skip(1);
        if selects.any(|text| !text.trim_start_matches([' ', '\n', '{']).starts_with("biased;")) {
            wrong.push(format!("{}: a select! that is not `biased;`", source.file));
        }
    }
    report(&wrong);
}

/// What is too long today, with a limit of its own: make it shorter, never longer.
const LONG_FILES: &[(&str, usize)] = &[];

const LONG_FUNCTIONS: &[(&str, usize)] = &[
    // One arm for each kind of evidence or record.
    ("src/machine/facts/merge.rs learn", 84),
    ("src/store/records.rs write", 75),
    // One arm for each reason.
    ("src/machine/consumers/why.rs fmt", 88),
    // Tables of rows.
    ("src/aws/tests/classification.rs table", 71),
    ("src/config/tests.rs contradictions_are_problems", 61),
    (
        "src/config/tests/refused.rs what_would_silently_mean_something_else_is_refused",
        63,
    ),
    (
        "src/config/tests/refused.rs f10_what_no_host_group_session_or_cluster_can_be_called_is_refused",
        61,
    ),
    (
        "src/database/postgres.rs d3_one_state_means_several_things_and_the_message_tells_which",
        63,
    ),
    ("src/machine/tables/standings.rs what_decides_about_a_service", 79),
    (
        "src/machine/tables/functions.rs what_decides_about_a_function_and_its_update",
        64,
    ),
];

#[test]
fn files_stay_short() {
    let lengths = all_sources().map(|source| (source.file, source.lines));
    ratchet(lengths, 400, LONG_FILES);
}

#[test]
fn functions_stay_short() {
    let lengths = all_sources().flat_map(|source| {
        let functions = source.functions().into_iter();
        functions.map(move |f| (format!("{} {}", source.file, f.name), f.lines))
    });
    ratchet(lengths, 60, LONG_FUNCTIONS);
}

fn ratchet(lengths: impl Iterator<Item = (String, usize)>, limit: usize, exceptions: &[(&str, usize)]) {
    let mut wrong = Vec::new();
    let mut unused: BTreeSet<&str> = exceptions.iter().map(|(name, _)| *name).collect();
    for (name, lines) in lengths {
        let own = exceptions.iter().find(|(long, _)| *long == name);
        let allowed = own.map_or(limit, |(_, own)| *own);
        if lines > allowed {
            wrong.push(format!("{name}: {lines} lines, the limit is {allowed}"));
        }
        if lines > limit {
            unused.remove(name.as_str());
        }
    }
    wrong.extend(
        unused
            .iter()
            .map(|name| format!("{name}: not long any more: take it off the list")),
    );
    report(&wrong);
}

fn all_sources() -> impl Iterator<Item = Source> {
    sources("src").into_iter().chain(sources("tests"))
}

fn report(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
