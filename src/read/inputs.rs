//! The inputs of a source, for the manifest: names, stored bytes and checksums.

use std::fmt::Display;
use std::io::{ErrorKind, Read};
use std::sync::{Arc, Mutex, PoisonError};

use super::InputFile;
use super::open::{cannot_read, open_file};
use crate::artifact::manifest::Input;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::hash::Checksum;
use crate::record::FileNames;

/// The inputs of a source. A clone shares them: keep one when the source goes to the engine, and read it afterwards.
#[derive(Debug, Clone)]
pub struct Inputs(Arc<Mutex<Vec<Entry>>>);

#[derive(Debug)]
struct Entry {
    /// `None` for standard input and streams, which cannot be read again.
    file: Option<InputFile>,
    input: Input,
    /// The digest of the content of a stream that was read to its end.
    stream_digest: Option<String>,
}

impl Inputs {
    /// Files that are not read yet.
    pub fn from_files(files: &[InputFile]) -> Self {
        let entry =
            |f: &InputFile| Entry { file: Some(f.clone()), input: unread(&f.name), stream_digest: None };
        Inputs(Arc::new(Mutex::new(files.iter().map(entry).collect())))
    }

    /// A stream without a file. Its stored bytes are not recorded, since they cannot be read again.
    pub(crate) fn from_stream(name: &str) -> Self {
        Inputs(Arc::new(Mutex::new(vec![Entry { file: None, input: unread(name), stream_digest: None }])))
    }

    /// The names of the inputs, by the file number of places.
    pub(crate) fn names(&self) -> FileNames {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::new(entries.iter().map(|e| e.input.name.clone()).collect())
    }

    /// Records that a file or a stream was read to its end. The manifest has no checksum of a stream: a plan with
    /// `head` may stop reading before its end.
    pub(super) fn record(&self, file: u32, bytes: u64, xxh3: String) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = entries.get_mut(file as usize) else { return };
        if entry.file.is_some() {
            entry.input.bytes = bytes;
            entry.input.xxh3 = Some(xxh3);
        } else {
            entry.stream_digest = Some(xxh3);
        }
    }

    /// The digest of the content of a stream that was read to its end.
    pub(crate) fn stream_digest(&self) -> Option<String> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.first().and_then(|entry| entry.stream_digest.clone())
    }

    /// All inputs in order. Files that the run has not read to their end are read now for their checksums, so that
    /// the result does not depend on where the run stopped.
    pub fn list(&self, cancel: &Cancel) -> Result<Vec<Input>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in entries.iter_mut() {
            if let (Some(file), None) = (&entry.file, &entry.input.xxh3) {
                let (bytes, xxh3) = checksum(&mut open_file(file)?, file.path.display(), cancel)?;
                entry.input.bytes = bytes;
                entry.input.xxh3 = Some(xxh3);
            }
        }
        Ok(entries.iter().map(|e| e.input.clone()).collect())
    }
}

/// How many bytes are left to read, and their checksum; `name` is the name of the reader in errors.
///
/// # Errors
/// `cannot_read`.
pub(crate) fn checksum(reader: &mut dyn Read, name: impl Display, cancel: &Cancel) -> Result<(u64, String)> {
    let mut sum = Checksum::default();
    let mut block = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        cancel.check()?;
        let n = match reader.read(&mut block) {
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            read => read.map_err(|e| cannot_read(e, &name))?,
        };
        if n == 0 {
            return Ok((bytes, sum.hex()));
        }
        sum.update(&block[..n]);
        bytes += n as u64;
    }
}

fn unread(name: &str) -> Input {
    Input { name: name.to_string(), bytes: 0, xxh3: None }
}
