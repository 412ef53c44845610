//! Opens a prepared folder: reads and checks its manifest. Other files are not read.

use std::io::{self, Read};
use std::path::Path;

use serde_json::Value;

pub(crate) use super::manifest::DATA;
use super::manifest::{FileEntry, MANIFEST_VERSION, Manifest, PARQUET};
use crate::error::{Class, Error, Result};
use crate::store::{Files, Kind};

/// The name of the manifest within a prepared folder.
pub(crate) const MANIFEST: &str = "manifest.json";
/// A key at the start of every manifest of fastprep.
const MARKER: &[u8] = b"\"fastprep_version\"";
/// Bytes within which the key is.
const HEAD: u64 = 4096;

/// Reads the manifest of a prepared folder.
///
/// # Errors
/// `Class::Source`: `not_prepared`, `newer_manifest`, `bad_manifest`, `cannot_read`.
pub fn open(store: &Files, dir: &Path) -> Result<Manifest> {
    Ok(open_text(store, dir)?.0)
}

/// The manifest of a prepared folder, and its text.
fn open_text(store: &Files, dir: &Path) -> Result<(Manifest, String)> {
    match store.kind(dir) {
        Ok(None) => {
            return Err(error("not_prepared", "the folder does not exist", dir).help("check the path"));
        }
        Ok(Some(_)) => {}
        Err(e) => return Err(error("cannot_read", "the folder cannot be read", dir).source(e)),
    }
    let path = dir.join(MANIFEST);
    let text = read_text(store, &path)?.ok_or_else(|| {
        error("not_prepared", format!("this is not a prepared folder: it has no {MANIFEST}"), dir)
            .help("pass a folder that sink() wrote; a run that was interrupted publishes nothing")
    })?;
    let manifest = parse(&text, &path)?;
    // Text that was parsed as JSON is UTF-8.
    Ok((manifest, String::from_utf8(text).map_err(|e| bad_manifest(&path, &e.to_string()))?))
}

/// Calls `work` with the manifest of a prepared folder and its text. If `work` fails and the folder was published
/// again in the meantime, which removes the files of the older generation, calls it once more with the current
/// manifest.
///
/// # Errors
/// Those of [`open`] and of `work`.
pub(crate) fn with_current<T>(
    store: &Files,
    dir: &Path,
    mut work: impl FnMut(&Manifest, &str) -> Result<T>,
) -> Result<T> {
    let (manifest, text) = open_text(store, dir)?;
    work(&manifest, &text).or_else(|e| match open_text(store, dir) {
        Ok((now, text)) if now.data != manifest.data => work(&now, &text),
        _ => Err(e),
    })
}

/// The text of the manifest of a prepared folder. Checks every field, and that the Arrow and Parquet shards exist and
/// have the size in the manifest. Their content is checked when they are opened.
///
/// # Errors
/// `Class::Source`: those of [`open`], `missing_shard`, `damaged_shard`.
pub fn open_complete(store: &Files, dir: &Path) -> Result<String> {
    with_current(store, dir, |manifest, text| {
        let folder = dir.join(&manifest.data);
        let mut loaded = manifest.shards.iter().filter(|s| s.format == "arrow" || s.format == PARQUET);
        loaded.try_for_each(|shard| has_size(store, &folder.join(&shard.name), shard))?;
        Ok(text.to_string())
    })
}

/// Checks that a shard exists and has the size in the manifest.
///
/// # Errors
/// `missing_shard`, `damaged_shard`.
pub(crate) fn has_size(store: &Files, path: &Path, shard: &FileEntry) -> Result<()> {
    let bytes = store.metadata(path).map_err(|e| missing_shard(path).source(e))?.bytes;
    if bytes == shard.bytes {
        return Ok(());
    }
    let what = format!("a shard is damaged: it has {bytes} bytes, the manifest says {}", shard.bytes);
    Err(error("damaged_shard", what, path).help("copy the file again, or prepare the data again"))
}

/// The error for a shard that cannot be opened.
#[cold]
pub(crate) fn missing_shard(path: &Path) -> Error {
    error("missing_shard", "a shard cannot be read", path)
        .help("if the data set was replaced after load(), load it again; else copy the whole folder again")
}

/// Whether a folder is a prepared folder, even a damaged one: its manifest begins like one of fastprep.
///
/// # Errors
/// `cannot_read`: the manifest exists and cannot be read.
pub(crate) fn is_prepared(store: &Files, dir: &Path) -> Result<bool> {
    let path = dir.join(MANIFEST);
    let head = || -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        if store.kind(&path)? == Some(Kind::File) {
            store.open(&path)?.take(HEAD).read_to_end(&mut head)?;
        }
        Ok(head)
    };
    match head() {
        Ok(head) => Ok(memchr::memmem::find(&head, MARKER).is_some()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(unreadable(&path, e)),
    }
}

/// Reads a manifest; `None` if the file does not exist.
///
/// # Errors
/// `Class::Source`: `newer_manifest`, `bad_manifest`, `cannot_read`.
pub(crate) fn read(store: &Files, path: &Path) -> Result<Option<Manifest>> {
    read_text(store, path)?.map(|text| parse(&text, path)).transpose()
}

fn read_text(store: &Files, path: &Path) -> Result<Option<Vec<u8>>> {
    match store.read(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(unreadable(path, e)),
    }
}

#[cold]
fn unreadable(path: &Path, e: io::Error) -> Error {
    error("cannot_read", "the manifest cannot be read", path)
        .help("check the disk and the permissions of the file")
        .source(e)
}

/// Parses a manifest and checks every field; `path` is its path in errors.
///
/// # Errors
/// `Class::Source`: `newer_manifest`, `bad_manifest`.
pub fn parse(text: &[u8], path: &Path) -> Result<Manifest> {
    let damaged = |why: String| bad_manifest(path, &why);
    let json: Value = serde_json::from_slice(text).map_err(|e| damaged(e.to_string()))?;
    // The version first: a newer manifest may have fields that this version cannot parse.
    match json.get("manifest_version").and_then(Value::as_u64) {
        Some(version) if version > u64::from(MANIFEST_VERSION) => {
            let message = format!(
                "manifest version {version} is newer than {MANIFEST_VERSION}, the newest that this fastprep reads"
            );
            return Err(error("newer_manifest", message, path).help("upgrade fastprep"));
        }
        Some(1..) => {}
        _ => return Err(damaged("manifest_version: must be a whole number above 0".into())),
    }
    let manifest: Manifest = serde_path_to_error::deserialize(json).map_err(|e| damaged(e.to_string()))?;
    manifest.check().map_err(damaged)?;
    Ok(manifest)
}

#[cold]
fn bad_manifest(path: &Path, why: &str) -> Error {
    error("bad_manifest", format!("the manifest is damaged, or not one of fastprep: {why}"), path)
        .help("restore the file, or prepare the data again")
}

fn error(code: &'static str, message: impl Into<String>, path: &Path) -> Error {
    Error::new(Class::Source, code, message).path(path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"manifest_version":1,"fastprep_version":"0.1.0",
        "data":"data/00000000000000000000000000000000","fingerprint":"","plan":[],"format":null,"tokenizer":null,
        "schema":[{"name":"p","type":"str"}],"inputs":[],"splits":[{"name":"train","rows":1,"tokens":0,"trained_tokens":0}],
        "shards":[{"name":"train-00000-of-00001.arrow","split":"train","format":"arrow","rows":1,"bytes":2,"xxh3":""}],
        "sidecars":[],"report":null}"#;

    /// A manifest with one wrong value is refused, with the field in the message.
    #[test]
    fn a_wrong_value_is_refused_with_its_field() {
        let path = Path::new("manifest.json");
        let cases = [
            ("data", r#""data/00000000000000000000000000000000""#, r#""../elsewhere""#),
            (
                "data",
                r#""data/00000000000000000000000000000000""#,
                r#""data/0000000000000000000000000000000g""#,
            ),
            ("shards[0].name", r#""train-00000-of-00001.arrow""#, r#""../other/x.arrow""#),
            ("shards[0].format", r#""format":"arrow""#, r#""format":"feather""#),
            ("shards[0].split", r#""split":"train""#, r#""split":"valid""#),
            ("shards[0].rows", r#""format":"arrow","rows":1"#, r#""format":"arrow","rows":"1""#),
            ("splits[0].rows", r#""name":"train","rows":1"#, r#""name":"train","rows":2"#),
            ("splits[0].rows", r#""name":"train","rows":1"#, r#""name":"train","rows":9223372036854775808"#),
            ("splits[0].trained_tokens", r#""trained_tokens":0"#, r#""trained_tokens":1"#),
            (
                "tokenizer.pad_token_id",
                r#""tokenizer":null"#,
                r#""tokenizer":{"digest":"","vocab_size":1,"pad_token_id":"x"}"#,
            ),
            ("tokenizer", r#""tokenizer":null,"#, ""),
            ("schema[0].type", r#""type":"str""#, r#""type":3"#),
            ("manifest_version", r#""manifest_version":1"#, r#""manifest_version":"1""#),
        ];
        assert!(parse(GOOD.as_bytes(), path).is_ok());
        for (field, from, to) in cases {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD, "{field}");
            let e = parse(text.as_bytes(), path).unwrap_err();
            assert_eq!((e.code(), e.get_path()), ("bad_manifest", Some("manifest.json")));
            assert!(e.message().contains(field), "{field}: {e}");
        }
    }

    #[test]
    fn work_that_fails_during_a_publish_is_repeated_with_the_new_manifest() {
        let dir = tempfile::tempdir().unwrap();
        let publish = |digit: &str| {
            let text =
                GOOD.replace("data/00000000000000000000000000000000", &format!("data/{}", digit.repeat(32)));
            std::fs::write(dir.path().join(MANIFEST), text).unwrap();
            let data = dir.path().join(DATA);
            drop(std::fs::remove_dir_all(&data));
            std::fs::create_dir_all(data.join(digit.repeat(32))).unwrap();
            std::fs::write(data.join(digit.repeat(32)).join("train-00000-of-00001.arrow"), "xx").unwrap();
        };
        publish("1");
        let mut met = vec![];
        let done = with_current(&Files::local(), dir.path(), |manifest, _| {
            met.push(manifest.data.clone());
            if met.len() == 1 {
                publish("2");
            }
            has_size(
                &Files::local(),
                &dir.path().join(&manifest.data).join("train-00000-of-00001.arrow"),
                &manifest.shards[0],
            )
        });
        assert!(done.is_ok(), "{done:?}");
        assert_eq!(met, [format!("data/{}", "1".repeat(32)), format!("data/{}", "2".repeat(32))]);
        // Without a publish, the work is not repeated and its error is returned.
        let mut times = 0;
        let failed = with_current(&Files::local(), dir.path(), |_, _| {
            times += 1;
            Err::<(), _>(missing_shard(Path::new("x")))
        });
        assert_eq!((failed.unwrap_err().code(), times), ("missing_shard", 1));
    }

    #[test]
    fn a_folder_is_opened_or_refused_with_a_code() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(open(&Files::local(), &dir.path().join("absent")).unwrap_err().code(), "not_prepared");
        assert_eq!(open(&Files::local(), dir.path()).unwrap_err().code(), "not_prepared");
        let cases = [
            (GOOD.to_string(), ""),
            (GOOD[..GOOD.len() / 2].to_string(), "bad_manifest"),
            ("[]".to_string(), "bad_manifest"),
            (String::new(), "bad_manifest"),
            (r#"{"manifest_version":3,"everything":"else"}"#.to_string(), "newer_manifest"),
            (GOOD.replace(r#""plan":[]"#, r#""plan":{}"#), "bad_manifest"),
            (GOOD.replace("_version\":1", "_version\":2"), "bad_manifest"),
            (GOOD.replace("_version\":1", "_version\":2").replace(r#""plan":[]"#, r#""plan":{}"#), ""),
            (GOOD.replace("train-00000", "../train-00000"), "bad_manifest"),
            (GOOD.replace("data/0", "data/../"), "bad_manifest"),
            (GOOD.replace("\"data/0", "\"/data/"), "bad_manifest"),
        ];
        for (text, code) in cases {
            std::fs::write(dir.path().join(MANIFEST), &text).unwrap();
            assert_eq!(open(&Files::local(), dir.path()).err().map_or("", |e| e.code()), code, "{text}");
        }
    }
}
