//! Fixes that are not text. They compute what a file should hold; they read and write no disk.

pub mod key;
pub mod keystore;
