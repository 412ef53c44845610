//! The resources of the machine that a run may use. They do not change the output.

use std::path::PathBuf;

use super::pass::PassOptions;
use crate::error::{Class, Error, Result};
use crate::limits::{BATCH_BYTES, BATCH_ROWS, IN_FLIGHT_PER_THREAD, SHUFFLE_MEMORY_BYTES};
use crate::read::Limits;
use crate::spill::Spill;
use crate::store::Files;

/// Threads, sizes of batches, and memory. They do not change the output.
#[derive(Debug, Clone, Copy)]
pub struct Resources {
    /// The number of worker threads.
    pub threads: usize,
    /// The target size of the text of a batch, in bytes.
    pub batch_bytes: usize,
    /// The limit of rows per batch.
    pub batch_rows: usize,
    /// The bytes of rows that a shuffle holds in memory before it spills to disk.
    pub shuffle_bytes: u64,
}

impl Resources {
    /// From the environment: `FASTPREP_THREADS`, `FASTPREP_BATCH_BYTES`, `FASTPREP_BATCH_ROWS`.
    pub(crate) fn from_env(threads: Option<usize>) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Resources {
            threads: threads.map_or_else(|| number("FASTPREP_THREADS", cores), Ok)?.max(1),
            batch_bytes: number("FASTPREP_BATCH_BYTES", BATCH_BYTES)?,
            batch_rows: number("FASTPREP_BATCH_ROWS", BATCH_ROWS)?,
            shuffle_bytes: SHUFFLE_MEMORY_BYTES,
        })
    }

    pub(super) fn spill_anywhere(self) -> Spill {
        self.spill(Files::local(), std::env::temp_dir())
    }

    pub(super) fn spill(self, disk: Files, folder: PathBuf) -> Spill {
        Spill { disk, folder, kept_as: None, memory: self.shuffle_bytes, threads: self.threads }
    }

    pub(super) fn limits(self) -> Limits {
        Limits { batch_bytes: self.batch_bytes, batch_rows: self.batch_rows, ..Limits::default() }
    }

    pub(super) fn options(self) -> PassOptions {
        let bytes_in_flight = self.threads * IN_FLIGHT_PER_THREAD * self.batch_bytes;
        PassOptions { threads: self.threads, bytes_in_flight }
    }
}

fn number(name: &str, default: usize) -> Result<usize> {
    let Ok(text) = std::env::var(name) else { return Ok(default) };
    match text.parse() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err(Error::new(
            Class::Plan,
            "bad_option",
            format!("`{name}` must be a number greater than 0; got {text:?}"),
        )),
    }
}
