//! What ends a run early, and the exit code of each.

use crate::commit;
use crate::home::HomeError;
use crate::patch::LoadError;
use crate::plan::Conflict;
use crate::review;
use std::process::ExitCode;

/// How a run ended. The numbers are a contract with scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Compliant, nothing to do, or applied.
    Good = 0,
    /// Findings, or changes that a dry run would make.
    Findings = 2,
    /// An error; the home is as before.
    Error = 1,
    /// A conflict, a stale plan or drift; nothing was written.
    Conflict = 3,
    /// The server was not well with the change, or nobody confirmed it: it was taken back.
    RolledBack = 4,
    /// Applied, and waiting for `harden confirm`.
    Waiting = 5,
    /// Wrong usage.
    Usage = 64,
}

impl Exit {
    /// The graver of two outcomes: an error outranks findings, although its number is smaller.
    pub fn graver(self, other: Self) -> Self {
        let gravity = |exit| match exit {
            Self::Good => 0,
            Self::Findings => 1,
            Self::Waiting => 2,
            Self::Error => 3,
            Self::Conflict => 4,
            Self::RolledBack => 5,
            Self::Usage => 6,
        };
        if gravity(other) > gravity(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a run could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    Usage(String, String),
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error(transparent)]
    Patches(#[from] LoadError),
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    PatchFiles(Vec<LoadError>),
    #[error(transparent)]
    Conflict(#[from] Conflict),
    #[error(transparent)]
    Commit(#[from] commit::Error),
    #[error(transparent)]
    Review(#[from] review::Error),
    /// A saved plan and a home that do not fit.
    #[error("{0}")]
    Stale(String, String),
    #[error("{what}: {source}")]
    Io {
        what: String,
        #[source]
        source: std::io::Error,
    },
    /// What was applied was taken back.
    #[error("{0}")]
    TakenBack(String, String),
    #[error("{0}")]
    Other(String, String),
}

impl Failure {
    pub fn usage(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage(what.into(), hint.into())
    }

    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// The one table from failures to exit codes.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(..) | Self::Patches(_) => Exit::Usage,
            Self::Conflict(Conflict::Withheld { .. }) => Exit::Error,
            Self::Conflict(_) | Self::Stale(..) => Exit::Conflict,
            Self::Review(error) => match error.class() {
                review::Class::Usage => Exit::Usage,
                review::Class::Refused => Exit::Error,
            },
            Self::TakenBack(..) => Exit::RolledBack,
            Self::Commit(error) => match error.class() {
                commit::error::Class::Conflict => Exit::Conflict,
                commit::error::Class::Failed => Exit::Error,
            },
            Self::Home(_) | Self::PatchFiles(_) | Self::Io { .. } | Self::Other(..) => Exit::Error,
        }
    }

    /// What to do next, a sentence.
    pub fn hint(&self) -> String {
        match self {
            Self::Usage(_, hint)
            | Self::Other(_, hint)
            | Self::Stale(_, hint)
            | Self::TakenBack(_, hint) => hint.clone(),
            Self::Review(error) => error.hint(),
            Self::Home(error) => error.hint().into(),
            Self::Patches(_) | Self::PatchFiles(_) => {
                "Correct the patch file; `harden patch check DIR` checks a whole folder.".into()
            }
            Self::Conflict(conflict) => conflict.hint(),
            Self::Commit(error) => error.hint(),
            Self::Io { .. } => "Check the path and the rights of this user.".into(),
        }
    }
}
