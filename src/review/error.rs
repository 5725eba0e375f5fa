//! Why a plan file is not written or not taken, in sentences.

use crate::change::{Code, RelPath};
use crate::secret::seal::SealError;

/// What an error means to a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// What was named is not what the option takes.
    Usage,
    /// The plan cannot be trusted, or not be written.
    Refused,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("this is no plan that can be read: {0}")]
    Malformed(String),

    #[error("this plan has format {0}, and this program knows format 1")]
    Format(u64),

    #[error("{}", readable(.0))]
    Readable(Vec<(Code, RelPath)>),

    #[error("{0} changes without a guideline that would account for it")]
    Unaccounted(RelPath),

    #[error("this plan is sealed")]
    Sealed,

    #[error("this plan is not sealed, so no password vouches for it")]
    Unsealed,

    #[error("the plan does not open: {0}")]
    Shut(#[from] SealError),

    #[error("{file}: the plan is not what it says it is: {why}")]
    Tampered { file: RelPath, why: String },
}

impl Error {
    pub fn class(&self) -> Class {
        match self {
            Self::Malformed(_) | Self::Format(_) | Self::Sealed | Self::Unsealed => Class::Usage,
            Self::Readable(_) | Self::Unaccounted(_) | Self::Shut(_) | Self::Tampered { .. } => {
                Class::Refused
            }
        }
    }

    /// What to do next, a sentence.
    pub fn hint(&self) -> String {
        match self {
            Self::Malformed(_) => "`harden apply --save-plan FILE` writes one.".into(),
            Self::Format(_) => "Use the version of harden that made it.".into(),
            Self::Readable(secret) => {
                let codes: Vec<&str> = secret.iter().map(|(code, _)| code.as_str()).collect();
                let mut codes = codes;
                codes.dedup();
                format!(
                    "Name a file that holds a password with --seal-with, or leave the guideline \
                     out with --skip {}.",
                    codes.join(",")
                )
            }
            Self::Unaccounted(_) => "Apply it directly, and report this.".into(),
            Self::Sealed => "Name the file of its password with --seal-with.".into(),
            Self::Unsealed => "Leave --seal-with out, or ask for the plan that was sealed.".into(),
            Self::Shut(SealError::Shut) => {
                "Ask its author for the password, or for the plan as it was approved.".into()
            }
            Self::Shut(_) | Self::Tampered { .. } => {
                "Nothing was written. Make the plan again and have it approved again.".into()
            }
        }
    }
}

fn readable(secret: &[(Code, RelPath)]) -> String {
    let each: Vec<String> =
        secret.iter().map(|(code, file)| format!("{code} writes a secret to {file}")).collect();
    format!("{}; a plan must not hold it readably", each.join("; "))
}
