//! Key stores of an instance: which ones its configuration names, what they hold, and new ones in
//! their place.
//!
//! Looking needs nothing but the home. Making new stores fills the view and changes every reference
//! in the same plan; a change that would make stored data unreadable, or that would leave store,
//! password, alias and references in disagreement, is refused.

mod agree;
pub mod draft;
pub mod forge;
mod holding;
mod left;
mod look;
mod mint;
mod named;
pub mod reference;
#[cfg(test)]
mod stories;
mod traces;
mod wanted;
mod wish;

use crate::plan::judge::Values;

pub use agree::agree;
pub use draft::Refusal;
pub use forge::{Forge, Made};
pub use look::{SHIPPED_PASSWORD, look};
pub use named::{Named, named};

/// Tells what is wrong with the parameters for new key stores, a sentence; nothing when they do.
pub fn objection(values: &Values) -> Option<String> {
    wish::Wish::of(values).err()
}
