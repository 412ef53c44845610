//! The state that a run shares with its caller: the flag that stops it, its phase, and how much it has read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use crate::error::{Error, Result};

/// The current phase of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Reads the input and runs the steps before the first barrier.
    Read,
    /// Shuffles all rows, and writes them.
    Shuffle,
    /// Packs all rows, and writes them.
    Pack,
    /// Chooses among all rows, and writes those that stay.
    Choose,
    /// Looks at the rows again, for the report.
    Inspect,
    /// Waits for the disk, then publishes.
    Publish,
}

impl Phase {
    const ALL: [Phase; 6] =
        [Phase::Read, Phase::Shuffle, Phase::Pack, Phase::Choose, Phase::Inspect, Phase::Publish];

    /// The word that progress shows.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Phase::Read => "read",
            Phase::Shuffle => "shuffle",
            Phase::Pack => "pack",
            Phase::Choose => "choose",
            Phase::Inspect => "inspect",
            Phase::Publish => "publish",
        }
    }
}

/// Stops a run and shows its progress; shared by the engine, its stages and the binding. Cheap to clone.
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

    /// Adds to the number of stored bytes read.
    pub(crate) fn add_read(&self, bytes: u64) {
        self.0.bytes_read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Stored bytes of the input read so far. Only files of lines are counted.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.0.bytes_read.load(Ordering::Relaxed)
    }

    /// Sets the phase.
    pub(crate) fn begin(&self, phase: Phase) {
        self.0.phase.store(phase as u8, Ordering::Relaxed);
    }

    pub(crate) fn phase(&self) -> Phase {
        Phase::ALL[usize::from(self.0.phase.load(Ordering::Relaxed))]
    }

    /// Fails if the run was asked to stop.
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(Error::cancelled()) } else { Ok(()) }
    }
}
