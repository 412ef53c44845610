//! Looks at a source: finds its files and learns its columns.

use std::sync::PoisonError;

use super::column::SourceColumn;
use super::found::Found;
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
    pub fn find(&self, store: &Files, cancel: &Cancel) -> Result<Found> {
        let (files, known) = match self {
            SourceSpec::Files { format, inputs } => {
                let files = discover(store, inputs, format.as_ref(), cancel)?;
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
        let splits = splits::names(&files);
        if !splits.is_empty() {
            if columns.iter().any(|c| c.name == splits::SPLIT) {
                return Err(own_split(self.verb()));
            }
            let (name, kind) = (splits::SPLIT.to_string(), ColumnKind::Text);
            columns.push(SourceColumn { name, kind, type_name: "str".into(), holds: None });
        }
        let (spec, store) = (self.clone(), store.clone());
        Ok(Found { spec, store, files, columns, left_out, splits, known, first_file: 0 })
    }
}

#[cold]
fn own_split(verb: &str) -> Error {
    let message = format!(
        "{verb}: the rows have a column `{0}`, and the split of each would be called so too",
        splits::SPLIT
    );
    Error::new(Class::Column, "duplicate_column", message)
        .column(splits::SPLIT)
        .help("name the shards by a glob, such as \"out/data/*/*.jsonl\": they are then read as any file is")
}

/// Whether pyarrow calls the index of a pandas frame so, where the frame gives it no name.
fn is_pandas_index(name: &str) -> bool {
    let number = name.strip_prefix("__index_level_").and_then(|rest| rest.strip_suffix("__"));
    number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}
