//! The secrets: from flags, the environment or logd.toml. Nothing here prints one.

use core::fmt;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use zeroize::Zeroizing;

use super::Env;
use super::file::Entry;
use crate::serve::args::Args;

/// Shortest secret, in bytes: 128 bits when it is random.
pub const MIN_LEN: usize = 16;

/// Fewer distinct bytes than this earn a warning.
const FEW_DISTINCT: usize = 8;

/// What a secret may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Queries, tails, exports.
    Read,
    /// Storing events.
    Write,
    /// Deleting events of the event log.
    Delete,
}

impl Use {
    const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Delete];

    /// As in logd.toml.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
        }
    }
}

/// One secret of the configuration.
#[derive(Clone)]
pub struct SecretConfig {
    /// For logs and metrics; not secret.
    pub name: String,
    /// What it allows.
    pub right: Use,
    /// At least [`MIN_LEN`] bytes of UTF-8.
    pub value: Zeroizing<String>,
    /// Also accept signatures of legacy clients.
    pub legacy_sha256: bool,
}

impl SecretConfig {
    /// What is wrong with the secret, although it is accepted.
    pub fn weakness(&self) -> Option<String> {
        let mut bytes = self.value.as_bytes().to_vec();
        bytes.sort_unstable();
        bytes.dedup();
        let distinct = bytes.len();
        let bytes = Zeroizing::new(bytes);
        drop(bytes);
        (distinct < FEW_DISTINCT).then(|| {
            format!("secret `{}` has only {distinct} distinct bytes; {HOW_TO_MAKE_ONE}", self.name)
        })
    }
}

impl fmt::Debug for SecretConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretConfig({} {}, {} bytes)", self.right.name(), self.name, self.value.len())
    }
}

/// Ends a sentence about a missing or weak secret.
pub const HOW_TO_MAKE_ONE: &str = "make one with: openssl rand -hex 32";

const NONE_CONFIGURED: &str = "no secret is configured, and without one anybody could read and write.
  To try logd:         logd serve --dev
  To run it for real:  export LOGD_READ_SECRET=$(openssl rand -hex 32)
                       export LOGD_WRITE_SECRET=$(openssl rand -hex 32)
  Files (LOGD_READ_SECRET_FILE, --read-secret-file) and logd.toml work, too: see docs/configuration.md";

/// Collects the secrets of both rights. For each right the first of flag, environment and file that has any
/// wins; `--dev` makes a random one where none has.
pub fn collect(
    args: &Args,
    env: Env<'_>,
    entries: &[Entry],
    legacy: bool,
) -> anyhow::Result<Vec<SecretConfig>> {
    let mut all: Vec<SecretConfig> = Vec::new();
    let from_file = entries.iter().map(entry).collect::<anyhow::Result<Vec<_>>>()?;
    for right in Use::ALL {
        if let Some(value) = single(args, env, right)? {
            let name = format!("{}-env", right.name());
            all.push(checked(name, right, value, legacy)?);
            continue;
        }
        let before = all.len();
        all.extend(from_file.iter().filter(|s| s.right == right).cloned());
        // Nothing that is tried out needs to be deleted.
        if all.len() == before && args.dev && right != Use::Delete {
            let name = format!("{}-dev", right.name());
            all.push(SecretConfig { name, right, value: random()?, legacy_sha256: false });
        }
    }
    if all.is_empty() {
        bail!(NONE_CONFIGURED);
    }
    for (i, secret) in all.iter().enumerate() {
        if all[..i].iter().any(|s| s.name == secret.name) {
            bail!("two secrets have the name `{}`", secret.name);
        }
    }
    Ok(all)
}

/// The secret of a flag or of the environment.
fn single(args: &Args, env: Env<'_>, right: Use) -> anyhow::Result<Option<Zeroizing<String>>> {
    let (flag, name) = match right {
        Use::Read => (&args.read_secret_file, "LOGD_READ_SECRET"),
        Use::Write => (&args.write_secret_file, "LOGD_WRITE_SECRET"),
        Use::Delete => (&args.delete_secret_file, "LOGD_DELETE_SECRET"),
    };
    if let Some(path) = flag {
        return read(path).map(Some);
    }
    let file_name = format!("{name}_FILE");
    match (env(name).map(Zeroizing::new), env(&file_name)) {
        (Some(_), Some(_)) => bail!("{name} and {file_name} are both set; unset one"),
        (Some(value), None) => Ok(Some(value)),
        (None, Some(path)) => read(Path::new(&path)).map(Some).context(file_name),
        (None, None) => Ok(None),
    }
}

fn entry(entry: &Entry) -> anyhow::Result<SecretConfig> {
    let line = entry.line;
    let text = |key: &str| entry.get(key).map(|t| t.value.as_str());
    let name = text("name").filter(|n| !n.is_empty());
    let name = name.ok_or_else(|| anyhow!("line {line}: a secret needs a `name`"))?;
    let right = match text("right") {
        Some("read") => Use::Read,
        Some("write") => Use::Write,
        Some("delete") => Use::Delete,
        _ => bail!("line {line}: a secret needs a `right`: \"read\", \"write\" or \"delete\""),
    };
    let value = match (text("secret"), text("file")) {
        (Some(value), None) => Zeroizing::new(value.to_owned()),
        (None, Some(path)) => read(Path::new(path))?,
        _ => bail!("line {line}: a secret needs either `secret` or `file`"),
    };
    let legacy = match text("legacy_sha256") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => bail!("line {line}: `legacy_sha256` is true or false"),
    };
    checked(name.to_owned(), right, value, legacy)
}

fn read(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the secret file {}", path.display()))?;
    let text = Zeroizing::new(text);
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn checked(
    name: String,
    right: Use,
    value: Zeroizing<String>,
    legacy_sha256: bool,
) -> anyhow::Result<SecretConfig> {
    if value.len() < MIN_LEN {
        bail!("secret `{name}` has fewer than {MIN_LEN} bytes; {HOW_TO_MAKE_ONE}");
    }
    // Readers present it in an HTTP header, which cannot carry these.
    if value.chars().any(char::is_control) || value.trim() != value.as_str() {
        bail!("secret `{name}` has control characters, or white space at an end");
    }
    Ok(SecretConfig { name, right, value, legacy_sha256 })
}

/// 32 random bytes in hexadecimal.
fn random() -> anyhow::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|e| anyhow!("the system gives no random bytes: {e}"))?;
    Ok(Zeroizing::new(bytes.iter().map(|b| format!("{b:02x}")).collect()))
}
