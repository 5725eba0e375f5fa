//! Which certificates of a PKCS#12 store belong to which key, found as Java finds them: the key's own
//! by the identifier that both carry, the others by their subjects.

use super::Certificate;
use super::bag::{Bag, Kind};
use std::collections::{HashMap, HashSet};

/// The longest chain that is followed; a file cannot ask for more work.
const MOST_LINKS: usize = 32;

/// The certificates of a store by key identifier and by subject; places are indices of the bags.
pub(super) struct Chains<'a> {
    bags: &'a [(usize, Bag)],
    own: HashMap<&'a [u8], usize>,
    subjects: HashMap<Vec<u8>, usize>,
    issuers: HashMap<usize, Vec<u8>>,
}

impl<'a> Chains<'a> {
    pub fn of(bags: &'a [(usize, Bag)]) -> Self {
        let mut chains =
            Self { bags, own: HashMap::new(), subjects: HashMap::new(), issuers: HashMap::new() };
        for (at, (_, bag)) in bags.iter().enumerate() {
            let Kind::Certificate(certificate) = &bag.kind else { continue };
            if let Some(id) = &bag.key_id {
                // A trusted certificate may carry an identifier too; the chain's own comes first.
                let first = chains.own.entry(id).or_insert(at);
                if bags[*first].1.trusted && !bag.trusted {
                    *first = at;
                }
            }
            if let Some((subject, issuer)) = certificate.ends() {
                // A chain ends with what issued itself, as Java has it.
                if subject != issuer {
                    chains.issuers.insert(at, issuer);
                }
                chains.subjects.entry(subject).or_insert(at);
            }
        }
        chains
    }

    /// Gives the places of a key's certificates, its own first.
    pub fn follow(&self, key: &Bag) -> Vec<usize> {
        let own = key.key_id.as_deref().and_then(|id| self.own.get(id));
        let mut places = Vec::new();
        let mut seen = HashSet::new();
        let mut next = own.copied();
        while let Some(at) = next
            && places.len() < MOST_LINKS
            && seen.insert(at)
        {
            places.push(at);
            next = self.issuers.get(&at).and_then(|issuer| self.subjects.get(issuer)).copied();
        }
        places
    }

    pub fn certificate(&self, at: usize) -> Option<Certificate> {
        match &self.bags.get(at)?.1.kind {
            Kind::Certificate(certificate) => Some(certificate.clone()),
            _ => None,
        }
    }
}
