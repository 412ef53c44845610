//! Runs `lint`: all lines of files, of which none are kept.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::interrupt::{Interrupted, interruptible};
use super::pass::{Pass, UNCOUNTED};
use super::resources::Resources;
use super::run_pass::run_pass;
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result};
use crate::lint::{FileFacts, Lint, Part, Target};
use crate::read::InputFile;
use crate::read::raw_lines::{RawFile, raw_lines};
use crate::store::Files;

/// Files to look at.
pub(crate) struct ToLint {
    pub(crate) target: &'static Target,
    pub(crate) train: Vec<PathBuf>,
    pub(crate) valid: Vec<PathBuf>,
    /// The folder that the names of the files are relative to; they are the paths without.
    pub(crate) folder: Option<PathBuf>,
}

/// Looks at files as a target would; all that is found is written to `lines`. Files of the validation are read first.
///
/// # Errors
/// A file cannot be read; `cannot_write`.
pub(crate) fn lint(
    files: ToLint,
    store: &Files,
    lines: Option<Box<dyn Write + Send>>,
    resources: Resources,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
) -> Result<Lint> {
    let mut sink = Lint::new(files.target, !files.valid.is_empty(), lines);
    let valid = files.valid.into_iter().map(|path| (path, Part::Valid));
    for (path, part) in valid.chain(files.train.into_iter().map(|path| (path, Part::Train))) {
        if let Ok(None) = store.kind(&path) {
            let missing = Error::new(Class::Source, "not_found", "the file does not exist");
            return Err(missing.path(path.display()));
        }
        let file = input_file(store, path, files.folder.as_deref());
        let shown = file.name.clone();
        let raw = interruptible(cancel, interrupted, || RawFile::open(&file))?;
        let name = file.path.file_name().map(|name| name.to_string_lossy().into_owned());
        let facts = FileFacts {
            name: name.unwrap_or_default(),
            bytes: raw.bytes,
            has_mark: raw.has_mark,
            is_compressed: raw.is_compressed,
            not_text: raw.not_text,
        };
        let has_lines = facts.has_lines();
        sink.begin(shown.clone(), part, facts);
        if has_lines {
            let scan = raw_lines(file, resources.limits(), cancel.clone());
            let pass = Pass { scan, source_step: UNCOUNTED, stages: Vec::new(), sink: &mut sink, steps: 0 };
            let counts = run_pass(pass, &resources.options(), cancel, interrupted);
            counts.map_err(|e| e.name_file(std::slice::from_ref(&shown)))?;
        }
        sink.end()?;
    }
    sink.close()?;
    Ok(sink)
}

fn input_file(store: &Files, path: PathBuf, folder: Option<&Path>) -> InputFile {
    let name = folder.and_then(|folder| path.strip_prefix(folder).ok()).unwrap_or(&path);
    let name = name.display().to_string();
    InputFile { store: store.clone(), path, below: name.clone(), name, split: None }
}

/// The target of this name.
///
/// # Errors
/// `bad_option` for an unknown name.
pub(crate) fn target(name: &str) -> Result<&'static Target> {
    let wrong = |message| Error::new(Class::Plan, "bad_option", format!("`target` {message}"));
    crate::word::find::<&'static Target>(name).map_err(wrong)
}
