//! Comments name their facts by headings of docs/aws-facts.md.

use std::fs;

use super::source::{root, sources};

const CITED: &str = "aws-facts: ";

#[test]
fn comments_cite_facts_that_are_there() {
    let facts = fs::read_to_string(root().join("docs/aws-facts.md")).unwrap();
    let headings: Vec<&str> = facts
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    let mut wrong = Vec::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        let text = fs::read_to_string(root().join(&source.file)).unwrap();
        for comment in text.lines().filter(|line| line.trim_start().starts_with("//")) {
            wrong.extend(
                cited(comment)
                    .filter(|name| !is_heading(name, &headings))
                    .map(|name| format!("{}: {name}", source.file)),
            );
        }
    }
    assert!(
        wrong.is_empty(),
        "no heading of docs/aws-facts.md:\n{}",
        wrong.join("\n")
    );
}

/// What a comment cites: up to the end of the parenthesis, of the sentence or of the line.
fn cited(comment: &str) -> impl Iterator<Item = &str> {
    let parts = comment.split(CITED).skip(1);
    parts.map(|part| {
        part.split([')', ',', ';', '.', '"'])
            .next()
            .unwrap_or(part)
            .trim()
    })
}

/// A line may end within a heading.
fn is_heading(name: &str, headings: &[&str]) -> bool {
    !name.is_empty() && headings.iter().any(|heading| heading.starts_with(name))
}

#[test]
fn a_citation_without_its_heading_is_seen() {
    let comment = "/// Some (aws-facts: ECS), others (aws-facts: How stale";
    let headings = ["ECS", "How stale is a consumer?"];
    assert!(cited(comment).all(|name| is_heading(name, &headings)));
    assert!(!cited("// (aws-facts: Kubernetes)").all(|name| is_heading(name, &headings)));
}
