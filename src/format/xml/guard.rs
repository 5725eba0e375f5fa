//! What a text must be before any XML reader may see it.
//!
//! Everything that costs a reader more than linear time, memory or stack is refused here: size,
//! depth, entities, markup declarations, crowds of attributes. Nothing here decides whether the
//! text is well-formed.

use crate::format::Fault;
use encoding_rs::Encoding;

const LARGEST: usize = 8 * 1024 * 1024;
const DEEPEST: usize = 200;
/// Readers look for duplicates among the attributes of one element pair by pair.
const ATTRIBUTES: usize = 256;
/// Readers copy all namespaces in scope at every element that declares one.
const NAMESPACES: usize = 2000;

const BY_HAND: &str = "Look at the file by hand; harden leaves it alone.";
const SAVE: &str = "Save the file as UTF-8 and run harden again.";

/// Admits a text and tells its encoding; nothing means UTF-8.
///
/// The bytes decide before the declaration does: many shipped files declare ISO-8859-1 and hold
/// ASCII or UTF-8.
///
/// # Errors
/// A [`Fault`] for a text that is too large, too deep, no text, or that declares entities.
pub(super) fn admit(text: &[u8]) -> Result<Option<&'static Encoding>, Fault> {
    let refuse = |at, reason: &str, hint| Err(Fault::at(text, at, reason, hint));
    if text.len() > LARGEST {
        return refuse(0, "the file is larger than 8 MiB", BY_HAND);
    }
    if text.starts_with(b"\xFE\xFF") || text.starts_with(b"\xFF\xFE") {
        return refuse(0, "the file is UTF-16", SAVE);
    }
    if let Some(at) = text.iter().position(|&b| b == 0) {
        let utf16 = text.starts_with(b"<\0") || text.starts_with(b"\0<");
        let reason = if utf16 { "the file is UTF-16" } else { "a zero byte stands in the text" };
        return refuse(at, reason, if utf16 { SAVE } else { BY_HAND });
    }
    if let Some(at) = find(text, b"<!ENTITY") {
        return refuse(at, "the file declares an entity, which harden never expands", BY_HAND);
    }
    bounded(text)?;
    encoding(text)
}

fn encoding(text: &[u8]) -> Result<Option<&'static Encoding>, Fault> {
    let declared = match declaration(text) {
        None => None,
        Some((at, label)) => match Encoding::for_label(label) {
            Some(known) if known.is_ascii_compatible() => Some(known),
            _ => {
                let label = String::from_utf8_lossy(label);
                let reason =
                    format!("the file declares the encoding {label}, which harden cannot read");
                return Err(Fault::at(text, at, reason, SAVE));
            }
        },
    };
    let Err(invalid) = std::str::from_utf8(text) else {
        return Ok(None);
    };
    match declared {
        Some(known) if known != encoding_rs::UTF_8 && !text.starts_with(b"\xEF\xBB\xBF") => {
            Ok(Some(known))
        }
        _ => Err(Fault::at(
            text,
            invalid.valid_up_to(),
            "the bytes here are not UTF-8, and the file declares no other encoding",
            "Name the encoding in the XML declaration, or save the file as UTF-8.",
        )),
    }
}

/// Finds the encoding named in the XML declaration, and where.
fn declaration(text: &[u8]) -> Option<(usize, &[u8])> {
    let start = if text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let inside = text[start..].strip_prefix(b"<?xml")?;
    let inside = &inside[..find(inside, b"?>")?];
    let behind = &inside[find(inside, b"encoding")? + 8..];
    let quote = behind.iter().position(|&b| b == b'"' || b == b'\'')?;
    let label = &behind[quote + 1..];
    let label = &label[..label.iter().position(|&b| b == behind[quote])?];
    let at = start + 5 + (inside.len() - behind.len()) + quote + 1;
    Some((at, label))
}

/// Walks the tags once and counts what grows; a text that is not well-formed may be miscounted,
/// but then the reader behind refuses it before it builds anything deep.
fn bounded(text: &[u8]) -> Result<(), Fault> {
    let (mut at, mut depth, mut namespaces) = (0, 0, 0);
    while let Some(next) = text[at..].iter().position(|&b| b == b'<') {
        let start = at + next;
        let rest = &text[start..];
        let skip = |end: &[u8]| find(rest, end).map_or(text.len(), |n| start + n + end.len());
        if rest.starts_with(b"<!--") {
            at = find(&rest[4..], b"-->").map_or(text.len(), |n| start + 4 + n + 3);
        } else if rest.starts_with(b"<![CDATA[") {
            at = skip(b"]]>");
        } else if rest.starts_with(b"<?") {
            at = skip(b"?>");
        } else if rest.starts_with(b"</") {
            at = skip(b">");
            depth = usize::saturating_sub(depth, 1);
        } else {
            let tag = Tag::scan(rest);
            if rest.starts_with(b"<!") && tag.bracket {
                let reason = "the document type declares markup of its own";
                return Err(Fault::at(text, start, reason, BY_HAND));
            }
            namespaces += tag.namespaces;
            if tag.values > ATTRIBUTES || namespaces > NAMESPACES {
                let reason = "the file has more attributes or namespaces than harden reads";
                return Err(Fault::at(text, start, reason, BY_HAND));
            }
            if depth == DEEPEST {
                let reason = format!("elements stand more than {DEEPEST} deep");
                return Err(Fault::at(text, start, reason, BY_HAND));
            }
            depth += usize::from(!tag.closed && !rest.starts_with(b"<!"));
            at = start + tag.len;
        }
    }
    Ok(())
}

struct Tag {
    len: usize,
    values: usize,
    namespaces: usize,
    closed: bool,
    bracket: bool,
}

impl Tag {
    /// Reads to the `>` that ends a tag; one within quotes does not.
    fn scan(rest: &[u8]) -> Self {
        let mut tag =
            Self { len: rest.len(), values: 0, namespaces: 0, closed: false, bracket: false };
        let mut quote = None;
        for (at, &byte) in rest.iter().enumerate() {
            match (quote, byte) {
                (Some(open), _) if open == byte => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => {
                    quote = Some(byte);
                    tag.values += 1;
                }
                (None, b'x') if rest[at..].starts_with(b"xmlns") => tag.namespaces += 1,
                (None, b'[') => tag.bracket = true,
                (None, b'>') => {
                    tag.len = at + 1;
                    tag.closed = rest[..at].ends_with(b"/");
                    break;
                }
                _ => {}
            }
        }
        tag
    }
}

/// Finds the first occurrence of a byte string.
pub(super) fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    let first = *what.first()?;
    let mut at = 0;
    loop {
        at += text[at..].iter().position(|&b| b == first)?;
        if text[at..].starts_with(what) {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &[u8]) -> String {
        admit(text).expect_err("refused").reason
    }

    #[test]
    fn entities_and_markup_declarations_are_refused() {
        let bomb = b"<!DOCTYPE a [\n<!ENTITY x \"lol\"><!ENTITY y \"&x;&x;\">]>\n<a>&y;</a>";
        let fault = admit(bomb).expect_err("refused");
        assert_eq!((fault.at.line, fault.at.column), (2, 1));
        assert!(fault.reason.contains("entity"));
        assert!(reason(b"<!DOCTYPE a [<!ATTLIST a b CDATA 'c'>]><a/>").contains("document type"));
        assert!(
            admit(
                b"<!DOCTYPE web-app PUBLIC \"-//Sun//DTD [2.3]//EN\" \"http://x/y.dtd\"><web-app/>"
            )
            .is_ok()
        );
    }

    #[test]
    fn depth_is_counted_by_elements_only() {
        let nest = |depth: usize| ["<a>".repeat(depth), "</a>".repeat(depth)].concat();
        assert!(admit(nest(200).as_bytes()).is_ok());
        assert!(reason(nest(201).as_bytes()).contains("200 deep"));
        let flat = "<a b='>'/><!-- <a> --><?p <a>?><![CDATA[<a>]]>".repeat(300);
        assert!(admit(format!("<r>{flat}</r>").as_bytes()).is_ok());
        assert!(reason("<a>".repeat(2_000_000).as_bytes()).contains("200 deep"));
    }

    #[test]
    fn crowds_of_attributes_are_refused() {
        let attributes: String = (0..300).map(|n| format!(" a{n}='v'")).collect();
        assert!(reason(format!("<a{attributes}/>").as_bytes()).contains("attributes"));
        let spaces = "<b xmlns:x='y'/>".repeat(2001);
        assert!(reason(format!("<a>{spaces}</a>").as_bytes()).contains("namespaces"));
    }

    #[test]
    fn what_is_no_text_in_a_known_encoding_is_refused() {
        assert!(reason(b"\xFF\xFE<\0a\0/\0>\0").contains("UTF-16"));
        assert!(reason(b"<\0a\0/\0>\0").contains("UTF-16"));
        assert!(reason(b"<a>\0</a>").contains("zero byte"));
        assert!(reason(&vec![b' '; LARGEST + 1]).contains("8 MiB"));
        assert!(reason(b"<?xml version='1.0' encoding='UTF-16'?><a/>").contains("UTF-16"));
        assert!(reason(b"<?xml version='1.0' encoding='klingon'?><a/>").contains("klingon"));
        assert!(reason(b"<?xml version='1.0' encoding='ISO-2022-JP'?><a/>").contains("2022"));
        let fault = admit(b"<a>\n\xE9</a>").expect_err("refused");
        assert_eq!((fault.at.line, fault.at.column), (2, 1));
    }

    #[test]
    fn the_bytes_decide_the_encoding_before_the_declaration_does() {
        let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xE9</a>";
        assert_eq!(admit(latin).ok().flatten(), Some(encoding_rs::WINDOWS_1252));
        let utf8 = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>é</a>";
        assert_eq!(admit(utf8.as_bytes()), Ok(None));
        assert_eq!(admit("\u{FEFF}<a>é</a>".as_bytes()), Ok(None));
    }
}
