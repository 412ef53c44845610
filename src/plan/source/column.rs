//! A column of a source: what is known of it before a row is read.

use arrow::datatypes::FieldRef;

use crate::read::{ColumnKind, ReadColumn};
use crate::record::{is_text, schema};

/// A column of the source.
#[derive(Debug, Clone)]
pub struct SourceColumn {
    /// Its name.
    pub name: String,
    /// For JSON, the kind its head suggests; for columnar sources `Text` where it is text, else `Json`.
    pub(crate) kind: ColumnKind,
    /// How `explain` calls its type.
    pub(crate) type_name: String,
    /// Where the heads of files of JSON hold values and no text among them: what they hold.
    pub(crate) holds: Option<&'static str>,
}

impl SourceColumn {
    /// One of JSON, as the heads of files suggest.
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

    /// One whose type the files say.
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
