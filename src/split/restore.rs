//! Splits as they were published: a column says of each row which it was.

use std::sync::Arc;

use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};

use crate::error::Result;
use crate::record::{Batch, schema};
use crate::report::StepCounts;
use crate::stage::Map;

/// Takes the number of each row's split from a column, which goes.
pub struct RestoreStage {
    /// The column.
    pub column: String,
}

impl Map for RestoreStage {
    fn map(&self, batch: Batch, _: &mut StepCounts) -> Result<Batch> {
        let splits = cast(batch.column(&self.column)?, &DataType::UInt8)?;
        let batch = batch.without_columns(&[&self.column])?;
        batch.with_column(Field::new(schema::SPLIT, DataType::UInt8, false), Arc::new(splits))
    }
}
