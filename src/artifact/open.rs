//! Opening a prepared folder: its manifest is read, checked and trusted; nothing else is looked at.

use std::io;
use std::path::Path;

use serde::Deserialize;

use super::manifest::{MANIFEST_VERSION, Manifest};
use crate::error::{Class, Error, Result};

/// The manifest's name within a prepared folder.
pub const MANIFEST: &str = "manifest.json";
/// The folder of the generations within a prepared folder.
pub const DATA: &str = "data";

/// Reads the manifest of a prepared folder.
///
/// Errors (`Class::Source`): `not_prepared`, `newer_manifest`, `bad_manifest`, `cannot_read`.
pub fn open(dir: &Path) -> Result<Manifest> {
    if !dir.exists() {
        return Err(error("not_prepared", "there is no such folder", dir).help("check the path"));
    }
    read(&dir.join(MANIFEST))?.ok_or_else(|| {
        error("not_prepared", format!("not a prepared folder: it has no {MANIFEST}"), dir)
            .help("give the folder that a sink of fastprep wrote; a run that was stopped publishes nothing")
    })
}

/// Reads a manifest; none where there is no such file.
pub fn read(path: &Path) -> Result<Option<Manifest>> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(e) => return Err(error("cannot_read", "the manifest cannot be read", path).source(e)),
    };
    // The version alone first: a newer manifest may hold what this version cannot parse.
    #[derive(Deserialize)]
    struct Version {
        manifest_version: u32,
    }
    let damaged = |why: String| {
        error("bad_manifest", format!("the manifest is damaged or not ours: {why}"), path)
            .help("prepare the data again into a new folder")
    };
    let version: Version = serde_json::from_slice(&text).map_err(|e| damaged(e.to_string()))?;
    if version.manifest_version > MANIFEST_VERSION {
        let message = format!(
            "manifest version {} is newer than {MANIFEST_VERSION}, the newest this fastprep reads",
            version.manifest_version
        );
        return Err(error("newer_manifest", message, path).help("upgrade fastprep"));
    }
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|e| damaged(e.to_string()))?;
    // Names lead to files that are read, and removed once they are superseded: none may lead elsewhere.
    let names = manifest.files().map(|f| f.name.as_str());
    if let Some(name) = names.filter(|n| !is_plain(n)).chain(unsafe_data(&manifest.data)).next() {
        return Err(damaged(format!("it names `{name}`")));
    }
    Ok(Some(manifest))
}

/// `data/` and 32 hexadecimal digits is what a generation is called.
fn unsafe_data(data: &str) -> Option<&str> {
    let digest =
        data.strip_prefix("data/").filter(|d| d.len() == 32 && d.bytes().all(|b| b.is_ascii_hexdigit()));
    digest.is_none().then_some(data)
}

/// Whether a name stays in its folder.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0'])
}

fn error(code: &'static str, message: impl Into<String>, path: &Path) -> Error {
    Error::new(Class::Source, code, message).path(path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"manifest_version":1,"fastprep_version":"0.1.0",
        "data":"data/00000000000000000000000000000000","fingerprint":"","plan":[],"format":null,"tokenizer":null,
        "schema":[],"inputs":[],"splits":[],"shards":[{"name":"train-00000-of-00001.arrow","split":"train",
        "format":"arrow","rows":1,"bytes":2,"xxh3":""}],"sidecars":[],"report":null}"#;

    #[test]
    fn opens_or_says_why_not() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(open(&dir.path().join("absent")).unwrap_err().code(), "not_prepared");
        assert_eq!(open(dir.path()).unwrap_err().code(), "not_prepared");
        let cases = [
            (GOOD.to_string(), ""),
            (GOOD[..GOOD.len() / 2].to_string(), "bad_manifest"),
            ("[]".to_string(), "bad_manifest"),
            (String::new(), "bad_manifest"),
            (r#"{"manifest_version":2,"everything":"else"}"#.to_string(), "newer_manifest"),
            (GOOD.replace("train-00000", "../train-00000"), "bad_manifest"),
            (GOOD.replace("data/0", "data/../"), "bad_manifest"),
            (GOOD.replace("\"data/0", "\"/data/"), "bad_manifest"),
        ];
        for (text, code) in cases {
            std::fs::write(dir.path().join(MANIFEST), &text).unwrap();
            assert_eq!(open(dir.path()).err().map_or("", |e| e.code()), code, "{text}");
        }
    }
}
