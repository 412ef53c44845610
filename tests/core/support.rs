//! Example data, plans and folders for the tests.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fastprep::cancel::Cancel;
use fastprep::dedup::Normalize;
use fastprep::engine::Resources;
use fastprep::engine::publish::{Target, sink};
use fastprep::error::Result;
use fastprep::format::{OnCollision, PromptFormat};
use fastprep::plan::verbs::{Dedup, Format, Shuffle, Split};
use fastprep::plan::{Plan, SourceSpec, Step, resolve};
use fastprep::read::jsonl::format::JsonLines;
use fastprep::record::Policy;
use fastprep::store::Files;
use fastprep::write::{Compression, Format as ShardFormat};
use serde_json::Value;

pub const ONE_THREAD: Resources =
    Resources { threads: 1, batch_bytes: 512, batch_rows: 5, shuffle_bytes: 2_000 };

/// JSON lines with duplicates, collisions, empty fields, blank lines and lines that are not JSON.
pub fn lines(from: usize, to: usize) -> String {
    let mut text = String::new();
    for i in from..to {
        match i % 23 {
            5 => text.push_str("{\"instruction\": \"cut off\n"),
            9 => text.push('\n'),
            13 => text.push_str("{\"instruction\":\"a\\n##\",\"input\":\"\\n##\\n\",\"output\":\"x\"}\n"),
            17 => writeln!(text, r#"{{"instruction":"no output {i}","input":"","output":"","id":{i}}}"#)
                .unwrap(),
            _ => {
                let same = if i % 7 == 3 { i - 3 } else { i };
                let (input, meta) = ("ü ".repeat(same % 5), "[1, 2.50, {\"k\": null}]");
                let output = format!("answer {same}\\n{}", "line\\t".repeat(same % 9));
                writeln!(
                    text,
                    r#"{{"instruction":"question {same}","input":"{input}","output":"{output}","id":{i},"meta":{meta}}}"#
                )
                .unwrap();
            }
        }
    }
    text
}

/// Creates a folder with two files of lines.
pub fn inputs(dir: &Path, rows: usize) -> Vec<PathBuf> {
    let folder = dir.join("in");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("a.jsonl"), lines(0, rows / 2)).unwrap();
    fs::write(folder.join("b.jsonl"), lines(rows / 2, rows)).unwrap();
    vec![folder]
}

pub fn scan(inputs: Vec<PathBuf>) -> Plan {
    Plan::new(SourceSpec::Files { format: Arc::new(JsonLines { max_line_bytes: 1 << 20 }), inputs })
}

/// The plan with format, dedup, split and shuffle, so that rejects, duplicates and keys are written.
pub fn chain(plan: Plan) -> Plan {
    let format = PromptFormat::new("{instruction}\n{input}", "{output}", "\n##\n", "\n###\n", None).unwrap();
    let shares = vec![("valid".to_string(), 0.2)];
    let steps = [
        Step::from(Format::new(Arc::new(format), OnCollision::Remove(Policy::Reject))),
        Step::from(Dedup {
            on: None,
            normalize: Normalize::default(),
            verify: false,
            keepers: true,
            against: vec![],
        }),
        Step::from(Split { shares, seed: 7, by: None, report_by: None, existing: None }),
        Step::from(Shuffle { seed: 7 }),
    ];
    steps.into_iter().fold(plan, |plan, step| plan.push(step).unwrap())
}

/// A target with all formats and small shards.
pub fn target(out: &Path) -> Target {
    Target {
        dir: out.to_path_buf(),
        overwrite: true,
        formats: vec![
            ShardFormat::Arrow,
            ShardFormat::Jsonl { compression: Compression::Zstd },
            ShardFormat::Parquet,
        ],
        shard_bytes: 1_500,
        max_rejects: None,
        report: None,
    }
}

/// Resolves and runs a plan.
pub fn run(plan: &Plan, out: &Path, resources: Resources, store: Files) -> Result<Value> {
    run_until(plan, out, resources, store, &mut || false)
}

pub fn run_until(
    plan: &Plan,
    out: &Path,
    resources: Resources,
    store: Files,
    interrupted: &mut dyn FnMut() -> bool,
) -> Result<Value> {
    let plan = resolve(plan, &store, &Cancel::default())?;
    sink(&plan, &target(out), resources, store, &Cancel::default(), interrupted)
        .map(|report| report.to_json())
}

/// All files and folders below a folder, by relative path; paths of folders end in `/`.
pub fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            if path.is_dir() {
                files.insert(name + "/", vec![]);
                folders.push(path);
            } else {
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// Writes the files of a [`tree`].
pub fn write_tree(folder: &Path, files: &BTreeMap<String, Vec<u8>>) {
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in files {
        match name.ends_with('/') {
            true => fs::create_dir_all(folder.join(name)).unwrap(),
            false => fs::write(folder.join(name), bytes).unwrap(),
        }
    }
}

pub fn names(files: &BTreeMap<String, Vec<u8>>) -> Vec<&String> {
    files.keys().collect()
}
