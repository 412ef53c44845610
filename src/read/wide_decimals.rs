//! Decimals of 32 and 64 bits as decimals of 128 bits.
//!
//! polars takes the buffers of narrow decimals for wide ones when it imports a stream, and reads other values. So they
//! are widened where a source enters; everything after it has decimals of 128 or 256 bits alone.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema};

/// The type with wide decimals, at any depth but within unions and runs, which polars does not import.
pub(crate) fn widened(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Dictionary(key, value) => DataType::Dictionary(key.clone(), Box::new(widened(value))),
        DataType::List(item) => DataType::List(widened_field(item)),
        DataType::LargeList(item) => DataType::LargeList(widened_field(item)),
        DataType::ListView(item) => DataType::ListView(widened_field(item)),
        DataType::LargeListView(item) => DataType::LargeListView(widened_field(item)),
        DataType::FixedSizeList(item, n) => DataType::FixedSizeList(widened_field(item), *n),
        DataType::Map(entry, sorted) => DataType::Map(widened_field(entry), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(widened_field).collect::<Fields>()),
        other => other.clone(),
    }
}

/// The schema with wide decimals.
pub(crate) fn widened_schema(schema: &Schema) -> Schema {
    let fields: Fields = schema.fields().iter().map(widened_field).collect();
    Schema::new_with_metadata(fields, schema.metadata().clone())
}

fn widened_field(field: &FieldRef) -> FieldRef {
    let wide = widened(field.data_type());
    if wide == *field.data_type() {
        return Arc::clone(field);
    }
    Arc::new(Field::clone(field).with_data_type(wide))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_widened_at_any_depth_and_other_types_are_kept() {
        let list = |item: DataType| DataType::List(Arc::new(Field::new("item", item, true)));
        let of = |t: DataType| DataType::Struct(vec![Field::new("a", list(t), true)].into());
        assert_eq!(widened(&of(DataType::Decimal32(5, 2))), of(DataType::Decimal128(5, 2)));
        assert_eq!(widened(&DataType::Decimal64(18, -3)), DataType::Decimal128(18, -3));
        for same in [of(DataType::Decimal128(5, 2)), DataType::Decimal256(5, 2), of(DataType::Int32)] {
            assert_eq!(widened(&same), same);
        }
    }
}
