//! What stands for a file's content in a diff on a screen: text as it is, a listing of a key store,
//! and one line for any other bytes.

use crate::diff;
use crate::digest::Digest;
use crate::format::keystore::{Format, Store};
use crate::native::keystore::listing;
use time::OffsetDateTime;

/// Writes the unified diff of one file; no content is that of a file that is not there.
pub fn unified(file: &str, before: Option<&[u8]>, after: Option<&[u8]>) -> Vec<u8> {
    let sides = [before.unwrap_or_default(), after.unwrap_or_default()];
    if sides.iter().any(|bytes| bytes.contains(&0)) {
        let [before, after] = sides.map(words);
        return diff::unified(file, before.as_bytes(), after.as_bytes(), 3);
    }
    diff::unified(file, sides[0], sides[1], 3)
}

fn words(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return String::new();
    }
    let what = Format::of(bytes).map_or("no text", |format| format.word());
    let mut text = format!("{what}, {} bytes, SHA-256 {}\n", bytes.len(), Digest::of(bytes));
    // Two stores of one content differ in their bytes when the password is another one.
    if let Ok(store) = Store::read(bytes, None) {
        text.push_str(&listing(&store, OffsetDateTime::now_utc()));
    }
    text
}
