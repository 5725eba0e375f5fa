//! Editing a diff in the operator's editor. The file is the operator's alone and gone afterwards;
//! secrets are masked in it, and a masked one cannot be edited.

use super::failure::Failure;
use super::screen::Screen;
use crate::diff::{Misfit, apply_edited};
use crate::secret::MASK;
use crate::text;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::process::Command;

/// Larger than any diff of a configuration.
const LIMIT: u64 = 16 << 20;

/// A diff as its editor sees it.
#[derive(Debug)]
pub struct Draft {
    text: Vec<u8>,
    /// Lines that hold a mask, as they are shown and as they are.
    veiled: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Draft {
    /// Prepares a diff of one guideline for the editor.
    pub fn of(code: &str, diff: &[u8], screen: &Screen, show_secrets: bool) -> Self {
        let shown = if show_secrets { diff.to_vec() } else { screen.masked(diff, false).0 };
        let pairs = text::lines(&shown).zip(text::lines(diff));
        let veiled = pairs
            .filter(|(shown, _)| !show_secrets && holds(shown, MASK))
            .map(|(shown, real)| (shown.to_vec(), real.to_vec()))
            .collect();
        let mut text = shown;
        let masks = if show_secrets {
            ""
        } else {
            "# Leave lines with ******** as they are: they hold secrets.\n"
        };
        text.extend_from_slice(
            format!(
                "# What {code} changes, to be edited.\n\
                 # To keep a line that is removed, make its '-' a blank; to leave out one that is\n\
                 # added, delete it. The text behind a '+' can be changed, and '+' lines added.\n\
                 {masks}\
                 # Lines that start with # are taken out. If no change is left, nothing is edited.\n"
            )
            .as_bytes(),
        );
        Self { text, veiled }
    }

    /// Opens the editor on the draft. Nothing when it ended with an error.
    pub fn open(&mut self, code: &str) -> Result<Option<()>, Failure> {
        let failed = || Failure::io("a temporary file for the editor");
        let folder = tempfile::Builder::new()
            .prefix("harden-")
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir()
            .map_err(failed())?;
        let path = folder.path().join(format!("{code}.diff"));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed())?;
        file.write_all(&self.text).map_err(failed())?;
        drop(file);
        let editor = editor();
        // Through the shell, for the variable may hold arguments.
        let status = Command::new("sh")
            .args(["-c", &format!("{editor} \"$@\""), &editor])
            .arg(&path)
            .status()
            .map_err(Failure::io(format!("the editor {editor}")))?;
        if !status.success() {
            return Ok(None);
        }
        let mut text = Vec::new();
        let opened = std::fs::File::open(&path).map_err(failed())?;
        opened.take(LIMIT).read_to_end(&mut text).map_err(failed())?;
        self.text = text;
        folder.close().map_err(failed())?;
        Ok(Some(()))
    }

    /// Tells whether no change is left in it.
    pub fn is_empty(&self) -> bool {
        !text::lines(&self.text).any(|line| line.starts_with(b"@@"))
    }

    /// Applies it to the files it was made of.
    ///
    /// # Errors
    /// [`Misfit`] when it does not apply, or a masked line was changed.
    pub fn apply(
        &self,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<BTreeMap<String, Vec<u8>>, Misfit> {
        apply_edited(&self.unveiled()?, files)
    }

    /// The diff without comments, and with the secrets back in their lines.
    fn unveiled(&self) -> Result<Vec<u8>, Misfit> {
        let mut used = vec![false; self.veiled.len()];
        let mut out = Vec::new();
        // A comment becomes nothing, but counts as a line.
        for (at, line) in text::lines(&self.text).enumerate() {
            if line.starts_with(b"#") {
                continue;
            }
            if self.veiled.is_empty() || !holds(line, MASK) {
                out.extend_from_slice(line);
                continue;
            }
            let body = |line: &[u8]| line.get(1..).unwrap_or_default().trim_ascii_end().to_vec();
            let same = |mark: bool| {
                self.veiled.iter().enumerate().position(|(number, (shown, _))| {
                    !used[number]
                        && body(shown) == body(line)
                        && (!mark || shown.first() == line.first())
                })
            };
            let Some(found) = same(true).or_else(|| same(false)) else {
                let why =
                    "it holds a masked secret and was changed; --show-secrets lets you edit it";
                return Err(Misfit { line: at + 1, why: why.into() });
            };
            used[found] = true;
            out.extend(line.first());
            out.extend_from_slice(self.veiled[found].1.get(1..).unwrap_or_default());
        }
        Ok(out)
    }
}

#[expect(clippy::disallowed_methods, reason = "which editor is the operator's stands there")]
fn editor() -> String {
    let named = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    named("VISUAL").or_else(|| named("EDITOR")).unwrap_or_else(|| "vi".into())
}

fn holds(line: &[u8], part: &str) -> bool {
    line.windows(part.len()).any(|window| window == part.as_bytes())
}
