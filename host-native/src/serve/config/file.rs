//! Reads logd.toml into texts with the line they came from; what they mean is decided elsewhere.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::settings::{RING_KEYS, SECRET_KEYS, find, suggest};

/// A value as text, and its line (from 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The value: of a list, its elements joined with commas.
    pub value: String,
    /// Line in the file, from 1.
    pub line: usize,
}

/// One `[[rings]]` or `[[secrets]]` table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Line of the table's first key.
    pub line: usize,
    /// The keys that are there.
    pub values: Vec<(&'static str, Text)>,
}

impl Entry {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Text> {
        self.values.iter().find(|(k, _)| *k == key).map(|(_, text)| text)
    }
}

/// What logd.toml says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// Scalar settings by dotted key.
    pub scalars: Vec<(&'static str, Text)>,
    /// `[[rings]]`
    pub rings: Vec<Entry>,
    /// `[[secrets]]`
    pub secrets: Vec<Entry>,
}

/// Parses the text of a file. Errors name the line.
pub fn parse(text: &str) -> Result<File, String> {
    let table = DeTable::parse(text).map_err(|e| e.to_string())?;
    let mut reader = Reader { text, file: File::default() };
    reader.table("", table.get_ref())?;
    Ok(reader.file)
}

struct Reader<'a> {
    text: &'a str,
    file: File,
}

impl Reader<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) -> Result<(), String> {
        for (key, value) in table {
            let line = self.line(key.span().start);
            let path = match prefix {
                "" => key.get_ref().to_string(),
                _ => format!("{prefix}.{}", key.get_ref()),
            };
            match (path.as_str(), value.get_ref()) {
                ("rings", DeValue::Array(list)) => {
                    self.file.rings = self.entries("rings", RING_KEYS, list)?;
                }
                ("secrets", DeValue::Array(list)) => {
                    self.file.secrets = self.entries("secrets", SECRET_KEYS, list)?;
                }
                ("rings" | "secrets", _) => {
                    return Err(format!("line {line}: write `[[{path}]]`, with two brackets"));
                }
                ("eventlog" | "fallback" | "limits", DeValue::Table(inner)) => {
                    self.table(&path, inner)?
                }
                (_, value) => {
                    let setting = find(&path).ok_or_else(|| unknown(line, &path))?;
                    let value = scalar(value).ok_or_else(|| not_scalar(line, &path))?;
                    self.file.scalars.push((setting.key, Text { value, line }));
                }
            }
        }
        Ok(())
    }

    fn entries(
        &self,
        name: &str,
        keys: &'static [&'static str],
        list: &[Spanned<DeValue<'_>>],
    ) -> Result<Vec<Entry>, String> {
        list.iter()
            .map(|item| {
                let line = self.line(item.span().start);
                let DeValue::Table(table) = item.get_ref() else {
                    return Err(format!("line {line}: each of `{name}` is a table"));
                };
                let values = table.iter().map(|(key, value)| {
                    let line = self.line(key.span().start);
                    let path = format!("{name}.{}", key.get_ref());
                    let known = keys.iter().find(|k| *k == key.get_ref());
                    let known = known.ok_or_else(|| unknown(line, &path))?;
                    let value = scalar(value.get_ref()).ok_or_else(|| not_scalar(line, &path))?;
                    Ok((*known, Text { value, line }))
                });
                Ok(Entry { line, values: values.collect::<Result<_, String>>()? })
            })
            .collect()
    }

    fn line(&self, offset: usize) -> usize {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        1 + before.iter().filter(|b| **b == b'\n').count()
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(s) => Some(s.to_string()),
        DeValue::Integer(n) if n.radix() == 10 => Some(n.as_str().to_owned()),
        DeValue::Boolean(b) => Some(b.to_string()),
        DeValue::Array(list) => {
            let parts: Option<Vec<_>> = list.iter().map(|item| scalar(item.get_ref())).collect();
            Some(parts?.join(","))
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

fn unknown(line: usize, path: &str) -> String {
    match suggest(path) {
        Some(other) => format!("line {line}: unknown key `{path}`; did you mean `{other}`?"),
        None => format!("line {line}: unknown key `{path}`; docs/configuration.md lists the keys"),
    }
}

fn not_scalar(line: usize, path: &str) -> String {
    format!("line {line}: `{path}` takes a string, a whole number or true/false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_scalars_sections_and_lists_with_their_lines() {
        let file = parse(
            "udp = \":1\"\nallow_origin = [\"a\", \"b\"]\n\n[limits]\ntails = 3\n\n[[rings]]\nprefix = \"/p/a\"\nsize = \"1MiB\"\n",
        )
        .unwrap();
        let scalars: Vec<_> =
            file.scalars.iter().map(|(k, t)| (*k, t.value.as_str(), t.line)).collect();
        assert!(scalars.contains(&("udp", ":1", 1)), "{scalars:?}");
        assert!(scalars.contains(&("allow_origin", "a,b", 2)));
        assert!(scalars.contains(&("limits.tails", "3", 5)));
        assert_eq!(file.rings[0].get("prefix").unwrap().value, "/p/a");
        assert_eq!(file.rings[0].get("prefix").unwrap().line, 8);
    }

    #[test]
    fn errors_say_where_and_what_instead() {
        for (text, expect) in [
            ("a = 1", "line 1: unknown key `a`"),
            ("\n[limits]\nttl = 1", "line 3: unknown key `limits.ttl`; did you mean `ttl`?"),
            ("[rings]\nprefix = \"/a\"", "line 1: write `[[rings]]`"),
            ("[[rings]]\nsise = 1", "line 2: unknown key `rings.sise`; did you mean `rings.size`?"),
            ("ttl = 0.1", "line 1: `ttl` takes a string"),
            ("ttl = ", "line 1"),
        ] {
            let got = parse(text).unwrap_err();
            assert!(got.contains(expect), "{text:?}: {got}");
        }
    }
}
