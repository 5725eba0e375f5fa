//! `harden apply --plan`: what a review approved is carried out, byte for byte, or refused.

use super::Common;
use super::apply::{self, Arguments};
use super::failure::{Exit, Failure};
use super::guard;
use super::review::{modes, password, read};
use super::screen::Screen;
use super::work;
use crate::change::RelPath;
use crate::commit::{self, Meta};
use crate::digest::Digest;
use crate::format::keystore::Format;
use crate::home::view::Trouble;
use crate::home::{Home, Instance, View};
use crate::patch::model::{Kind, Native, Param};
use crate::patch::{Catalogue, Patch};
use crate::plan::fold::Choice;
use crate::plan::keys::{self, Forge};
use crate::plan::{Scene, Take};
use crate::review::{self, Chosen, Drift, Review, Saved, SavedFile, Standing};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Applies a saved plan, or shows what it would do.
pub fn run(
    path: &Path,
    arguments: &Arguments,
    common: &Common,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let bytes = read(path, review::LARGEST)?;
    let saved = Saved::parse(&bytes)?;
    let password = password(arguments.review.seal_with.as_deref())?;
    let review = Review::open(saved, password.as_ref())?;
    let catalogue = Catalogue::load(&common.patches)?;
    let screen = &screen.hiding(review.told());
    screen.note(&format!("Plan {} (SHA-256 {}).", path.display(), Digest::of(&bytes)));
    let saved = &review.saved;
    if (saved.harden.as_str(), &saved.catalogue)
        != (env!("CARGO_PKG_VERSION"), &catalogue.version())
    {
        screen.note(&format!(
            "It was made by harden {}, catalogue {}; this is harden {}, catalogue {}. The bytes of \
             the plan count.",
            saved.harden,
            saved.catalogue,
            env!("CARGO_PKG_VERSION"),
            catalogue.version()
        ));
    }
    let mut common = common.clone();
    if common.home.is_empty() {
        common.home.push(PathBuf::from(&saved.home));
    }
    work::each_home(&common, screen, |home| {
        carry_out(&review, arguments, &common, screen, &catalogue, home)
    })
}

fn carry_out(
    review: &Review,
    arguments: &Arguments,
    common: &Common,
    screen: &Screen,
    catalogue: &Catalogue,
    home: &Home,
) -> Result<Exit, Failure> {
    let saved = &review.saved;
    let state = work::state_dir(common, home);
    if !arguments.dry_run {
        work::recover_first(home, &state, screen)?;
    }
    if home.root != Path::new(&saved.home) {
        screen.note(&format!("The plan was made for {}, not {}.", saved.home, home.root.display()));
    }
    let contents = contents(home, saved)?;
    match saved.standing(&contents) {
        Standing::Ready => {}
        Standing::Applied => {
            screen.note("This plan is already applied: every file is as it wants it.");
            return Ok(Exit::Good);
        }
        Standing::Half { done, open } => return Err(half(&done, &open)),
        Standing::Stale(drift) => return Err(stale(&drift)),
    }
    let plan = review.plan(&contents, env!("CARGO_PKG_VERSION"))?;
    tell_modes(home, saved, screen);
    screen.plan(&plan, arguments.show_secrets);
    if arguments.dry_run {
        screen.note(&format!("The plan changes {} file(s).", plan.files.len()));
        return Ok(Exit::Findings);
    }
    let meta = Meta {
        verb: "apply".into(),
        of: None,
        only: Vec::new(),
        tool: env!("CARGO_PKG_VERSION").into(),
        catalogue: saved.catalogue.clone(),
        who: work::who(),
        host: work::host(),
        note: note(&arguments.note, saved),
        settings: saved.settings.clone(),
        since: None,
        release: Some(work::release(home)),
    };
    let verify = || match saved.catalogue == catalogue.version() {
        true => verify(saved, catalogue, home),
        false => Ok(()),
    };
    let job = guard::Job { home, state: &state, changes: &commit::changes(&plan), meta: &meta };
    guard::commit(&arguments.guard, &job, screen, &verify)
}

/// Judges the chosen guidelines on the outcome. One that was told a secret is left to its digests:
/// the plan does not say what it was told.
fn verify(saved: &Saved, catalogue: &Catalogue, home: &Home) -> Result<(), String> {
    for Chosen { code, instance, .. } in saved.chosen.iter().filter(|chosen| !chosen.partly) {
        let patch = catalogue.find(code.as_str()).ok_or_else(|| format!("{code} is not known"))?;
        let instance = home.instances.iter().find(|known| known.name == *instance);
        let instance = instance.ok_or_else(|| format!("{code}: its instance is not there"))?;
        let untold = |(name, param): (&String, &Param)| {
            let silent = !saved.settings.contains_key(&format!("{code}.{name}"));
            param.kind == Kind::Secret || (param.default.is_some() && silent)
        };
        if patch.native == Some(Native::Keystores) {
            agree(saved, patch, home, instance)?;
        }
        if patch.params.iter().any(untold) {
            continue;
        }
        let told = saved.settings.iter().filter_map(|(name, value)| {
            let (of, name) = name.split_once('.')?;
            (of == code.as_str()).then(|| (name.to_owned(), value.clone()))
        });
        let values = patch.settle(&told.collect())?;
        let forge = Forge::new(time::OffsetDateTime::now_utc(), None);
        apply::verify(
            home,
            &[Choice { patch, values: &values, instance, take: Take::default(), forge: &forge }],
        )?;
    }
    Ok(())
}

/// Checks that the key stores of a plan and what names them agree.
fn agree(saved: &Saved, patch: &Patch, home: &Home, instance: &Instance) -> Result<(), String> {
    let view = View::of(&home.root);
    let scene = Scene { home, instance, view: &view };
    let is_store = |file: &&SavedFile| {
        file.shares.iter().any(|s| s.code == patch.code && s.instance == instance.name)
            && view.binary(&file.path).is_ok_and(|bytes| Format::of(&bytes).is_some())
    };
    let stores: Vec<&RelPath> =
        saved.files.iter().filter(is_store).map(|file| &file.path).collect();
    keys::agree(patch, &scene, &stores)
}

/// The files of a plan as they are now.
fn contents(home: &Home, saved: &Saved) -> Result<BTreeMap<RelPath, Option<Vec<u8>>>, Failure> {
    let view = View::of(&home.root);
    let mut contents = BTreeMap::new();
    for file in &saved.files {
        let content = match view.binary(&file.path) {
            Ok(bytes) => Some(bytes.to_vec()),
            Err(Trouble::Missing) => None,
            Err(trouble) => {
                let what = format!("{}: {trouble}", file.path);
                return Err(Failure::Other(what, trouble.hint().into()));
            }
        };
        contents.insert(file.path.clone(), content);
    }
    Ok(contents)
}

fn stale(drift: &[Drift]) -> Failure {
    let digest = |digest: &Option<Digest>| {
        digest.map_or_else(|| "no file".to_owned(), |digest| digest.to_string())
    };
    let each = drift.iter().map(|drift| {
        format!(
            "{} changed since the plan was made: expected {}, present {}",
            drift.file,
            digest(&drift.expected),
            digest(&drift.present)
        )
    });
    Failure::Stale(
        each.collect::<Vec<_>>().join("\n"),
        "Nothing was written. Look at the change, then plan again and have it approved again."
            .into(),
    )
}

fn half(done: &[RelPath], open: &[RelPath]) -> Failure {
    let names =
        |files: &[RelPath]| files.iter().map(RelPath::as_str).collect::<Vec<_>>().join(", ");
    let what = format!(
        "half of this plan is in place: {} as it wants it, {} as before",
        names(done),
        names(open)
    );
    let hint = "Nothing was written. Put the files back to one side (`harden log` shows what was \
                applied), then try again.";
    Failure::Stale(what, hint.into())
}

fn tell_modes(home: &Home, saved: &Saved, screen: &Screen) {
    let now = modes(home, saved.files.iter().map(|file| &file.path));
    for file in &saved.files {
        let then = file.before.as_ref().and_then(|before| before.mode.clone());
        let now = now.get(&file.path).map(|mode| format!("{mode:04o}"));
        if let (Some(then), Some(now)) = (then, now)
            && then != now
        {
            let path = &file.path;
            screen.note(&format!("{path} has mode {now}, and had {then}; it keeps what it has."));
        }
    }
}

/// Why it is done, and whose plan it was.
fn note(own: &str, saved: &Saved) -> String {
    let why = if own.is_empty() { &saved.note } else { own };
    let plan = format!("plan of {}@{}, {}", saved.by.user, saved.by.host, saved.created);
    if why.is_empty() { plan } else { format!("{why} ({plan})") }
}
