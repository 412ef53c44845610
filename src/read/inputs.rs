//! What was read, for the manifest: names, stored bytes and their checksums.

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

/// The inputs of a source. Cheap to clone: keep one before the source goes to the engine, ask it afterwards.
#[derive(Debug, Clone)]
pub struct Inputs(Arc<Mutex<Vec<Entry>>>);

#[derive(Debug)]
struct Entry {
    /// None for standard input and streams, which cannot be read again.
    file: Option<InputFile>,
    input: Input,
    /// Of a stream that was read to its end, the digest of its content.
    passed: Option<String>,
}

impl Inputs {
    /// Files, none of them read yet.
    pub fn of_files(files: &[InputFile]) -> Self {
        let entry =
            |f: &InputFile| Entry { file: Some(f.clone()), input: nothing_known(&f.name), passed: None };
        Inputs(Arc::new(Mutex::new(files.iter().map(entry).collect())))
    }

    /// One stream without a file: it has no stored bytes that could be told again.
    pub(crate) fn of_stream(name: &str) -> Self {
        Inputs(Arc::new(Mutex::new(vec![Entry { file: None, input: nothing_known(name), passed: None }])))
    }

    /// The names, as places refer to them.
    pub(crate) fn names(&self) -> FileNames {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::new(entries.iter().map(|e| e.input.name.clone()).collect())
    }

    /// A file or a stream was read to its end. The manifest has no checksum of a stream: whether one is read to its end
    /// depends on when a satisfied plan stopped reading.
    pub(super) fn record(&self, file: u32, bytes: u64, xxh3: String) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = entries.get_mut(file as usize) else { return };
        if entry.file.is_some() {
            entry.input.bytes = bytes;
            entry.input.xxh3 = Some(xxh3);
        } else {
            entry.passed = Some(xxh3);
        }
    }

    /// The digest of the content of a stream that was read to its end.
    pub(crate) fn passed(&self) -> Option<String> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.first().and_then(|entry| entry.passed.clone())
    }

    /// All inputs in order. Files whose checksum the run did not pass by are read for it now, so that the answer
    /// does not depend on how far the run has read.
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

/// The bytes of all that is left to read, and their checksum; `name` is what errors call it.
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

fn nothing_known(name: &str) -> Input {
    Input { name: name.to_string(), bytes: 0, xxh3: None }
}
