//! What a run shares with the one who watches it: the flag that stops it, what it does, and how far it has read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use crate::error::{Error, Result};

/// What a run does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Reads the input; the steps before a barrier work on what was read.
    Read,
    /// Puts all rows in another order, and writes them.
    Shuffle,
    /// Joins all rows to packs, and writes them.
    Pack,
    /// Waits for the disk and publishes.
    Publish,
}

impl Phase {
    const ALL: [Phase; 4] = [Phase::Read, Phase::Shuffle, Phase::Pack, Phase::Publish];

    /// The word that progress shows.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Phase::Read => "read",
            Phase::Shuffle => "shuffle",
            Phase::Pack => "pack",
            Phase::Publish => "publish",
        }
    }
}

/// Shared by the engine, its stages and the Python gate; cheap to clone and to ask.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    bytes_read: AtomicU64,
    /// Index into [`Phase::ALL`].
    phase: AtomicU8,
}

impl Cancel {
    /// Asks the run to stop.
    pub(crate) fn cancel(&self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }

    /// Whether the run was asked to stop.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.stop.load(Ordering::Relaxed)
    }

    /// Stored bytes of the input have been read.
    pub(crate) fn add_read(&self, bytes: u64) {
        self.0.bytes_read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Stored bytes of the input read so far; of files of lines only.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.0.bytes_read.load(Ordering::Relaxed)
    }

    /// The run has come to this phase.
    pub(crate) fn begin(&self, phase: Phase) {
        self.0.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// What the run does.
    pub(crate) fn phase(&self) -> Phase {
        Phase::ALL[usize::from(self.0.phase.load(Ordering::Relaxed))]
    }

    /// Fails once the run was asked to stop.
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(Error::cancelled()) } else { Ok(()) }
    }
}
