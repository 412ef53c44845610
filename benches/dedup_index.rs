//! Benchmark of the dedup index: memory of the process per kept row, and time per row.
//!
//! `cargo bench --bench dedup_index [-- ROWS…]`. Each line is measured in its own process, from Linux's
//! `/proc/self/status`: `held` is the memory of the index with all rows in it, `peak` the memory while its table was
//! last doubled.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a bench")]

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{BinaryArray, FixedSizeBinaryArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use fastprep::dedup::{DedupStage, KEY_BYTES};
use fastprep::flow::Ordered;
use fastprep::hash;
use fastprep::record::{Batch, Places, schema};

const MILLIONS: [u64; 7] = [1, 2, 5, 10, 14, 15, 20];
const BATCH: u64 = 8_192;
/// Bytes of a row that are compared.
const ROW_BYTES: usize = 600;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [child, rows, kind] = &args[..]
        && child == "child"
    {
        return measure(rows.parse().unwrap(), kind);
    }
    let chosen: Vec<u64> = args.iter().filter_map(|a| a.parse().ok()).collect();
    let all = MILLIONS.map(|m| m * 1_000_000);
    println!("{:>11}  {:<10}  {:>14}  {:>14}  {:>7}", "rows", "index", "held B/row", "peak B/row", "ns/row");
    for rows in if chosen.is_empty() { all.to_vec() } else { chosen } {
        for kind in ["keys", "keepers", "verified"] {
            // With more rows, the compared bytes would dominate the memory.
            if kind == "verified" && rows > 1_000_000 {
                continue;
            }
            let exe = std::env::current_exe().unwrap();
            let status = Command::new(exe).args(["child", &rows.to_string(), kind]).status().unwrap();
            assert!(status.success());
        }
    }
}

fn measure(rows: u64, kind: &str) {
    let (keepers, verify) = (kind == "keepers", kind == "verified");
    // One batch goes through another index first, so that the memory of batches is not counted.
    push(&mut DedupStage::new(keepers, verify), 0, BATCH, verify);
    let before = status("VmRSS");
    let mut stage = DedupStage::new(keepers, verify);
    let mut spent = Duration::ZERO;
    let mut first = 0;
    while first < rows {
        let n = BATCH.min(rows - first);
        spent += push(&mut stage, first, n, verify);
        first += n;
    }
    let per_row = |bytes: u64| bytes.saturating_sub(before) as f64 / rows as f64;
    let (held, peak) = (per_row(status("VmRSS")), per_row(status("VmHWM")));
    let ns = spent.as_nanos() as f64 / rows as f64;
    println!("{rows:>11}  {kind:<10}  {held:>14.1}  {peak:>14.1}  {ns:>7.0}");
    drop(stage);
}

/// Adds rows without duplicates, the worst case. Returns the time of the stage alone.
fn push(stage: &mut DedupStage, first: u64, rows: u64, verify: bool) -> Duration {
    let keys = (first..first + rows).flat_map(|i| hash::field(Some(&i.to_le_bytes())).to_be_bytes());
    let keys = FixedSizeBinaryArray::try_new(16, keys.collect::<Vec<u8>>().into(), None).unwrap();
    let mut fields = vec![Field::new(schema::KEY, DataType::FixedSizeBinary(16), false)];
    let mut columns: Vec<arrow::array::ArrayRef> = vec![Arc::new(keys)];
    if verify {
        let text = |i: u64| format!("{i:>ROW_BYTES$}").into_bytes();
        fields.push(Field::new(KEY_BYTES, DataType::Binary, false));
        columns.push(Arc::new(BinaryArray::from_iter_values((first..first + rows).map(text))));
    }
    let batch = Batch {
        seq: first / BATCH,
        records: RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap(),
        places: Places::numbered(0, first, rows as usize),
        rejects: vec![],
        duplicates: vec![],
    };
    let start = Instant::now();
    let kept = stage.push(batch, &mut vec![]).unwrap();
    let spent = start.elapsed();
    assert_eq!(kept.rows() as u64, rows);
    spent
}

/// A memory figure of this process, in bytes.
fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("this bench reads Linux's /proc");
    let line = text.lines().find(|l| l.starts_with(name)).expect("a size of the process");
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1_024
}
