//! Facts about the files that drift unless something looks at them.

use alloc::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::sh::{output, program, root};

/// Longest source file, in lines. A file that needs more holds two ideas.
const MAX_LINES: usize = 600;

// Spelled in two parts, so that this file does not hold it itself.
const UNSAFE_LINT: &str = concat!("unsafe_", "code");

/// Hosts that a file may name: standards, documentation, and names reserved for examples.
const HOSTS: &[&str] = &[
    "127.0.0.1",
    "localhost",
    "[::1]",
    "0.0.0.0",
    "apache.org",
    "crates.io",
    "datatracker.ietf.org",
    "docs.rs",
    "doc.rust-lang.org",
    "github.com",
    "json-schema.org",
    "keepachangelog.com",
    "lucene.apache.org",
    "nexte.st",
    "nodejs.org",
    "opentelemetry.io",
    "prometheus.io",
    "protobuf.dev",
    "rustup.rs",
    "semver.org",
    "spec.openapis.org",
    "valgrind.org",
    "www.apache.org",
    "www.rfc-editor.org",
    "www.w3.org",
];

/// Checks every file that git knows or would add.
pub(crate) fn tidy() -> Result<()> {
    eprintln!("==> tidy");
    let files = output(program("git").args(["ls-files", "-co", "--exclude-standard", "-z"]))
        .context("tidy needs git to list the files")?;
    let mut wrong = Vec::new();
    let mut seen = 0;
    for name in files.split('\0').filter(|f| !f.is_empty()) {
        // Listed but deleted, or binary.
        let Ok(text) = fs::read_to_string(root().join(name)) else { continue };
        seen += 1;
        if name.ends_with(".lock") || name.ends_with("package-lock.json") {
            continue;
        }
        file(name, &text, &mut wrong);
    }
    if seen == 0 {
        bail!("tidy: git lists no file");
    }
    if !wrong.is_empty() {
        bail!("tidy:\n{}", wrong.join("\n"));
    }
    Ok(())
}

fn file(name: &str, text: &str, wrong: &mut Vec<String>) {
    let extension = Path::new(name).extension().and_then(|e| e.to_str()).unwrap_or("");
    let source = matches!(extension, "rs" | "ts" | "js" | "mjs" | "py" | "css");
    let lines = text.lines().count();
    if source && lines > MAX_LINES {
        wrong.push(format!("{name}: {lines} lines, more than {MAX_LINES}: split it"));
    }
    if !text.is_empty() && !text.ends_with('\n') {
        wrong.push(format!("{name}: no newline at the end"));
    }
    for (i, line) in text.lines().enumerate() {
        let mut say = |what: &str| wrong.push(format!("{name}:{}: {what}", i + 1));
        if line.ends_with([' ', '\t']) {
            say("white space at the end of the line");
        }
        // The workspace denies unsafe code; what is left to see is that nobody switches that off.
        if extension == "rs" && line.contains(UNSAFE_LINT) && !line.contains("forbid(") {
            say("unsafe code is not an option");
        }
        if let Some(path) = machine_path(line) {
            say(&format!("a path of one machine: {path}"));
        }
        if let Some(host) = foreign_host(line) {
            say(&format!("the host {host} is not in tidy's list; is it needed?"));
        }
    }
    if name.ends_with("Cargo.toml")
        && text.contains("[package]")
        && !text.contains("[lints]\nworkspace = true")
    {
        wrong.push(format!("{name}: the workspace's lints are not switched on"));
    }
    if native_only_tests(name, text) {
        wrong.push(format!(
            "{name}: its tests do not run on wasm32: `use crate::test;`, see core/src/lib.rs"
        ));
    }
    if extension == "md" {
        links(name, text, wrong);
    }
}

/// A file of the core whose `#[test]` is the standard one only.
fn native_only_tests(name: &str, text: &str) -> bool {
    let marked = ["use crate::test;", "wasm_bindgen_test as test;"];
    name.starts_with("core/")
        && text.contains("#[test]")
        && !marked.iter().any(|m| text.contains(m))
}

/// A home directory, or this very checkout.
fn machine_path(line: &str) -> Option<&str> {
    let here = root().to_str().filter(|r| r.len() > 4 && line.contains(r));
    // Spelled in two parts, so that this file does not hold them itself.
    let home = [concat!("/ho", "me/"), concat!("/Use", "rs/"), concat!("/ro", "ot/")];
    here.or_else(|| home.into_iter().find(|h| line.contains(h)))
}

/// The first host of a URL that is not in [`HOSTS`] and not reserved (RFC 2606).
fn foreign_host(line: &str) -> Option<&str> {
    line.match_indices("://").map(|(at, sep)| &line[at + sep.len()..]).find_map(|rest| {
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-.[]:@_".contains(c)))
            .unwrap_or(rest.len());
        let authority = rest[..end].rsplit('@').next().unwrap_or("").trim_end_matches(['.', ':']);
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => authority,
        };
        let reserved = ["example", "test", "invalid", "localhost"]
            .iter()
            .any(|tld| host.rsplit('.').next() == Some(tld))
            || ["example.com", "example.org", "example.net"]
                .iter()
                .any(|d| host == *d || host.strip_suffix(d).is_some_and(|h| h.ends_with('.')));
        // Without a dot it is no name of a machine elsewhere.
        let local = !host.contains('.');
        (!local && !reserved && !HOSTS.contains(&host)).then_some(host)
    })
}

/// Every relative link of a Markdown file leads to a file and, with a fragment, to a heading in it.
fn links(name: &str, text: &str, wrong: &mut Vec<String>) {
    let dir = root().join(name).parent().map(Path::to_path_buf).unwrap_or_default();
    for (line, target) in link_targets(text) {
        if target.contains("://") || target.starts_with("mailto:") {
            continue;
        }
        let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
        let to = if path.is_empty() { root().join(name) } else { dir.join(path) };
        if !to.exists() {
            wrong.push(format!("{name}:{line}: the link to {target} leads nowhere"));
        } else if !fragment.is_empty()
            && fs::read_to_string(&to).is_ok_and(|t| !anchors(&t).contains(fragment))
        {
            wrong.push(format!("{name}:{line}: no heading for the link to {target}"));
        }
    }
}

/// Line number and target of each `[…](target)` outside code.
fn link_targets(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).flat_map(|(n, line)| {
        line.match_indices("](").filter_map(move |(at, _)| {
            let inside_code = line[..at].matches('`').count() % 2 == 1;
            let rest = &line[at + 2..];
            let end = rest.find([')', ' '])?;
            (!inside_code).then_some((n, &rest[..end]))
        })
    })
}

/// The fragments of a file's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    prose(text)
        .filter_map(|(_, line)| {
            line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#'))
        })
        .map(|heading| {
            heading
                .to_lowercase()
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

/// The lines outside fenced code, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(i, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((i + 1, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(name: &str, text: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        file(name, text, &mut wrong);
        wrong
    }

    #[test]
    fn clean_files_pass() {
        let url = "u = \"http://127.0.0.1:6101/\" # https://docs.rs/x\n";
        assert!(complaints("a.toml", url).is_empty());
        assert!(complaints("a.rs", "//! Fine.\nfn a() {}\n").is_empty());
    }

    #[test]
    fn each_fault_is_found() {
        let long = "\n".repeat(MAX_LINES + 1);
        for (name, text) in [
            ("a.rs", format!("#[expect({UNSAFE_LINT})]\n").as_str()),
            ("a.rs", &long),
            ("a/Cargo.toml", "[package]\nname = \"a\"\n"),
            ("a.md", concat!("see /ho", "me/me/x\n")),
            ("a.md", concat!("https:/", "/somewhere.else.tld/x\n")),
            ("a.md", concat!("trailing", " \n")),
            ("a.md", "no newline"),
            ("README.md", "[x](no/such/file.md)\n"),
            ("README.md", "# One\n[x](#two)\n"),
        ] {
            assert_eq!(complaints(name, text).len(), 1, "{name}: {text:.40?}");
        }
    }

    #[test]
    fn links_in_code_are_not_links() {
        assert!(complaints("a.md", "```\n[x](nowhere)\n```\n`[y](nowhere)`\n").is_empty());
    }

    #[test]
    fn hosts_are_found_behind_user_and_port() {
        assert_eq!(foreign_host(concat!("http:/", "/me@far.away.tld:80/x")), Some("far.away.tld"));
        assert_eq!(foreign_host("http://logs.example.com:80 http://[::1]:1"), None);
        assert_eq!(foreign_host("http://{addr}/x"), None);
    }
}
