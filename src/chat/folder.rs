//! The chat template and the special tokens of a tokenizer folder, or of a `.jinja` file.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Class, Error, Result};
use crate::store::{Files, Kind};

/// What was read: a template, and the texts of named special tokens.
pub(super) struct Found {
    pub(super) template: String,
    pub(super) tokens: BTreeMap<String, String>,
}

const CONFIG: &str = "tokenizer_config.json";

/// The name of the template that is used where none is named.
const DEFAULT: &str = "default";

/// Reads a template file, or a folder as transformers reads it; `name` chooses one of several templates.
///
/// # Errors
/// `not_found` or `bad_chat_format`.
pub(super) fn read(files: &Files, path: &Path, name: Option<&str>) -> Result<Found> {
    match files.kind(path).map_err(|e| unreadable(path, e))? {
        None => {
            Err(Error::new(Class::Source, "not_found", "the file or folder does not exist")
                .path(path.display()))
        }
        Some(Kind::Folder) => folder(files, path, name),
        Some(_) if name.is_some() => {
            Err(bad("a template file holds one template; `name` is for folders", path))
        }
        Some(_) => Ok(Found { template: text(files, path)?.unwrap_or_default(), tokens: BTreeMap::new() }),
    }
}

fn folder(files: &Files, folder: &Path, name: Option<&str>) -> Result<Found> {
    let config = object(files, &folder.join(CONFIG))?.unwrap_or_default();
    let mut templates = BTreeMap::new();
    let inside = |value: Option<&Value>, templates: &mut BTreeMap<String, String>| match value {
        Some(Value::String(text)) => {
            templates.insert(DEFAULT.to_string(), text.clone());
        }
        Some(Value::Array(named)) => templates.extend(named.iter().filter_map(|one| {
            Some((one.get("name")?.as_str()?.to_string(), one.get("template")?.as_str()?.to_string()))
        })),
        _ => {}
    };
    inside(config.get("chat_template"), &mut templates);
    for file in ["chat_template.json", "processor_config.json"] {
        let object = object(files, &folder.join(file))?;
        inside(object.as_ref().and_then(|object| object.get("chat_template")), &mut templates);
    }
    if let Some(text) = text(files, &folder.join("chat_template.jinja"))? {
        templates.insert(DEFAULT.to_string(), text);
    }
    let mut wanted = name.unwrap_or(DEFAULT).to_string();
    if let Some(text) =
        text(files, &folder.join("additional_chat_templates").join(format!("{wanted}.jinja")))?
    {
        templates.insert(wanted.clone(), text);
    }
    if name.is_none() && templates.len() == 1 {
        wanted = templates.keys().next().cloned().unwrap_or(wanted);
    }
    match templates.remove(&wanted) {
        Some(template) => Ok(Found { template, tokens: tokens(files, folder, &config)? }),
        None if templates.is_empty() && name.is_none() => Err(bad("the folder has no chat template", folder)),
        None => {
            let known: Vec<&str> = templates.keys().map(String::as_str).collect();
            Err(bad(
                &format!("there is no chat template named `{wanted}`; there are: {}", known.join(", ")),
                folder,
            ))
        }
    }
}

/// The special tokens with a name (`bos_token`) by their text.
fn tokens(files: &Files, folder: &Path, config: &Map<String, Value>) -> Result<BTreeMap<String, String>> {
    let map = object(files, &folder.join("special_tokens_map.json"))?.unwrap_or_default();
    let named = map.iter().chain(config.iter()).filter_map(|(name, token)| {
        let text = token.as_str().or_else(|| token.get("content")?.as_str())?;
        name.ends_with("_token").then(|| (name.clone(), text.to_string()))
    });
    Ok(named.collect())
}

fn object(files: &Files, path: &Path) -> Result<Option<Map<String, Value>>> {
    let Some(text) = text(files, path)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|e| bad(&format!("it is not a JSON object: {e}"), path))
}

/// The text of a file; none if there is no such file.
fn text(files: &Files, path: &Path) -> Result<Option<String>> {
    match files.read(path) {
        Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|_| bad("the file is not UTF-8", path)),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(unreadable(path, e)),
    }
}

#[cold]
fn unreadable(path: &Path, e: io::Error) -> Error {
    Error::new(Class::Source, "cannot_read", "cannot read the file").path(path.display()).source(e)
}

#[cold]
fn bad(message: &str, path: &Path) -> Error {
    Error::new(Class::Plan, "bad_chat_format", message).path(path.display())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn written(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn finds_templates_where_transformers_finds_them() {
        let config = r#"{"bos_token":{"content":"<s>"},"eos_token":"</s>","pad_token":null,
            "chat_template":[{"name":"default","template":"D"},{"name":"rag","template":"R"}]}"#;
        let folder = written(&[
            (CONFIG, config),
            ("chat_template.jinja", "J"),
            ("additional_chat_templates/tools.jinja", "T"),
        ]);
        let template = |name| read(&Files::local(), folder.path(), name).map(|found| found.template);
        assert_eq!(template(None).unwrap(), "J");
        assert_eq!(template(Some("rag")).unwrap(), "R");
        assert_eq!(template(Some("tools")).unwrap(), "T");
        assert!(template(Some("other")).unwrap_err().to_string().contains("there are: default, rag"));
        let tokens = read(&Files::local(), folder.path(), None).unwrap().tokens;
        assert_eq!(
            tokens,
            BTreeMap::from([("bos_token".into(), "<s>".into()), ("eos_token".into(), "</s>".into())])
        );
    }

    #[test]
    fn reads_a_file_and_refuses_a_folder_without_template() {
        let folder = written(&[("a.jinja", "A"), ("empty/config.json", "{}")]);
        let read = |name: &str| read(&Files::local(), &folder.path().join(name), None);
        assert_eq!(read("a.jinja").unwrap().template, "A");
        assert_eq!(read("empty").err().unwrap().code(), "bad_chat_format");
        assert_eq!(read("missing").err().unwrap().code(), "not_found");
    }
}
