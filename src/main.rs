//! The `harden` program: the command line and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    harden::cli::run(std::env::args_os())
}
