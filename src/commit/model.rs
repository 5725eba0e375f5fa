//! Every crash of a transaction, of its recovery, and of the recovery from that, to any depth.
//!
//! A crash is a moment and what it takes: of each folder any subset of the name changes that were
//! not synced, in each file the writes from some point on, the last one whole, torn or zeros, and
//! any subset of its attributes. Where these are too many, some are drawn, the same at every run.
//! Every disk that is met is recovered and judged; equal disks are recovered once, since what a
//! recovery does depends on nothing but the disk. `flaws` shows that the model can fail.

mod flaws;
mod survivors;
mod tally;
mod trims;

use super::memory::{Body, Flaw, Image, Ino, Lacks, Memory, Point, fingerprint};
use super::trial::{AXIS, NEW, OLD, SCRIPT, meta, rel, share};
use super::*;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use survivors::Survivors;
use tally::Tally;

const HOME: &str = "/home";

/// How far a search goes.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// How many survivors of one moment of a story are looked at, at most.
    most: usize,
    /// The same of one moment of a recovery.
    later: usize,
    /// How many recoveries of one story are crashed in their turn, those met first before others.
    pursued: usize,
}

/// A search ends with so many faults.
const ENOUGH: usize = 100;

const GATE: Bounds = Bounds { most: 1024, later: 96, pursued: 1_600 };
const LONG: Bounds = Bounds { most: 4096, later: 384, pursued: 2_000 };

#[test]
fn every_crash_ends_as_before_or_as_after() {
    let all = tell(GATE);
    println!("figure: model = {all}");
    assert!(all.states >= 1_000_000);
}

#[test]
#[ignore = "takes many minutes: more survivors of each moment, and more crashes of recoveries"]
fn every_crash_ends_as_before_or_as_after_at_length() {
    println!("{}", tell(LONG));
}

/// Explores all stories, two at a time.
fn tell(bounds: Bounds) -> Tally {
    let stories: [fn() -> Story; 5] = [applied, applied_again, rolled_back, moved, in_place];
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        let mut sum = Tally::default();
        while let Some(story) = stories.get(next.fetch_add(1, std::sync::atomic::Ordering::SeqCst))
        {
            sum.add(story().explore(bounds));
        }
        sum
    };
    let mut all = Tally::default();
    std::thread::scope(|scope| {
        let workers = [scope.spawn(work), scope.spawn(work)];
        workers.into_iter().for_each(|worker| all.add(worker.join().unwrap()));
    });
    assert!(all.mixed.is_empty(), "{}", all.mixed[..all.mixed.len().min(5)].join("\n\n"));
    all
}

/// A transaction on a small home, step by step.
struct Story {
    name: &'static str,
    lacks: Lacks,
    /// What is wrong with recovery.
    flaw: Flaw,
    points: Vec<Point>,
    /// What the home and the history were, and what they are to be.
    before: Standing,
    after: Standing,
}

/// A home with nothing of ours, durable.
fn home() -> Memory {
    let disk = Memory::empty();
    for dir in ["/home", "/home/conf", "/home/bin"] {
        disk.mkdir(Path::new(dir)).unwrap();
    }
    disk.put("/home/conf/axis2.xml", b"<a x='1'/>", 0o640);
    disk.put("/home/bin/server.sh", b"#!/bin/sh\n", 0o755);
    disk.put("/home/conf/old.properties", b"gone=soon\n", 0o600);
    Memory::boot(disk.image(), Lacks::Nothing)
}

/// One file changed in two shares, one in another folder, one made, one removed.
fn changes() -> Vec<Change> {
    let edit =
        |file, before: &[u8], after: &[u8]| Change::edit(rel(file), before.into(), after.into());
    let mut shared = edit(AXIS, b"<a x='1'/>", b"<a x='2' y='3'/>");
    shared.shares = vec![share("P08", b"<a x='2'/>"), share("P09", b"<a x='2' y='3'/>")];
    let mut made = edit(NEW, b"", b"\xfe\xed\0new");
    made.before = None;
    let mut gone = edit(OLD, b"gone=soon\n", b"");
    gone.after = None;
    vec![shared, edit(SCRIPT, b"#!/bin/sh\n", b"#!/bin/sh\nUMASK=027\n"), made, gone]
}

fn write(disk: &Memory, changes: &[Change], meta: &Meta) -> Result<Applied, Error> {
    apply(disk, Path::new(HOME), &Path::new(HOME).join(NAME), changes, meta, &|| Ok(()))
}

fn applied() -> Story {
    Story::of("apply", home(), Lacks::Nothing)
}

fn moved() -> Story {
    Story::of("apply without an exchange of names", home(), Lacks::Exchange)
}

fn in_place() -> Story {
    Story::of("apply with a mount point", home(), Lacks::Renaming("server.sh"))
}

/// A crash has left the same transaction halfway.
fn applied_again() -> Story {
    let first = applied();
    let half = first.points.iter().rposition(|point| point.verb == "exchange").unwrap();
    let point = &first.points[half];
    let mut image = point.durable.clone();
    point.pending.iter().for_each(|(ino, op)| Rc::make_mut(&mut image[*ino]).suffer(op));
    Story {
        before: first.before,
        ..Story::of("apply after a crash", Memory::boot(image, Lacks::Nothing), Lacks::Nothing)
    }
}

fn rolled_back() -> Story {
    let disk = home();
    write(&disk, &changes(), &meta("apply", None)).unwrap();
    let disk = Memory::boot(disk.image(), Lacks::Nothing);
    let state = Path::new(HOME).join(NAME);
    let reverse = reverse(&disk, Path::new(HOME), &state, None, None).unwrap();
    let meta = meta(reverse.verb, Some(reverse.of));
    Story::tell("rollback", disk, |disk| {
        write(disk, &reverse.changes, &meta).unwrap();
    })
}

impl Story {
    fn of(name: &'static str, disk: Memory, lacks: Lacks) -> Self {
        Self::on(name, Memory::boot(disk.image(), lacks))
    }

    fn on(name: &'static str, disk: Memory) -> Self {
        Self::tell(name, disk, |disk| {
            write(disk, &changes(), &meta("apply", None)).unwrap();
        })
    }

    fn tell(name: &'static str, disk: Memory, act: impl FnOnce(&Memory)) -> Self {
        let before = standing(&disk.image());
        act(&disk);
        let (after, lacks, flaw) = (standing(&disk.image()), disk.lacks, disk.flaw);
        Self { name, lacks, flaw, points: disk.points.into_inner(), before, after }
    }

    /// Crashes at every moment, and at every moment of what follows.
    fn explore(self, bounds: Bounds) -> Tally {
        let mut search = Search {
            story: &self,
            bounds,
            tally: Tally::default(),
            known: HashMap::new(),
            queue: VecDeque::new(),
            clean: HashMap::new(),
            dice: 1,
        };
        // Once it was called done, it is.
        let (last, rest) = self.points.split_last().unwrap();
        let name = Rc::from(self.name);
        search.crash(rest, bounds.most, None, &name);
        search.crash(std::slice::from_ref(last), bounds.most, Some(End::After), &name);
        search.run();
        search.tally
    }
}

/// The home without the state folder, how many transactions are on record, and how many of them
/// have their contents.
type Standing = (u64, usize, usize);

fn standing(image: &Image) -> Standing {
    let entries = |ino: Ino| match &image[ino].body {
        Body::Folder(entries) => entries.clone(),
        Body::File(_) => Default::default(),
    };
    let home = entries(0)["home"];
    let state = entries(home).get(NAME).copied().map(entries).unwrap_or_default();
    let all = state.get("tx").copied().map(entries).unwrap_or_default();
    let whole = all.values().filter(|tx| entries(**tx).contains_key("blobs")).count();
    (fingerprint(image, home, NAME), all.len(), whole)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Before,
    After,
}

/// A disk that is known.
struct Known {
    /// How it has to end, when it was met behind something that had decided it.
    bound: Option<End>,
    end: Option<End>,
}

struct Search<'s> {
    story: &'s Story,
    bounds: Bounds,
    tally: Tally,
    known: HashMap<u64, Known>,
    queue: VecDeque<(u64, Image, Rc<str>)>,
    /// Whether recovery leaves a recovered disk alone.
    clean: HashMap<u64, bool>,
    dice: u64,
}

impl Search<'_> {
    fn run(&mut self) {
        while let Some((key, image, trail)) = self.queue.pop_front()
            && self.tally.mixed.len() < ENOUGH
        {
            let disk = Memory::boot(image, self.story.lacks).flawed(self.story.flaw);
            let outcome = recover_on(&disk);
            let end = match self.judge(&disk, &outcome) {
                Ok(end) => end,
                Err(why) => {
                    self.tally.mixed.push(format!("{trail}\n  {why}"));
                    continue;
                }
            };
            self.tally.disks += 1;
            let known = self.known.get_mut(&key).unwrap();
            known.end = Some(end);
            if known.bound.is_some_and(|bound| bound != end) {
                self.tally.mixed.push(format!("{trail}\n  ends {end:?} though it was decided"));
            }
            if self.tally.pursued < self.bounds.pursued {
                self.tally.pursued += 1;
                // What a recovery has begun, no later one turns round.
                self.crash(&disk.points.into_inner(), self.bounds.later, Some(end), &trail);
            }
        }
    }

    /// Meets every disk that a crash at one of these moments may leave.
    fn crash(&mut self, points: &[Point], most: usize, bound: Option<End>, trail: &Rc<str>) {
        for (at, point) in points.iter().enumerate() {
            let survivors = Survivors::of(point);
            for choice in survivors.choices(most, &mut self.dice) {
                self.tally.states += 1;
                let image = survivors.image(point, &choice);
                self.meet(image, bound, || {
                    let kept = survivors.tell(&choice);
                    let Point { verb, path, .. } = point;
                    format!("{trail}\n  crash at {at}, after {verb} {}: {kept}", path.display())
                });
            }
        }
    }

    fn meet(&mut self, image: Image, bound: Option<End>, trail: impl Fn() -> String) {
        let key = fingerprint(&image, 0, "");
        if let Some(known) = self.known.get_mut(&key) {
            let other = known.bound.or(known.end);
            if bound.is_some() && other.is_some() && bound != other {
                self.tally.mixed.push(format!("{}\n  {bound:?} becomes {other:?}", trail()));
            }
            known.bound = known.bound.or(bound);
        } else {
            self.known.insert(key, Known { bound, end: None });
            self.queue.push_back((key, image, trail().into()));
        }
    }

    /// Tells how a recovery ended; the fault is a sentence.
    fn judge(&mut self, disk: &Memory, outcome: &Result<Recovered, Error>) -> Result<End, String> {
        match outcome {
            Err(error) => return Err(format!("recovery fails: {error}")),
            Ok(recovered) if !recovered.kept.is_empty() => return Err(format!("{recovered:?}")),
            Ok(_) => {}
        }
        let image = disk.image();
        let now = standing(&image);
        let end = match now {
            now if now == self.story.before => End::Before,
            now if now == self.story.after => End::After,
            now => return Err(format!("neither before nor after: {now:?}")),
        };
        let (key, lacks) = (fingerprint(&image, 0, ""), self.story.lacks);
        let clean = self.clean.entry(key).or_insert_with(|| {
            let again = Memory::boot(image, lacks);
            recover_on(&again).is_ok_and(|again| again.is_empty())
                && again.points.borrow().is_empty()
                && way_back(&again)
        });
        let unclean = "a second recovery finds something to do, or an image is lost";
        if *clean { Ok(end) } else { Err(unclean.into()) }
    }
}

/// Tells whether every transaction on record has all that it replaced, or is told as forgotten.
fn way_back(disk: &Memory) -> bool {
    let state = Path::new(HOME).join(NAME);
    let past = history(disk, &state).unwrap_or_default();
    past.iter().all(|past| {
        !matches!(past.standing, crate::commit::Standing::Damaged(_))
            && show(disk, &state, &past.id).is_ok()
    })
}

fn recover_on(disk: &Memory) -> Result<Recovered, Error> {
    recover(disk, Path::new(HOME), &Path::new(HOME).join(NAME))
}
