//! Which work there is, and which of it is taken next.

use std::collections::{BTreeMap, VecDeque};

use crate::record::Batch;
use crate::report::StepCounts;
use crate::stage::Chunk;

/// What goes with a batch.
#[derive(Default)]
pub struct Load {
    /// The input bytes it holds a credit for.
    pub weight: usize,
    /// What was counted of it so far, by step: it counts once the sink has it, so that a batch that is given up
    /// never does.
    pub counts: Vec<(usize, StepCounts)>,
}

/// A piece of work.
pub enum Task<R> {
    Read,
    Decode(Chunk, Load),
    Map(usize, Batch, Load),
    Ordered(usize, Batch, Load),
    Sink(R, Load),
}

/// The queues before each station, and before the sink.
pub struct State<R> {
    chunks: VecDeque<(Chunk, Load)>,
    stations: Vec<Waiting>,
    sink: InOrder<R>,
    reading: bool,
    read_all: bool,
    /// The last batch that matters, once an ordered stage has seen enough.
    last: Option<u64>,
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

    fn forget_later(&mut self, last: u64) -> impl Iterator<Item = usize> + use<T> {
        self.ready.split_off(&(last + 1)).into_values().map(|(_, load)| load.weight)
    }
}

impl<R> State<R> {
    /// `is_ordered` by station, the sink left out.
    pub fn new(is_ordered: &[bool], limit: usize) -> Self {
        let waiting = |ordered: &bool| match ordered {
            true => Waiting::InOrder(InOrder::new()),
            false => Waiting::Any(VecDeque::new()),
        };
        State {
            chunks: VecDeque::new(),
            stations: is_ordered.iter().map(waiting).collect(),
            sink: InOrder::new(),
            reading: false,
            read_all: false,
            last: None,
            in_flight: 0,
            in_flight_bytes: 0,
            limit,
        }
    }

    /// The work furthest downstream, or reading where there is credit for it.
    pub fn take(&mut self) -> Option<Task<R>> {
        if let Some((ready, load)) = self.sink.take() {
            return Some(Task::Sink(ready, load));
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
    pub fn read(&mut self, chunk: Option<Chunk>) {
        self.reading = false;
        match chunk {
            Some(chunk) if self.last.is_none() => {
                let weight = chunk.payload.bytes();
                self.in_flight += 1;
                self.in_flight_bytes += weight;
                self.chunks.push_back((chunk, Load { weight, counts: Vec::new() }));
            }
            Some(_) => {}
            None => self.read_all = true,
        }
    }

    /// A batch has left station `from` and queues before the next. `satisfied`: no later one matters.
    pub fn deliver(&mut self, from: usize, batch: Batch, load: Load, satisfied: bool) {
        self.pass(from);
        if satisfied {
            self.last = Some(self.last.map_or(batch.seq, |last| last.min(batch.seq)));
            self.read_all = true;
        }
        if self.is_late(batch.seq) {
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
    pub fn deliver_ready(&mut self, seq: u64, ready: R, load: Load) {
        if self.is_late(seq) {
            return self.release(load.weight);
        }
        self.sink.ready.insert(seq, (ready, load));
    }

    /// The sink has taken a batch.
    pub fn leave(&mut self, weight: usize) {
        self.sink.pass();
        self.release(weight);
    }

    /// Whether all was read and nothing is under way.
    pub fn is_finished(&self) -> bool {
        self.read_all && !self.reading && self.in_flight == 0
    }

    fn is_late(&self, seq: u64) -> bool {
        self.last.is_some_and(|last| seq > last)
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

    /// Drops the queued work behind the last batch that matters.
    fn forget_later(&mut self) {
        let Some(last) = self.last else { return };
        let mut freed: Vec<usize> = self.sink.forget_later(last).collect();
        self.chunks.retain(|(chunk, load)| keep_until(last, chunk.seq, load, &mut freed));
        for station in &mut self.stations {
            match station {
                Waiting::Any(queue) => {
                    queue.retain(|(batch, load)| keep_until(last, batch.seq, load, &mut freed));
                }
                Waiting::InOrder(queue) => freed.extend(queue.forget_later(last)),
            }
        }
        for weight in freed {
            self.release(weight);
        }
    }
}

fn keep_until(last: u64, seq: u64, load: &Load, freed: &mut Vec<usize>) -> bool {
    let keep = seq <= last;
    if !keep {
        freed.push(load.weight);
    }
    keep
}
