//! What a certificate should say, and the two ways to get one: signed by its own key, or asked for
//! from an authority.
//!
//! X.509 version 3, SHA256withRSA. The key usage is digitalSignature, keyEncipherment and
//! dataEncipherment: with a critical usage that lacks the last one, Java's `Cipher.init` refuses the
//! certificate ("Wrong key usage"), and with it the products' encryption. No certificate made here
//! may sign others.

use super::name::Kind;
use super::subject::Attribute;
use super::{AltName, Fault, Key, Subject, random, to_pem};
use rcgen::string::PrintableString;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa,
    KeyIdMethod, KeyUsagePurpose, PublicKeyData, SanType, SerialNumber, SignatureAlgorithm,
    SigningKey,
};
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};

/// What a certificate or a request should say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub subject: Subject,
    /// The hosts the certificate is good for; a common name that is a host name joins them.
    pub names: Vec<AltName>,
    /// First second of validity; without meaning for a request.
    pub from: OffsetDateTime,
    /// Days of validity, 1 to 3650; without meaning for a request.
    pub days: u32,
}

impl Order {
    /// Apple's systems take no server certificate for longer, also none from a private authority
    /// (support.apple.com/103769). Public authorities give 398 days and fewer.
    pub const DAYS: u32 = 825;

    /// Ten years. The key should not stay that long either.
    pub const MOST_DAYS: u32 = 3650;

    /// Orders a certificate for 825 days from the last full hour that is an hour past, so that a
    /// client with a slow clock takes it.
    pub fn new(subject: Subject, names: Vec<AltName>, now: OffsetDateTime) -> Self {
        let past = now.unix_timestamp().saturating_sub(3600).div_euclid(3600) * 3600;
        let from = OffsetDateTime::from_unix_timestamp(past).unwrap_or(now);
        Self { subject, names, from, days: Self::DAYS }
    }

    /// The names of the certificate: those asked for, then the common name, each once.
    pub fn all_names(&self) -> Vec<AltName> {
        let mut all: Vec<AltName> = Vec::new();
        let own = self.subject.common_name().parse().ok();
        for name in self.names.iter().cloned().chain(own) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all
    }
}

/// Makes a certificate that its own key signs; DER.
///
/// # Errors
/// It would be good for no host, its days are not 1 to 3650, or there are no random numbers.
pub fn self_signed(key: &Key, order: &Order) -> Result<Vec<u8>, Fault> {
    if !(1..=Order::MOST_DAYS).contains(&order.days) {
        return Err(Fault::Order(format!(
            "is valid for 1 to {} days, not {}",
            Order::MOST_DAYS,
            order.days
        )));
    }
    let mut params = params(key, order)?;
    params.not_before = order.from;
    // Both ends count (RFC 5280, section 4.1.2.5), hence a second less.
    params.not_after = order
        .from
        .checked_add(Duration::days(order.days.into()) - Duration::SECOND)
        .filter(|end| end.year() <= 9999 && order.from.year() >= 1950)
        .ok_or_else(|| Fault::Order("is valid from 1950 to 9999 at most".to_owned()))?;
    params.serial_number = Some(serial()?);
    let certificate = params.self_signed(&Signer(key)).map_err(unmade)?;
    Ok(certificate.der().to_vec())
}

/// Makes a signing request for an authority; PEM.
///
/// # Errors
/// It would be good for no host, or there are no random numbers.
pub fn request(key: &Key, order: &Order) -> Result<String, Fault> {
    let request = params(key, order)?.serialize_request(&Signer(key)).map_err(unmade)?;
    Ok(to_pem("CERTIFICATE REQUEST", request.der()))
}

/// What a certificate and a request have in common.
fn params(key: &Key, order: &Order) -> Result<CertificateParams, Fault> {
    let names = order.all_names();
    if names.is_empty() {
        return Err(Fault::Order(format!(
            "names no host: give one, since the common name \"{}\" is none",
            order.subject.common_name()
        )));
    }
    let mut params = CertificateParams::default();
    params.distinguished_name = distinguished(&order.subject)?;
    params.subject_alt_names = names.iter().map(alternative).collect::<Result<_, Fault>>()?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
        KeyUsagePurpose::DataEncipherment,
    ];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    // RFC 7093, section 2, method 1: the first 160 bits of the digest of the public key.
    let digest = Sha256::digest(key.public());
    params.key_identifier_method = KeyIdMethod::PreSpecified(digest[..20].to_vec());
    Ok(params)
}

fn distinguished(subject: &Subject) -> Result<DistinguishedName, Fault> {
    let mut name = DistinguishedName::new();
    for (attribute, value) in subject.parts().rev() {
        let kind = match attribute {
            Attribute::CommonName => DnType::CommonName,
            Attribute::Unit => DnType::OrganizationalUnitName,
            Attribute::Organization => DnType::OrganizationName,
            Attribute::Locality => DnType::LocalityName,
            Attribute::State => DnType::StateOrProvinceName,
            Attribute::Country => {
                let letters = PrintableString::try_from(value).map_err(unmade)?;
                name.push(DnType::CountryName, DnValue::PrintableString(letters));
                continue;
            }
        };
        name.push(kind, value);
    }
    Ok(name)
}

fn alternative(name: &AltName) -> Result<SanType, Fault> {
    Ok(match name.kind() {
        Kind::Ip(address) => SanType::IpAddress(*address),
        Kind::Dns(host) => SanType::DnsName(host.as_str().try_into().map_err(unmade)?),
    })
}

/// A positive number of exactly 16 octets, 126 bits of them random (RFC 5280, section 4.1.2.2).
fn serial() -> Result<SerialNumber, Fault> {
    let mut octets = [0; 16];
    random(&mut octets)?;
    octets[0] = octets[0] & 0x3f | 0x40;
    Ok(SerialNumber::from_slice(&octets))
}

/// Signs for `rcgen`, which comes without cryptography here.
struct Signer<'a>(&'a Key);

impl PublicKeyData for Signer<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

impl SigningKey for Signer<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0.sign(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

fn unmade(error: impl std::fmt::Display) -> Fault {
    Fault::Order(format!("cannot be made: {error}"))
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use x509_parser::certification_request::X509CertificationRequest;
    use x509_parser::prelude::{FromDer as _, X509Certificate, X509Version};

    const NOW: i64 = 1_700_000_000; // 2023-11-14 22:13:20 UTC

    fn order(subject: &str, names: &[&str]) -> Order {
        let names = names.iter().map(|name| name.parse().unwrap()).collect();
        let now = OffsetDateTime::from_unix_timestamp(NOW).unwrap();
        Order::new(subject.parse().unwrap(), names, now)
    }

    fn signed(order: &Order) -> Vec<u8> {
        self_signed(sample::server(), order).unwrap()
    }

    #[test]
    fn a_certificate_says_what_was_ordered_and_no_more() {
        let names = ["*.example.com", "10.0.0.7", "::1"];
        let der = signed(&order("CN=gw.example.com,OU=IT,O=Zürich AG,L=Bern,ST=BE,C=CH", &names));
        let (rest, x509) = X509Certificate::from_der(&der).unwrap();
        assert!(rest.is_empty());
        assert_eq!(x509.version(), X509Version::V3);
        let reversed = "C=CH, ST=BE, L=Bern, O=Zürich AG, OU=IT, CN=gw.example.com";
        assert_eq!(x509.subject().to_string(), reversed);
        assert_eq!(x509.issuer().as_raw(), x509.subject().as_raw());
        assert_eq!(x509.public_key().raw, sample::server().spki());
        x509.verify_signature(None).unwrap();
        let algorithm = x509.signature_algorithm.algorithm.to_id_string();
        assert_eq!(algorithm, "1.2.840.113549.1.1.11", "sha256WithRSAEncryption");
        assert_eq!(x509.tbs_certificate.signature, x509.signature_algorithm);

        let usage = x509.key_usage().unwrap().unwrap();
        assert!(usage.critical);
        assert_eq!(
            usage.value.flags, 0b1101,
            "digitalSignature, keyEncipherment, dataEncipherment"
        );
        let extended = x509.extended_key_usage().unwrap().unwrap().value;
        assert!(extended.server_auth && extended.client_auth && !extended.any);
        assert!(!extended.code_signing && extended.other.is_empty());
        let basic = x509.basic_constraints().unwrap().unwrap();
        assert!(basic.critical && !basic.value.ca && basic.value.path_len_constraint.is_none());
        let san = x509.subject_alternative_name().unwrap().unwrap();
        assert!(!san.critical);
        let shown: Vec<String> = san.value.general_names.iter().map(ToString::to_string).collect();
        assert_eq!(shown.len(), 4, "{shown:?}");
        assert!(shown[0].contains("*.example.com") && shown[3].contains("gw.example.com"));
        assert_eq!(x509.extensions().len(), 5, "and the subject key identifier");
    }

    #[test]
    fn validity_starts_an_hour_ago_and_counts_whole_days() {
        let mut order = order("CN=gw.example", &[]);
        let validity = |order: &Order| {
            let der = signed(order);
            let validity = X509Certificate::from_der(&der).unwrap().1.validity().clone();
            let utc = (validity.not_before.is_utctime(), validity.not_after.is_utctime());
            (validity.not_before.timestamp(), validity.not_after.timestamp(), utc)
        };
        let from = NOW - 800 - 3600;
        assert_eq!(validity(&order), (from, from + 825 * 86_400 - 1, (true, true)));
        // 2049-12-31 00:00:00 UTC: one day ends in UTCTime, two in GeneralizedTime.
        order.from = OffsetDateTime::from_unix_timestamp(2_524_521_600).unwrap();
        order.days = 1;
        assert_eq!(validity(&order).2, (true, true));
        order.days = 2;
        assert_eq!(validity(&order).2, (true, false));
        for days in [0, 3651] {
            order.days = days;
            assert!(self_signed(sample::server(), &order).is_err(), "{days}");
        }
    }

    #[test]
    fn serial_numbers_are_positive_long_and_differ() {
        let order = order("CN=gw.example", &[]);
        let serial = || {
            let der = signed(&order);
            X509Certificate::from_der(&der).unwrap().1.raw_serial().to_vec()
        };
        let (one, two) = (serial(), serial());
        assert_ne!(one, two);
        assert!(one.len() == 16 && two.len() == 16 && one[0] < 0x80 && two[0] < 0x80);
    }

    #[test]
    fn a_request_asks_for_the_same_names_and_proves_the_key() {
        let order = order("CN=gw.example.com,C=CH", &["10.0.0.7"]);
        let text = request(sample::server(), &order).unwrap();
        let blocks = crate::native::key::blocks(&text);
        assert_eq!((blocks.len(), blocks[0].label), (1, "CERTIFICATE REQUEST"));
        let der = blocks[0].der().unwrap();
        let (rest, asked) = X509CertificationRequest::from_der(&der).unwrap();
        assert!(rest.is_empty());
        asked.verify_signature().unwrap();
        let info = &asked.certification_request_info;
        assert_eq!(info.subject.to_string(), "C=CH, CN=gw.example.com");
        assert_eq!(info.subject_pki.raw, sample::server().spki());
        let wanted: Vec<String> =
            asked.requested_extensions().unwrap().map(|e| format!("{e:?}")).collect();
        let text = wanted.join("\n");
        assert!(
            text.contains("DNSName(\"gw.example.com\")") && text.contains("IPAddress"),
            "{text}"
        );
        assert!(text.contains("KeyUsage { flags: 13 }"), "{text}");
    }

    #[test]
    fn the_common_name_is_a_name_once_and_only_when_it_is_a_host() {
        let names = |subject: &str, names: &[&str]| {
            let all = order(subject, names).all_names();
            all.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(names("CN=GW.example", &["a.example"]), ["a.example", "gw.example"]);
        assert_eq!(names("CN=gw.example", &["gw.example", "GW.example"]), ["gw.example"]);
        assert_eq!(names("CN=My server", &["10.0.0.7"]), ["10.0.0.7"]);
        let nobody = order("CN=My server", &[]);
        let told = self_signed(sample::server(), &nobody).unwrap_err().to_string();
        assert!(told.contains("names no host"), "{told}");
        assert!(request(sample::server(), &nobody).is_err());
    }
}
