//! JSON lines as a file format.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::JsonlDecode;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::flow::PairedScan;
use crate::read::file_format::{FileFormat, FileHead, KnownColumns, Opened, ScanRequest, read_options};
use crate::read::infer_columns::infer_files;
use crate::read::json_rows::is_json_lines;
use crate::read::lines::{self, BoxedReader, LinesSource};
use crate::read::parts::Part;
use crate::read::{InputFile, Limits};

/// JSON lines, plain or compressed.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonLines {
    /// The most bytes of a line; longer lines are rejected.
    pub max_line_bytes: usize,
}

impl JsonLines {
    /// Opens a stream; `name` is its name in places.
    pub(crate) fn open_stream(&self, reader: BoxedReader, name: &str, request: &ScanRequest<'_>) -> Opened {
        let lines = LinesSource::from_reader(reader, name, self.limits(request), request.cancel.clone());
        self.scan(lines, request)
    }

    fn limits(&self, request: &ScanRequest<'_>) -> Limits {
        Limits { max_line_bytes: self.max_line_bytes, ..request.limits }
    }

    fn scan(&self, lines: LinesSource, request: &ScanRequest<'_>) -> Opened {
        let (inputs, lines) = (lines.inputs(), lines.with_first_file(request.first_file));
        let decode = JsonlDecode::new(request.columns.to_vec(), &request.known.names(), self.limits(request));
        Opened { scan: Box::new(PairedScan::new(lines, Arc::new(decode))), inputs }
    }
}

impl FileFormat for JsonLines {
    fn name(&self) -> &'static str {
        "jsonl"
    }

    fn title(&self) -> &'static str {
        "JSON lines"
    }

    fn verb(&self) -> &'static str {
        "scan_jsonl"
    }

    fn options(&self) -> Map<String, Value> {
        Map::from_iter([("max_line_bytes".into(), self.max_line_bytes.into())])
    }

    fn with_options(&self, options: Map<String, Value>) -> Result<Arc<dyn FileFormat>> {
        Ok(Arc::new(read_options::<Self>(self.verb(), options)?))
    }

    fn recognises(&self, head: &FileHead<'_>) -> bool {
        is_json_lines(head)
    }

    fn matches(&self, file_name: &str) -> bool {
        let plain = [".gz", ".zst", ".zstd"].iter().find_map(|s| file_name.strip_suffix(s));
        [".jsonl", ".ndjson", ".json"].iter().any(|s| plain.unwrap_or(file_name).ends_with(s))
    }

    fn file_names(&self) -> String {
        "*.jsonl, *.ndjson, *.json, also with .gz, .zst or .zstd".into()
    }

    fn folder_help(&self, _folder: &Path) -> String {
        "it has JSON files: use scan_jsonl".into()
    }

    fn columns(&self, files: &[InputFile], cancel: &Cancel) -> Result<KnownColumns> {
        infer_files(files, self.max_line_bytes, cancel).map(KnownColumns::Inferred)
    }

    fn parts(&self, files: &[InputFile], bytes: u64, cancel: &Cancel) -> Result<Vec<Part>> {
        lines::parts(files, bytes, cancel)
    }

    fn open(&self, request: &ScanRequest<'_>) -> Result<Opened> {
        let (limits, cancel) = (self.limits(request), request.cancel.clone());
        let lines = match request.part {
            Some(part) => LinesSource::from_part(request.files, part, limits, cancel)?,
            None => LinesSource::from_files(request.files.to_vec(), limits, cancel),
        };
        Ok(self.scan(lines, request))
    }

    fn counts_bytes_read(&self) -> bool {
        true
    }
}
