//! Tells the program which commit it was built from.

use std::process::Command;

#[expect(
    clippy::disallowed_methods,
    reason = "a build has no configuration but its environment"
)]
fn main() {
    println!("cargo:rerun-if-env-changed=ROTATION_WATCHDOG_COMMIT");
    println!("cargo:rerun-if-changed=.git/HEAD");
    println!("cargo:rerun-if-changed=.git/logs/HEAD");
    let commit = std::env::var("ROTATION_WATCHDOG_COMMIT").ok().or_else(from_git);
    println!(
        "cargo:rustc-env=BUILD_COMMIT={}",
        commit.as_deref().unwrap_or("unknown commit")
    );
}

/// A source archive has no git: the commit is then unknown, and the build goes on.
fn from_git() -> Option<String> {
    let output = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()?;
    let commit = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !commit.is_empty()).then_some(commit)
}
