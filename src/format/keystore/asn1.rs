//! Single values of DER, one level at a time: nothing recurses, no length reaches beyond its parent.

use super::Fault;
use super::fault::damaged;
use der::{Reader as _, SliceReader, Tagged as _, asn1::AnyRef};

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;
pub(super) const BMP: u8 = 0x1e;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0] EXPLICIT`, and `[0] IMPLICIT` over a primitive.
pub(super) const CONTEXT_0: u8 = 0xa0;
pub(super) const PRIMITIVE_0: u8 = 0x80;

/// One value: its tag, its content, and all of its bytes.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub tag: u8,
    pub body: &'a [u8],
    pub whole: &'a [u8],
    what: &'static str,
}

/// Values that follow one another.
pub(super) struct Items<'a> {
    rest: &'a [u8],
    /// Names the place in a fault.
    what: &'static str,
}

impl<'a> Items<'a> {
    pub fn of(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes the next value.
    pub fn take(&mut self) -> Result<Item<'a>, Fault> {
        let what = self.what;
        let broken = |_| damaged(format!("{what} is not valid DER"));
        let mut reader = SliceReader::new(self.rest).map_err(broken)?;
        let whole = reader.tlv_bytes().map_err(broken)?;
        let any = AnyRef::try_from(whole).map_err(broken)?;
        self.rest = self.rest.get(whole.len()..).unwrap_or_default();
        Ok(Item { tag: any.tag().octet(), body: any.value(), whole, what })
    }

    /// Takes the next value, which must have a tag.
    pub fn expect(&mut self, tag: u8) -> Result<Item<'a>, Fault> {
        let item = self.take()?;
        if item.tag == tag {
            return Ok(item);
        }
        let what = self.what;
        Err(damaged(format!("{what} has a value of tag {:02x} in place of {tag:02x}", item.tag)))
    }

    /// Goes into the only value there is.
    pub fn inside(mut self, tag: u8) -> Result<Items<'a>, Fault> {
        let item = self.expect(tag)?;
        if !self.is_empty() {
            return Err(damaged(format!("bytes follow the end of {}", self.what)));
        }
        Ok(item.items())
    }
}

impl<'a> Item<'a> {
    pub fn items(self) -> Items<'a> {
        Items { rest: self.body, what: self.what }
    }

    /// Reads a whole number that is not negative and fits.
    pub fn number(self) -> Result<u64, Fault> {
        let body = self.body.strip_prefix(&[0]).unwrap_or(self.body);
        let negative = self.body.first().is_none_or(|byte| byte & 0x80 != 0);
        if self.tag != INTEGER || negative || body.len() > 8 {
            return Err(damaged(format!("{} holds a number out of range", self.what)));
        }
        Ok(body.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
    }
}

/// Writes a value with its tag and length.
pub(super) fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let bytes = body.len().to_be_bytes();
    let length = bytes.iter().position(|byte| *byte != 0).map_or(&bytes[..0], |at| &bytes[at..]);
    match length {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        long => {
            // At most eight bytes, so the cast loses nothing.
            out.push(0x80 | long.len() as u8);
            out.extend(long);
        }
    }
    out.extend(body);
    out
}

/// Writes a whole number.
pub(super) fn integer(number: u32) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let from = bytes.iter().position(|byte| *byte != 0).unwrap_or(3);
    let mut body = bytes[from..].to_vec();
    if body.first().is_some_and(|byte| byte & 0x80 != 0) {
        body.insert(0, 0);
    }
    tlv(INTEGER, &body)
}
