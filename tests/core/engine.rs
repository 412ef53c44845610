//! Tests of the engine: the output does not depend on threads and batches, and a run ends whatever a stage does.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use fastprep::cancel::Cancel;
use fastprep::compute::Function;
use fastprep::engine::collect::collect;
use fastprep::engine::{Pass, PassOptions, Resources, Stage, run_pass};
use fastprep::error::{Class, Error, Result};
use fastprep::flow::{Cut, Decode, MakeReady, Map, Ordered, PairedScan, Piece, RemovedRows, Sink};
use fastprep::plan::source::OpenReader;
use fastprep::plan::verbs::{Head, Pack, Shuffle, SuppliedFunction, Tokenize, WithColumns};
use fastprep::plan::{Plan, SourceSpec, Step, TokenizerSpec, resolve};
use fastprep::read::ColumnKind;
use fastprep::read::ReadColumn;
use fastprep::read::arrow::{Records, RecordsDecode};
use fastprep::record::{Batch, Policy};
use fastprep::report::StepCounts;
use fastprep::select::HeadStage;
use fastprep::store::Files;
use fastprep::tokenize::{Boundary, OnOverflow};
use fastprep::tokenizer::TokenNames;
use serde_json::json;

use crate::support::{self, ONE_THREAD, chain, inputs, lines, names, scan, tree};

/// A tokenizer whose tokens are the bytes.
fn byte_tokenizer() -> TokenizerSpec {
    let own = |b: u32| matches!(b, 33..=126 | 161..=172 | 174..=255);
    let mut others = 256..;
    let shown = (0..256).map(|b| if own(b) { b } else { others.next().unwrap() });
    let vocab: serde_json::Map<_, _> =
        shown.enumerate().map(|(id, c)| (char::from_u32(c).unwrap().to_string(), json!(id))).collect();
    let byte_level =
        json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": byte_level, "post_processor": null, "decoder": byte_level,
        "model": {"type": "BPE", "vocab": vocab, "merges": []},
    });
    let names = TokenNames { bos: None, eos: None, pad: None };
    TokenizerSpec::json(tokenizer.to_string().into_bytes(), names, false, "bytes".into())
}

/// A plan with shuffle, head, shuffle, pack, head and shuffle: four barriers with steps between them.
fn with_barriers(source: Plan) -> Plan {
    let head = |rows| Step::from(Head { rows });
    let shuffled = source.push(Step::from(Shuffle { seed: 1 })).unwrap().push(head(300)).unwrap();
    let pack = Step::from(Pack { max_length: Some(200), seed: 5 });
    let steps = [pack, head(30), Step::from(Shuffle { seed: 2 })];
    steps.into_iter().fold(tokenized(&chain(shuffled)), |plan, step| plan.push(step).unwrap())
}

fn tokenized(plan: &Plan) -> Plan {
    let step = Tokenize {
        tokenizer: byte_tokenizer(),
        max_length: Some(60),
        on_overflow: OnOverflow::Reject,
        boundary: Boundary::Part,
        special_tokens: fastprep::record::SpecialPolicy::Remove(Policy::Reject),
        keep_text: true,
        add_bos: true,
        verify: None,
    };
    plan.push(Step::from(step)).unwrap()
}

#[test]
fn output_does_not_depend_on_threads_batches_and_memory() {
    let dir = tempfile::tempdir().unwrap();
    let rows = || scan(inputs(dir.path(), 400));
    compare_outputs(&tokenized(&chain(rows())), dir.path(), 100);
    compare_outputs(&with_barriers(rows()), dir.path(), 25);
}

/// Runs a plan with several resources and compares the files. More than `least` rows must be written.
fn compare_outputs(plan: &Plan, dir: &Path, least: u64) {
    let mut first = None;
    for threads in [1, 2, 7] {
        for batch_rows in [1, 3, 65_536] {
            for (batch_bytes, shuffle_bytes) in [(1 << 20, 1 << 20), (300, 4_000)] {
                let out = dir.join(format!("{threads}-{batch_rows}-{batch_bytes}"));
                let resources = Resources { threads, batch_bytes, batch_rows, shuffle_bytes };
                let report = support::run(plan, &out, resources, Files::local()).unwrap();
                assert!(report["rows"]["written"].as_u64() > Some(least), "{report}");
                assert!(report["rows"]["rejected"].as_u64() > Some(20), "{report}");
                let files = tree(&out);
                fs::remove_dir_all(&out).unwrap();
                let expected = first.get_or_insert_with(|| files.clone());
                assert_eq!(names(&files), names(expected), "{resources:?}");
                assert!(files == *expected, "{resources:?}");
            }
        }
    }
}

#[test]
fn collected_rows_are_the_same_too() {
    let dir = tempfile::tempdir().unwrap();
    let plan =
        resolve(&tokenized(&chain(scan(inputs(dir.path(), 200)))), &Files::local(), &Cancel::default())
            .unwrap();
    let rows = |threads, batch_rows, shuffle_bytes| {
        let resources = Resources { threads, batch_bytes: 4_000, batch_rows, shuffle_bytes };
        let collected = collect(&plan, resources, &Cancel::default(), &mut || false).unwrap();
        arrow::compute::concat_batches(&collected.batches[0].schema(), &collected.batches).unwrap()
    };
    let first = rows(1, 1, 3_000);
    assert!(first.num_rows() > 50);
    assert!(rows(2, 7, 1 << 20) == first && rows(7, 1_000, 1) == first);
}

/// Where a run fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    Source,
    Decode,
    Map,
    Ordered,
    Satisfied,
    MakeReady,
    Sink,
    Finish,
    Nowhere,
}

/// Counts batches, and fails at one place.
struct Watch {
    at: At,
    panics: bool,
    /// The batch at which it fails.
    seq: u64,
    produced: AtomicU64,
    taken: AtomicU64,
    most: AtomicU64,
    finished: AtomicBool,
}

impl Watch {
    fn new(at: At, panics: bool) -> Arc<Self> {
        let zero = || AtomicU64::new(0);
        let finished = AtomicBool::new(false);
        Arc::new(Watch { at, panics, seq: 9, produced: zero(), taken: zero(), most: zero(), finished })
    }

    fn pass(&self, at: At, seq: u64) -> Result<()> {
        match self.at == at && (seq == self.seq || at == At::Finish) {
            true if self.panics => panic!("boom in {at:?}"),
            true => Err(Error::new(Class::Callback, "boom", format!("boom in {at:?}"))),
            false => Ok(()),
        }
    }
}

const CHUNK_ROWS: i64 = 50;

/// Numbers in chunks of [`CHUNK_ROWS`].
struct Numbers {
    watch: Arc<Watch>,
    chunks: u64,
}

fn numbers(from: i64) -> RecordBatch {
    let column: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + CHUNK_ROWS));
    RecordBatch::try_from_iter([("n", column)]).unwrap()
}

fn chunk_bytes() -> u64 {
    Records { file: 0, first_row: 0, rows: numbers(0) }.bytes() as u64
}

impl Cut for Numbers {
    type Piece = Records;

    fn next(&mut self) -> Result<Option<Records>> {
        let seq = self.watch.produced.load(Ordering::SeqCst);
        let in_flight = (seq - self.watch.taken.load(Ordering::SeqCst)) * chunk_bytes();
        self.watch.most.fetch_max(in_flight, Ordering::SeqCst);
        self.watch.pass(At::Source, seq)?;
        if seq == self.chunks {
            return Ok(None);
        }
        self.watch.produced.fetch_add(1, Ordering::SeqCst);
        let first_row = seq * CHUNK_ROWS as u64;
        Ok(Some(Records { file: 0, first_row, rows: numbers(first_row as i64) }))
    }
}

struct Parts(Arc<Watch>);

impl Map for Parts {
    fn map(&self, batch: Batch, _: &mut StepCounts) -> Result<Batch> {
        self.0.pass(At::Map, batch.seq)?;
        Ok(batch)
    }
}

impl Ordered for Parts {
    fn push(&mut self, batch: Batch, _: &mut RemovedRows) -> Result<Batch> {
        self.0.pass(At::Ordered, batch.seq)?;
        Ok(batch)
    }

    fn is_satisfied(&self) -> bool {
        self.0.pass(At::Satisfied, self.0.seq).is_err()
    }
}

impl Decode<Records> for Parts {
    fn decode(&self, piece: Records, counts: &mut StepCounts) -> Result<Batch> {
        self.0.pass(At::Decode, piece.first_row / CHUNK_ROWS as u64)?;
        let columns = [ReadColumn::new("n", ColumnKind::Int64)];
        RecordsDecode::new(&columns, numbers(0).schema_ref())?.decode(piece, counts)
    }
}

struct Rows {
    watch: Arc<Watch>,
    firsts: Vec<u64>,
}

impl MakeReady<Batch> for Parts {
    fn make_ready(&self, batch: Batch) -> Result<Batch> {
        self.0.pass(At::MakeReady, batch.seq)?;
        Ok(batch)
    }
}

impl Sink for Rows {
    type Ready = Batch;

    fn ready_maker(&self) -> Arc<dyn MakeReady<Batch>> {
        Arc::new(Parts(self.watch.clone()))
    }

    fn push(&mut self, batch: Batch) -> Result<()> {
        self.watch.pass(At::Sink, batch.seq)?;
        self.firsts.push(batch.places.rows[0].row);
        self.watch.taken.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        self.watch.pass(At::Finish, 0)?;
        self.watch.finished.store(true, Ordering::SeqCst);
        Ok(())
    }
}

/// Runs `chunks` chunks through a map stage, an ordered stage, another map stage, and then the stages `more`.
fn line(
    watch: &Arc<Watch>,
    chunks: u64,
    more: Vec<Stage>,
    threads: usize,
    bytes_in_flight: usize,
    cancel: &Cancel,
    interrupted: &mut dyn FnMut() -> bool,
) -> (Result<Vec<StepCounts>>, Vec<u64>) {
    let part = || Parts(watch.clone());
    let stages =
        [Stage::Map(Arc::new(part())), Stage::Ordered(Box::new(part())), Stage::Map(Arc::new(part()))];
    let stages = stages.into_iter().chain(more).map(|stage| (1, stage)).collect();
    let mut sink = Rows { watch: watch.clone(), firsts: vec![] };
    let pass = Pass {
        scan: Box::new(PairedScan::new(Numbers { watch: watch.clone(), chunks }, Arc::new(part()))),
        source_step: 0,
        stages,
        sink: &mut sink,
        steps: 2,
    };
    let done = run_pass(pass, &PassOptions { threads, bytes_in_flight }, cancel, interrupted);
    (done, sink.firsts)
}

fn plain(watch: &Arc<Watch>, chunks: u64, threads: usize) -> (Result<Vec<StepCounts>>, Vec<u64>) {
    line(watch, chunks, vec![], threads, 5_000, &Cancel::default(), &mut || false)
}

#[test]
fn a_panic_or_an_error_anywhere_ends_the_run_with_an_error() {
    use At::{Decode, Finish, MakeReady, Map, Ordered, Satisfied, Sink, Source};
    for at in [Source, Decode, Map, Ordered, Satisfied, MakeReady, Sink, Finish] {
        for (panics, class) in [(true, Class::Internal), (false, Class::Callback)] {
            if at == Satisfied && !panics {
                continue;
            }
            for threads in [1, 2, 7] {
                let watch = Watch::new(at, panics);
                let (done, firsts) = plain(&watch, 1_000, threads);
                let e = done.unwrap_err();
                assert_eq!(e.class(), class, "{at:?}: {e}");
                assert!(e.to_string().contains("boom") || at == Satisfied, "{e}");
                assert!(!watch.finished.load(Ordering::SeqCst));
                // No later batch reached the sink, and reading stopped soon.
                assert!(at == Finish || firsts.len() as u64 <= watch.seq + 1, "{at:?} {}", firsts.len());
                assert!(at == Finish || watch.produced.load(Ordering::SeqCst) < 100);
            }
        }
    }
}

#[test]
fn batches_arrive_in_order_and_counts_add_up() {
    for threads in [1, 2, 7] {
        let watch = Watch::new(At::Nowhere, true);
        let (done, firsts) = plain(&watch, 300, threads);
        let rows = 300 * CHUNK_ROWS as u64;
        let counts = done.unwrap();
        assert_eq!((counts[0].rows_out, counts[1].rows_in), (rows, 3 * rows));
        assert_eq!(firsts, (0..300).map(|i| i * CHUNK_ROWS as u64).collect::<Vec<_>>());
        assert!(watch.finished.load(Ordering::SeqCst));
    }
}

#[test]
fn bytes_in_flight_stay_below_the_limit() {
    for threads in [1, 2, 7] {
        for limit in [1, 3 * chunk_bytes(), 10 * chunk_bytes() + 1] {
            let watch = Watch::new(At::Nowhere, true);
            let never = &mut || false;
            let (done, _) = line(&watch, 500, vec![], threads, limit as usize, &Cancel::default(), never);
            done.unwrap();
            let most = watch.most.load(Ordering::SeqCst);
            // `taken` is counted in the sink, before the bytes are released.
            assert!(most <= limit, "{most} bytes of {limit}");
        }
    }
}

#[test]
fn head_stops_a_source_that_never_ends() {
    for threads in [1, 2, 7] {
        let watch = Watch::new(At::Nowhere, true);
        let head = vec![Stage::Ordered(Box::new(HeadStage::new(120, true)))];
        let (done, firsts) = line(&watch, u64::MAX, head, threads, 5_000, &Cancel::default(), &mut || false);
        done.unwrap();
        assert_eq!(firsts, [0, 50, 100]);
        assert!(watch.finished.load(Ordering::SeqCst));
        assert!(watch.produced.load(Ordering::SeqCst) < 100);
    }
}

/// Fails at each batch from `from` on, and is slow at batch `from`.
struct Failing {
    from: u64,
}

impl Map for Failing {
    fn map(&self, batch: Batch, _: &mut StepCounts) -> Result<Batch> {
        match batch.seq {
            seq if seq < self.from => return Ok(batch),
            seq if seq == self.from => std::thread::sleep(Duration::from_millis(20)),
            _ => {}
        }
        Err(Error::new(Class::Data, "bad", format!("batch {} is bad", batch.seq)))
    }
}

#[test]
fn the_reported_error_is_the_first_in_input_order() {
    for threads in [1, 2, 7] {
        let watch = Watch::new(At::Nowhere, true);
        let failing = vec![Stage::Map(Arc::new(Failing { from: 9 }))];
        let (done, firsts) =
            line(&watch, u64::MAX, failing, threads, 20_000, &Cancel::default(), &mut || false);
        assert_eq!(done.unwrap_err().message(), "batch 9 is bad");
        assert_eq!(firsts.len(), 9);
    }
}

#[test]
fn errors_after_the_rows_of_a_head_are_ignored() {
    for threads in [1, 2, 7] {
        for from in [3, 4, 9] {
            let watch = Watch::new(At::Nowhere, true);
            let stages = vec![
                Stage::Map(Arc::new(Failing { from })),
                Stage::Ordered(Box::new(HeadStage::new(120, true))),
            ];
            let (done, firsts) =
                line(&watch, u64::MAX, stages, threads, 20_000, &Cancel::default(), &mut || false);
            done.unwrap();
            assert_eq!(firsts, [0, 50, 100]);
        }
    }
}

#[test]
fn an_interruption_stops_a_source_that_never_ends() {
    for threads in [1, 2, 7] {
        let watch = Watch::new(At::Nowhere, true);
        let mut asked = 0;
        let (done, _) = line(&watch, u64::MAX, vec![], threads, 5_000, &Cancel::default(), &mut || {
            asked += 1;
            asked == 2
        });
        assert_eq!(done.unwrap_err().class(), Class::Cancelled);
        assert_eq!(asked, 2);
        assert!(!watch.finished.load(Ordering::SeqCst));
    }
}

/// A sink that is slow at the end, like a shuffle or a slow disk.
struct Slow(Cancel);

impl Sink for Slow {
    type Ready = Batch;

    fn ready_maker(&self) -> Arc<dyn MakeReady<Batch>> {
        Arc::new(Parts(Watch::new(At::Nowhere, false)))
    }

    fn push(&mut self, _: Batch) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        for _ in 0..1_000 {
            self.0.check()?;
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

#[test]
fn an_interruption_stops_a_run_while_the_sink_finishes() {
    let (watch, cancel) = (Watch::new(At::Nowhere, true), Cancel::default());
    let pass = Pass {
        scan: Box::new(PairedScan::new(Numbers { watch: watch.clone(), chunks: 3 }, Arc::new(Parts(watch)))),
        source_step: 0,
        stages: vec![],
        sink: &mut Slow(cancel.clone()),
        steps: 1,
    };
    let options = PassOptions { threads: 2, bytes_in_flight: 5_000 };
    assert_eq!(run_pass(pass, &options, &cancel, &mut || true).unwrap_err().class(), Class::Cancelled);
}

/// A function of the caller that returns its columns, and calls `F` with the number of each call that has rows.
struct Called<F>(Mutex<(u64, F)>);

impl<F: FnMut(u64) -> Result<()>> Called<F> {
    fn new(f: F) -> Arc<Self> {
        Arc::new(Called(Mutex::new((0, f))))
    }
}

impl<F: FnMut(u64) -> Result<()> + Send> Function for Called<F> {
    fn call(&self, columns: &RecordBatch) -> Result<RecordBatch> {
        let mut state = self.0.lock().unwrap();
        if columns.num_rows() > 0 {
            state.0 += 1;
            let call = state.0;
            (state.1)(call)?;
        }
        Ok(columns.clone())
    }
}

/// The plan with a step that calls `f` with the number of the call.
pub fn with_function(plan: &Plan, f: impl FnMut(u64) -> Result<()> + Send + 'static) -> Plan {
    let step = WithColumns {
        columns: vec!["output".into()],
        names: vec!["output".into()],
        expressions: Vec::new(),
        function: SuppliedFunction::new(Called::new(f), "output".into()),
    };
    plan.push(Step::from(step)).unwrap()
}

#[test]
fn an_error_of_a_function_stops_and_leaves_nothing() {
    for threads in [1, 2, 7] {
        let dir = tempfile::tempdir().unwrap();
        let scan = scan(inputs(dir.path(), 2_000));
        let calls = Arc::new(AtomicU64::new(0));
        let counted = calls.clone();
        let plan = chain(with_function(&scan, move |call| {
            counted.store(call, Ordering::SeqCst);
            match call {
                3.. => Err(Error::new(Class::Callback, "callback", "no more")),
                _ => Ok(()),
            }
        }));
        let out = dir.path().join("out");
        let e = support::run(&plan, &out, Resources { threads, ..ONE_THREAD }, Files::local()).unwrap_err();
        assert_eq!((e.class(), e.message()), (Class::Callback, "no more"));
        assert!(!out.exists());
        assert!(calls.load(Ordering::SeqCst) < 20, "{calls:?} calls");
    }
}

/// A stream of lines that never ends.
struct Endless;

impl OpenReader for Endless {
    fn again(&self) -> bool {
        true
    }

    fn open(&self) -> Result<Box<dyn std::io::Read + Send>> {
        Ok(Box::new(Repeat(lines(0, 23).into_bytes(), 0)))
    }
}

struct Repeat(Vec<u8>, usize);

impl std::io::Read for Repeat {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = (&self.0[self.1..]).read(out)?;
        self.1 = (self.1 + n) % self.0.len();
        Ok(n)
    }
}

#[test]
fn an_interrupted_run_leaves_nothing() {
    for before in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        if before {
            let plan = chain(scan(inputs(dir.path(), 60)));
            support::run(&plan, &out, ONE_THREAD, Files::local()).unwrap();
        }
        let files = tree(dir.path());
        let endless = SourceSpec::Reader {
            name: "<stdin>".into(),
            stream: Arc::new(Endless),
            max_line_bytes: 1 << 20,
            peeked: Arc::default(),
        };
        let mut asked = 0;
        let resources = Resources { threads: 2, ..ONE_THREAD };
        let done =
            support::run_until(&chain(Plan::new(endless)), &out, resources, Files::local(), &mut || {
                asked += 1;
                asked == 3
            });
        assert_eq!(done.unwrap_err().class(), Class::Cancelled);
        assert!(tree(dir.path()) == files, "{:?}", names(&tree(dir.path())));
    }
}
