//! The terminal: what is printed where, in which width, coloured or not.

use super::Colour;
use super::failure::Failure;
use crate::change::Plan;
use crate::diff::abridge;
use crate::report::style::{self, Style};
use crate::report::text::wrap;
use crate::secret;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

/// Where a run prints to.
#[derive(Debug, Clone)]
pub struct Screen {
    pub style: Style,
    pub width: usize,
    quiet: bool,
    /// What is printed is read by a person, not by a program.
    terminal: bool,
    /// Values of parameters that are secrets.
    secrets: Vec<String>,
}

impl Screen {
    #[expect(clippy::disallowed_methods, reason = "NO_COLOR and TERM are how a terminal is told")]
    /// Looks at the terminal: colour unless it is piped or `NO_COLOR` is set.
    pub fn of_terminal(colour: Colour, quiet: bool) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let wanted = match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                terminal
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                    && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        };
        let columns = rustix::termios::tcgetwinsize(std::io::stdout())
            .map_or(0, |size| usize::from(size.ws_col));
        let width = if columns == 0 { 100 } else { columns };
        Self {
            style: if wanted { Style::Ansi } else { Style::Plain },
            width,
            quiet,
            terminal,
            secrets: Vec::new(),
        }
    }

    /// The same screen, which shows none of these either, however a format writes them.
    pub fn hiding(&self, secrets: Vec<String>) -> Self {
        let mut hidden = self.secrets.clone();
        for secret in secrets {
            let xml = secret.replace('&', "&amp;").replace('<', "&lt;");
            let quoted = xml.replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&apos;");
            let escaped = secret.replace('\\', "\\\\").replace('"', "\\\"");
            hidden.extend([xml, quoted, escaped, secret]);
        }
        // The longest first: one may be a part of another.
        hidden.sort_by_key(|text| std::cmp::Reverse(text.len()));
        hidden.dedup();
        Self { secrets: hidden, ..self.clone() }
    }

    /// Prints a result.
    pub fn say(&self, text: &str) {
        // A reader that went away (`| head`) is no error of ours.
        let _ = writeln!(std::io::stdout().lock(), "{}", text.trim_end_matches('\n'));
    }

    /// Prints a paragraph behind a lead, wrapped.
    pub fn paragraph(&self, lead: &str, text: &str) {
        let indent = lead.chars().count();
        let room = self.width.max(40) - indent;
        let lines = wrap(&style::visible(text), room, room);
        let lines: Vec<String> = lines
            .iter()
            .enumerate()
            .map(|(at, line)| {
                format!("{}{line}", if at == 0 { lead.into() } else { " ".repeat(indent) })
            })
            .collect();
        self.say(&lines.join("\n"));
    }

    /// Prints a text behind a lead on one line, shortened.
    pub fn short(&self, lead: &str, text: &str) {
        let room = self.width.max(40) - lead.chars().count();
        self.say(&format!("{lead}{}", abridge(&style::visible(text), &[], room).0));
    }

    /// Prints bytes as they are.
    pub fn bytes(&self, bytes: &[u8]) {
        let _ = std::io::stdout().lock().write_all(bytes);
    }

    /// Prints what goes on, on standard error, unless quiet.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr().lock(), "{}", text.trim_end_matches('\n'));
        }
    }

    /// Prints a line over the one before it, at a terminal.
    pub fn over(&self, text: &str) {
        if !self.quiet {
            let shown: String = text.chars().take(self.width.saturating_sub(1)).collect();
            let mut out = std::io::stderr().lock();
            let _ = write!(out, "\r\x1b[2K{shown}").and_then(|()| out.flush());
        }
    }

    /// Prints the last lines of a log on standard error, secrets masked.
    pub fn last_lines(&self, lines: &[u8]) {
        let (mut text, _) = secret::mask(lines);
        if !text.is_empty() {
            text.push(b'\n');
            let _ = std::io::stderr().lock().write_all(&text);
        }
    }

    pub fn failure(&self, failure: &Failure) {
        // Both sides of a conflict are lines of the configuration, which may hold secrets.
        let (mut text, _) = secret::mask(format!("harden: {failure}\n").as_bytes());
        // What to do next are words of this program, which may name a secret and hold none.
        text.extend(format!("{}\n", failure.hint()).bytes());
        let _ = std::io::stderr().lock().write_all(&text);
    }

    /// Prints what a plan changes, file by file.
    pub fn plan(&self, plan: &Plan, show_secrets: bool) -> usize {
        let mut all = Vec::new();
        for file in &plan.files {
            all.extend(file.unified(3));
        }
        self.diff(&all, show_secrets)
    }

    /// Prints a diff: coloured in a terminal, with secrets masked unless they are to be shown.
    ///
    /// Tells how many were masked.
    pub fn diff(&self, diff: &[u8], show_secrets: bool) -> usize {
        let (shown, masked) = self.masked(diff, show_secrets);
        if masked > 0 {
            let told = format!("# {}", masking(masked));
            if self.terminal { self.paragraph("", &told) } else { self.say(&told) }
        }
        match (self.terminal, self.style) {
            (false, Style::Plain) => self.bytes(&shown),
            // Whole lines, for whatever reads them.
            (false, style) => self.say(&style::terminal_diff(&shown, style, usize::MAX)),
            (true, style) => self.say(&style::terminal_diff(&shown, style, self.width)),
        }
        masked
    }

    /// Masks secrets in a diff unless they are to be shown, and tells how many there were.
    pub fn masked(&self, diff: &[u8], show_secrets: bool) -> (Vec<u8>, usize) {
        if show_secrets {
            return (diff.to_vec(), 0);
        }
        let (mut shown, mut masked) = secret::mask(diff);
        for told in &self.secrets {
            let text = String::from_utf8_lossy(&shown);
            masked += text.matches(told.as_str()).count();
            shown = text.replace(told.as_str(), secret::MASK).into_bytes();
        }
        (shown, masked)
    }
}

/// Says that a diff lacks its secrets.
pub fn masking(count: usize) -> String {
    format!(
        "{count} secret(s) are masked in this diff, so it cannot be applied; --show-secrets shows them."
    )
}

/// Tells whether someone can answer questions.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Writes a report where the operator wants it; what is written here is no part of a transaction.
pub fn write_report(path: &Path, text: &str) -> Result<(), Failure> {
    let mut text = text.trim_end_matches('\n').to_owned();
    text.push('\n');
    write_bytes(path, text.as_bytes())
}

/// Writes bytes as they are where the operator wants them.
#[expect(clippy::disallowed_methods, reason = "a report is no file of a home")]
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(Failure::io(path.display().to_string()))
}

/// Writes bytes that hold secrets: for this user alone, also where the file was there before.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let failed = || Failure::io(path.display().to_string());
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path).map_err(failed())?;
    if file.metadata().map_err(failed())?.is_file() {
        file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(failed())?;
    }
    file.write_all(bytes).map_err(failed())
}

/// Replaces a settings file outside the home as a whole, with the rights it has.
pub fn replace_settings(path: &std::path::Path, content: &[u8]) -> Result<(), Failure> {
    let failed = || Failure::io(path.display().to_string());
    let folder = path.parent().unwrap_or(std::path::Path::new("."));
    let rights = std::fs::metadata(path).map_err(failed())?.permissions();
    let mut staged = tempfile::NamedTempFile::new_in(folder).map_err(failed())?;
    staged.write_all(content).map_err(failed())?;
    staged.as_file().set_permissions(rights).map_err(failed())?;
    staged.as_file().sync_all().map_err(failed())?;
    staged.persist(path).map_err(|error| failed()(error.error))?;
    Ok(())
}
