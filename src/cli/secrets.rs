//! Secrets that are told by where they stand: in a file, in the environment, on standard input.
//!
//! None is taken from the command line, where other users of the machine see it, and none is
//! repeated, not even in the message that refuses it.

use super::failure::Failure;
use super::work;
use crate::change::Code;
use crate::patch::Catalogue;
use crate::patch::model::Kind;
use crate::secret::Secret;
use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Most bytes of a secret.
const LONGEST: u64 = 64 << 10;

const FORMS: &str = "Say where it stands: file:PATH, env:NAME, or - for standard input.";

/// Where a secret stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    File(PathBuf),
    Variable(String),
    Input,
}

impl Source {
    /// Reads `file:PATH`, `env:NAME` or `-`; `option` is what it was given with.
    ///
    /// # Errors
    /// Another form; the text may be the secret itself and is not repeated.
    pub fn parse(option: &str, text: &str) -> Result<Self, Failure> {
        match text.split_once(':') {
            _ if text == "-" => Ok(Self::Input),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("env", name)) if !name.is_empty() => Ok(Self::Variable(name.into())),
            _ => Err(Failure::usage(
                format!("{option} takes no secret itself, since others could see it"),
                FORMS,
            )),
        }
    }

    /// Reads the secret; the end of its line is no part of it.
    ///
    /// # Errors
    /// It cannot be read, is empty, longer than 64 KiB, or has several lines.
    pub fn read(&self, option: &str) -> Result<Secret, Failure> {
        let wrong = |why: &str| Failure::usage(format!("{option}, as told, {why}"), FORMS);
        let mut bytes = Vec::new();
        match self {
            Self::File(path) => {
                let what = || Failure::io(format!("{option}: {}", path.display()));
                // Looked at before it is opened: a pipe would wait for a writer.
                if !std::fs::metadata(path).map_err(what())?.is_file() {
                    return Err(wrong(&format!("stands in no regular file ({})", path.display())));
                }
                let file = std::fs::File::open(path).map_err(what())?;
                file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(what())?;
            }
            Self::Variable(name) => {
                bytes = variable(name).ok_or_else(|| {
                    wrong(&format!("stands nowhere, since the variable {name} is not set"))
                })?;
            }
            Self::Input if std::io::stdin().is_terminal() => {
                return Err(wrong("would be typed at a terminal, where it is seen"));
            }
            Self::Input => bytes = input(option)?,
        }
        let text = Secret::new(bytes);
        let line = text.reveal();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line {
            [] => Err(wrong("is empty")),
            _ if line.len() as u64 > LONGEST => Err(wrong("is longer than 64 KiB")),
            _ if line.contains(&b'\n') => Err(wrong("has more than one line")),
            _ if std::str::from_utf8(line).is_err() => Err(wrong("is not UTF-8")),
            _ => Ok(Secret::new(line)),
        }
    }
}

/// Standard input ends once, and a run may ask for it for each home.
fn input(option: &str) -> Result<Vec<u8>, Failure> {
    static READ: Mutex<Option<Secret>> = Mutex::new(None);
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if read.is_none() {
        let mut bytes = Vec::new();
        let input = std::io::stdin().lock();
        input
            .take(LONGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(Failure::io(format!("{option}: standard input")))?;
        *read = Some(Secret::new(bytes));
    }
    Ok(read.as_ref().map(|secret| secret.reveal().to_vec()).unwrap_or_default())
}

/// Reads the secret that an option names, if it was given.
pub fn option(name: &str, text: Option<&String>) -> Result<Option<Secret>, Failure> {
    text.map(|text| Source::parse(name, text)?.read(name)).transpose()
}

/// Reads `CODE.NAME=SOURCE` for parameters that are secrets.
pub fn told(
    texts: &[String],
    catalogue: &Catalogue,
) -> Result<Vec<(Code, String, String)>, Failure> {
    // Known before the first is read: that one would have waited for all of the input.
    if texts.iter().filter(|text| text.ends_with("=-")).count() > 1 {
        return Err(Failure::usage(
            "standard input can give one secret only",
            "Name files for the others.",
        ));
    }
    let mut all = Vec::new();
    for text in texts {
        let parts = text.split_once('=').and_then(|(key, source)| {
            let (code, name) = key.split_once('.')?;
            Some((code.trim(), name.trim(), source))
        });
        let (code, name, source) = parts.ok_or_else(|| {
            Failure::usage(
                "--secret is not of the form CODE.NAME=SOURCE",
                "For example: --secret P02.password=file:/root/password.",
            )
        })?;
        let patch = work::find(code, catalogue)?;
        let option = format!("{}.{name}", patch.code);
        match patch.params.get(name).map(|param| param.kind) {
            Some(Kind::Secret) => {}
            Some(_) => {
                return Err(Failure::usage(
                    format!("{}.{name} is no secret", patch.code),
                    format!("Tell it with --set {}.{name}=….", patch.code),
                ));
            }
            None => {
                return Err(Failure::usage(
                    format!("{} has no parameter {name}", patch.code),
                    format!("`harden explain {}` lists its parameters.", patch.code),
                ));
            }
        }
        let source = Source::parse(&option, source)?;
        let secret = source.read(&option)?;
        let value = String::from_utf8_lossy(secret.reveal()).into_owned();
        all.push((patch.code.clone(), name.to_owned(), value));
    }
    Ok(all)
}

#[expect(clippy::disallowed_methods, reason = "the operator named the variable")]
fn variable(name: &str) -> Option<Vec<u8>> {
    use std::os::unix::ffi::OsStringExt;
    std::env::var_os(name).map(OsStringExt::into_vec)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests write their own files")]
mod tests {
    use super::*;

    #[test]
    fn a_secret_given_outright_is_refused_and_not_repeated() {
        for text in ["hunter2", "file:", "env:", "", "File:x", "http://x"] {
            let failure = Source::parse("--store-password", text).unwrap_err();
            assert!(text.is_empty() || !failure.to_string().contains(text), "{failure}");
        }
        assert_eq!(Source::parse("x", "-").unwrap(), Source::Input);
        assert_eq!(Source::parse("x", "file:a:b").unwrap(), Source::File("a:b".into()));
        assert_eq!(Source::parse("x", "env:A").unwrap(), Source::Variable("A".into()));
    }

    #[test]
    fn the_end_of_the_line_is_cut_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p");
        let read = |text: &[u8]| {
            std::fs::write(&path, text).unwrap();
            Source::File(path.clone()).read("x").map(|s| s.reveal().to_vec())
        };
        assert_eq!(read(b"a b \n").unwrap(), b"a b ");
        assert_eq!(read(b"ab\r\n").unwrap(), b"ab");
        for wrong in [&b""[..], b"\n", b"a\nb", b"a\n\n", b"\xff", &[b'a'; 65_537]] {
            assert!(read(wrong).is_err(), "{} bytes", wrong.len());
        }
        assert!(Source::File(dir.path().into()).read("x").is_err());
    }
}
