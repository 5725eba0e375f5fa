//! The product home, read only: what it is, where its files are, and what is in them.

pub mod certificate;
mod copies;
pub mod discover;
pub mod effective;
mod installed;
pub mod release;
mod shelf;
pub mod shipped;
pub mod stores;
pub mod view;

pub use copies::copies;
pub use discover::{Home, HomeError, Instance, Launcher};
pub use view::View;
