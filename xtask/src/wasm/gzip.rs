//! Copies in gzip of what a browser downloads, as small as gzip gets: they are made once and sent often.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use zopfli::{Format, Options};

/// Puts a copy beside each file below `dir`, where that is shorter. Copies of files that have a hash of their content in
/// their name are kept in `cache`: the engine takes seconds.
pub(super) fn compress(dir: &Path, cache: &Path) -> Result<()> {
    fs::create_dir_all(cache)?;
    for path in files(dir)? {
        let copy = path.with_added_extension("gz");
        let is_hashed = path.parent().is_some_and(|parent| parent.ends_with("assets"));
        let kept = copy.file_name().filter(|_| is_hashed).map(|name| cache.join(name));
        if let Some(kept) = kept.as_ref().filter(|kept| kept.is_file()) {
            fs::copy(kept, copy)?;
            continue;
        }
        let plain = fs::read(&path)?;
        let mut gzip = Vec::new();
        zopfli::compress(Options::default(), Format::Gzip, &*plain, &mut gzip)?;
        if gzip.len() < plain.len() {
            fs::write(&copy, gzip)?;
            kept.map_or(Ok(0), |kept| fs::copy(copy, kept))?;
        }
    }
    Ok(())
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(self::files(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}
