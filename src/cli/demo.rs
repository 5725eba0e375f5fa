//! `harden demo`: a sample home in a temporary folder, hardened and rolled back before one's eyes.
//!
//! It needs nothing but the program. It says "identical" only after comparing every byte and every
//! mode, and ends with 0 only then.

use super::failure::{Exit, Failure};
use super::screen::Screen;
use super::{Common, apply, check, rollback};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

include!(concat!(env!("OUT_DIR"), "/sample.rs"));

/// Every file below a folder: content and mode.
type Snapshot = BTreeMap<PathBuf, (Vec<u8>, u32)>;

pub fn run(common: &Common, screen: &Screen) -> Result<Exit, Failure> {
    let temporary = tempfile::tempdir().map_err(Failure::io("a temporary folder"))?;
    let home = temporary.path().join("wso2carbon-4.4.40");
    unpack(&home)?;
    let before = snapshot(&home)?;
    let here = Common { home: vec![home.clone()], ..common.clone() };
    screen.say("A sample home of Carbon 4.4.40 is in a temporary folder.\n\n$ harden check");
    check::run(&check::Arguments::text(), &here, screen)?;
    screen.say("\n$ harden apply --yes --set P04.offset=20");
    let told = Common { set: vec!["P04.offset=20".into()], ..here.clone() };
    apply::run(&apply::Arguments { yes: true, ..Default::default() }, &told, screen)?;
    let hardened = snapshot(&home)?;
    screen.say("\n$ harden check");
    check::run(&check::Arguments::text(), &here, screen)?;
    screen.say("\n$ harden rollback --yes");
    rollback::run(&rollback::Arguments { yes: true, ..Default::default() }, &here, screen)?;
    let after = snapshot(&home)?;
    let changed = before.iter().filter(|(path, file)| hardened.get(*path) != Some(file)).count();
    if changed == 0 || before != after {
        return Err(Failure::Other(
            "The sample home is not as it was after the rollback.".into(),
            "This is a fault of harden; please report it.".into(),
        ));
    }
    screen.say(&format!(
        "\n{changed} of {} files were changed and rolled back: every byte and mode is identical to before.",
        before.len()
    ));
    Ok(Exit::Good)
}

#[expect(clippy::disallowed_methods, reason = "the sample home is a temporary folder of our own")]
fn unpack(home: &Path) -> Result<(), Failure> {
    for (name, mode, content) in SAMPLE {
        let path = home.join(name);
        let failed = || Failure::io(path.display().to_string());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed())?;
        }
        fs::write(&path, content).map_err(failed())?;
        fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).map_err(failed())?;
    }
    Ok(())
}

fn snapshot(home: &Path) -> Result<Snapshot, Failure> {
    let mut files = BTreeMap::new();
    let mut folders = vec![home.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let failed = || Failure::io(folder.display().to_string());
        for entry in fs::read_dir(&folder).map_err(failed())? {
            let path = entry.map_err(failed())?.path();
            if path.file_name().is_some_and(|name| name == crate::commit::NAME) {
                continue;
            }
            let meta = path.symlink_metadata().map_err(failed())?;
            if meta.is_dir() {
                folders.push(path);
            } else {
                let content = fs::read(&path).map_err(failed())?;
                files.insert(path, (content, meta.permissions().mode()));
            }
        }
    }
    Ok(files)
}
