//! One bag of a PKCS#12 store: a key, a certificate or something else, with its attributes.

use super::asn1::{BMP, CONTEXT_0, Items, OCTETS, OID, SEQUENCE, SET, tlv};
use super::fault::damaged;
use super::{Certificate, Fault, pbe};
use der::asn1::ObjectIdentifier;

const KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.1");
const SEALED_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const SECRET: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.5");
const X509: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");
const NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.20");
const KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.21");
/// Oracle's mark of a trusted certificate (OpenJDK, `sun.security.pkcs12.PKCS12KeyStore`).
const TRUSTED: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.113894.746875.1.1");
const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
/// Before the time of creation in the key's identifier, as Java writes it.
const TIME: &str = "Time ";

/// What a bag holds.
pub(super) struct Bag {
    pub kind: Kind,
    pub name: Option<String>,
    pub key_id: Option<Vec<u8>>,
    pub trusted: bool,
}

pub(super) enum Kind {
    /// Sealed, or in the clear as PKCS#8.
    Key(Vec<u8>),
    Certificate(Certificate),
    Secret,
    Other,
}

impl Bag {
    /// Reads a bag.
    pub fn read(whole: &[u8]) -> Result<Self, Fault> {
        let mut items = Items::of(whole, "a bag").inside(SEQUENCE)?;
        let kind = pbe::oid(&items.expect(OID)?)?;
        let value = items.expect(CONTEXT_0)?;
        let kind = match kind {
            KEY | SEALED_KEY => Kind::Key(value.items().expect(SEQUENCE)?.whole.to_vec()),
            SECRET => Kind::Secret,
            CERTIFICATE => {
                let mut fields = value.items().expect(SEQUENCE)?.items();
                if pbe::oid(&fields.expect(OID)?)? == X509 {
                    let der = fields.expect(CONTEXT_0)?.items().expect(OCTETS)?.body;
                    Kind::Certificate(Certificate::new(der))
                } else {
                    Kind::Other
                }
            }
            _ => Kind::Other,
        };
        let mut bag = Self { kind, name: None, key_id: None, trusted: false };
        if !items.is_empty() {
            bag.attributes(items.expect(SET)?.items())?;
        }
        Ok(bag)
    }

    /// The time of creation in the key's identifier.
    pub fn created(&self) -> Option<i64> {
        let text = std::str::from_utf8(self.key_id.as_ref()?).ok()?;
        text.strip_prefix(TIME)?.parse().ok()
    }

    fn attributes(&mut self, mut items: Items<'_>) -> Result<(), Fault> {
        while !items.is_empty() {
            let mut attribute = items.expect(SEQUENCE)?.items();
            let name = pbe::oid(&attribute.expect(OID)?)?;
            let mut values = attribute.expect(SET)?.items();
            match name {
                NAME if !values.is_empty() => {
                    self.name = Some(from_bmp(values.expect(BMP)?.body)?);
                }
                KEY_ID if !values.is_empty() => {
                    self.key_id = Some(values.expect(OCTETS)?.body.to_vec());
                }
                TRUSTED => self.trusted = true,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Writes the bag of a sealed key.
pub(super) fn key(sealed: &[u8], alias: &str, id: &[u8]) -> Vec<u8> {
    let attributes = [name(alias), attribute(KEY_ID, &tlv(OCTETS, id))];
    bag(SEALED_KEY, sealed, &attributes)
}

/// Writes the bag of a certificate in a key's chain; only the key's own has its identifier.
pub(super) fn link(certificate: &Certificate, own: Option<(&str, &[u8])>) -> Vec<u8> {
    let attributes = own.map(|(alias, id)| [name(alias), attribute(KEY_ID, &tlv(OCTETS, id))]);
    bag(CERTIFICATE, &x509(certificate), attributes.as_ref().map_or(&[], |both| &both[..]))
}

/// Writes the bag of a certificate that Java trusts.
pub(super) fn trusted(certificate: &Certificate, alias: &str) -> Vec<u8> {
    let mark = attribute(TRUSTED, &tlv(OID, ANY_USAGE.as_bytes()));
    bag(CERTIFICATE, &x509(certificate), &[name(alias), mark])
}

/// Gives the identifier that Java gives to a key made at a time.
pub(super) fn key_id(created: i64) -> Vec<u8> {
    format!("{TIME}{created}").into_bytes()
}

fn bag(kind: ObjectIdentifier, value: &[u8], attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut body = tlv(OID, kind.as_bytes());
    body.extend(tlv(CONTEXT_0, value));
    if !attributes.is_empty() {
        let mut sorted = attributes.to_vec();
        // DER sorts a set by its encodings.
        sorted.sort();
        body.extend(tlv(SET, &sorted.concat()));
    }
    tlv(SEQUENCE, &body)
}

fn x509(certificate: &Certificate) -> Vec<u8> {
    let der = tlv(CONTEXT_0, &tlv(OCTETS, certificate.der()));
    tlv(SEQUENCE, &[tlv(OID, X509.as_bytes()), der].concat())
}

fn name(alias: &str) -> Vec<u8> {
    let units: Vec<u8> = alias.encode_utf16().flat_map(u16::to_be_bytes).collect();
    attribute(NAME, &tlv(BMP, &units))
}

fn attribute(name: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &[tlv(OID, name.as_bytes()), tlv(SET, value)].concat())
}

fn from_bmp(body: &[u8]) -> Result<String, Fault> {
    let (pairs, rest) = body.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(damaged("an alias ends in the middle of a letter"));
    }
    let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
    Ok(String::from_utf16_lossy(&units))
}
