//! Resolves a source: finds its files, and learns its columns.

use std::sync::PoisonError;

use super::column::SourceColumn;
use super::resolved_source::ResolvedSource;
use super::spec::SourceSpec;
use crate::cancel::Cancel;
use crate::error::{Class, Error, Result};
use crate::read::ColumnKind;
use crate::read::discover::discover;
use crate::read::file_format::KnownColumns;
use crate::read::infer_columns::infer_stream;
use crate::read::splits;
use crate::store::Files;

impl SourceSpec {
    /// Finds the files and learns the columns.
    ///
    /// # Errors
    /// Files are missing or unreadable; `duplicate_column` for a prepared folder with a column `split` of its own.
    pub fn resolve(&self, store: &Files, cancel: &Cancel) -> Result<ResolvedSource> {
        let mut spec = self.clone();
        let (files, known) = match &mut spec {
            SourceSpec::Files { format, inputs } => {
                let files = discover(store, inputs, format.as_ref(), cancel)?;
                if let Some(decided) = format.decided(&files, cancel)? {
                    *format = decided;
                }
                let known = format.columns(&files, cancel)?;
                (files, known)
            }
            SourceSpec::Reader { name, stream, peeked, max_line_bytes } => {
                let mut peeked = peeked.lock().unwrap_or_else(PoisonError::into_inner);
                if peeked.is_none() {
                    *peeked = Some(infer_stream(stream.open()?, name, *max_line_bytes, cancel)?);
                }
                let columns = peeked.as_ref().map(|(columns, _)| columns.clone()).unwrap_or_default();
                (Vec::new(), KnownColumns::Inferred(columns))
            }
            SourceSpec::Arrow { stream, .. } => (Vec::new(), KnownColumns::Typed(stream.schema()?)),
        };
        let (left_out, mut columns): (Vec<SourceColumn>, Vec<_>) = match &known {
            KnownColumns::Inferred(columns) => {
                (Vec::new(), columns.iter().map(SourceColumn::inferred).collect())
            }
            KnownColumns::Typed(schema) => {
                schema.fields().iter().map(SourceColumn::typed).partition(|c| is_pandas_index(&c.name))
            }
        };
        let left_out = left_out.into_iter().map(|c| c.name).collect();
        let of_files = splits::names(&files);
        let splits = match &spec {
            SourceSpec::Arrow { stream, .. } => splits::with_train_first(stream.splits()),
            _ => of_files.clone(),
        };
        if !of_files.is_empty() {
            if columns.iter().any(|c| c.name == splits::SPLIT) {
                return Err(own_split(self.verb()));
            }
            let (name, kind) = (splits::SPLIT.to_string(), ColumnKind::Text);
            columns.push(SourceColumn { name, kind, type_name: "str".into(), holds: None });
        }
        let store = store.clone();
        Ok(ResolvedSource { spec, store, files, columns, left_out, splits, known, first_file: 0 })
    }
}

#[cold]
fn own_split(verb: &str) -> Error {
    let message = format!(
        "{verb}: the rows already have a column `{0}`, the name of the column for the split of each row",
        splits::SPLIT
    );
    Error::new(Class::Column, "duplicate_column", message)
        .column(splits::SPLIT)
        .help("name the shards by a glob, such as \"out/data/*/*.jsonl\", to read them as ordinary files")
}

/// Whether pyarrow gives this name to the unnamed index of a pandas frame.
fn is_pandas_index(name: &str) -> bool {
    let number = name.strip_prefix("__index_level_").and_then(|rest| rest.strip_suffix("__"));
    number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}
