//! Runs a pass on worker threads.
//!
//! A pass is a line of stations: decode (with the map stages fused behind it), then ordered stages and map
//! stages in turn, the last of them with what prepares a batch for the sink; then the sink. Workers take the work that
//! is furthest downstream first, so batches leave as soon as they can; credits bound the bytes in flight. An ordered
//! station takes batches by their number only, so no result depends on which worker was faster. Where one ends the
//! input, it ends with a row, not with a batch ([`BatchHistory`]), so that no result depends on the size of batches.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::batch_history::BatchHistory;
use super::interrupt::{POLL, interruptible, panicked};
use super::pass::{FINDINGS, Pass, PassOptions, Stage};
use super::queues::Queues;
use super::station::{Station, counted};
use super::task::{Load, Task};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::flow::{Map, Ordered, Prepare, Scan, Sink};
use crate::record::Batch;
use crate::report::StepCounts;

/// Runs the pass to its end, to its first error in input order, or until `cancel`. `interrupted` is asked a few times a
/// second by the calling thread. Gives the counts of each step.
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
        stations,
        last_end: ordered.iter().rposition(can_end),
        source_step: pass.source_step,
        preparer: pass.sink.preparer(),
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
        let mut asked = Instant::now();
        let mut shared = line.lock();
        while !shared.is_over() {
            shared = wait(&line.over, shared);
            if asked.elapsed() >= POLL && !shared.is_over() {
                // Not under the lock: the question may have to wait for the interpreter.
                drop(shared);
                if interrupted() {
                    cancel.cancel();
                }
                asked = Instant::now();
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

/// What workers share, under one lock that is held for hand-over only.
struct Shared<'s, S: Sink> {
    queues: Queues<S::Ready>,
    counts: Vec<StepCounts>,
    /// Absent while a worker uses it; likewise below.
    scan: Option<Box<dyn Scan>>,
    ordered: Vec<Option<Box<dyn Ordered>>>,
    sink: Option<&'s mut S>,
    /// The first in input order so far.
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
    /// The last one is a map station.
    stations: Vec<Station>,
    /// The last station that can end the input.
    last_end: Option<usize>,
    source_step: usize,
    preparer: Arc<dyn Prepare<S::Ready>>,
    shared: Mutex<Shared<'s, S>>,
    /// There may be work.
    wake: Condvar,
    /// There will be none any more.
    over: Condvar,
    cancel: &'c Cancel,
}

fn wait<'g, T>(on: &Condvar, guard: MutexGuard<'g, T>) -> MutexGuard<'g, T> {
    on.wait_timeout(guard, POLL).unwrap_or_else(PoisonError::into_inner).0
}

impl<'s, S: Sink> Line<'s, '_, S> {
    fn lock(&self) -> MutexGuard<'_, Shared<'s, S>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut shared = self.lock();
        while !shared.is_over() && !self.cancel.is_cancelled() {
            let Some(task) = shared.queues.take() else {
                shared = wait(&self.wake, shared);
                continue;
            };
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
            Task::Decode(chunk, mut load) => {
                load.history =
                    self.last_end.map(|_| Box::new(BatchHistory::new(chunk.clone(), self.source_step)));
                let mut count = StepCounts::default();
                let batch = chunk.decode(&mut count)?;
                load.counts.push((self.source_step, count));
                self.map(0, batch, load)?;
            }
            Task::Map(station, batch, load) => self.map(station, batch, load)?,
            Task::Ordered(station, batch, mut load) => {
                let taken = self.lock().ordered[station].take();
                let mut stage = taken.ok_or_else(|| Error::internal("two workers in an ordered stage"))?;
                let batch = self.order(station, stage.as_mut(), batch, &mut load)?;
                let satisfied = stage.is_satisfied();
                self.settle(station, satisfied, &batch, &mut load)?;
                let mut shared = self.lock();
                shared.ordered[station] = Some(stage);
                shared.queues.deliver(station, batch, load, satisfied);
            }
            Task::Sink(_, ready, load) => {
                let taken = self.lock().sink.take();
                let sink = taken.ok_or_else(|| Error::internal("two workers in the sink"))?;
                let pushed = sink.push(ready);
                let mut shared = self.lock();
                shared.sink = Some(sink);
                pushed?;
                shared.count(load.counts);
                shared.queues.leave(load.weight);
            }
        }
        Ok(())
    }

    /// Does the work of an ordered station.
    fn order(&self, station: usize, stage: &mut dyn Ordered, batch: Batch, load: &mut Load) -> Result<Batch> {
        let Station::Ordered(step) = self.stations[station] else {
            return Err(Error::internal("an ordered stage in a map station"));
        };
        let mut taken_out = Vec::new();
        let batch = counted(step, batch, &mut load.counts, |batch, count| {
            let batch = stage.push(batch, &mut taken_out)?;
            taken_out.iter().for_each(|(code, place)| count.remove(code, *place));
            Ok(batch)
        })?;
        if let Some(history) = &mut load.history {
            history.pass(&batch, taken_out);
        }
        Ok(batch)
    }

    /// Where a stage has ended the input within this batch, nothing after the last row counts. Where none can any
    /// more, an error there does.
    fn settle(&self, station: usize, satisfied: bool, batch: &Batch, load: &mut Load) -> Result<()> {
        if satisfied && let (Some(history), Some(last)) = (&mut load.history, batch.places.rows.last()) {
            load.counts = history.counts_until(last.row, &self.stations, station)?;
            history.failed = None;
        }
        if self.last_end == Some(station)
            && let Some(failed) = load.history.take().and_then(|history| history.failed)
        {
            return Err(failed);
        }
        Ok(())
    }

    /// Does the work of a map station on a batch. Where a row fails and the input may end before it, the rows before it
    /// go on.
    fn mapped(&self, station: usize, mut batch: Batch, load: &mut Load) -> Result<Batch> {
        let Station::Map(fused) = &self.stations[station] else { return Ok(batch) };
        loop {
            let before = load.history.is_some().then(|| batch.clone());
            let mut counts = Vec::with_capacity(fused.len());
            let outcome = fused.iter().try_fold(batch, |batch, (step, map)| {
                self.cancel.check()?;
                counted(*step, batch, &mut counts, |batch, count| map.map(batch, count))
            });
            let failed = match outcome {
                Ok(batch) => {
                    load.counts.append(&mut counts);
                    return Ok(batch);
                }
                Err(failed) => failed,
            };
            let (Some(whole), Some(history)) = (before, &mut load.history) else { return Err(failed) };
            let (row, failed) = self.first_failing(fused, &whole, failed)?;
            batch = whole.before(row);
            history.failed = Some(failed);
        }
    }

    /// The first row of a batch that fails, found by halves, and its error; `failed` is that of the whole batch. Errors of
    /// functions and expressions name no row.
    fn first_failing(
        &self,
        fused: &[(usize, Arc<dyn Map>)],
        batch: &Batch,
        mut failed: Error,
    ) -> Result<(u64, Error)> {
        let rows = &batch.places.rows;
        // Those below `good` pass, those below `bad` do not.
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
            // It fails without a row.
            None => Err(failed),
        }
    }

    /// Does the work of a map station, the last one's for the sink too.
    fn map(&self, station: usize, batch: Batch, mut load: Load) -> Result<()> {
        let batch = self.mapped(station, batch, &mut load)?;
        if station + 1 < self.stations.len() {
            self.lock().queues.deliver(station, batch, load, false);
        } else {
            let seq = batch.seq;
            let ready = self.preparer.prepare(batch)?;
            self.lock().queues.deliver_ready(seq, ready, load);
        }
        Ok(())
    }
}
