//! The next sections of a source. Workers that have nothing else to do decode them ahead.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::section::Section;
use crate::flow::Ahead;

/// How many sections after the current one are decoded ahead.
const AHEAD: usize = 3;

/// The current section and the next ones, in order.
#[derive(Default)]
pub(super) struct Sections(Mutex<VecDeque<Arc<Section>>>);

impl Sections {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Section>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is room for a further section.
    pub(super) fn has_room(&self) -> bool {
        self.lock().len() <= AHEAD
    }

    /// Adds the section after the last.
    pub(super) fn add(&self, section: Section) {
        self.lock().push_back(Arc::new(section));
    }

    /// The current section; none at the end of the source.
    pub(super) fn current(&self) -> Option<Arc<Section>> {
        self.lock().front().cloned()
    }

    /// Goes to the next section.
    pub(super) fn advance(&self) {
        self.lock().pop_front();
    }
}

impl Ahead for Sections {
    fn work(&self) -> bool {
        let next: Vec<Arc<Section>> = self.lock().iter().skip(1).cloned().collect();
        next.iter().any(|section| section.decode_ahead())
    }
}
