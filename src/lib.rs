//! Hardens a WSO2 server in place, following WSO2's "Security Guidelines for Production
//! Deployment", and takes every change back.
//!
//! ```text
//! discover → load → evaluate → choose → fold → preview → commit → verify
//!  Home      Patch   Finding    Patch    Plan   (yes?)   Applied   keep | restore
//! ```
//!
//! A module imports from lower layers only:
//!
//! | layer | modules |
//! |---|---|
//! | 0 | [`text`], [`diff`], [`digest`], [`version`], [`secret`] |
//! | 1 | [`change`], [`mod@format`] |
//! | 2 | [`patch`], [`home`] |
//! | 3 | [`native`] |
//! | 4 | [`plan`] |
//! | 5 | [`commit`], [`report`], [`review`], [`probe`] |
//! | 6 | [`cli`] |

pub mod change;
pub mod cli;
pub mod commit;
pub mod diff;
pub mod digest;
pub mod format;
pub mod home;
pub mod native;
pub mod patch;
pub mod plan;
pub mod probe;
pub mod report;
pub mod review;
pub mod secret;
pub mod text;
pub mod version;
