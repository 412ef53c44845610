//! Runs a pass on worker threads.
//!
//! A pass is a row of stations: decoding with the first map stages, then ordered stages and map stages in turn, then
//! the sink. The last map stage also makes batches ready for the sink. Workers take the work that is furthest downstream
//! first, so that batches leave early; the number of bytes in flight is limited. An ordered station takes batches in
//! the order of their numbers, so that the result does not depend on which worker is faster. If an ordered station
//! ends the input, it ends with a row, not with a batch ([`BatchHistory`]), so that the result does not depend on the
//! size of batches.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::batch_history::BatchHistory;
use super::interrupt::{POLL, interruptible, panicked};
use super::own_threads;
use super::pass::{FINDINGS, Pass, PassOptions, Stage};
use super::queues::Queues;
use super::station::{Station, counted};
use super::task::{InFlight, Task};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::flow::{Ahead, MakeReady, Map, Ordered, Scan, Sink};
use crate::record::Batch;
use crate::report::StepCounts;

/// Runs a pass, and gives the counts of each step. The calling thread calls `interrupted` a few times a second.
///
/// # Errors
/// The first error in input order; `Cancelled`.
pub fn run_pass<S: Sink>(
    pass: Pass<'_, S>,
    options: &PassOptions,
    cancel: &Cancel,
    interrupted: &mut dyn FnMut() -> bool,
) -> Result<Vec<StepCounts>> {
    let mut stations = vec![Station::Map(Vec::new())];
    let mut ordered: Vec<Option<Box<dyn Ordered>>> = vec![None];
    for (step, stage) in pass.stages {
        match (stage, stations.last_mut()) {
            (Stage::Map(map), Some(Station::Map(fused))) => fused.push((step, map)),
            (Stage::Map(map), _) => {
                stations.push(Station::Map(vec![(step, map)]));
                ordered.push(None);
            }
            (Stage::Ordered(stage), _) => {
                stations.push(Station::Ordered(step));
                ordered.push(Some(stage));
            }
        }
    }
    if matches!(stations.last(), Some(Station::Ordered(_))) {
        stations.push(Station::Map(Vec::new()));
        ordered.push(None);
    }

    let is_ordered: Vec<bool> = stations.iter().map(|s| matches!(s, Station::Ordered(_))).collect();
    let can_end = |stage: &Option<Box<dyn Ordered>>| stage.as_ref().is_some_and(|s| s.can_be_satisfied());
    let line = Line {
        ahead: pass.scan.ahead(),
        stations,
        last_end: ordered.iter().rposition(can_end),
        source_step: pass.source_step,
        ready_maker: pass.sink.ready_maker(),
        shared: Mutex::new(Shared {
            queues: Queues::new(&is_ordered, options.bytes_in_flight),
            counts: vec![StepCounts::default(); pass.steps],
            scan: Some(pass.scan),
            ordered,
            sink: Some(pass.sink),
            failed: None,
            stopped: false,
        }),
        wake: Condvar::new(),
        over: Condvar::new(),
        cancel,
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.threads.max(1)).map(|_| scope.spawn(|| line.work())).collect();
        let mut checked = Instant::now();
        let mut shared = line.lock();
        while !shared.is_over() {
            shared = wait(&line.over, shared);
            if checked.elapsed() >= POLL && !shared.is_over() {
                // Without the lock, since `interrupted` may wait for the Python interpreter.
                drop(shared);
                if interrupted() {
                    cancel.cancel();
                }
                checked = Instant::now();
                shared = line.lock();
            }
            shared.stopped |= cancel.is_cancelled();
        }
        drop(shared);
        line.wake.notify_all();
        for worker in workers {
            // A worker catches its own panics.
            let _ = worker.join();
        }
    });
    let mut shared = line.shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    cancel.check()?;
    if let Some(e) = shared.failed.filter(|_| shared.queues.has_failed()) {
        return Err(e);
    }
    if let Some(sink) = shared.sink.take() {
        interruptible(cancel, interrupted, || sink.finish())?;
    }
    Ok(shared.counts)
}

/// The state that workers share, under one lock that is held only to take and deliver work.
struct Shared<'s, S: Sink> {
    queues: Queues<S::Ready>,
    counts: Vec<StepCounts>,
    /// None while a worker uses it; the same holds for the stages and the sink below.
    scan: Option<Box<dyn Scan>>,
    ordered: Vec<Option<Box<dyn Ordered>>>,
    sink: Option<&'s mut S>,
    /// The error that is first in input order so far.
    failed: Option<Error>,
    stopped: bool,
}

impl<S: Sink> Shared<'_, S> {
    fn is_over(&self) -> bool {
        self.stopped || self.queues.is_finished()
    }

    fn count(&mut self, counts: Vec<(usize, StepCounts)>) {
        for (step, mut count) in counts {
            let step = if step == FINDINGS {
                (count.rows_in, count.rows_out) = (0, 0);
                self.counts.len().saturating_sub(1)
            } else {
                step
            };
            if let Some(counts) = self.counts.get_mut(step) {
                counts.merge(count);
            }
        }
    }
}

struct Line<'s, 'c, S: Sink> {
    /// The stations; the last is a map station.
    stations: Vec<Station>,
    /// The index of the last station that can end the input.
    last_end: Option<usize>,
    source_step: usize,
    /// Work for the scan while another worker uses it.
    ahead: Option<Arc<dyn Ahead>>,
    ready_maker: Arc<dyn MakeReady<S::Ready>>,
    shared: Mutex<Shared<'s, S>>,
    /// Notified if there may be work.
    wake: Condvar,
    /// Notified if the pass may be over.
    over: Condvar,
    cancel: &'c Cancel,
}

fn wait<'g, T>(condvar: &Condvar, guard: MutexGuard<'g, T>) -> MutexGuard<'g, T> {
    condvar.wait_timeout(guard, POLL).unwrap_or_else(PoisonError::into_inner).0
}

impl<'s, S: Sink> Line<'s, '_, S> {
    fn lock(&self) -> MutexGuard<'_, Shared<'s, S>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        own_threads::mark();
        let mut shared = self.lock();
        let mut worked_ahead = true;
        while !shared.is_over() && !self.cancel.is_cancelled() {
            let Some(task) = shared.queues.take() else {
                match self.ahead.as_ref().filter(|_| worked_ahead && shared.queues.reads_on()) {
                    Some(ahead) => {
                        drop(shared);
                        // A panic is left to the scan, which meets what caused it.
                        worked_ahead = catch_unwind(AssertUnwindSafe(|| ahead.work())).unwrap_or(false);
                        // There may be a task by now.
                        shared = self.lock();
                    }
                    None => {
                        shared = wait(&self.wake, shared);
                        worked_ahead = true;
                    }
                }
                continue;
            };
            worked_ahead = true;
            drop(shared);
            let batch = task.batch();
            let outcome = catch_unwind(AssertUnwindSafe(|| self.perform(task)));
            let failed = outcome.unwrap_or_else(|panic| Err(panicked(&panic))).err();
            shared = self.lock();
            if let Some(e) = failed
                && shared.queues.fail(batch)
            {
                shared.failed = Some(e);
            }
            self.wake.notify_all();
        }
        self.wake.notify_all();
        self.over.notify_all();
    }

    fn perform(&self, task: Task<S::Ready>) -> Result<()> {
        match task {
            Task::Read => {
                let mut scan = self.lock().scan.take().ok_or_else(|| Error::internal("two readers"))?;
                let chunk = scan.next();
                let mut shared = self.lock();
                shared.scan = Some(scan);
                shared.queues.read(chunk?);
            }
            Task::Decode(chunk, mut info) => {
                info.history =
                    self.last_end.map(|_| Box::new(BatchHistory::new(chunk.clone(), self.source_step)));
                let mut count = StepCounts::default();
                let batch = chunk.decode(&mut count)?;
                info.counts.push((self.source_step, count));
                self.map(0, batch, info)?;
            }
            Task::Map(station, batch, info) => self.map(station, batch, info)?,
            Task::Ordered(station, batch, mut info) => {
                let taken = self.lock().ordered[station].take();
                let mut stage = taken.ok_or_else(|| Error::internal("two workers in an ordered stage"))?;
                let batch = self.order(station, stage.as_mut(), batch, &mut info)?;
                let satisfied = stage.is_satisfied();
                self.apply_end(station, satisfied, &batch, &mut info)?;
                let mut shared = self.lock();
                shared.ordered[station] = Some(stage);
                shared.queues.deliver(station, batch, info, satisfied);
            }
            Task::Sink(_, ready, info) => {
                let taken = self.lock().sink.take();
                let sink = taken.ok_or_else(|| Error::internal("two workers in the sink"))?;
                let pushed = sink.push(ready);
                let mut shared = self.lock();
                shared.sink = Some(sink);
                pushed?;
                shared.count(info.counts);
                shared.queues.leave(info.weight);
            }
        }
        Ok(())
    }

    /// Runs an ordered station on a batch.
    fn order(
        &self,
        station: usize,
        stage: &mut dyn Ordered,
        batch: Batch,
        info: &mut InFlight,
    ) -> Result<Batch> {
        let Station::Ordered(step) = self.stations[station] else {
            return Err(Error::internal("an ordered stage in a map station"));
        };
        let mut taken_out = Vec::new();
        let batch = counted(step, batch, &mut info.counts, |batch, count| {
            let batch = stage.push(batch, &mut taken_out)?;
            taken_out.iter().for_each(|(code, place)| count.add_removed(code, *place));
            Ok(batch)
        })?;
        if let Some(history) = &mut info.history {
            history.pass(&batch, taken_out);
        }
        Ok(batch)
    }

    /// Corrects the counts if a stage has ended the input within this batch: nothing after the last row counts. After
    /// the last station that can end the input, returns the error of a later row.
    fn apply_end(&self, station: usize, satisfied: bool, batch: &Batch, info: &mut InFlight) -> Result<()> {
        if satisfied && let (Some(history), Some(last)) = (&mut info.history, batch.places.rows.last()) {
            info.counts = history.counts_until(last.row, &self.stations, station)?;
            history.failed = None;
        }
        if self.last_end == Some(station)
            && let Some(failed) = info.history.take().and_then(|history| history.failed)
        {
            return Err(failed);
        }
        Ok(())
    }

    /// Runs the stages of a map station on a batch. If a row fails and the input may end before it, only the rows
    /// before it continue.
    fn run_maps(&self, station: usize, mut batch: Batch, info: &mut InFlight) -> Result<Batch> {
        let Station::Map(fused) = &self.stations[station] else { return Ok(batch) };
        loop {
            let before = info.history.is_some().then(|| batch.clone());
            let mut counts = Vec::with_capacity(fused.len());
            let outcome = fused.iter().try_fold(batch, |batch, (step, map)| {
                self.cancel.check()?;
                counted(*step, batch, &mut counts, |batch, count| map.map(batch, count))
            });
            let failed = match outcome {
                Ok(batch) => {
                    info.counts.append(&mut counts);
                    return Ok(batch);
                }
                Err(failed) => failed,
            };
            let (Some(whole), Some(history)) = (before, &mut info.history) else { return Err(failed) };
            let (row, failed) = self.first_failing(fused, &whole, failed)?;
            batch = whole.before(row);
            history.failed = Some(failed);
        }
    }

    /// The first row of a batch that fails, found by binary search, and its error; `failed` is the error of the whole
    /// batch. Errors of functions and expressions name no row.
    fn first_failing(
        &self,
        fused: &[(usize, Arc<dyn Map>)],
        batch: &Batch,
        mut failed: Error,
    ) -> Result<(u64, Error)> {
        let rows = &batch.places.rows;
        // The rows before `good` pass, the rows before `bad` fail.
        let (mut good, mut bad) = (0, rows.len());
        while bad - good > 1 {
            self.cancel.check()?;
            let middle = good + (bad - good) / 2;
            let part = batch.clone().before(rows[middle].row);
            let outcome =
                fused.iter().try_fold(part, |part, (_, map)| map.map(part, &mut StepCounts::default()));
            match outcome {
                Ok(_) => good = middle,
                Err(e) => (bad, failed) = (middle, e),
            }
        }
        match rows.get(good) {
            Some(place) => Ok((place.row, failed)),
            // It fails even without rows.
            None => Err(failed),
        }
    }

    /// Runs a map station on a batch and delivers the result; after the last station, makes it ready for the sink.
    fn map(&self, station: usize, batch: Batch, mut info: InFlight) -> Result<()> {
        let batch = self.run_maps(station, batch, &mut info)?;
        if station + 1 < self.stations.len() {
            self.lock().queues.deliver(station, batch, info, false);
        } else {
            let seq = batch.seq;
            let ready = self.ready_maker.make_ready(batch)?;
            self.lock().queues.deliver_ready(seq, ready, info);
        }
        Ok(())
    }
}
