//! `harden check`: what every guideline says of the home. Writes nothing but its report.

use super::Common;
use super::failure::{Exit, Failure};
use super::screen::Screen;
use super::work::{self, Work};
use crate::change::{Finding, Status};
use crate::commit::{self, Linux};
use crate::home::Home;
use crate::report::{self, HomeReport, Report, Score};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Arguments {
    /// How to write the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write the report to a file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Arguments {
    /// A report for the terminal.
    pub fn text() -> Self {
        Self { format: Format::Text, output: None }
    }
}

/// How a report is written
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub fn run(arguments: &Arguments, common: &Common, screen: &Screen) -> Result<Exit, Failure> {
    let work = Work::of(common)?;
    let mut reports = Vec::new();
    let exit = work::each_home(common, screen, |home| {
        let mut report = audit(&Work::at(common, home)?, home);
        let unfinished = commit::unfinished(&Linux, &home.root, &work::state_dir(common, home));
        if let Ok(Some(id)) = unfinished {
            report.notices.push(format!(
                "Transaction {id} is unfinished; run `harden recover` before trusting this report."
            ));
        }
        report.notices.extend(old_copies(common, home));
        let open = commit::guard::open(&Linux, &home.root, &work::state_dir(common, home));
        if let Ok(Some(open)) = open {
            report.notices.extend(super::guard::told(&open.id, &open.guard));
        }
        let exit = exit_of(report.findings.iter());
        reports.push(report);
        Ok(exit)
    })?;
    let report = Report {
        harden: env!("CARGO_PKG_VERSION").into(),
        catalogue: work.catalogue.version(),
        homes: reports,
    };
    let text = match arguments.format {
        Format::Text if arguments.output.is_some() => {
            report::text::text(&report, report::style::Style::Plain, 100)
        }
        Format::Text => report::text::text(&report, screen.style, screen.width),
        Format::Json => report::json::json(&report),
    };
    match &arguments.output {
        Some(path) => super::screen::write_report(path, &text)?,
        None => screen.say(&text),
    }
    Ok(exit)
}

/// Judges one home for a report.
pub fn audit(work: &Work, home: &Home) -> HomeReport {
    let findings = work.findings(home);
    let mut notices = home.notices.clone();
    notices.extend(work.notices());
    HomeReport {
        home: home.root.display().to_string(),
        product: home.product.clone(),
        version: home.version_text(),
        kernel: home.kernel_text(),
        model: home.model.word().into(),
        layout: home.layout.into(),
        instances: home.instances.iter().map(|instance| instance.name.clone()).collect(),
        score: Score::of(&findings),
        findings,
        notices,
    }
}

/// Says where old passwords may still lie: in the history, and beside the configuration.
fn old_copies(common: &Common, home: &Home) -> Vec<String> {
    let mut notices = Vec::new();
    match commit::secretive(&Linux, &work::state_dir(common, home)) {
        Ok(ids) if ids.is_empty() => {}
        Ok(ids) => notices.push(format!(
            "The history holds old copies with secrets, in {}. After a secret was changed, \
             `harden forget ID` or `harden log prune` removes them.",
            some(&ids)
        )),
        Err(error) => notices.push(format!("The history cannot be read: {error}.")),
    }
    let copies = crate::home::copies(home);
    if !copies.is_empty() {
        notices.push(format!(
            "Old copies lie beside the configuration and may hold secrets: {}. Remove them, or \
             keep them where backups are kept.",
            some(&copies)
        ));
    }
    notices
}

/// Names the last few of many.
fn some(names: &[String]) -> String {
    const MOST: usize = 5;
    let shown = &names[names.len().saturating_sub(MOST)..];
    let more = names.len() - shown.len();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", shown.join(", "))
}

/// An audit that could not look at everything is an error; otherwise what deviates or is unknown is
/// a finding. What only a person can tell is neither.
fn exit_of<'f>(findings: impl Iterator<Item = &'f Finding>) -> Exit {
    let mut exit = Exit::Good;
    for finding in findings {
        match finding.status {
            Status::Error => return Exit::Error,
            Status::Deviates | Status::Unknown => exit = Exit::Findings,
            _ => {}
        }
    }
    exit
}
