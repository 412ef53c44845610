//! Runs a plan on a thread of its own. The caller takes the rows batch by batch, at its own pace.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use arrow::array::RecordBatch;

use super::collect::run_into;
use super::interrupt::{Interrupted, POLL, panicked};
use super::own_threads;
use super::resources::Resources;
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result};
use crate::plan::Resolved;
use crate::record::FileNames;
use crate::report::{Counted, Named, StepCounts, entries};
use crate::write::{BatchSender, StreamedBatch};

/// The number of finished batches that wait for the caller. The engine limits the bytes of all others.
const WAITING: usize = 1;

/// A run whose rows are taken batch by batch. The run stops when this is dropped.
pub(crate) struct Stream {
    /// None after the last batch, or after the run was stopped.
    batches: Option<Receiver<StreamedBatch>>,
    run: Option<JoinHandle<Result<()>>>,
    cancel: Cancel,
    /// Set before the first batch is sent.
    names: Arc<OnceLock<FileNames>>,
    /// The rejects among the rows up to the last batch that was taken.
    rejects: StepCounts,
}

impl Stream {
    /// Starts a run. `cancel` stops it from any thread.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(crate) fn start(plan: Resolved, resources: Resources, cancel: Cancel) -> Result<Self> {
        let (sender, batches) = sync_channel(WAITING);
        let names = Arc::new(OnceLock::new());
        let (stop, set_names) = (cancel.clone(), Arc::clone(&names));
        let work = move || {
            own_threads::mark();
            let run = || run_plan(&plan, resources, &stop, sender, &set_names);
            catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(panicked(&panic)))
        };
        let run = std::thread::Builder::new()
            .name("fastprep-run".into())
            .spawn(work)
            .map_err(|e| Error::new(Class::Internal, "internal", "a thread cannot be started").source(e))?;
        let batches = Some(batches);
        Ok(Stream { batches, run: Some(run), cancel, names, rejects: StepCounts::default() })
    }

    /// The next rows; none after the last. While it waits, it calls `interrupted` a few times a second.
    ///
    /// # Errors
    /// Those of the run, after the rows before them; `Cancelled`.
    pub(crate) fn next(&mut self, interrupted: Interrupted<'_>) -> Result<Option<RecordBatch>> {
        while let Some(batches) = &self.batches {
            match batches.recv_timeout(POLL) {
                Ok(batch) => {
                    self.rejects.merge(batch.rejects);
                    if batch.records.num_rows() > 0 {
                        return Ok(Some(batch.records));
                    }
                }
                Err(RecvTimeoutError::Timeout) if interrupted() => {
                    self.stop();
                    return Err(Error::cancelled());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    self.batches = None;
                    return self.join().map(|()| None);
                }
            }
        }
        Ok(None)
    }

    /// The rejects among the rows taken so far, by reason code, the most frequent first.
    pub(crate) fn rejects(&self) -> Named<Counted> {
        entries(&self.rejects.removed, self.names.get().unwrap_or(&FileNames::default()))
    }

    /// Stops the run, and waits for its threads to end; in a thread of a run it does not wait.
    pub(crate) fn stop(&mut self) {
        self.cancel.cancel();
        self.batches = None;
        if own_threads::is_of_a_run() {
            self.run = None;
        }
        // What went wrong after the last batch that was taken is of no interest.
        drop(self.join());
    }

    fn join(&mut self) -> Result<()> {
        match self.run.take() {
            Some(run) => run.join().unwrap_or_else(|panic| Err(panicked(&panic))),
            None => Ok(()),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run_plan(
    plan: &Resolved,
    resources: Resources,
    cancel: &Cancel,
    batches: SyncSender<StreamedBatch>,
    names: &OnceLock<FileNames>,
) -> Result<()> {
    let mut sink = BatchSender::new(plan.job.split_names.clone(), batches);
    let opened = |opened: &FileNames| {
        names.get_or_init(|| Arc::clone(opened));
    };
    run_into(&mut sink, plan, resources, cancel, &mut || false, opened).map(drop)
}
