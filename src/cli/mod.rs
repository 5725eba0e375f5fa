//! The command line: the only place that prints, asks, and reads the environment.
//!
//! This file is the grammar. A verb has one file, named after it.

mod apply;
mod approved;
mod ask;
mod check;
mod choose;
mod demo;
mod edit;
mod explain;
mod failure;
mod forget;
mod guard;
mod item;
mod keys;
mod keystore;
mod log;
mod page;
mod patch;
mod pick;
mod review;
mod rollback;
mod screen;
mod secrets;
mod session;
mod show;
mod shown;
mod status;
mod tell;
mod waive;
mod work;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use failure::{Exit, Failure};
use screen::Screen;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// Hardens a WSO2 server in place and takes every change back
#[derive(Debug, Parser)]
#[command(name = "harden", version, max_term_width = 100, subcommand_required = true)]
#[command(
    after_help = "Exit codes: 0 compliant or done · 1 error, home as before · 2 findings or \
changes · 3 conflict, nothing written · 4 applied and taken back · 5 applied, waits for confirm · \
64 wrong usage"
)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    verb: Verb,
}

/// Options of every verb
#[derive(Debug, Clone, Default, Args)]
pub struct Common {
    /// A product home, or a path inside one; repeatable [default: the current folder]
    #[arg(long, global = true, value_name = "DIR")]
    home: Vec<PathBuf>,
    /// Only these guidelines, by code or name
    #[arg(long, global = true, value_name = "CODES", value_delimiter = ',')]
    only: Vec<String>,
    /// Not these guidelines, by code or name
    #[arg(long, global = true, value_name = "CODES", value_delimiter = ',')]
    skip: Vec<String>,
    /// A parameter of a guideline, as P08.protocols=TLSv1.2; repeatable
    #[arg(long, global = true, value_name = "CODE.NAME=VALUE")]
    set: Vec<String>,
    /// A secret parameter: file:PATH, env:NAME, or - for standard input; repeatable
    #[arg(long, global = true, value_name = "CODE.NAME=SOURCE")]
    secret: Vec<String>,
    /// A file of parameters, with one table per guideline, and of waivers [default: harden.toml in
    /// each home]
    #[arg(long, global = true, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// A folder of patch files, loaded after the built-in ones; repeatable
    #[arg(long, global = true, value_name = "DIR")]
    patches: Vec<PathBuf>,
    /// Where transactions are kept [default: .harden in each home]
    #[arg(long, global = true, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto)]
    color: Colour,
    /// Tell more
    #[arg(short, long, global = true, action = ArgAction::SetTrue, conflicts_with = "quiet")]
    verbose: bool,
    /// Tell only what was asked for
    #[arg(short, long, global = true, action = ArgAction::SetTrue)]
    quiet: bool,
}

/// When to colour
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Tell for every guideline whether the home follows it
    Check(check::Arguments),
    /// Choose, preview and make changes
    Apply(apply::Arguments),
    /// Take a transaction back
    Rollback(rollback::Arguments),
    /// Finish what a crash left
    Recover,
    /// Keep what waits to be confirmed
    Confirm(guard::ConfirmArguments),
    /// Tell what changed since harden wrote it, and what apply would change
    Status,
    /// Wait for a deadline; harden starts this by itself
    #[command(hide = true)]
    Watch(guard::watch::Arguments),
    /// List the transactions of a home, or remove old ones
    Log(log::Arguments),
    /// Show one transaction: who, when, why, and its differences
    Show(show::Arguments),
    /// Remove the contents that a transaction stores, and keep its record
    Forget(forget::Arguments),
    /// Explain one guideline
    Explain(explain::Arguments),
    /// Harden a sample home in a temporary folder and take it back, before one's eyes
    Demo,
    /// List, make and change key stores
    Keystore {
        #[command(subcommand)]
        verb: keystore::Verb,
    },
    /// Work with patch files
    Patch {
        #[command(subcommand)]
        verb: patch::Verb,
    },
}

/// Runs the program and tells its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; clap says which stream they belong to.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Good };
            let _ = error.print();
            return exit.into();
        }
    };
    let screen = Screen::of_terminal(cli.common.color, cli.common.quiet);
    match dispatch(&cli, &screen) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            screen.failure(&failure);
            failure.exit().into()
        }
    }
}

fn dispatch(cli: &Cli, screen: &Screen) -> Result<Exit, Failure> {
    let common = &cli.common;
    match &cli.verb {
        Verb::Check(arguments) => check::run(arguments, common, screen),
        Verb::Apply(arguments) => apply::run(arguments, common, screen),
        Verb::Rollback(arguments) => rollback::run(arguments, common, screen),
        Verb::Recover => rollback::recover(common, screen),
        Verb::Confirm(arguments) => guard::confirm(arguments, common, screen),
        Verb::Watch(arguments) => guard::watch::run(arguments, screen),
        Verb::Status => status::run(common, screen),
        Verb::Log(arguments) => log::run(arguments, common, screen),
        Verb::Show(arguments) => show::run(arguments, common, screen),
        Verb::Forget(arguments) => forget::run(arguments, common, screen),
        Verb::Explain(arguments) => explain::run(arguments, common, screen),
        Verb::Demo => demo::run(common, screen),
        Verb::Keystore { verb } => keystore::run(verb, common, screen),
        Verb::Patch { verb } => patch::run(verb, screen),
    }
}

/// The command line's grammar, for generated documentation.
pub fn grammar() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}
