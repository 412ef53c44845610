//! Decides how each column of a source is read.

use crate::error::{Class, Error, Result};
use crate::plan::columns::Use;
use crate::plan::reserved_names::not_reserved;
use crate::plan::source::{ResolvedSource, SourceColumn};
use crate::read::{ColumnKind, ReadColumn};

/// Checks the names of the columns of a source: no two are equal, and none is reserved.
///
/// # Errors
/// `duplicate_column`, `reserved_column`.
pub(crate) fn check_names(verb: &str, names: &[String]) -> Result<()> {
    names.iter().try_for_each(|name| not_reserved(verb, name))?;
    match names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
        None => Ok(()),
        Some((_, name)) => {
            let message = format!("{verb}: two columns have the name `{name}`");
            Err(Error::new(Class::Column, "duplicate_column", message)
                .column(name)
                .help("rename one of them"))
        }
    }
}

/// A column as `explain` shows it.
pub(crate) fn shown_column(source: &ResolvedSource, column: &ReadColumn) -> String {
    let known = source.columns.iter().find(|c| c.name == column.name);
    let type_name = match column.kind {
        ColumnKind::Json if source.is_json() => "json",
        _ => known.map_or("", |c| c.type_name.as_str()),
    };
    format!("{} {type_name}", column.name)
}

/// Decides how a column is read, from how it is used.
///
/// # Errors
/// `wrong_type` for a column that must be text, and is not.
pub(crate) fn read_column(source: &ResolvedSource, name: &str, used: Use) -> Result<ReadColumn> {
    let known = source.columns.iter().find(|c| c.name == name);
    let SourceColumn { kind, type_name, holds, .. } =
        known.ok_or_else(|| Error::internal(format!("column `{name}` is missing from its source")))?;
    let text = matches!(kind, ColumnKind::Text | ColumnKind::LenientText);
    let kind = match used {
        Use::TextInEveryRow(verb) if holds.is_some() => {
            let held = holds.unwrap_or_default();
            let message = format!(
                "{verb}: column `{name}` must be text; the start of the input has {held} in it, and no text"
            );
            return Err(Error::new(Class::Column, "wrong_type", message).column(name).help(format!(
                "use a column of text, or make one before: .with_columns(text=pl.col(\"{name}\").ext.storage()…), \
                 whose values are JSON text"
            )));
        }
        Use::Text(verb) | Use::TextInEveryRow(verb) => {
            let cannot = if source.is_json() { !text && *kind != ColumnKind::Json } else { !text };
            if cannot {
                return Err(Error::new(
                    Class::Column,
                    "wrong_type",
                    format!("{verb}: column `{name}` must be text; it is {type_name}"),
                )
                .column(name)
                .help(format!("cast it first: .with_columns(pl.col(\"{name}\").cast(pl.String))")));
            }
            ColumnKind::Text
        }
        Use::Read => *kind,
        Use::Passes if !source.is_json() => *kind,
        Use::Passes if text => ColumnKind::LenientText,
        Use::Passes => ColumnKind::Json,
    };
    Ok(ReadColumn::new(name, kind))
}
