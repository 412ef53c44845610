//! A file format that only this test defines is read like those of the core: a format needs only its trait.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use fastprep::cancel::Cancel;
use fastprep::error::Result;
use fastprep::flow::{Cut, PairedScan};
use fastprep::plan::{Plan, SourceSpec};
use fastprep::read::arrow::{Records, RecordsDecode};
use fastprep::read::file_format::{FileFormat, FileHead, KnownColumns, Opened, ScanRequest, read_options};
use fastprep::read::inputs::Inputs;
use fastprep::read::jsonl::format::JsonLines;
use fastprep::read::parts::{Extent, Part, ranges};
use fastprep::read::{InputFile, cannot_read};
use fastprep::store::Files;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::parts::same;
use crate::support::{ONE_THREAD, chain, run, tree};

const COLUMNS: [&str; 3] = ["instruction", "input", "output"];

/// Three texts a row, each padded with spaces to the same number of bytes, without line ends.
#[derive(Debug, Clone, Copy, Deserialize)]
struct FixedWidth {
    width: usize,
}

impl FixedWidth {
    fn row_bytes(self) -> u64 {
        (COLUMNS.len() * self.width) as u64
    }

    fn records(self, text: &str) -> RecordBatch {
        let rows = text.len() / self.row_bytes() as usize;
        let value = |i: usize| text[i * self.width..][..self.width].trim_end();
        let column = |c: usize| -> ArrayRef {
            Arc::new(StringArray::from_iter_values((0..rows).map(|row| value(row * COLUMNS.len() + c))))
        };
        RecordBatch::try_from_iter((0..).zip(COLUMNS).map(|(c, name)| (name, column(c)))).unwrap()
    }
}

impl FileFormat for FixedWidth {
    fn name(&self) -> &'static str {
        "fixed"
    }

    fn title(&self) -> &'static str {
        "fixed width"
    }

    fn verb(&self) -> &'static str {
        "scan_fixed"
    }

    fn options(&self) -> Map<String, Value> {
        Map::from_iter([("width".into(), self.width.into())])
    }

    fn with_options(&self, options: Map<String, Value>) -> Result<Arc<dyn FileFormat>> {
        Ok(Arc::new(read_options::<Self>(self.verb(), options)?))
    }

    fn recognises(&self, _head: &FileHead<'_>) -> bool {
        false
    }

    fn matches(&self, file_name: &str) -> bool {
        file_name.ends_with(".fixed")
    }

    fn file_names(&self) -> String {
        "*.fixed".into()
    }

    fn folder_help(&self, _folder: &Path) -> String {
        "use scan_fixed".into()
    }

    fn columns(&self, _files: &[InputFile], _cancel: &Cancel) -> Result<KnownColumns> {
        let fields = COLUMNS.map(|name| Field::new(name, DataType::Utf8, true));
        Ok(KnownColumns::Typed(Arc::new(Schema::new(fields.to_vec()))))
    }

    fn parts(&self, files: &[InputFile], bytes: u64, _cancel: &Cancel) -> Result<Vec<Part>> {
        let mut parts = Vec::new();
        for (number, file) in (0..).zip(files) {
            let rows = stored_bytes(file)? / self.row_bytes();
            let part = |rows: Range<u64>| {
                let bytes = rows.start * self.row_bytes()..rows.end * self.row_bytes();
                Part { file: number, extent: Extent::Bytes(bytes) }
            };
            parts.extend(ranges(rows, bytes / self.row_bytes()).into_iter().map(part));
        }
        Ok(parts)
    }

    fn open(&self, request: &ScanRequest<'_>) -> Result<Opened> {
        let mut pending = VecDeque::new();
        for (number, file) in (0..).zip(request.files) {
            let bytes = match request.part {
                Some(part) if part.file != number => continue,
                Some(Part { extent: Extent::Bytes(bytes), .. }) => bytes.clone(),
                _ => 0..stored_bytes(file)?,
            };
            pending.push_back((request.first_file + number, file.clone(), bytes));
        }
        let rows = Rows { format: *self, pending, at_once: request.limits.batch_rows as u64 };
        let decode = RecordsDecode::new(request.columns, request.known.typed()?)?;
        let scan = Box::new(PairedScan::new(rows, Arc::new(decode)));
        Ok(Opened { scan, inputs: Inputs::from_files(request.files) })
    }

    fn counts_bytes_read(&self) -> bool {
        false
    }
}

fn stored_bytes(file: &InputFile) -> Result<u64> {
    let metadata = file.store.metadata(&file.path);
    Ok(metadata.map_err(|e| cannot_read(e, file.path.display()))?.bytes)
}

struct Rows {
    format: FixedWidth,
    /// The bytes of each file that are still to be read.
    pending: VecDeque<(u32, InputFile, Range<u64>)>,
    at_once: u64,
}

impl Cut for Rows {
    type Piece = Records;

    fn next(&mut self) -> Result<Option<Records>> {
        self.pending.retain(|(_, _, bytes)| !bytes.is_empty());
        let Some((file, input, bytes)) = self.pending.front_mut() else { return Ok(None) };
        let row_bytes = self.format.row_bytes();
        let (first_row, mut text) = (bytes.start / row_bytes, String::new());
        let read = input.store.open(&input.path).and_then(|reader| {
            reader
                .starting_at(bytes.start)
                .take((self.at_once * row_bytes).min(bytes.end - bytes.start))
                .read_to_string(&mut text)
        });
        bytes.start += read.map_err(|e| cannot_read(e, input.path.display()))? as u64;
        Ok(Some(Records { file: *file, first_row, rows: self.format.records(&text) }))
    }
}

const FORMAT: FixedWidth = FixedWidth { width: 20 };

fn source(format: impl FileFormat + 'static, inputs: Vec<PathBuf>) -> SourceSpec {
    SourceSpec::Files { format: Arc::new(format), inputs }
}

/// Two folders with files of the same names and rows, one in fixed width, one in JSON lines.
fn both(dir: &Path) -> [PathBuf; 2] {
    let folders = ["fixed", "jsonl"].map(|name| dir.join(name));
    for (file, rows) in [("a.fixed", 0..40), ("b.fixed", 40..61)] {
        let (mut fixed, mut jsonl) = (String::new(), String::new());
        for i in rows {
            // Every fourth row is a copy of the one before it.
            let same = if i % 4 == 3 { i - 1 } else { i };
            let values = [format!("question {same}"), "x".repeat(same % 7), format!("answer {same}")];
            fixed.extend(values.iter().map(|value| format!("{value:<0$}", FORMAT.width)));
            let row: Map<String, Value> =
                COLUMNS.iter().zip(values).map(|(name, value)| (name.to_string(), value.into())).collect();
            jsonl += &format!("{}\n", Value::from(row));
        }
        for (folder, text) in folders.iter().zip([fixed, jsonl]) {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join(file), text).unwrap();
        }
    }
    folders
}

/// The published shards and keys, without the files that have names of inputs.
fn shards(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let shard = |(path, bytes): (String, Vec<u8>)| {
        let name = path.rsplit('/').next().unwrap();
        ["train-", "valid-", "keys"].iter().any(|s| name.starts_with(s)).then(|| (name.to_string(), bytes))
    };
    tree(out).into_iter().filter_map(shard).collect()
}

#[test]
fn a_plan_reads_the_format() {
    let dir = tempfile::tempdir().unwrap();
    let [fixed, jsonl] = both(dir.path());
    let json_lines = JsonLines { max_line_bytes: 1 << 20 };
    let sources =
        [source(FORMAT, vec![fixed]), source(json_lines, vec![jsonl.join("a.fixed"), jsonl.join("b.fixed")])];
    let [ours, theirs] = sources.map(|source| {
        let out = dir.path().join(source.verb());
        let report = run(&chain(Plan::new(source)), &out, ONE_THREAD, Files::local()).unwrap();
        assert_eq!(report["rows"]["read"], 61, "{report}");
        shards(&out)
    });
    assert!(ours.len() > 4, "{:?}", ours.keys());
    assert!(ours == theirs);
}

#[test]
fn the_format_is_read_in_parts() {
    let dir = tempfile::tempdir().unwrap();
    let [fixed, _] = both(dir.path());
    let parts = same(&source(FORMAT, vec![fixed]), "fixed width");
    assert_eq!((parts[0], parts[4]), (61, 2));
}

#[test]
fn plans_and_errors_name_the_format() {
    let dir = tempfile::tempdir().unwrap();
    let plan = Plan::new(source(FORMAT, vec!["raw".into()])).to_json(&Cancel::default()).unwrap();
    assert_eq!(plan["source"], json!({"scan": "fixed", "inputs": ["raw"], "width": 20}));
    fs::write(dir.path().join("a.jsonl"), "{}\n").unwrap();
    let found = source(FORMAT, vec![dir.path().into()]).resolve(&Files::local(), &Cancel::default());
    let e = found.err().unwrap();
    assert_eq!((e.code(), e.message()), ("not_found", "the folder has no files that match *.fixed"));
    assert_eq!(e.get_help(), Some("it has JSON files: use scan_jsonl"));
}
