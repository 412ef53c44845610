//! Parquet as a file format.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::footer;
use super::source::ParquetSource;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::flow::PairedScan;
use crate::read::InputFile;
use crate::read::arrow::RecordsDecode;
use crate::read::file_format::{FileFormat, FileHead, KnownColumns, Opened, ScanRequest, read_options};
use crate::read::parts::Part;
use crate::read::typed_columns::select;

/// Parquet.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parquet {}

impl FileFormat for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn title(&self) -> &'static str {
        "Parquet"
    }

    fn verb(&self) -> &'static str {
        "scan_parquet"
    }

    fn with_options(&self, options: Map<String, Value>) -> Result<Arc<dyn FileFormat>> {
        Ok(Arc::new(read_options::<Self>(self.verb(), options)?))
    }

    fn recognises(&self, head: &FileHead<'_>) -> bool {
        head.bytes.starts_with(b"PAR1")
    }

    fn matches(&self, file_name: &str) -> bool {
        let name = file_name.strip_suffix(".gz").or(file_name.strip_suffix(".zst")).unwrap_or(file_name);
        name.ends_with(".parquet")
    }

    fn file_names(&self) -> String {
        "*.parquet (also .gz, .zst)".into()
    }

    fn folder_help(&self, folder: &Path) -> String {
        let all = folder.join("*.parquet");
        format!("it has Parquet files: use scan_parquet, or on the command line {all:?}")
    }

    fn columns(&self, files: &[InputFile], cancel: &Cancel) -> Result<KnownColumns> {
        footer::schema(files, cancel).map(KnownColumns::Typed)
    }

    fn parts(&self, files: &[InputFile], bytes: u64, cancel: &Cancel) -> Result<Vec<Part>> {
        footer::parts(files, bytes, cancel)
    }

    fn open(&self, request: &ScanRequest<'_>) -> Result<Opened> {
        let known = request.known.typed()?;
        let decode = RecordsDecode::new(request.columns, known)?;
        let names: Vec<String> = request.columns.iter().map(|c| c.name.clone()).collect();
        let schema = select(known, &names, self.verb())?;
        let rows = ParquetSource::new(request.files.to_vec(), schema, request.limits);
        let inputs = rows.inputs();
        let rows = match request.part {
            Some(part) => rows.with_part(part)?,
            None => rows,
        };
        let rows = rows.with_first_file(request.first_file);
        Ok(Opened { scan: Box::new(PairedScan::new(rows, Arc::new(decode))), inputs })
    }

    fn counts_bytes_read(&self) -> bool {
        false
    }
}
