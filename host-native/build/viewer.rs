//! The files of web/dist as a table in Rust: each with its type, its hash, and its copy in gzip where there is one.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// The ending of the copies' names.
const GZIP: &str = ".gz";

/// Writes `viewer.rs` for `include!`: the table, sorted by path; empty when there is no page.
///
/// An optimised build is for use and must have the page; others are for tests, which need no Node.
pub(crate) fn embed() {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/dist");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write"));
    let mut table = String::from("&[");
    if env::var_os("CARGO_FEATURE_VIEWER").is_some() {
        // A directory that is not there would always count as changed, and compile the crate each time.
        let _ = fs::create_dir_all(&dist);
        println!("cargo::rerun-if-changed={}", dist.display());
        let is_release = env::var("PROFILE").as_deref() == Ok("release");
        let has = |name: &str| dist.join(name).is_file();
        // A page without copies is one of Vite alone, for work on it.
        if has("index.html") && (has("index.html.gz") || !is_release) {
            for (at, path) in files(&dist).iter().enumerate() {
                table.push_str(&entry(&dist, path, &out, at));
            }
        } else if is_release {
            println!(
                "cargo::error=the viewer is not built: run `cargo xtask web` first, \
                 or build without it (--no-default-features)"
            );
        }
    }
    table.push(']');
    fs::write(out.join("viewer.rs"), table).expect("OUT_DIR can be written");
}

/// Paths below `dist`, with slashes, sorted; without the copies.
fn files(dist: &Path) -> Vec<String> {
    let mut directories = vec![dist.to_owned()];
    let mut files = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).expect("web/dist can be read") {
            let path = entry.expect("web/dist can be read").path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let path = path.strip_prefix(dist).expect("it is below");
                let path = path.to_str().expect("the page's files have plain names");
                if !path.ends_with(GZIP) {
                    files.push(path.to_owned());
                }
            }
        }
    }
    files.sort_unstable();
    files
}

fn entry(dist: &Path, path: &str, out: &Path, at: usize) -> String {
    let plain = fs::read(dist.join(path)).expect("web/dist can be read");
    let hash: String = Sha256::digest(&plain).iter().take(16).map(|b| format!("{b:02x}")).collect();
    let gzip = fs::read(dist.join(format!("{path}{GZIP}"))).ok();
    // Not the files themselves: the program must not change with what another build does to web/dist.
    let copy = |name: String, bytes: &[u8]| {
        let file = out.join(name);
        fs::write(&file, bytes).expect("OUT_DIR can be written");
        format!("include_bytes!({:?})", file.to_str().expect("OUT_DIR is UTF-8"))
    };
    let gzip = gzip.map(|gzip| copy(format!("{at}{GZIP}"), &gzip));
    let gzip = gzip.map_or("None".into(), |bytes| format!("Some({bytes})"));
    let plain = copy(at.to_string(), &plain);
    format!("Asset {{ path: {path:?}, hash: {hash:?}, plain: {plain}, gzip: {gzip} }},")
}
