//! The chain of certificates that an authority answered a signing request with, put in order.
//!
//! The first certificate is for the key at hand, and each one is signed by the next: names, dates
//! and signatures are checked as Java checks them when a server starts or a client calls. Not
//! looked at: revocation, name constraints, policies, the usages of authorities beyond signing
//! certificates, and whether anybody trusts the root. Names of issuers are compared byte by byte.

use super::answer::certificates;
use super::sound::{self, shown};
use super::{Fault, Key};
use std::net::IpAddr;
use time::OffsetDateTime;
use x509_parser::error::X509Error;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// Which of the products' key stores the certificate goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The connectors' store: the certificate is shown to TLS clients.
    Tls,
    /// The primary store: its key signs tokens, and secrets are encrypted with its certificate.
    Primary,
    /// The internal store: secrets are encrypted with its certificate.
    Internal,
}

/// A chain that fits its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// DER, the server's certificate first, then each one's issuer; the root last if it was sent.
    pub certificates: Vec<Vec<u8>>,
    /// The hosts and addresses of the server's certificate.
    pub names: Vec<String>,
    /// The moment the first of the certificates expires.
    pub until: OffsetDateTime,
    /// Who signed the last certificate, when that one was not sent. Clients must know it.
    pub missing: Option<String>,
    /// Subjects of certificates that were sent and are no part of the chain.
    pub unused: Vec<String>,
}

/// Puts the certificates of an answer in order and checks them.
///
/// Takes PEM, DER and PKCS#7 (`.p7b`), in any order.
///
/// # Errors
/// No certificate is for the key, or more than one; a signature is wrong or of a kind that cannot be
/// verified (RSA, ECDSA on P-256 and P-384, and Ed25519 can); a certificate is not valid now, has a
/// broken algorithm or a short key; an issuer may not issue; the usage does not fit the purpose.
pub fn chain(
    answer: &[u8],
    key: &Key,
    purpose: Purpose,
    now: OffsetDateTime,
) -> Result<Chain, Fault> {
    let ders = certificates(answer)?;
    let mut all = ders.iter().map(|der| read(der)).collect::<Result<Vec<_>, Fault>>()?;
    let leaf = all.remove(of_key(&all, key)?);
    let mut path = vec![leaf];
    while let Some(issuer) = issuer(path.last(), &all, now)? {
        path.push(all.remove(issuer));
    }
    check(&path, purpose, now)?;
    let last = path.last().filter(|last| !issues_itself(last));
    Ok(Chain {
        certificates: path.iter().map(|link| link.as_raw().to_vec()).collect(),
        names: path.first().map(names).unwrap_or_default(),
        until: path.iter().map(sound::until).min().unwrap_or(now),
        missing: last.map(|last| shown(last.issuer())),
        unused: all.iter().map(|other| shown(other.subject())).collect(),
    })
}

fn read(der: &[u8]) -> Result<X509Certificate<'_>, Fault> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(Fault::Answer("holds a certificate that cannot be read".to_owned())),
    }
}

/// The place of the one certificate for the key.
fn of_key(all: &[X509Certificate], key: &Key) -> Result<usize, Fault> {
    let public = |c: &X509Certificate| c.public_key().subject_public_key.data == key.public();
    let mut found = all.iter().enumerate().filter(|(_, c)| public(c)).map(|(at, _)| at);
    match (found.next(), found.next()) {
        (Some(at), None) => Ok(at),
        (Some(_), Some(_)) => Err(Fault::Answer(
            "holds two certificates for this key: hand over only the newer one and its chain"
                .to_owned(),
        )),
        (None, _) => {
            let subjects: Vec<String> = all.iter().map(|c| shown(c.subject())).collect();
            Err(Fault::Answer(format!(
                "holds no certificate for this key, only for {}: was the request made with another \
                 key?",
                subjects.join("; ")
            )))
        }
    }
}

/// The place of the certificate whose key signed the given one; nothing at the end of the chain.
///
/// Of several, as with cross-signed authorities, one that is valid and ends the chain is taken.
fn issuer(
    link: Option<&X509Certificate>,
    others: &[X509Certificate],
    now: OffsetDateTime,
) -> Result<Option<usize>, Fault> {
    let Some(link) = link.filter(|link| !issues_itself(link)) else { return Ok(None) };
    sound::algorithm(link)?;
    let mut fits = Vec::new();
    let mut wrong = None;
    for (at, other) in others.iter().enumerate() {
        if other.subject().as_raw() != link.issuer().as_raw() {
            continue;
        }
        match verified(link, other) {
            Ok(()) => fits.push(at),
            Err(fault) => wrong = Some(fault),
        }
    }
    let best = |at: &usize| (sound::dates(&others[*at], now).is_ok(), issues_itself(&others[*at]));
    match (fits.into_iter().max_by_key(best), wrong) {
        (Some(at), _) => Ok(Some(at)),
        (None, Some(fault)) => Err(fault),
        (None, None) => Ok(None),
    }
}

fn verified(link: &X509Certificate, issuer: &X509Certificate) -> Result<(), Fault> {
    let (whose, by) = (shown(link.subject()), shown(issuer.subject()));
    link.verify_signature(Some(issuer.public_key())).map_err(|error| match error {
        X509Error::SignatureUnsupportedAlgorithm => Fault::Answer(format!(
            "holds a certificate of {whose} with a signature that cannot be verified here ({}): \
             import it with keytool",
            link.signature_algorithm.algorithm
        )),
        _ => Fault::Answer(format!(
            "holds a certificate of {whose} that {by} did not sign, though it says so"
        )),
    })
}

fn check(path: &[X509Certificate], purpose: Purpose, now: OffsetDateTime) -> Result<(), Fault> {
    for (at, link) in path.iter().enumerate() {
        sound::dates(link, now)?;
        sound::strength(link)?;
        if let Some(below) = at.checked_sub(1) {
            sound::may_issue(link, below)?;
        } else {
            sound::usage(link, purpose)?;
            if issues_itself(link) {
                sound::algorithm(link)?;
                verified(link, link)?;
            }
        }
    }
    // A root's own signature proves nothing: clients trust the root that they have (RFC 5280, 6.1).
    Ok(())
}

fn issues_itself(certificate: &X509Certificate) -> bool {
    certificate.subject().as_raw() == certificate.issuer().as_raw()
}

fn names(leaf: &X509Certificate) -> Vec<String> {
    let Ok(Some(san)) = leaf.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName| match name {
        GeneralName::DNSName(host) => Some(host.to_ascii_lowercase().escape_debug().to_string()),
        GeneralName::IPAddress(octets) => match <[u8; 4]>::try_from(*octets) {
            Ok(four) => Some(IpAddr::from(four).to_string()),
            Err(_) => <[u8; 16]>::try_from(*octets).ok().map(|all| IpAddr::from(all).to_string()),
        },
        _ => None,
    };
    san.value.general_names.iter().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, Made, Rsa, now, take};
    use super::super::{Order, self_signed};
    use super::*;
    use rcgen::SerialNumber;
    use time::Duration;

    #[test]
    fn a_chain_is_put_in_order_whatever_order_it_came_in() {
        let [server, middle, root] = Made::new().ders();
        let wanted = [server.clone(), middle.clone(), root.clone()];
        for mixed in [
            [&server, &middle, &root],
            [&root, &middle, &server],
            [&middle, &server, &root],
            [&root, &server, &middle],
        ] {
            let mixed: Vec<Vec<u8>> = mixed.into_iter().cloned().collect();
            let chain = take(&mixed, Purpose::Tls).unwrap();
            assert_eq!(chain.certificates, wanted);
            assert_eq!((chain.missing, chain.unused), (None, vec![]));
            assert_eq!(chain.names, ["gw.example"]);
            assert_eq!(chain.until, now() + Duration::DAY);
        }
    }

    #[test]
    fn what_is_missing_and_what_is_too_much_is_told() {
        let [server, middle, root] = Made::new().ders();
        let chain = take(&[middle, server.clone()], Purpose::Tls).unwrap();
        assert_eq!((chain.certificates.len(), chain.missing), (2, Some("\"CN=root\"".to_owned())));
        let chain = take(&[root, server], Purpose::Tls).unwrap();
        assert_eq!(chain.missing.as_deref(), Some("\"CN=middle\""));
        assert_eq!((chain.certificates.len(), chain.unused), (1, vec!["\"CN=root\"".to_owned()]));
    }

    #[test]
    fn a_certificate_for_another_key_is_refused() {
        let [server, middle, root] = Made::new().ders();
        let told = take(&[middle, root], Purpose::Tls).unwrap_err().to_string();
        assert!(
            told.contains("no certificate for this key") && told.contains("CN=middle"),
            "{told}"
        );
        let mut newer = Made::new();
        newer.server.serial_number = Some(SerialNumber::from_slice(&[2]));
        let both = [server, newer.ders()[0].clone()];
        assert!(take(&both, Purpose::Tls).unwrap_err().to_string().contains("two certificates"));
    }

    #[test]
    fn every_signature_of_the_chain_is_verified() {
        for tampered in 0..2 {
            let mut ders = Made::new().ders();
            let last = ders[tampered].len() - 1;
            ders[tampered][last] ^= 1;
            let told = take(&ders, Purpose::Tls).unwrap_err().to_string();
            assert!(told.contains("did not sign"), "{tampered}: {told}");
        }
        // An authority of the same name with another key is passed over.
        let made = Made::new();
        let [server, middle, root] = made.ders();
        let impostor = made.middle.self_signed(&Rsa(sample::impostor())).unwrap().der().to_vec();
        let alone = take(&[server.clone(), impostor.clone()], Purpose::Tls);
        assert!(alone.unwrap_err().to_string().contains("did not sign"));
        let chain = take(&[impostor, server.clone(), middle.clone(), root.clone()], Purpose::Tls);
        assert_eq!(chain.unwrap().certificates, [server, middle, root]);
    }

    #[test]
    fn a_self_signed_certificate_is_its_own_chain() {
        let order = Order::new("CN=gw.example".parse().unwrap(), vec![], now());
        let der = self_signed(sample::server(), &order).unwrap();
        let chain = take(std::slice::from_ref(&der), Purpose::Primary).unwrap();
        assert_eq!((chain.certificates, chain.missing), (vec![der.clone()], None));
        let mut forged = der;
        let last = forged.len() - 1;
        forged[last] ^= 1;
        let told = take(&[forged], Purpose::Primary).unwrap_err().to_string();
        assert!(told.contains("did not sign"), "{told}");
    }

    #[test]
    fn damaged_certificates_never_panic() {
        let der = Made::new().ders()[0].clone();
        for at in 0..der.len() {
            let mut changed = der.clone();
            changed[at] ^= 0x55;
            let _ = chain(&changed, sample::server(), Purpose::Tls, now());
            assert!(chain(&der[..at], sample::server(), Purpose::Tls, now()).is_err());
        }
    }
}
