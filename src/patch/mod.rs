//! The patch language: what a guideline wants to be true, as checked values.
//!
//! A patch file is read into [`mod@file`], checked into [`model`], and loaded from the embedded set or a
//! folder by [`load`]. Nothing here reads a home or knows the disk beyond the patch files.

pub mod accept;
mod check;
pub mod file;
pub mod load;
pub mod model;
mod named;
pub mod store;
pub mod template;

pub use accept::Accept;
pub use load::{Catalogue, LoadError};
pub use model::{Condition, Impact, Level, Param, Patch, Safety, Severity, Variant, Want};
