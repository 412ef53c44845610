//! The columns that are read of the source.

use crate::error::{Class, Error, Result};
use crate::plan::columns::Use;
use crate::plan::reserved_names::not_reserved;
use crate::plan::source::{Found, SourceColumn};
use crate::read::{ColumnKind, ReadColumn};

/// Fails where a column would be lost without a word: one of two of the same name, or one that looks like ours.
pub(crate) fn check_names(verb: &str, names: &[String]) -> Result<()> {
    names.iter().try_for_each(|name| not_reserved(verb, name))?;
    match names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
        None => Ok(()),
        Some((_, name)) => {
            let message = format!("{verb}: there are two columns `{name}`");
            Err(Error::new(Class::Column, "duplicate_column", message)
                .column(name)
                .help("rename one of them"))
        }
    }
}

/// A column as `explain` shows it.
pub(crate) fn shown_column(found: &Found, column: &ReadColumn) -> String {
    let known = found.columns.iter().find(|c| c.name == column.name);
    let type_name = match column.kind {
        ColumnKind::Json if found.is_json() => "json",
        _ => known.map_or("", |c| c.type_name.as_str()),
    };
    format!("{} {type_name}", column.name)
}

/// How a column is read, by what it is used for.
pub(crate) fn read_column(found: &Found, name: &str, used: Use) -> Result<ReadColumn> {
    let known = found.columns.iter().find(|c| c.name == name);
    let SourceColumn { kind, type_name, holds, .. } =
        known.ok_or_else(|| Error::internal(format!("column `{name}` vanished")))?;
    let text = matches!(kind, ColumnKind::Text | ColumnKind::LenientText);
    let kind = match used {
        Use::TextInEveryRow(verb) if holds.is_some() => {
            let found = holds.unwrap_or_default();
            let message = format!(
                "{verb}: column `{name}` holds {found} and no text at the head of the input, and text is needed"
            );
            return Err(Error::new(Class::Column, "wrong_type", message).column(name).help(format!(
                "name a column of text, or make one before: .with_columns(text=pl.col(\"{name}\").ext.storage()…), \
                 whose values are JSON text"
            )));
        }
        Use::Text(verb) | Use::TextInEveryRow(verb) => {
            let cannot = if found.is_json() { !text && *kind != ColumnKind::Json } else { !text };
            if cannot {
                return Err(Error::new(
                    Class::Column,
                    "wrong_type",
                    format!("{verb}: column `{name}` is {type_name}, and text is needed"),
                )
                .column(name)
                .help(format!("cast it first: .with_columns(pl.col(\"{name}\").cast(pl.String))")));
            }
            ColumnKind::Text
        }
        Use::Read => *kind,
        Use::Passes if !found.is_json() => *kind,
        Use::Passes if text => ColumnKind::LenientText,
        Use::Passes => ColumnKind::Json,
    };
    Ok(ReadColumn::new(name, kind))
}
