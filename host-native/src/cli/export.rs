//! `logd export`.

use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::daemon::Connection;
use super::expression::Expression;
use super::failure::Failure;
use super::output::note;
use super::query::Range;
use crate::Outcome;

/// Flags of `logd export`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Read the file with: logd query --file FILE [EXPR]")]
pub struct Args {
    /// Which events to save; empty saves every one. See docs/query-language.md
    #[arg(value_name = "EXPR")]
    expression: Vec<String>,
    #[command(flatten)]
    range: Range,
    /// Only rings with this prefix; may be repeated
    #[arg(long = "ring", value_name = "PREFIX")]
    rings: Vec<String>,
    /// The file to write; - is standard output
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Overwrite the file
    #[arg(long)]
    force: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Runs the command.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let filter = Expression::parse(&args.expression)?.into_text();
    let (from, until) = args.range.resolve(&jiff::Zoned::now())?;
    let to_stdout = args.output.as_os_str() == "-";
    if to_stdout && io::stdout().is_terminal() {
        let failure = Failure::new("an exported buffer is not for a terminal");
        return Err(failure.hint("-o FILE, or pipe it").into());
    }
    if !to_stdout && !args.force && args.output.symlink_metadata().is_ok() {
        let failure = Failure::new(format_args!("{} exists", args.output.display()));
        return Err(failure.hint("--force overwrites it").into());
    }
    let daemon = args.connection.open()?;
    let mut parameters = vec![("q", filter)];
    parameters.extend(from.map(|t| ("from", t.to_string())));
    parameters.extend(until.map(|t| ("until", t.to_string())));
    parameters.extend(args.rings.into_iter().map(|ring| ("ring", ring)));
    let (mut body, length) = daemon.stream("/api/v1/export", &parameters, &[])?;
    let bar = progress(length, args.quiet);
    if to_stdout {
        let mut stdout = io::stdout().lock();
        return match copy(&mut body, &mut stdout, &bar) {
            Ok(_) => Ok(Outcome::Found),
            Err(Broken::Writing(e)) => Err(e.into()),
            Err(Broken::Reading(e)) => {
                Err(Failure::new(format_args!("{}: the download broke off: {e}", daemon.url()))
                    .into())
            }
        };
    }
    let written = save(&mut body, &args.output, &bar, daemon.url())?;
    if !args.quiet {
        note(format_args!("{}: {}", args.output.display(), indicatif::HumanBytes(written)));
    }
    Ok(Outcome::Found)
}

/// Which side of a copy failed.
enum Broken {
    Reading(io::Error),
    Writing(io::Error),
}

/// Writes beside `path` first, so that there is never half a file under its name. What came of a download that
/// breaks off is kept: a buffer is readable wherever it was cut.
fn save(body: &mut impl Read, path: &Path, bar: &ProgressBar, url: &str) -> Result<u64, Failure> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let failed = |verb: &str, path: &Path, e: &io::Error| {
        Failure::new(format_args!("cannot {verb} {}: {e}", path.display()))
    };
    let mut file = File::create_new(&partial).map_err(|e| {
        let failure = failed("create", &partial, &e);
        if e.kind() == io::ErrorKind::AlreadyExists {
            failure.hint(
                "another export is writing it, or one broke off; delete it if it is of no use",
            )
        } else {
            failure
        }
    })?;
    let result = copy(body, &mut file, bar);
    bar.finish_and_clear();
    let written = match result {
        Ok(written) => written,
        Err(Broken::Writing(e)) => {
            let failure = failed("write", &partial, &e);
            // Most likely the disk is full; then what is there is in the way.
            return Err(match fs::remove_file(&partial) {
                Ok(()) => failure,
                Err(_) => failure.hint(format_args!("{} is left", partial.display())),
            });
        }
        Err(Broken::Reading(e)) => {
            let kept = file.metadata().map_or(0, |m| m.len());
            return Err(Failure::new(format_args!("{url}: the download broke off: {e}"))
                .detail(format_args!(
                    "{} is kept in {}",
                    indicatif::HumanBytes(kept),
                    partial.display()
                ))
                .hint(format_args!(
                    "logd query --file {} reads what is there",
                    partial.display()
                )));
        }
    };
    file.sync_all().map_err(|e| failed("write", &partial, &e))?;
    fs::rename(&partial, path).map_err(|e| failed("rename to", path, &e))?;
    Ok(written)
}

fn copy(body: &mut impl Read, to: &mut impl Write, bar: &ProgressBar) -> Result<u64, Broken> {
    let mut buffer = vec![0; 64 << 10];
    let mut written = 0;
    loop {
        let n = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Broken::Reading(e)),
        };
        to.write_all(&buffer[..n]).map_err(Broken::Writing)?;
        written += n as u64;
        bar.inc(n as u64);
    }
    to.flush().map_err(Broken::Writing)?;
    Ok(written)
}

/// A bar if the length is known, else a count; nothing where standard error is no terminal.
fn progress(length: Option<u64>, quiet: bool) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let (bar, template) = match length {
        Some(length) => (
            ProgressBar::with_draw_target(Some(length), target),
            "{bar:40} {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left",
        ),
        None => (ProgressBar::with_draw_target(None, target), "{spinner} {bytes}  {bytes_per_sec}"),
    };
    bar.with_style(ProgressStyle::with_template(template).expect("the templates are valid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A download that breaks off after `0`.
    struct Cut<'a>(&'a [u8]);

    impl Read for Cut<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::ErrorKind::UnexpectedEof.into()),
                n => Ok(n),
            }
        }
    }

    #[test]
    fn a_file_appears_whole_or_under_another_name() {
        let directory = std::env::temp_dir().join(format!("logd-export-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        let (path, partial) = (directory.join("a.logd"), directory.join("a.logd.partial"));
        let hidden = ProgressBar::hidden();
        let error = save(&mut Cut(b"half"), &path, &hidden, "http://x").unwrap_err().to_string();
        assert!(error.contains("4 B") && error.contains("a.logd.partial"), "{error}");
        assert!(!path.exists());
        assert_eq!(fs::read(&partial).unwrap(), b"half");
        // What is kept is not lost to the next try.
        let error = save(&mut &b"whole"[..], &path, &hidden, "http://x").unwrap_err().to_string();
        assert!(error.contains("delete it"), "{error}");
        fs::remove_file(&partial).unwrap();
        assert_eq!(save(&mut &b"whole"[..], &path, &hidden, "http://x").unwrap(), 5);
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert!(!partial.exists());
        fs::remove_dir_all(&directory).unwrap();
    }
}
