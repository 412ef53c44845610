//! JSON arrays as a file format.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::head::infer;
use super::{ArrayDecode, ArraySource};
use crate::cancel::Cancel;
use crate::error::Result;
use crate::flow::PairedScan;
use crate::read::encoding::decoded;
use crate::read::file_format::{FileFormat, FileHead, KnownColumns, Opened, ScanRequest, read_options};
use crate::read::json_rows::{begins_json, is_json_lines};
use crate::read::parts::{Extent, Part};
use crate::read::{InputFile, Limits};

/// Files that are one JSON array each, plain or compressed.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonArray {
    /// The most bytes of an element; longer elements are rejected.
    pub max_line_bytes: usize,
}

impl FileFormat for JsonArray {
    fn name(&self) -> &'static str {
        "json"
    }

    fn title(&self) -> &'static str {
        "a JSON array"
    }

    fn verb(&self) -> &'static str {
        "scan_json"
    }

    fn options(&self) -> Map<String, Value> {
        Map::from_iter([("max_line_bytes".into(), self.max_line_bytes.into())])
    }

    fn with_options(&self, options: Map<String, Value>) -> Result<Arc<dyn FileFormat>> {
        Ok(Arc::new(read_options::<Self>(self.verb(), options)?))
    }

    /// A file that begins with a bracket, unless that is the first line of JSON lines, or is no JSON and the name does
    /// not say JSON either.
    fn recognises(&self, head: &FileHead<'_>) -> bool {
        let text = decoded(head.bytes);
        text.trim_ascii_start().first() == Some(&b'[')
            && !is_json_lines(head)
            && (self.matches(head.name) || begins_json(&text))
    }

    fn matches(&self, file_name: &str) -> bool {
        let plain = [".gz", ".zst", ".zstd"].iter().find_map(|s| file_name.strip_suffix(s));
        plain.unwrap_or(file_name).ends_with(".json")
    }

    fn file_names(&self) -> String {
        "*.json, also with .gz, .zst or .zstd".into()
    }

    fn folder_help(&self, _folder: &Path) -> String {
        "it has JSON files: use scan_json for arrays, scan_jsonl for JSON lines".into()
    }

    fn columns(&self, files: &[InputFile], cancel: &Cancel) -> Result<KnownColumns> {
        infer(files, self.max_line_bytes, cancel).map(KnownColumns::Inferred)
    }

    fn parts(&self, files: &[InputFile], _bytes: u64, _cancel: &Cancel) -> Result<Vec<Part>> {
        Ok((0..).zip(files).map(|(file, _)| Part { file, extent: Extent::Whole }).collect())
    }

    fn open(&self, request: &ScanRequest<'_>) -> Result<Opened> {
        let limits = Limits { max_line_bytes: self.max_line_bytes, ..request.limits };
        let array =
            ArraySource::new(request.files, request.part, request.first_file, limits, request.cancel)?;
        let inputs = array.inputs();
        let decode = ArrayDecode::new(request.columns.to_vec(), &request.known.names(), limits);
        Ok(Opened { scan: Box::new(PairedScan::new(array, Arc::new(decode))), inputs })
    }

    fn counts_bytes_read(&self) -> bool {
        true
    }
}
