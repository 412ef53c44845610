//! CSV as a file format.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use serde_json::{Map, Value};

use super::cut::CsvSource;
use super::decode::CsvDecode;
use super::header::Request;
use super::input::InputRecords;
pub use super::options::{Csv, CsvType};
use super::separator::{Found, SEPARATORS, fault, find, is_csv};
use super::syntax::Syntax;
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result, missing_column};
use crate::flow::PairedScan;
use crate::limits::HEAD_BYTES;
use crate::read::arrow::RecordsDecode;
use crate::read::encoding::decoded;
use crate::read::file_format::{FileFormat, FileHead, KnownColumns, Opened, ScanRequest, read_options};
use crate::read::json_rows::{begins_json, is_json_lines};
use crate::read::open::InputStream;
use crate::read::parts::{Extent, Part};
use crate::read::{InputFile, Limits};

/// The separator of files of one column.
const DEFAULT_SEPARATOR: u8 = b',';

impl Csv {
    fn limits(&self, limits: Limits) -> Limits {
        Limits { max_line_bytes: self.max_line_bytes, ..limits }
    }

    /// The characters of the files, after [`decided`](FileFormat::decided).
    fn decided_syntax(&self) -> Syntax {
        let given = self.separator.and_then(|separator| u8::try_from(separator).ok());
        self.syntax(given.unwrap_or(DEFAULT_SEPARATOR))
    }

    /// What a file says about its separator.
    fn separator_of(&self, file: &InputFile) -> Result<Found> {
        if is_tsv(&file.name) {
            return Ok(Found::Separator(b'\t'));
        }
        let (head, is_whole) = head_of(file)?;
        Ok(find(&head, is_whole, self.syntax(DEFAULT_SEPARATOR).quote))
    }

    #[cold]
    fn unclear(&self, file: &InputFile) -> Error {
        let all: Vec<String> =
            SEPARATORS.iter().map(|separator| format!("{:?}", char::from(*separator))).collect();
        let mut message = format!(
            "the separator of the fields is unclear: of {}, no single one divides the first records into the same \
             number of fields",
            all.join(", ")
        );
        let (head, is_whole) = match head_of(file) {
            Ok(head) => head,
            Err(e) => return e,
        };
        let mut help = "pass it, such as separator=\",\"".to_string();
        if let Some(fault) = fault(&head, is_whole, self.syntax(DEFAULT_SEPARATOR).quote) {
            message = format!("{message}; {fault}");
            help = format!("correct this record, or {help}");
        }
        Error::new(Class::Source, "unclear_separator", message).help(help).path(file.path.display())
    }
}

impl FileFormat for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn title(&self) -> &'static str {
        "CSV"
    }

    fn verb(&self) -> &'static str {
        "scan_csv"
    }

    fn options(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(options)) => options,
            _ => Map::new(),
        }
    }

    fn with_options(&self, options: Map<String, Value>) -> Result<Arc<dyn FileFormat>> {
        Ok(Arc::new(read_options::<Self>(self.verb(), options)?.checked()?))
    }

    /// A file with the name of a CSV file, unless it begins as JSON does; or one whose first records have one number of
    /// fields.
    fn recognises(&self, head: &FileHead<'_>) -> bool {
        let text = decoded(head.bytes);
        match text.trim_ascii_start().first() {
            None => false,
            Some(b'{' | b'[') => self.matches(head.name) && !begins_json(&text),
            _ => self.matches(head.name) || is_csv(&text, head.is_whole) && !is_json_lines(head),
        }
    }

    fn decided(&self, files: &[InputFile], cancel: &Cancel) -> Result<Option<Arc<dyn FileFormat>>> {
        if self.separator.is_some() {
            return Ok(None);
        }
        let mut decided: Option<(u8, &InputFile)> = None;
        for file in files {
            cancel.check()?;
            match (self.separator_of(file)?, decided) {
                (Found::Unclear, _) => return Err(self.unclear(file)),
                (Found::Separator(separator), Some((other, first))) if separator != other => {
                    return Err(mixed(first, other, file, separator));
                }
                (Found::Separator(separator), None) => decided = Some((separator, file)),
                _ => {}
            }
        }
        let separator = decided.map_or(DEFAULT_SEPARATOR, |(separator, _)| separator);
        Ok(Some(Arc::new(Csv { separator: Some(separator.into()), ..self.clone() })))
    }

    fn decision(&self) -> Option<String> {
        self.separator.map(|separator| format!("separator {separator:?}"))
    }

    fn matches(&self, file_name: &str) -> bool {
        let plain = uncompressed(file_name);
        plain.ends_with(".csv") || is_tsv(plain)
    }

    fn file_names(&self) -> String {
        "*.csv, *.tsv, *.tab, also with .gz, .zst or .zstd".into()
    }

    fn folder_help(&self, _folder: &Path) -> String {
        "it has CSV files: use scan_csv".into()
    }

    fn columns(&self, files: &[InputFile], cancel: &Cancel) -> Result<KnownColumns> {
        let mut fields: Vec<Field> = Vec::new();
        // The header alone is read, with a little of what follows.
        let limits = Limits { batch_bytes: HEAD_BYTES, ..self.limits(Limits::default()) };
        for file in files {
            cancel.check()?;
            let shown = file.path.display().to_string();
            let stream = InputStream::open(file)?;
            let mut input =
                InputRecords::new(stream, self, self.decided_syntax(), limits.clamped(), shown, cancel)?;
            input.check_row_numbers(limits.clamped(), cancel)?;
            for name in input.names() {
                if !fields.iter().any(|field| field.name() == name) {
                    fields.push(self.field(name));
                }
            }
        }
        let known = |name: &&String| fields.iter().any(|field| field.name() == *name);
        if let Some(name) = self.schema.keys().find(|name| !known(name)).filter(|_| !fields.is_empty()) {
            let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
            return Err(missing_column(name, "scan_csv: schema", &names));
        }
        Ok(KnownColumns::Typed(Arc::new(Schema::new(fields))))
    }

    fn parts(&self, files: &[InputFile], _bytes: u64, _cancel: &Cancel) -> Result<Vec<Part>> {
        // A line end may be within quotes, so that only a search from the start finds where records begin.
        Ok((0..files.len() as u32).map(|file| Part { file, extent: Extent::Whole }).collect())
    }

    fn open(&self, request: &ScanRequest<'_>) -> Result<Opened> {
        let schema = RecordsDecode::new(request.columns, request.known.typed()?)?.schema();
        let (limits, syntax) = (self.limits(request.limits), self.decided_syntax());
        let columns = request.columns.iter().map(|column| column.name.clone()).collect();
        let asked = Request { columns, known: request.known.names() };
        let cancel = request.cancel.clone();
        let cut = CsvSource::new(self, syntax, asked, request.files, request.part, limits, cancel)?;
        let inputs = cut.inputs();
        let decode = CsvDecode::new(schema, syntax, limits);
        let scan = PairedScan::new(cut.with_first_file(request.first_file), Arc::new(decode));
        Ok(Opened { scan: Box::new(scan), inputs })
    }

    fn counts_bytes_read(&self) -> bool {
        true
    }
}

/// The name without the ending of a compressed file.
fn uncompressed(name: &str) -> &str {
    [".gz", ".zst", ".zstd"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

fn is_tsv(name: &str) -> bool {
    let plain = uncompressed(name);
    [".tsv", ".tab"].iter().any(|ending| plain.ends_with(ending))
}

/// The start of the text of a file, and whether that is all of it.
fn head_of(file: &InputFile) -> Result<(Vec<u8>, bool)> {
    let (mut stream, mut head) = (InputStream::open(file)?, Vec::new());
    stream.start_text(&mut head)?;
    let is_whole = stream.read_block(HEAD_BYTES, &mut head)? < HEAD_BYTES;
    Ok((head, is_whole))
}

#[cold]
fn mixed(first: &InputFile, other: u8, file: &InputFile, separator: u8) -> Error {
    let (other, separator) = (char::from(other), char::from(separator));
    let message = format!(
        "`{}` separates its fields with {other:?}, but `{}` with {separator:?}",
        first.name, file.name
    );
    Error::new(Class::Source, "mixed_formats", message)
        .help(format!(
            "scan the files of each kind by themselves, and join them: \
             fp.concat([fp.scan_csv(…, separator={other:?}), fp.scan_csv(…, separator={separator:?})])"
        ))
        .path(file.path.display())
}
