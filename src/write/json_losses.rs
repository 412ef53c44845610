//! Counts values that JSON lines cannot represent exactly, as findings. The rows are written nevertheless.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Field, Float16Type, Float32Type, Float64Type, SchemaRef};

use crate::error::Result;
use crate::flow::Map;
use crate::record::json::{Losses, losses};
use crate::record::{Batch, finding, schema};
use crate::report::StepCounts;

/// Findings: `not_finite:<column>` for a NaN or an infinity, which is written as null; `repeated_key:<column>` for a
/// map that has a key twice; `coerced:<column>` for a nested text of type `arrow.json` that is not JSON.
pub(crate) struct JsonLossesStage {
    /// The columns that are written.
    pub(crate) columns: SchemaRef,
}

impl Map for JsonLossesStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let mut scratch = Vec::new();
        for field in self.columns.fields() {
            let Some(column) = batch.records.column_by_name(field.name()) else { continue };
            if schema::is_hidden(field.name()) || !may_lose(field) {
                continue;
            }
            let name = field.name();
            for i in 0..batch.rows() {
                let lost = match is_finite_or_null(column.as_ref(), i) {
                    Some(true) => continue,
                    Some(false) => Losses { not_finite: true, ..Losses::default() },
                    None => losses(field, column.as_ref(), i, &mut scratch),
                };
                if lost == Losses::default() {
                    continue;
                }
                let place = batch.places.at(i);
                counts.add_named_finding(finding::NOT_FINITE, name, place, u64::from(lost.not_finite));
                counts.add_named_finding(finding::REPEATED_KEY, name, place, u64::from(lost.repeated_key));
                counts.add_named_finding(finding::COERCED, name, place, u64::from(lost.not_json));
            }
        }
        Ok(batch)
    }
}

/// Whether a float is finite or null; `None` for columns of other types.
fn is_finite_or_null(column: &dyn Array, i: usize) -> Option<bool> {
    let is_null = || column.is_null(i);
    match column.data_type() {
        DataType::Float16 => Some(is_null() || column.as_primitive::<Float16Type>().value(i).is_finite()),
        DataType::Float32 => Some(is_null() || column.as_primitive::<Float32Type>().value(i).is_finite()),
        DataType::Float64 => Some(is_null() || column.as_primitive::<Float64Type>().value(i).is_finite()),
        _ => None,
    }
}

/// Whether a type may hold values that JSON cannot represent. Columns of JSON text were checked when they were read.
fn may_lose(field: &Field) -> bool {
    let nested = |f: &Field| schema::is_json(f) || may_lose(f);
    match field.data_type() {
        DataType::Float16 | DataType::Float32 | DataType::Float64 | DataType::Map(..) => true,
        DataType::List(f)
        | DataType::LargeList(f)
        | DataType::ListView(f)
        | DataType::LargeListView(f)
        | DataType::FixedSizeList(f, _)
        | DataType::RunEndEncoded(_, f) => nested(f),
        DataType::Struct(fields) => fields.iter().any(|f| nested(f)),
        DataType::Union(fields, _) => fields.iter().any(|(_, f)| nested(f)),
        DataType::Dictionary(_, value) => may_lose(&Field::new("", value.as_ref().clone(), true)),
        _ => false,
    }
}
