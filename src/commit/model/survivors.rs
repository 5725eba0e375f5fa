//! What a crash at one moment may leave of a disk.

use super::super::memory::{Image, Ino, Node, Op, Point, mix};
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Up to so many operations on one folder every subset is looked at.
const FEW: usize = 10;

/// What may be left of a node, and how that is told.
type Survivor = (Rc<Node>, String);

/// What may be left of the nodes that were not synced, each on its own.
pub struct Survivors {
    nodes: Vec<(Ino, Vec<Survivor>)>,
}

impl Survivors {
    pub fn of(point: &Point) -> Self {
        let mut pending: BTreeMap<Ino, Vec<&Op>> = BTreeMap::new();
        point.pending.iter().for_each(|(ino, op)| pending.entry(*ino).or_default().push(op));
        let nodes = pending.into_iter().map(|(ino, ops)| {
            let mut forms = BTreeSet::new();
            let mut left = Vec::new();
            for kept in subsets(&ops) {
                let mut node = Node::clone(&point.durable[ino]);
                kept.iter().for_each(|op| node.suffer(op));
                if forms.insert(node.hash()) {
                    left.push((
                        Rc::new(node),
                        format!("{ino} kept {} of {}", kept.len(), ops.len()),
                    ));
                }
            }
            (ino, left)
        });
        Self { nodes: nodes.collect() }
    }

    /// One number for each node; every combination, or some of them.
    pub fn choices(&self, most: usize, dice: &mut u64) -> Vec<Vec<usize>> {
        let sizes: Vec<usize> = self.nodes.iter().map(|(_, forms)| forms.len()).collect();
        let total = sizes.iter().fold(1usize, |all, size| all.saturating_mul(*size));
        let pick = |mut number: usize| -> Vec<usize> {
            let digit = |size: &usize| {
                let digit = number % size;
                number /= size;
                digit
            };
            sizes.iter().map(digit).collect()
        };
        if total <= most {
            return (0..total).map(pick).collect();
        }
        (0..most).map(|_| sizes.iter().map(|size| roll(dice) % size).collect()).collect()
    }

    pub fn image(&self, point: &Point, choice: &[usize]) -> Image {
        let mut image = point.durable.clone();
        for ((ino, forms), form) in self.nodes.iter().zip(choice) {
            image[*ino] = Rc::clone(&forms[*form].0);
        }
        image
    }

    pub fn tell(&self, choice: &[usize]) -> String {
        let forms = self.nodes.iter().zip(choice).map(|((_, forms), form)| forms[*form].1.as_str());
        forms.collect::<Vec<_>>().join(", ")
    }
}

/// What may be kept of some operations on one node.
fn subsets(ops: &[&Op]) -> Vec<Vec<Op>> {
    let (data, free): (Vec<&Op>, Vec<&Op>) =
        ops.iter().partition(|op| matches!(op, Op::Empty | Op::Write(..)));
    let mut torn = vec![Vec::new()];
    for (last, op) in data.iter().enumerate() {
        let so_far = || data[..last].iter().map(|op| (*op).clone());
        torn.push(so_far().chain([(*op).clone()]).collect());
        if let Op::Write(at, bytes) = op {
            for part in [bytes[..bytes.len() / 2].into(), vec![0; bytes.len()].into()] {
                torn.push(so_far().chain([Op::Write(*at, part)]).collect());
            }
        }
    }
    let mut all = Vec::new();
    for data in torn {
        // The first and the last ones when there are too many: prefixes and suffixes among them.
        for mask in 0..1usize << free.len().min(FEW) {
            let spare = free.len().saturating_sub(FEW);
            let (start, rest) = free.split_at(spare);
            let picked = rest.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1);
            let picked = picked.map(|(_, op)| (*op).clone());
            for whole in 0..=usize::from(spare > 0) {
                let start = start[..spare * whole].iter().map(|op| (*op).clone());
                all.push(data.iter().cloned().chain(start).chain(picked.clone()).collect());
            }
        }
    }
    all
}

/// The next number of a fixed series.
fn roll(dice: &mut u64) -> usize {
    *dice = dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
    (mix(mix(*dice, 7), 11) >> 8) as usize
}
