//! A column of a source, as it is known before rows are read.

use arrow::datatypes::FieldRef;

use crate::read::{ColumnKind, ReadColumn};
use crate::record::{is_text, schema};

/// A column of the source.
#[derive(Debug, Clone)]
pub struct SourceColumn {
    /// The name of the column.
    pub name: String,
    /// For JSON, the kind that the start of the files suggests; for columnar sources `Text` if it is text, else
    /// `Json`.
    pub(crate) kind: ColumnKind,
    /// The name of its type in `explain`.
    pub(crate) type_name: String,
    /// For JSON whose start has values, but no text, in this column: what the values are.
    pub(crate) holds: Option<&'static str>,
}

impl SourceColumn {
    /// A column of JSON, as the start of the files suggests.
    pub(crate) fn inferred(column: &ReadColumn) -> SourceColumn {
        let type_name = match column.kind {
            ColumnKind::Text | ColumnKind::LenientText => "str",
            ColumnKind::Int64 => "int64",
            ColumnKind::Float64 => "float64",
            ColumnKind::Bool => "bool",
            ColumnKind::Json => "json",
        };
        let (name, type_name) = (column.name.clone(), type_name.into());
        SourceColumn { name, kind: column.kind, type_name, holds: column.holds }
    }

    /// A column whose type is declared.
    pub(crate) fn typed(field: &FieldRef) -> SourceColumn {
        let is_text = is_text(field.data_type()) || field.data_type().is_null();
        SourceColumn {
            name: field.name().clone(),
            kind: if is_text { ColumnKind::Text } else { ColumnKind::Json },
            type_name: schema::type_name(field),
            holds: None,
        }
    }
}
