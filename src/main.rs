//! `rotation-watchdog`: see the library's `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    rotation_watchdog::cli::main()
}
