//! Rust source as these tests see it: without comments and strings, and the paths it names.

use std::fs;
use std::path::{Path, PathBuf};

/// One source file.
pub(crate) struct Source {
    /// From the root of the project, as in `src/http/mod.rs`.
    pub(crate) file: String,
    /// Comments, strings and characters are blanked; lines stand where they stood.
    pub(crate) code: String,
    pub(crate) lines: usize,
}

/// A path that a file names, whole: of ours from the root (`["runtime", "Snapshot"]`), or another's (`["std", "fs"]`).
pub(crate) struct Named {
    pub(crate) line: usize,
    pub(crate) ours: bool,
    pub(crate) path: Vec<String>,
}

pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) lines: usize,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All source files below `folder`, in order.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    let mut files = Vec::new();
    collect(&root().join(folder), &mut files);
    files.sort();
    assert!(!files.is_empty(), "no sources in {folder}");
    files.iter().map(|path| read(path)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn read(path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap();
    let file = path.strip_prefix(root()).unwrap();
    Source {
        file: file.to_str().unwrap().to_owned(),
        code: blank(&text),
        lines: text.lines().count(),
    }
}

impl Source {
    /// The module this file is: `src/http/tests/lists.rs` is `["http", "tests", "lists"]`, `src/lib.rs` is `[]`. The
    /// package `machine` lies in `src/machine` and counts as a module like the others.
    pub(crate) fn module(&self) -> Vec<String> {
        let inside = self.file.strip_prefix("src/").unwrap();
        let mut module: Vec<String> = inside
            .trim_end_matches(".rs")
            .split('/')
            .map(str::to_owned)
            .collect();
        if ["mod", "lib"].contains(&module.last().unwrap().as_str()) {
            module.pop();
        }
        module
    }

    /// Paths that begin in the crate's root, in a parent, or with the name of a crate (or of a module in scope, which
    /// counts as another's: it was named when it came into scope). What `use` lists in braces comes one by one.
    pub(crate) fn paths(&self) -> Vec<Named> {
        Paths {
            tokens: tokens(&self.code),
            module: self.module(),
            ours: false,
            found: Vec::new(),
        }
        .all()
    }

    /// Functions with a body, nested ones too.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let tokens = tokens(&self.code);
        let starts = (0..tokens.len().saturating_sub(1))
            .filter(|&at| tokens[at].text == "fn" && is_word(&tokens[at + 1].text));
        starts.filter_map(|at| function(&tokens, at)).collect()
    }
}

fn function(tokens: &[Token], at: usize) -> Option<Function> {
    let begin = (at..tokens.len()).find(|&i| ["{", ";"].contains(&tokens[i].text.as_str()))?;
    if tokens[begin].text == ";" {
        return None;
    }
    let mut depth = 0;
    for token in &tokens[begin..] {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(Function {
                name: tokens[at + 1].text.clone(),
                lines: token.line - tokens[at].line + 1,
            });
        }
    }
    None
}

/// A word, `::`, or one other character.
struct Token {
    line: usize,
    text: String,
}

fn tokens(code: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (index, text) in code.lines().enumerate() {
        let line = index + 1;
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|c| !is_word_character(c)).unwrap_or(rest.len());
            let length = match word {
                0 if rest.starts_with("::") => 2,
                0 => first.len_utf8(),
                _ => word,
            };
            tokens.push(Token {
                line,
                text: rest[..length].to_owned(),
            });
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

fn is_word_character(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

struct Paths {
    tokens: Vec<Token>,
    module: Vec<String>,
    /// Whether the path that is being read is one of ours.
    ours: bool,
    found: Vec<Named>,
}

impl Paths {
    fn all(mut self) -> Vec<Named> {
        let mut depth = 0;
        // Depths at which an inline `mod name {` was opened: `super` means less there.
        let mut inline = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            if self.begins_path(at) {
                at = self.begin(at);
                continue;
            }
            match self.text(at) {
                "{" => {
                    depth += 1;
                    if at >= 2 && self.text(at - 2) == "mod" {
                        inline.push(depth);
                        let name = self.text(at - 1).to_owned();
                        self.module.push(name);
                    }
                }
                "}" => {
                    if inline.last() == Some(&depth) {
                        inline.pop();
                        self.module.pop();
                    }
                    depth -= 1;
                }
                _ => {}
            }
            at += 1;
        }
        self.found
    }

    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    fn begins_path(&self, at: usize) -> bool {
        is_word(self.text(at)) && self.text(at + 1) == "::" && (at == 0 || self.text(at - 1) != "::")
    }

    /// Reads the path that begins at this token; returns the token behind its end.
    fn begin(&mut self, at: usize) -> usize {
        let in_machine = self.module.first().is_some_and(|first| first == "machine");
        let (mut at, mut path, mut ours) = (at, Vec::new(), true);
        match self.text(at) {
            "crate" if in_machine => path.push("machine".to_owned()),
            "crate" | "rotation_watchdog" => {}
            "super" => {
                path.clone_from(&self.module);
                path.pop();
                while self.text(at + 2) == "super" {
                    path.pop();
                    at += 2;
                }
            }
            name => {
                ours = name == "machine";
                path.push(name.to_owned());
            }
        }
        self.ours = ours;
        self.follow(at + 2, path)
    }

    /// Follows a path from the token behind a `::`; returns the token behind its end.
    fn follow(&mut self, at: usize, mut path: Vec<String>) -> usize {
        match self.text(at) {
            "{" => {
                let mut next = at + 1;
                while !["}", ""].contains(&self.text(next)) {
                    next = match self.text(next) {
                        "," => next + 1,
                        _ => self.follow(next, path.clone()),
                    };
                }
                next + 1
            }
            word if is_word(word) => {
                if word != "self" {
                    path.push(word.to_owned());
                }
                if self.text(at + 1) == "::" {
                    return self.follow(at + 2, path);
                }
                self.add(at, path);
                // `as name`
                if self.text(at + 1) == "as" { at + 3 } else { at + 1 }
            }
            _ => {
                self.add(at, path);
                at + 1
            }
        }
    }

    fn add(&mut self, at: usize, path: Vec<String>) {
        let line = self.tokens.get(at).map_or(0, |token| token.line);
        let ours = self.ours;
        self.found.push(Named { line, ours, path });
    }
}

/// Comments, strings and characters become spaces; ends of lines stay.
fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = skipped(rest, out.chars().last());
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            let gone = rest[..length].chars();
            out.extend(gone.map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    out
}

/// How many bytes of a comment, string or character begin here; 0 where it is code.
fn skipped(rest: &str, before: Option<char>) -> usize {
    let to_end = |found: Option<usize>, end: usize| found.map_or(rest.len(), |at| at + end);
    if rest.starts_with("//") {
        return to_end(rest.find('\n'), 0);
    }
    if rest.starts_with("/*") {
        return to_end(rest.find("*/"), 2);
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    if rest.starts_with('\'') && is_character(rest) {
        return quoted(rest, '\'');
    }
    if rest.starts_with('r') && !before.is_some_and(|c| is_word_character(c) && c != 'b') {
        let hashes = rest[1..].chars().take_while(|&c| c == '#').count();
        if rest[1 + hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let begin = 2 + hashes;
            return to_end(rest[begin..].find(&end).map(|at| at + begin), end.len());
        }
    }
    0
}

/// A character, not a lifetime: `'a'`, `'\n'`.
fn is_character(rest: &str) -> bool {
    let mut characters = rest.chars().skip(1);
    characters.next() == Some('\\') || characters.next() == Some('\'')
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[test]
fn source_is_read_as_rust_reads_it() {
    let text = r##"
use crate::{a::{self, B}, c as d}; // use crate::comment;
mod tests { use super::*; fn f() { let x = "crate::string"; let y = '"'; } }
use super::super::e::F; const R: &str = r#"crate::raw " "#;
fn g<'a>(x: &'a str) -> std::io::Result<()> {
    machine::facts::merge::merge(x)
}
"##;
    let source = Source {
        file: "src/http/tests/one.rs".to_owned(),
        code: blank(text),
        lines: 0,
    };
    let found: Vec<String> = source
        .paths()
        .iter()
        .map(|named| format!("{} {} {}", named.line, named.ours, named.path.join("::")))
        .collect();
    assert_eq!(
        found,
        [
            "2 true a",
            "2 true a::B",
            "2 true c",
            "3 true http::tests::one",
            "4 true http::e::F",
            "5 false std::io::Result",
            "6 true machine::facts::merge::merge",
        ]
    );
    let lengths: Vec<_> = source
        .functions()
        .iter()
        .map(|f| (f.name.clone(), f.lines))
        .collect();
    assert_eq!(lengths, [("f".to_owned(), 1), ("g".to_owned(), 3)]);
}
