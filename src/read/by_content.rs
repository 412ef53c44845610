//! Files whose format is recognised by their content.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::InputFile;
use super::file_format::{FileFormat, FileHead, KnownColumns, Opened, ScanRequest, read_options};
use super::formats::FORMATS;
use super::open::InputStream;
use super::parts::Part;
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result};
use crate::limits::HEAD_BYTES;

/// Stands for the format of files until they are found; then [`decided`](FileFormat::decided) gives their format.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByContent {}

impl FileFormat for ByContent {
    fn name(&self) -> &'static str {
        "any"
    }

    fn title(&self) -> &'static str {
        "any format"
    }

    fn verb(&self) -> &'static str {
        "scan"
    }

    fn with_options(&self, options: Map<String, Value>) -> Result<Arc<dyn FileFormat>> {
        Ok(Arc::new(read_options::<Self>(self.verb(), options)?))
    }

    fn shard_formats(&self) -> Vec<&'static str> {
        FORMATS.iter().flat_map(|format| format.shard_formats()).collect()
    }

    fn recognises(&self, head: &FileHead<'_>) -> bool {
        recognised(head).is_some()
    }

    /// The one format of all files. Files without content have none.
    ///
    /// # Errors
    /// `unknown_format`, `mixed_formats`.
    fn decided(&self, files: &[InputFile], cancel: &Cancel) -> Result<Option<Arc<dyn FileFormat>>> {
        let mut decided: Option<(&dyn FileFormat, &InputFile)> = None;
        for file in files {
            cancel.check()?;
            let format = match format_of(file)? {
                Some(format) => format,
                None => continue,
            };
            match decided {
                Some((other, first)) if other.name() != format.name() => {
                    return Err(mixed(first, other, file, format));
                }
                Some(_) => {}
                None => decided = Some((format, file)),
            }
        }
        // Files without content have no rows in any format; their names may say more than their order here.
        let by_name =
            || FORMATS.into_iter().find(|format| files.iter().all(|file| format.matches(&file.name)));
        let format = decided.map(|(format, _)| format).or_else(by_name).unwrap_or(FORMATS[0]);
        let format = format.with_options(format.options())?;
        Ok(Some(format.decided(files, cancel)?.unwrap_or(format)))
    }

    fn matches(&self, file_name: &str) -> bool {
        FORMATS.iter().any(|format| format.matches(file_name))
    }

    fn file_names(&self) -> String {
        FORMATS.map(|format| format.file_names()).join(", ")
    }

    fn folder_help(&self, _folder: &Path) -> String {
        "use scan".into()
    }

    fn columns(&self, _files: &[InputFile], _cancel: &Cancel) -> Result<KnownColumns> {
        Err(undecided())
    }

    fn parts(&self, _files: &[InputFile], _bytes: u64, _cancel: &Cancel) -> Result<Vec<Part>> {
        Err(undecided())
    }

    fn open(&self, _request: &ScanRequest<'_>) -> Result<Opened> {
        Err(undecided())
    }

    fn counts_bytes_read(&self) -> bool {
        false
    }
}

#[cold]
fn undecided() -> Error {
    Error::internal("files were read before their format was decided")
}

/// The format of a file; none if it has no content.
///
/// # Errors
/// `unknown_format`; those of opening the file.
fn format_of(file: &InputFile) -> Result<Option<&'static dyn FileFormat>> {
    let (mut bytes, mut stream) = (Vec::new(), InputStream::open(file)?);
    stream.read_block(HEAD_BYTES, &mut bytes)?;
    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
    let head = FileHead { name: &name, bytes: &bytes, is_whole: bytes.len() < HEAD_BYTES };
    if let Some(format) = recognised(&head) {
        return Ok(Some(format));
    }
    if head.text().is_empty() {
        return Ok(None);
    }
    stream.check_text(&bytes)?;
    Err(Error::new(
        Class::Source,
        "unknown_format",
        "the content of the file has none of the formats that are read",
    )
    .path(file.path.display())
    .help(format!("the formats are {}; leave the file out, or convert it{}", titles(), by_name(&name))))
}

/// The functions of the formats that files of this name have, as the end of a help.
fn by_name(name: &str) -> String {
    let named = FORMATS.iter().filter(|format| format.matches(name));
    match named.map(|format| format.verb()).collect::<Vec<_>>().join(" or ") {
        verbs if verbs.is_empty() => verbs,
        verbs => format!("; to read it as what its name says, use {verbs}"),
    }
}

fn recognised(head: &FileHead<'_>) -> Option<&'static dyn FileFormat> {
    FORMATS.into_iter().find(|format| format.recognises(head))
}

fn titles() -> String {
    FORMATS.map(|format| format.title()).join(", ")
}

#[cold]
fn mixed(first: &InputFile, a: &dyn FileFormat, second: &InputFile, b: &dyn FileFormat) -> Error {
    let message = format!("`{}` is {}, but `{}` is {}", first.name, a.title(), second.name, b.title());
    Error::new(Class::Source, "mixed_formats", message).path(second.path.display()).help(format!(
        "scan the files of each format by themselves, and join them: fp.concat([fp.{}(…), fp.{}(…)])",
        a.verb(),
        b.verb()
    ))
}
