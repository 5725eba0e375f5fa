//! The text form of keys, certificates and requests (RFC 7468).
//!
//! What stands between the blocks is passed over, since authorities and tools put notes there.

use super::Fault;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// One block: what it says it is, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block<'a> {
    pub label: &'a str,
    text: &'a str,
}

impl Block<'_> {
    /// Decodes the block.
    ///
    /// # Errors
    /// It is not base64, as with a key that is locked by a password.
    pub fn der(&self) -> Result<Vec<u8>, Fault> {
        let text: String = self.text.split_ascii_whitespace().collect();
        STANDARD
            .decode(text)
            .map_err(|_| Fault::Answer(format!("holds a {} that is not base64", self.label)))
    }
}

/// Lists the blocks of a text in their order; one without its end line is left out.
pub fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    // Every search stops at the next dashes, so that a text is read once, whatever it holds.
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let Some((label, body)) = after.split_once("-----") else { break };
        let Some(end) = body.find("-----") else { break };
        let closes = body[end..]
            .strip_prefix("-----END ")
            .and_then(|tail| tail.strip_prefix(label))
            .is_some_and(|tail| tail.starts_with("-----"));
        if closes {
            found.push(Block { label, text: &body[..end] });
        }
        rest = &body[if closes { end } else { 0 }..];
    }
    found
}

/// Writes one block, 64 characters a line.
pub fn to_pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(&str, Vec<u8>)> {
        blocks(text).iter().map(|block| (block.label, block.der().unwrap())).collect()
    }

    #[test]
    fn blocks_are_read_back_as_written_whatever_stands_between() {
        let long: Vec<u8> = (0..=255).collect();
        let text = format!(
            "\u{feff}subject=CN = x\r\n{}issuer\n{}tail -----",
            to_pem("CERTIFICATE", &long).replace('\n', "\r\n"),
            to_pem("PKCS7", b"abc")
        );
        assert_eq!(read(&text), [("CERTIFICATE", long), ("PKCS7", b"abc".to_vec())]);
    }

    #[test]
    fn lines_have_64_characters() {
        let text = to_pem("X", &[7; 96]);
        let lines: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(lines, [17, 64, 64, 15]);
        assert!(text.ends_with("-----END X-----\n"));
    }

    #[test]
    fn a_block_without_its_end_is_left_out() {
        assert!(blocks("-----BEGIN A-----\nQQ==\n-----END B-----\n").is_empty());
        assert!(blocks("-----BEGIN A-----\nQQ==\n").is_empty());
        assert!(blocks(&"-----BEGIN A-----".repeat(20_000)).is_empty());
        let locked = "-----BEGIN K-----\nProc-Type: 4,ENCRYPTED\n\nQQ==\n-----END K-----";
        assert!(blocks(locked)[0].der().is_err());
    }
}
