//! The key of the class of each row of `train`.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanBuilder, FixedSizeBinaryBuilder, UInt8Array};
use arrow::datatypes::{DataType, Field, UInt8Type};

use super::restore::numbers;
use crate::arrow_result::ArrowResult;
use crate::error::Result;
use crate::flow::Map;
use crate::hash;
use crate::record::{Batch, KeyColumn, schema};
use crate::report::StepCounts;

/// Adds the hidden key of the class of each row, and whether the row stays. Rows of other splits than `train` have no key,
/// and stay. Rows whose class is missing have no key, and do not stay.
pub(crate) struct ClassKeyStage {
    /// The columns whose values are the class.
    pub(crate) columns: Vec<String>,
    /// The column that names the split of each row, where there is one, and the splits by number.
    pub(crate) named: Option<(String, Vec<String>)>,
}

impl Map for ClassKeyStage {
    fn map(&self, batch: Batch, _: &mut StepCounts) -> Result<Batch> {
        let columns = self.columns.iter().map(|name| KeyColumn::new(&batch, name));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let splits = self.splits(&batch)?;
        let mut keys = FixedSizeBinaryBuilder::with_capacity(batch.rows(), 16);
        let mut stays = BooleanBuilder::with_capacity(batch.rows());
        let mut fields = Vec::with_capacity(columns.len());
        for i in 0..batch.rows() {
            let is_train = splits.as_ref().is_none_or(|splits| splits.value(i) == 0);
            fields.clear();
            if is_train {
                fields
                    .extend(columns.iter().map_while(|c| c.value(i)).map(|v| hash::field(Some(v.as_ref()))));
            }
            let has_class = is_train && fields.len() == columns.len();
            match has_class {
                true => keys.append_value(hash::key(fields.iter().copied()).to_be_bytes()).or_defect()?,
                false => keys.append_null(),
            }
            stays.append_value(has_class || !is_train);
        }
        let key = Field::new(schema::GROUP, DataType::FixedSizeBinary(16), true);
        let batch = batch.with_column(key, Arc::new(keys.finish()))?;
        batch.with_column(Field::new(schema::STAYS, DataType::Boolean, false), Arc::new(stays.finish()))
    }
}

impl ClassKeyStage {
    /// The number of the split of each row, 0 for `train`; none where all rows are of `train`.
    fn splits(&self, batch: &Batch) -> Result<Option<UInt8Array>> {
        if let Some(splits) = batch.records.column_by_name(schema::SPLIT) {
            return Ok(Some(splits.as_primitive::<UInt8Type>().clone()));
        }
        let Some((column, names)) = &self.named else { return Ok(None) };
        let numbers = numbers(batch, column, names)?;
        // A row with null is in the first split, as where splits are restored.
        Ok(Some(numbers.iter().map(|number| number.or(Some(0))).collect()))
    }
}
