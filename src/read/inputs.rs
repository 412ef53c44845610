//! What was read, for the manifest: names, stored bytes and their checksums.

use std::io::Read;
use std::path::PathBuf;
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
    path: Option<PathBuf>,
    input: Input,
}

impl Inputs {
    /// Files, none of them read yet.
    pub fn of_files(files: &[InputFile]) -> Self {
        let entry = |f: &InputFile| Entry { path: Some(f.path.clone()), input: nothing_known(&f.name) };
        Inputs(Arc::new(Mutex::new(files.iter().map(entry).collect())))
    }

    /// One stream without a file: it has no stored bytes that could be told again.
    pub fn of_stream(name: &str) -> Self {
        Inputs(Arc::new(Mutex::new(vec![Entry { path: None, input: nothing_known(name) }])))
    }

    /// The names, as places refer to them.
    pub fn names(&self) -> FileNames {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::new(entries.iter().map(|e| e.input.name.clone()).collect())
    }

    /// A file was read to its end. Streams stay unknown: whether one is read to its end depends on when a
    /// satisfied plan stopped reading.
    pub(super) fn record(&self, file: u32, bytes: u64, xxh3: String) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get_mut(file as usize)
            && entry.path.is_some()
        {
            entry.input.bytes = bytes;
            entry.input.xxh3 = Some(xxh3);
        }
    }

    /// All inputs in order. Files whose checksum the run did not pass by are read for it now, so that the answer
    /// does not depend on how far the run has read.
    pub fn list(&self, cancel: &Cancel) -> Result<Vec<Input>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in entries.iter_mut() {
            if let (Some(path), None) = (&entry.path, &entry.input.xxh3) {
                let mut file = open_file(path)?;
                let mut sum = Checksum::default();
                let mut block = vec![0; 1 << 20];
                let mut bytes = 0;
                loop {
                    cancel.check()?;
                    let n = file.read(&mut block).map_err(|e| cannot_read(e, path.display()))?;
                    if n == 0 {
                        break;
                    }
                    sum.update(&block[..n]);
                    bytes += n as u64;
                }
                entry.input.bytes = bytes;
                entry.input.xxh3 = Some(sum.hex());
            }
        }
        Ok(entries.iter().map(|e| e.input.clone()).collect())
    }
}

fn nothing_known(name: &str) -> Input {
    Input { name: name.to_string(), bytes: 0, xxh3: None }
}
