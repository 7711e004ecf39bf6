//! Every kind of finding with its remedy, over names that a shell would trip over. The commands are kept in
//! `tests/corpus/remedies.txt`, where the integration tests hold them to what AWS's tools take.

mod found;
mod rows;

use std::collections::BTreeSet;

use rows::everything;

use crate::findings::{Kind, commands_in};

const CORPUS: &str = include_str!("../../../tests/corpus/remedies.txt");
/// What the runtime tells by itself.
const OF_THE_RUNTIME: Kind = Kind::Journal;

#[test]
fn f8_every_kind_is_collected() {
    let collected: BTreeSet<Kind> = everything().into_iter().map(|finding| finding.kind).collect();
    let missing: Vec<_> = Kind::ALL
        .into_iter()
        .filter(|kind| !collected.contains(kind) && *kind != OF_THE_RUNTIME)
        .collect();
    assert!(missing.is_empty(), "add a row for {missing:?}");
}

/// What stands outside of backticks is nothing that one pastes.
#[test]
fn f8_every_command_stands_in_backticks() {
    for finding in everything() {
        let mut words = finding.remedy.clone();
        for command in commands_in(&finding.remedy) {
            words = words.replace(&format!("`{command}`"), "");
        }
        let is_command = ["aws ", "--", "`"].iter().any(|sign| words.contains(sign));
        assert!(!is_command, "{}: {}", finding.kind, finding.remedy);
        assert!(!finding.remedy.is_empty(), "{finding:?}");
    }
}

#[test]
fn f8_the_commands_are_those_that_are_held_to_what_aws_takes() {
    let all = everything();
    let lines: BTreeSet<String> = all
        .iter()
        .flat_map(|finding| {
            let commands = commands_in(&finding.remedy).into_iter();
            commands.map(|command| format!("{} {command}", finding.kind))
        })
        .collect();
    let lines: Vec<String> = lines.into_iter().collect();
    let kept: Vec<&str> = CORPUS.lines().collect();
    assert!(
        lines == kept,
        "tests/corpus/remedies.txt is to be:\n{}\n",
        lines.join("\n")
    );
}
