//! The queues of a pass: the work that is ready, and which of it is next.

use std::collections::{BTreeMap, VecDeque};

use super::task::{InFlight, Task};
use crate::flow::Chunk;
use crate::record::Batch;

/// The queues before each station, and before the sink.
pub(crate) struct Queues<R> {
    chunks: VecDeque<(Chunk, InFlight)>,
    stations: Vec<Waiting>,
    sink: InOrder<R>,
    reading: bool,
    read_all: bool,
    /// The number of chunks read.
    read: u64,
    /// How many batches are needed: all, until an ordered stage has ended the input.
    wanted: u64,
    /// The number of the first batch that failed.
    failed: u64,
    in_flight: usize,
    in_flight_bytes: usize,
    limit: usize,
}

enum Waiting {
    Any(VecDeque<(Batch, InFlight)>),
    InOrder(InOrder<Batch>),
}

/// Batches that are taken one at a time, by number, without gaps.
struct InOrder<T> {
    ready: BTreeMap<u64, (T, InFlight)>,
    next: u64,
    busy: bool,
}

impl<T> InOrder<T> {
    fn new() -> Self {
        InOrder { ready: BTreeMap::new(), next: 0, busy: false }
    }

    fn take(&mut self) -> Option<(T, InFlight)> {
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
        self.ready.split_off(&end).into_values().map(|(_, info)| info.weight)
    }
}

impl<R> Queues<R> {
    /// Empty queues. `is_ordered` says for each station but the sink whether it is ordered; `limit` is that of bytes
    /// in flight.
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

    /// Takes the work that is furthest downstream; if there is none, reads, unless too many bytes are in flight.
    pub(crate) fn take(&mut self) -> Option<Task<R>> {
        if let Some((ready, info)) = self.sink.take() {
            return Some(Task::Sink(self.sink.next, ready, info));
        }
        for (i, station) in self.stations.iter_mut().enumerate().rev() {
            match station {
                Waiting::Any(queue) => {
                    if let Some((batch, info)) = queue.pop_front() {
                        return Some(Task::Map(i, batch, info));
                    }
                }
                Waiting::InOrder(queue) => {
                    if let Some((batch, info)) = queue.take() {
                        return Some(Task::Ordered(i, batch, info));
                    }
                }
            }
        }
        if let Some((chunk, info)) = self.chunks.pop_front() {
            return Some(Task::Decode(chunk, info));
        }
        let has_room = self.in_flight == 0 || self.in_flight_bytes < self.limit;
        if !self.reading && !self.read_all && has_room {
            self.reading = true;
            return Some(Task::Read);
        }
        None
    }

    /// Adds the chunk that was read; none at the end of the input.
    pub(crate) fn read(&mut self, chunk: Option<Chunk>) {
        self.reading = false;
        match chunk {
            Some(chunk) if chunk.seq < self.end() => {
                self.read += 1;
                let weight = chunk.rows.bytes();
                self.in_flight += 1;
                self.in_flight_bytes += weight;
                self.chunks.push_back((chunk, InFlight { weight, ..InFlight::default() }));
            }
            Some(_) => {}
            None => self.read_all = true,
        }
    }

    /// Moves a batch from station `from` to the queue of the next. With `satisfied`, no later batch is needed.
    pub(crate) fn deliver(&mut self, from: usize, batch: Batch, info: InFlight, satisfied: bool) {
        self.pass(from);
        if satisfied {
            self.wanted = self.wanted.min(batch.seq + 1);
            self.read_all = true;
        }
        if batch.seq >= self.end() {
            return self.release(info.weight);
        }
        match &mut self.stations[from + 1] {
            Waiting::Any(queue) => queue.push_back((batch, info)),
            Waiting::InOrder(queue) => {
                queue.ready.insert(batch.seq, (batch, info));
            }
        }
        if satisfied {
            self.forget_later();
        }
    }

    /// Adds batch number `seq`, which has left the last station, to the queue of the sink.
    pub(crate) fn deliver_ready(&mut self, seq: u64, ready: R, info: InFlight) {
        if seq >= self.end() {
            return self.release(info.weight);
        }
        self.sink.ready.insert(seq, (ready, info));
    }

    /// Removes a batch that the sink has taken.
    pub(crate) fn leave(&mut self, weight: usize) {
        self.sink.pass();
        self.release(weight);
    }

    /// Records that reading, or the work on this batch, has failed; says whether it is the first failure so far.
    /// Earlier batches are still processed, so that the error returned is the first in input order, not in time.
    /// Failures after the end that an ordered stage has set do not count.
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

    /// Whether more of the input will be read.
    pub(crate) fn reads_on(&self) -> bool {
        !self.read_all
    }

    /// Whether a batch that is needed has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed < self.wanted
    }

    /// Whether all input is read and no batch is in flight.
    pub(crate) fn is_finished(&self) -> bool {
        self.read_all && !self.reading && self.in_flight == 0
    }

    /// The number of the first batch that is not needed.
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

    /// Drops the queued batches that are not needed.
    fn forget_later(&mut self) {
        let end = self.end();
        let mut freed: Vec<usize> = self.sink.forget_from(end).collect();
        self.chunks.retain(|(chunk, info)| keep_before(end, chunk.seq, info, &mut freed));
        for station in &mut self.stations {
            match station {
                Waiting::Any(queue) => {
                    queue.retain(|(batch, info)| keep_before(end, batch.seq, info, &mut freed));
                }
                Waiting::InOrder(queue) => freed.extend(queue.forget_from(end)),
            }
        }
        for weight in freed {
            self.release(weight);
        }
    }
}

fn keep_before(end: u64, seq: u64, info: &InFlight, freed: &mut Vec<usize>) -> bool {
    let keep = seq < end;
    if !keep {
        freed.push(info.weight);
    }
    keep
}
