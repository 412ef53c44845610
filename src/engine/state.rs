//! Which work there is, and which of it is taken next.

use std::collections::{BTreeMap, VecDeque};

use crate::record::Batch;
use crate::stage::Chunk;

/// A piece of work; `usize` beside a batch is its weight: the input bytes it holds a credit for.
pub enum Task {
    Read,
    Decode(Chunk, usize),
    Map(usize, Batch, usize),
    Ordered(usize, Batch, usize),
}

impl Task {
    /// The number of its batch, and its weight; a reading has neither.
    pub fn batch(&self) -> Option<(u64, usize)> {
        match self {
            Task::Read => None,
            Task::Decode(chunk, weight) => Some((chunk.seq, *weight)),
            Task::Map(_, batch, weight) | Task::Ordered(_, batch, weight) => Some((batch.seq, *weight)),
        }
    }
}

/// The queues before each station.
pub struct State {
    chunks: VecDeque<(Chunk, usize)>,
    stations: Vec<Waiting>,
    reading: bool,
    read_all: bool,
    /// Chunks read.
    read: u64,
    /// Batches that matter: all, until an ordered stage has seen enough.
    wanted: u64,
    /// The first batch that failed.
    failed: u64,
    in_flight: usize,
    in_flight_bytes: usize,
    limit: usize,
}

enum Waiting {
    Any(VecDeque<(Batch, usize)>),
    InOrder { ready: BTreeMap<u64, (Batch, usize)>, next: u64, busy: bool },
}

impl State {
    pub fn new(is_ordered: &[bool], limit: usize) -> Self {
        let waiting = |ordered: &bool| match ordered {
            true => Waiting::InOrder { ready: BTreeMap::new(), next: 0, busy: false },
            false => Waiting::Any(VecDeque::new()),
        };
        State {
            chunks: VecDeque::new(),
            stations: is_ordered.iter().map(waiting).collect(),
            reading: false,
            read_all: false,
            read: 0,
            wanted: u64::MAX,
            failed: u64::MAX,
            in_flight: 0,
            in_flight_bytes: 0,
            limit,
        }
    }

    /// The work furthest downstream, or reading where there is credit for it.
    pub fn take(&mut self) -> Option<Task> {
        for (i, station) in self.stations.iter_mut().enumerate().rev() {
            match station {
                Waiting::Any(queue) => {
                    if let Some((batch, weight)) = queue.pop_front() {
                        return Some(Task::Map(i, batch, weight));
                    }
                }
                Waiting::InOrder { ready, next, busy } => {
                    if !*busy && let Some((batch, weight)) = ready.remove(next) {
                        *busy = true;
                        return Some(Task::Ordered(i, batch, weight));
                    }
                }
            }
        }
        if let Some((chunk, weight)) = self.chunks.pop_front() {
            return Some(Task::Decode(chunk, weight));
        }
        let credit = self.in_flight == 0 || self.in_flight_bytes < self.limit;
        if !self.reading && !self.read_all && credit {
            self.reading = true;
            return Some(Task::Read);
        }
        None
    }

    /// The reader is back with a chunk, or with none at the end.
    pub fn read(&mut self, chunk: Option<Chunk>) {
        self.reading = false;
        match chunk {
            Some(chunk) if chunk.seq < self.end() => {
                self.read += 1;
                let weight = chunk.payload.bytes();
                self.in_flight += 1;
                self.in_flight_bytes += weight;
                self.chunks.push_back((chunk, weight));
            }
            Some(_) => {}
            None => self.read_all = true,
        }
    }

    /// A batch has left station `from` and queues before the next.
    pub fn deliver(&mut self, from: usize, batch: Batch, weight: usize, satisfied: bool) {
        self.pass(from);
        if satisfied {
            self.wanted = self.wanted.min(batch.seq + 1);
            self.read_all = true;
        }
        if batch.seq >= self.end() {
            self.release(weight);
            return;
        }
        match &mut self.stations[from + 1] {
            Waiting::Any(queue) => queue.push_back((batch, weight)),
            Waiting::InOrder { ready, .. } => {
                ready.insert(batch.seq, (batch, weight));
            }
        }
        if satisfied {
            self.forget_later();
        }
    }

    /// A batch has left the last station.
    pub fn leave(&mut self, from: usize, weight: usize) {
        self.pass(from);
        self.release(weight);
    }

    /// Reading, or the work on this batch, has failed. Batches before it go on: the failure that is told is the
    /// first in input order, not in time, and none that lies behind what an ordered stage asked for. Says whether
    /// it is the first so far.
    pub fn fail(&mut self, batch: Option<(u64, usize)>) -> bool {
        let seq = match batch {
            Some((seq, weight)) => {
                self.release(weight);
                seq
            }
            None => {
                self.reading = false;
                self.read
            }
        };
        let first = seq < self.failed;
        self.failed = self.failed.min(seq);
        self.read_all = true;
        self.forget_later();
        first
    }

    /// Whether a batch that matters has failed.
    pub fn has_failed(&self) -> bool {
        self.failed < self.wanted
    }

    /// The first batch that need not be worked on.
    fn end(&self) -> u64 {
        self.wanted.min(self.failed)
    }

    /// Whether all was read and nothing is under way.
    pub fn is_finished(&self) -> bool {
        self.read_all && !self.reading && self.in_flight == 0
    }

    fn pass(&mut self, station: usize) {
        if let Waiting::InOrder { next, busy, .. } = &mut self.stations[station] {
            *next += 1;
            *busy = false;
        }
    }

    fn release(&mut self, weight: usize) {
        self.in_flight -= 1;
        self.in_flight_bytes -= weight;
    }

    /// Drops the queued work on batches that need none.
    fn forget_later(&mut self) {
        let end = self.end();
        let mut freed = Vec::new();
        self.chunks.retain(|(chunk, weight)| {
            let keep = chunk.seq < end;
            if !keep {
                freed.push(*weight);
            }
            keep
        });
        for station in &mut self.stations {
            match station {
                Waiting::Any(queue) => queue.retain(|(batch, weight)| {
                    let keep = batch.seq < end;
                    if !keep {
                        freed.push(*weight);
                    }
                    keep
                }),
                Waiting::InOrder { ready, .. } => {
                    freed.extend(ready.split_off(&end).into_values().map(|(_, weight)| weight));
                }
            }
        }
        for weight in freed {
            self.release(weight);
        }
    }
}
