//! Embeds every patch file, so that adding a guideline is adding a file, and the sample home.

#![expect(clippy::disallowed_methods, reason = "a build script writes what the compiler reads")]

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=patches");
    println!("cargo::rerun-if-changed=golden/homes");
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let mut files: Vec<_> = fs::read_dir(Path::new(&root).join("patches"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|ext| ext == "toml"));
    files.sort();
    let mut code = String::from(
        "/// The patch files of this build: name and text.\nstatic EMBEDDED: &[(&str, &str)] = &[\n",
    );
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        writeln!(code, "    ({name:?}, include_str!({:?})),", file.display())
            .map_err(io::Error::other)?;
    }
    code.push_str("];\n");
    fs::write(Path::new(&out).join("embedded.rs"), code)?;
    let sample = Path::new(&root).join("golden/homes/carbon-4.4.40-xml");
    fs::write(Path::new(&out).join("sample.rs"), sample_home(&sample)?)
}

/// The sample home of `harden demo`, as a table of name, mode and content.
fn sample_home(root: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let mut code = String::from(
        "/// The sample home: name, mode, content.\nstatic SAMPLE: &[(&str, u32, &[u8])] = &[\n",
    );
    for path in files {
        let name = path.strip_prefix(root).map_err(io::Error::other)?.display().to_string();
        // A checkout may not keep modes, so they follow from the name.
        let mode = if name.ends_with(".sh") { "0o755" } else { "0o644" };
        writeln!(code, "    ({name:?}, {mode}, include_bytes!({:?})),", path.display())
            .map_err(io::Error::other)?;
    }
    code.push_str("];\n");
    Ok(code)
}
