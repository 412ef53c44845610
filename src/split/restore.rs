//! Restores the splits of a prepared folder from a column with their names.

use std::sync::Arc;

use arrow::array::{Array, AsArray, UInt8Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};

use crate::arrow_result::ArrowResult;
use crate::error::{Class, Error, Result};
use crate::flow::Map;
use crate::record::{Batch, is_text, schema};
use crate::report::StepCounts;

/// Assigns each row to the split that a column names, and removes the column. A row with null is in the first split.
pub(crate) struct RestoreStage {
    /// The column with the names.
    pub(crate) column: String,
    /// The splits in order of their numbers.
    pub(crate) names: Vec<String>,
}

impl Map for RestoreStage {
    fn map(&self, batch: Batch, _: &mut StepCounts) -> Result<Batch> {
        let splits: UInt8Array =
            numbers(&batch, &self.column, &self.names)?.iter().map(|n| n.or(Some(0))).collect();
        let batch = batch.without_columns(&[&self.column])?;
        batch.with_column(Field::new(schema::SPLIT, DataType::UInt8, false), Arc::new(splits))
    }
}

/// The number of the split of each row; null if the column is null.
///
/// # Errors
/// `Column` (`wrong_type`) if the column is not text, `Data` (`unknown_split`) if it names another split.
pub(crate) fn numbers(batch: &Batch, column: &str, names: &[String]) -> Result<UInt8Array> {
    let values = batch.column(column)?;
    if !is_text(values.data_type()) {
        let message = format!(
            "column `{column}` must be text, as it names the split of each row; it is {}",
            values.data_type()
        );
        return Err(Error::new(Class::Column, "wrong_type", message)
            .column(column)
            .help("do not change it, or rename it"));
    }
    let values = cast(values, &DataType::Utf8View).or_too_large()?;
    let number = |name: Option<&str>| match name {
        None => Ok(None),
        Some(name) => names
            .iter()
            .position(|n| n == name)
            .map(|i| Some(i as u8))
            .ok_or_else(|| unknown(column, name, names)),
    };
    values.as_string_view().iter().map(number).collect()
}

#[cold]
fn unknown(column: &str, name: &str, names: &[String]) -> Error {
    let message = format!("column `{column}` names a split `{name}`; splits: {}", names.join(", "));
    Error::new(Class::Data, "unknown_split", message)
        .column(column)
        .help("do not change the column, or rename it and make new splits with .split(...)")
}
