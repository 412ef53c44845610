//! Which work there is, and which of it is taken next.

use std::collections::{BTreeMap, VecDeque};

use super::task::{Load, Task};
use crate::flow::Chunk;
use crate::record::Batch;

/// The queues before each station, and before the sink.
pub(crate) struct Queues<R> {
    chunks: VecDeque<(Chunk, Load)>,
    stations: Vec<Waiting>,
    sink: InOrder<R>,
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
    Any(VecDeque<(Batch, Load)>),
    InOrder(InOrder<Batch>),
}

/// Taken one at a time, by number, without a gap.
struct InOrder<T> {
    ready: BTreeMap<u64, (T, Load)>,
    next: u64,
    busy: bool,
}

impl<T> InOrder<T> {
    fn new() -> Self {
        InOrder { ready: BTreeMap::new(), next: 0, busy: false }
    }

    fn take(&mut self) -> Option<(T, Load)> {
        if self.busy {
            return None;
        }
        let taken = self.ready.remove(&self.next);
        self.busy = taken.is_some();
        taken
    }

    fn pass(&mut self) {
        self.next += 1;
        self.busy = false;
    }

    fn forget_from(&mut self, end: u64) -> impl Iterator<Item = usize> + use<T> {
        self.ready.split_off(&end).into_values().map(|(_, load)| load.weight)
    }
}

impl<R> Queues<R> {
    /// `is_ordered` by station, the sink left out.
    pub(crate) fn new(is_ordered: &[bool], limit: usize) -> Self {
        let waiting = |ordered: &bool| match ordered {
            true => Waiting::InOrder(InOrder::new()),
            false => Waiting::Any(VecDeque::new()),
        };
        Queues {
            chunks: VecDeque::new(),
            stations: is_ordered.iter().map(waiting).collect(),
            sink: InOrder::new(),
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
    pub(crate) fn take(&mut self) -> Option<Task<R>> {
        if let Some((ready, load)) = self.sink.take() {
            return Some(Task::Sink(self.sink.next, ready, load));
        }
        for (i, station) in self.stations.iter_mut().enumerate().rev() {
            match station {
                Waiting::Any(queue) => {
                    if let Some((batch, load)) = queue.pop_front() {
                        return Some(Task::Map(i, batch, load));
                    }
                }
                Waiting::InOrder(queue) => {
                    if let Some((batch, load)) = queue.take() {
                        return Some(Task::Ordered(i, batch, load));
                    }
                }
            }
        }
        if let Some((chunk, load)) = self.chunks.pop_front() {
            return Some(Task::Decode(chunk, load));
        }
        let credit = self.in_flight == 0 || self.in_flight_bytes < self.limit;
        if !self.reading && !self.read_all && credit {
            self.reading = true;
            return Some(Task::Read);
        }
        None
    }

    /// The reader is back with a chunk, or with none at the end.
    pub(crate) fn read(&mut self, chunk: Option<Chunk>) {
        self.reading = false;
        match chunk {
            Some(chunk) if chunk.seq < self.end() => {
                self.read += 1;
                let weight = chunk.rows.bytes();
                self.in_flight += 1;
                self.in_flight_bytes += weight;
                self.chunks.push_back((chunk, Load { weight, ..Load::default() }));
            }
            Some(_) => {}
            None => self.read_all = true,
        }
    }

    /// A batch has left station `from` and queues before the next. `satisfied`: no later one matters.
    pub(crate) fn deliver(&mut self, from: usize, batch: Batch, load: Load, satisfied: bool) {
        self.pass(from);
        if satisfied {
            self.wanted = self.wanted.min(batch.seq + 1);
            self.read_all = true;
        }
        if batch.seq >= self.end() {
            return self.release(load.weight);
        }
        match &mut self.stations[from + 1] {
            Waiting::Any(queue) => queue.push_back((batch, load)),
            Waiting::InOrder(queue) => {
                queue.ready.insert(batch.seq, (batch, load));
            }
        }
        if satisfied {
            self.forget_later();
        }
    }

    /// Batch number `seq` has left the last station and queues before the sink.
    pub(crate) fn deliver_ready(&mut self, seq: u64, ready: R, load: Load) {
        if seq >= self.end() {
            return self.release(load.weight);
        }
        self.sink.ready.insert(seq, (ready, load));
    }

    /// The sink has taken a batch.
    pub(crate) fn leave(&mut self, weight: usize) {
        self.sink.pass();
        self.release(weight);
    }

    /// Reading, or the work on this batch, has failed. Batches before it go on: the failure that is told is the
    /// first in input order, not in time, and none that lies behind what an ordered stage asked for. Says whether
    /// it is the first so far.
    pub(crate) fn fail(&mut self, batch: Option<(u64, usize)>) -> bool {
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
    pub(crate) fn has_failed(&self) -> bool {
        self.failed < self.wanted
    }

    /// Whether all was read and nothing is under way.
    pub(crate) fn is_finished(&self) -> bool {
        self.read_all && !self.reading && self.in_flight == 0
    }

    /// The first batch that need not be worked on.
    fn end(&self) -> u64 {
        self.wanted.min(self.failed)
    }

    fn pass(&mut self, station: usize) {
        if let Waiting::InOrder(queue) = &mut self.stations[station] {
            queue.pass();
        }
    }

    fn release(&mut self, weight: usize) {
        self.in_flight -= 1;
        self.in_flight_bytes -= weight;
    }

    /// Drops the queued work on batches that need none.
    fn forget_later(&mut self) {
        let end = self.end();
        let mut freed: Vec<usize> = self.sink.forget_from(end).collect();
        self.chunks.retain(|(chunk, load)| keep_before(end, chunk.seq, load, &mut freed));
        for station in &mut self.stations {
            match station {
                Waiting::Any(queue) => {
                    queue.retain(|(batch, load)| keep_before(end, batch.seq, load, &mut freed));
                }
                Waiting::InOrder(queue) => freed.extend(queue.forget_from(end)),
            }
        }
        for weight in freed {
            self.release(weight);
        }
    }
}

fn keep_before(end: u64, seq: u64, load: &Load, freed: &mut Vec<usize>) -> bool {
    let keep = seq < end;
    if !keep {
        freed.push(load.weight);
    }
    keep
}
