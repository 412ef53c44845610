//! Arrow IPC as a file format.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::decode::IpcDecode;
use super::footer::{CONTINUATION, MAGIC};
use super::head::{Head, Kind};
use super::source::{self, IpcSource};
use crate::cancel::Cancel;
use crate::error::Result;
use crate::flow::PairedScan;
use crate::read::InputFile;
use crate::read::file_format::{FileFormat, FileHead, KnownColumns, Opened, ScanRequest, read_options};
use crate::read::parts::Part;
use crate::read::typed_columns::select;

/// The ends of file names: files, streams, and what Feather files are called.
const ENDS: [&str; 4] = ["arrow", "arrows", "ipc", "feather"];

/// Arrow IPC files and streams.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ipc {}

impl FileFormat for Ipc {
    fn name(&self) -> &'static str {
        "ipc"
    }

    fn title(&self) -> &'static str {
        "Arrow IPC"
    }

    fn verb(&self) -> &'static str {
        "scan_ipc"
    }

    fn with_options(&self, options: Map<String, Value>) -> Result<Arc<dyn FileFormat>> {
        Ok(Arc::new(read_options::<Self>(self.verb(), options)?))
    }

    fn shard_formats(&self) -> Vec<&'static str> {
        vec!["arrow"]
    }

    fn recognises(&self, head: &FileHead<'_>) -> bool {
        head.bytes.starts_with(MAGIC) || begins_with_schema(head.bytes)
    }

    fn matches(&self, file_name: &str) -> bool {
        let name = file_name.strip_suffix(".gz").or(file_name.strip_suffix(".zst")).unwrap_or(file_name);
        name.rsplit_once('.').is_some_and(|(_, end)| ENDS.contains(&end))
    }

    fn file_names(&self) -> String {
        "*.arrow, *.arrows, *.ipc, *.feather (also .gz, .zst)".into()
    }

    fn folder_help(&self, folder: &Path) -> String {
        let all = folder.join("*.arrow");
        format!("it has Arrow files: use scan_ipc, or on the command line {all:?}")
    }

    fn columns(&self, files: &[InputFile], cancel: &Cancel) -> Result<KnownColumns> {
        source::schema(files, cancel).map(KnownColumns::Typed)
    }

    fn parts(&self, files: &[InputFile], bytes: u64, cancel: &Cancel) -> Result<Vec<Part>> {
        source::parts(files, bytes, cancel)
    }

    fn open(&self, request: &ScanRequest<'_>) -> Result<Opened> {
        let schema = request.known.typed()?;
        let decode = IpcDecode::new(request.columns, schema)?;
        let names: Vec<String> = request.columns.iter().map(|c| c.name.clone()).collect();
        let schema = select(schema, &names, self.verb())?;
        let (files, cancel) = (request.files.to_vec(), request.cancel.clone());
        let rows = IpcSource::new(files, schema, request.limits, request.first_file, cancel);
        let rows = match request.part {
            Some(part) => rows.with_part(part)?,
            None => rows,
        };
        let inputs = rows.inputs();
        Ok(Opened { scan: Box::new(PairedScan::new(rows, Arc::new(decode))), inputs })
    }

    fn counts_bytes_read(&self) -> bool {
        false
    }
}

/// Whether a stream begins so: with the message of a schema. The end of a long schema may be after these bytes.
fn begins_with_schema(bytes: &[u8]) -> bool {
    let marked = bytes.strip_prefix(&CONTINUATION);
    let Some((length, rest)) = marked.unwrap_or(bytes).split_first_chunk::<4>() else { return false };
    let length = usize::try_from(i32::from_le_bytes(*length)).unwrap_or(0);
    match rest.get(..length) {
        Some(head) => Head::parse(head.to_vec()).is_ok_and(|head| head.kind == Kind::Schema),
        None => marked.is_some(),
    }
}
