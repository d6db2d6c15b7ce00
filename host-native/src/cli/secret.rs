//! Where a command finds its secret: a file, or the environment. Never an argument, which every user of the
//! machine can read in the list of processes.

use std::path::Path;

use zeroize::Zeroizing;

use super::failure::Failure;

/// Which of the two secrets a command needs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    /// To ask.
    Read,
    /// To log.
    Write,
}

impl Need {
    /// The variable that holds the secret; with `_FILE` appended, the one that names its file.
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Self::Read => "LOGD_READ_SECRET",
            Self::Write => "LOGD_WRITE_SECRET",
        }
    }
}

/// The secret, from `file`, else `$LOGD_…_SECRET` or the file named by `$LOGD_…_SECRET_FILE`.
pub(crate) fn find(need: Need, file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
    let variable = need.variable();
    if let Some(path) = file {
        return read(path, "--secret-file");
    }
    let named = format!("{variable}_FILE");
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    match (set(variable), set(&named)) {
        (Some(_), Some(_)) => {
            return Err(
                Failure::new(format_args!("{variable} and {named} are both set")).hint("unset one")
            );
        }
        (Some(secret), None) => {
            return secret
                .into_string()
                .map(Zeroizing::new)
                .map_err(|_| Failure::new(format_args!("{variable} is not UTF-8")));
        }
        (None, Some(path)) => return read(Path::new(&path), &named),
        (None, None) => {}
    }
    Err(Failure::new(format_args!("no secret: {variable} is not set")).hint(format_args!(
        "set {variable}, or {variable}_FILE or --secret-file to a file with it; \
         `logd serve --dev` prints the secrets it made"
    )))
}

/// A file's first line: editors and `echo` end it with a line feed.
fn read(path: &Path, origin: &str) -> Result<Zeroizing<String>, Failure> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|e| {
        Failure::new(format_args!("cannot read the secret in {} ({origin}): {e}", path.display()))
    })?;
    let secret = text.trim_end_matches(['\n', '\r']);
    if secret.is_empty() {
        let what = format_args!("the secret file {} ({origin}) is empty", path.display());
        return Err(Failure::new(what));
    }
    Ok(Zeroizing::new(secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_file_holds_one_secret() {
        let path = std::env::temp_dir().join(format!("logd-secret-{}", std::process::id()));
        std::fs::File::create(&path).unwrap().write_all(b"hush \n").unwrap();
        assert_eq!(*find(Need::Write, Some(&path)).unwrap(), "hush ");
        std::fs::File::create(&path).unwrap().write_all(b"\n").unwrap();
        assert!(find(Need::Write, Some(&path)).unwrap_err().to_string().contains("is empty"));
        std::fs::remove_file(&path).unwrap();
        let error = find(Need::Write, Some(&path)).unwrap_err().to_string();
        assert!(error.contains("--secret-file") && error.contains("logd-secret"), "{error}");
    }
}
