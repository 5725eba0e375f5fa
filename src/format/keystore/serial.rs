//! Steps over one serialized Java object: a secret key in a JCEKS store has no length before it.
//!
//! It knows as much of the grammar (Java Object Serialization Specification, section 6.4) as
//! `javax.crypto.SealedObject` needs: strings, byte arrays, primitive fields, super classes. It makes
//! no object and reads no key.

use super::Fault;
use super::fault::damaged;

/// The deepest class hierarchy that is followed; a sealed key has three classes.
const MOST_CLASSES: usize = 8;
const MOST_FIELDS: usize = 64;

/// Moves behind the object at the start.
pub(super) fn skip(rest: &mut &[u8]) -> Result<(), Fault> {
    let mut stream = Stream { rest };
    if stream.take(4)? != [0xac, 0xed, 0, 5] || stream.byte()? != OBJECT {
        return Err(damaged("a secret key is not a serialized object"));
    }
    let classes = stream.class()?;
    // The values of a super class come before those of its heirs.
    for fields in classes.iter().rev() {
        for kind in fields {
            stream.value(*kind)?;
        }
    }
    *rest = stream.rest;
    Ok(())
}

const NULL: u8 = 0x70;
const REFERENCE: u8 = 0x71;
const CLASS: u8 = 0x72;
const OBJECT: u8 = 0x73;
const STRING: u8 = 0x74;
const ARRAY: u8 = 0x75;
const END: u8 = 0x78;
/// A class that writes its fields itself could write anything.
const PLAIN: u8 = 2;

struct Stream<'a> {
    rest: &'a [u8],
}

impl<'a> Stream<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let split = self.rest.split_at_checked(length);
        let (taken, rest) = split.ok_or_else(|| damaged("a secret key is cut off"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        self.take(1).map(|taken| taken.first().copied().unwrap_or_default())
    }

    fn number(&mut self, length: usize) -> Result<usize, Fault> {
        Ok(self.take(length)?.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)))
    }

    fn name(&mut self) -> Result<(), Fault> {
        let length = self.number(2)?;
        self.take(length).map(|_| ())
    }

    /// Gives the kinds of the fields, class by class, from the object's own class upwards.
    fn class(&mut self) -> Result<Vec<Vec<u8>>, Fault> {
        let mut classes = Vec::new();
        loop {
            match self.byte()? {
                NULL => return Ok(classes),
                CLASS if classes.len() < MOST_CLASSES => classes.push(self.fields()?),
                _ => return Err(unknown()),
            }
        }
    }

    fn fields(&mut self) -> Result<Vec<u8>, Fault> {
        self.name()?;
        self.take(8)?;
        let flags = self.byte()?;
        let count = self.number(2)?;
        if flags != PLAIN || count > MOST_FIELDS {
            return Err(unknown());
        }
        let mut kinds = Vec::new();
        for _ in 0..count {
            let kind = self.byte()?;
            self.name()?;
            if matches!(kind, b'L' | b'[') {
                self.value(kind)?;
            }
            kinds.push(kind);
        }
        if self.byte()? == END { Ok(kinds) } else { Err(unknown()) }
    }

    fn value(&mut self, kind: u8) -> Result<(), Fault> {
        let length = match kind {
            b'B' | b'Z' => 1,
            b'C' | b'S' => 2,
            b'I' | b'F' => 4,
            b'J' | b'D' => 8,
            b'L' | b'[' => match self.byte()? {
                NULL => 0,
                REFERENCE => 4,
                STRING => self.number(2)?,
                ARRAY => {
                    self.array_class()?;
                    self.number(4)?
                }
                _ => return Err(unknown()),
            },
            _ => return Err(unknown()),
        };
        self.take(length).map(|_| ())
    }

    /// The class of a byte array: written out the first time, referred to afterwards.
    fn array_class(&mut self) -> Result<(), Fault> {
        match self.byte()? {
            REFERENCE => self.take(4).map(|_| ()),
            CLASS => {
                let bytes = self.rest.starts_with(b"\0\x02[B");
                let fields = self.fields()?;
                let ends = self.byte()? == NULL;
                if bytes && fields.is_empty() && ends { Ok(()) } else { Err(unknown()) }
            }
            _ => Err(unknown()),
        }
    }
}

fn unknown() -> Fault {
    Fault::Unsupported("this kind of secret key in a JCEKS store".into())
}
