//! Builds the changes that take a transaction back, or some guidelines' share of it.
//!
//! It only reads. Later changes of other lines are kept; where a later change and the rollback want
//! the same lines, nothing is built and both sides are shown.

use super::disk::Disk;
use super::error::{Clashes, Error};
use super::history::{self, Past, Standing};
use super::manifest::{Attrs, Entry, Image, Manifest, Step};
use super::merge::{Clash, Side as Lines, merge};
use super::state::State;
use super::target::{Look, Side, Sight, Target};
use super::{Change, Share, recover, roots};
use crate::change::Code;
use crate::digest::Digest;
use std::path::Path;

/// The changes that take something back. They go through `apply` like any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reverse {
    /// The transaction that is taken back.
    pub of: String,
    /// The guidelines taken back, when it is not the whole transaction.
    pub only: Vec<Code>,
    /// `rollback`, or `redo` when the transaction was a rollback itself.
    pub verb: &'static str,
    pub changes: Vec<Change>,
}

/// Builds the reverse of a transaction; without a name, of the newest in force, or of the newest in
/// force in which the guidelines have a share.
///
/// # Errors
/// [`Error::Clash`] shows where later changes are in the way; [`Error::Undone`] and
/// [`Error::Nothing`] tell that there is nothing to take back.
pub fn reverse(
    disk: &dyn Disk,
    home: &Path,
    state: &Path,
    id: Option<&str>,
    only: Option<&[Code]>,
) -> Result<Reverse, Error> {
    let (home, root) = roots(disk, home, state)?;
    let state = State::open(disk, &root)?.ok_or(Error::Nothing)?;
    if let Some(id) = recover::open_one(&state)? {
        return Err(Error::Refused {
            what: format!("transaction {id}"),
            why: "is unfinished".into(),
            hint: "Run `harden recover` first.".into(),
        });
    }
    let past = history::all(&state)?;
    let only: Vec<Code> = only.unwrap_or_default().to_vec();
    let manifest = choose(&past, id, &only)?;
    recover::same_home(&home, &state, manifest)?;
    refuse_repeated(&past, manifest, &only)?;
    let reader = Reader { state: &state, id: &manifest.id };
    let mut changes = Vec::new();
    let mut clashes = Vec::new();
    for entry in &manifest.files {
        let target = Target::find(disk, &home, &entry.path)?;
        if let Sight::Else(_) = target.sight {
            return Err(Error::Refused {
                what: entry.path.to_string(),
                why: "is not a regular file any more".into(),
                hint: "Put an ordinary file in its place.".into(),
            });
        }
        let reversed = match only[..] {
            [] => reader.whole(entry, &target.sight)?,
            _ => reader.share(entry, &target.sight, &only)?,
        };
        match reversed {
            Ok(change) => changes.extend(change.filter(Change::matters)),
            Err(at) => clashes.push(Clashes { file: entry.path.clone(), at }),
        }
    }
    if !clashes.is_empty() {
        return Err(Error::Clash(clashes));
    }
    let verb = if manifest.meta.of.is_some() { "redo" } else { "rollback" };
    Ok(Reverse { of: manifest.id.clone(), only, verb, changes })
}

/// Chooses the transaction to take back.
fn choose<'p>(past: &'p [Past], id: Option<&str>, only: &[Code]) -> Result<&'p Manifest, Error> {
    let chosen = match id {
        Some(id) => {
            let found = past.iter().find(|past| past.id == id);
            found.ok_or_else(|| Error::Unknown(id.to_owned()))?
        }
        // A rollback is not taken back unasked, so that rolling back goes on backwards.
        None => {
            let of =
                |past: &Past| past.manifest.as_ref().map(|manifest| manifest.meta.of.is_some());
            let mut forward = past
                .iter()
                .filter(|past| past.standing == Standing::Applied && of(past) == Some(false));
            let newest = forward.clone().next_back();
            // Where none has a share that could be taken back, the newest says why.
            let last = forward.rfind(|one| has_share(past, one, only)).or(newest);
            // Names begin with the time: a damaged one that may be newer is the one meant.
            let moment = |past: &Past| past.id.split('-').next().map(str::to_owned);
            let damaged = past.iter().rfind(|other| {
                other.manifest.is_none() && last.is_none_or(|last| moment(other) >= moment(last))
            });
            damaged.or(last).ok_or(Error::Nothing)?
        }
    };
    match (&chosen.standing, &chosen.manifest) {
        (Standing::Undone { by }, _) => {
            Err(Error::Undone { id: chosen.id.clone(), by: by.clone() })
        }
        (Standing::Damaged(why), _) => {
            Err(Error::Damaged { id: chosen.id.clone(), why: why.clone() })
        }
        (Standing::Applied, Some(_)) if chosen.forgotten => {
            Err(Error::Forgotten { id: chosen.id.clone() })
        }
        (Standing::Applied, Some(manifest)) => Ok(manifest),
        _ => Err(Error::Nothing),
    }
}

/// Tells whether each of some guidelines has a share in a transaction that is not taken back.
fn has_share(past: &[Past], one: &Past, only: &[Code]) -> bool {
    one.manifest.as_ref().is_some_and(|manifest| {
        only.iter().all(|code| shares(manifest, code) && undone(past, &one.id, code).is_none())
    })
}

fn shares(manifest: &Manifest, code: &Code) -> bool {
    manifest.files.iter().flat_map(|entry| &entry.steps).any(|step| step.code == *code)
}

/// Finds what took the share of a guideline back alone.
fn undone<'p>(past: &'p [Past], id: &str, code: &Code) -> Option<&'p Past> {
    past.iter().filter(|past| past.standing == Standing::Applied).find(|past| {
        past.manifest.as_ref().is_some_and(|later| {
            later.meta.of.as_deref() == Some(id) && later.meta.only.contains(code)
        })
    })
}

/// Refuses guidelines that had no share, or whose share is taken back already.
fn refuse_repeated(past: &[Past], manifest: &Manifest, only: &[Code]) -> Result<(), Error> {
    for code in only {
        if !shares(manifest, code) {
            return Err(Error::Refused {
                what: code.to_string(),
                why: format!("has no share in transaction {}", manifest.id),
                hint: "`harden log` lists the guidelines of each transaction.".into(),
            });
        }
        if let Some(by) = undone(past, &manifest.id, code) {
            let id = format!("{code} of {}", manifest.id);
            return Err(Error::Undone { id, by: by.id.clone() });
        }
    }
    Ok(())
}

/// A change to make, none needed, or where later changes are in the way.
type Reversed = Result<Option<Change>, Vec<Clash>>;

/// The bytes of a file that may not be there.
type Content = Option<Vec<u8>>;

struct Reader<'a> {
    state: &'a State<'a>,
    id: &'a str,
}

impl Reader<'_> {
    /// Takes back all of a transaction in one file.
    fn whole(&self, entry: &Entry, sight: &Sight) -> Result<Reversed, Error> {
        let now = sight.file();
        let merged = match sight.side(entry) {
            Side::Before => return Ok(Ok(None)),
            Side::After => {
                let after = self.bytes(digest(&entry.before))?;
                let attrs = attrs_back(entry, now);
                return Ok(Ok(Some(change(entry, now, after, attrs, Vec::new()))));
            }
            Side::Foreign => self.merged(entry, now.map(|look| look.bytes.clone()))?,
        };
        Ok(merged.map(|after| Some(change(entry, now, after, None, Vec::new()))))
    }

    /// Takes back the share of some guidelines in one file.
    fn share(&self, entry: &Entry, sight: &Sight, only: &[Code]) -> Result<Reversed, Error> {
        let now = sight.file();
        let steps = entry.steps.iter().rev().filter(|step| only.contains(&step.code));
        let shares = match self.unwind(steps, now.map(|look| look.bytes.clone()))? {
            Ok(shares) => shares,
            Err(clashes) => return Ok(Err(clashes)),
        };
        let Some(content) = shares.last().map(|share| share.after.clone()) else {
            return Ok(Ok(None));
        };
        let first = content.as_ref().map(|bytes| Digest::of(bytes)) == digest(&entry.before);
        let exact = first && sight.side(entry) == Side::After;
        let attrs = if exact { attrs_back(entry, now) } else { None };
        Ok(Ok(Some(change(entry, now, content, attrs, shares))))
    }

    /// Takes a file back whole, or else step by step, which keeps neighbouring lines apart.
    fn merged(&self, entry: &Entry, now: Content) -> Result<Result<Content, Vec<Clash>>, Error> {
        let clashes = match self.step(digest(&entry.after), digest(&entry.before), now.clone())? {
            Ok(content) => return Ok(Ok(content)),
            Err(clashes) => clashes,
        };
        let shares = self.unwind(entry.steps.iter().rev(), now)?;
        Ok(match shares.as_deref() {
            Ok([.., last]) => Ok(last.after.clone()),
            _ => Err(clashes),
        })
    }

    /// Takes some steps back, the last one first; each share is the content that it leaves.
    fn unwind<'s>(
        &self,
        steps: impl Iterator<Item = &'s Step>,
        mut content: Content,
    ) -> Result<Result<Vec<Share>, Vec<Clash>>, Error> {
        let mut shares = Vec::new();
        for step in steps {
            content = match self.step(step.after, step.before, content)? {
                Ok(content) => content,
                Err(clashes) => return Ok(Err(clashes)),
            };
            let (code, instance) = (step.code.clone(), step.instance.clone());
            shares.push(Share { code, instance, after: content.clone() });
        }
        Ok(Ok(shares))
    }

    /// Takes one step back from a content that may have moved on since.
    fn step(
        &self,
        after: Option<Digest>,
        before: Option<Digest>,
        now: Content,
    ) -> Result<Result<Content, Vec<Clash>>, Error> {
        let current = now.as_ref().map(|bytes| Digest::of(bytes));
        if current == after || current == before {
            return Ok(Ok(self.bytes(before)?));
        }
        let (base, theirs) = (self.bytes(after)?, self.bytes(before)?);
        Ok(match (base, now, theirs) {
            (Some(base), Some(ours), Some(theirs)) => merge(&base, &ours, &theirs).map(Some),
            (_, ours, theirs) => {
                let lines =
                    |text: Option<Vec<u8>>| Lines { line: 1, text: text.unwrap_or_default() };
                Err(vec![Clash { ours: lines(ours), theirs: lines(theirs) }])
            }
        })
    }

    fn bytes(&self, digest: Option<Digest>) -> Result<Content, Error> {
        digest.map(|digest| self.state.image(self.id, digest)).transpose()
    }
}

/// The attributes to give back to a file whose content is given back exactly: those recorded, but
/// where somebody changed mode or owner since, theirs.
pub(super) fn attrs_back(entry: &Entry, now: Option<&Look>) -> Option<Attrs> {
    let before = &entry.before.as_ref()?.attrs;
    match (now, &entry.after) {
        (Some(look), Some(after)) if !look.has(&after.attrs) => {
            Some(Attrs { mtime: before.mtime, ..look.attrs() })
        }
        _ => Some(before.clone()),
    }
}

fn digest(image: &Option<Image>) -> Option<Digest> {
    image.as_ref().map(|image| image.digest)
}

pub(super) fn change(
    entry: &Entry,
    now: Option<&Look>,
    after: Option<Vec<u8>>,
    attrs: Option<Attrs>,
    shares: Vec<Share>,
) -> Change {
    let file = entry.path.clone();
    Change { file, before: now.map(|look| look.bytes.clone()), after, attrs, shares }
}
