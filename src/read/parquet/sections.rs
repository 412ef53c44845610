//! The next sections of a source. Workers that have nothing else to do decode them ahead.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::file::SECTION_BYTES;
use super::section::Section;
use crate::flow::Ahead;

/// Uncompressed bytes of the sections that may be decoded ahead.
const AHEAD_BYTES: usize = 16 * SECTION_BYTES;

/// What a small section counts as, so that there are not too many.
const LEAST_BYTES: usize = SECTION_BYTES / 8;

/// The sections that are read and the next ones, those with earlier rows first.
#[derive(Default)]
pub(super) struct Sections(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    sections: VecDeque<Arc<Section>>,
    bytes: usize,
}

impl Sections {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is room for a further section.
    pub(super) fn has_room(&self) -> bool {
        self.lock().bytes < AHEAD_BYTES
    }

    /// Adds the section after the last.
    pub(super) fn add(&self, section: Arc<Section>) {
        let mut queue = self.lock();
        queue.bytes += section.bytes.max(LEAST_BYTES);
        queue.sections.push_back(section);
    }

    /// Removes a section that was read.
    pub(super) fn remove(&self, section: &Arc<Section>) {
        let mut queue = self.lock();
        if let Some(i) = queue.sections.iter().position(|other| Arc::ptr_eq(other, section)) {
            queue.sections.remove(i);
            queue.bytes -= section.bytes.max(LEAST_BYTES);
        }
    }
}

impl Ahead for Sections {
    fn work(&self) -> bool {
        let next: Vec<Arc<Section>> = self.lock().sections.iter().cloned().collect();
        next.iter().any(|section| section.decode_ahead())
    }
}
