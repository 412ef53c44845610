//! Rows of JSON for the tests of dialects.

use super::cell::Cell;
use super::dialects::find;
use super::dialogue::{TextKind, Turn};
use super::head::{Head, HeadRow};
use super::part_columns::PartColumns;
use super::recognise::recognise;
use super::recognised::Recognised;
use super::trial::row_of;
use crate::record::Place;
use crate::record::turns::Branch;
use crate::word::Word;

/// The sample of these rows, each a JSON object.
pub(super) fn head<R: AsRef<str>>(rows: &[R]) -> Head {
    let objects: Vec<serde_json::Map<String, serde_json::Value>> =
        rows.iter().map(|row| serde_json::from_str(row.as_ref()).unwrap()).collect();
    let mut names: Vec<String> = Vec::new();
    for name in objects.iter().flat_map(|object| object.keys()) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let place = |row| Place { file: 0, row, line: Some(row + 1), byte: None, copy: 0 };
    let row = |(i, object): (usize, &serde_json::Map<String, serde_json::Value>)| HeadRow {
        place: place(i as u64),
        cells: names
            .iter()
            .map(|name| object.get(name).map_or(Cell::Null, |value| Cell::from_json(value.to_string())))
            .collect(),
    };
    let rows = objects.iter().enumerate().map(row).collect();
    Head::new(names, rows, Vec::new())
}

/// The name and the columns that are recognised, as in `pairs prompt=question completion=answer`.
pub(super) fn name_of(rows: &[impl AsRef<str>]) -> String {
    shown(&recognise(&head(rows)))
}

/// The name and the columns.
pub(super) fn shown(found: &Recognised) -> String {
    let columns = found.columns.iter().map(|(part, column)| format!(" {part}={column}"));
    found.name().to_string() + &columns.collect::<String>()
}

/// A row as a dialect reads it with its first choice of columns: a line for each turn.
pub(super) fn read(dialect: &str, row: &str) -> Result<Vec<String>, String> {
    let dialect = find(dialect).unwrap();
    let head = head(&[row]);
    let columns: PartColumns = dialect.candidates(&head.names).swap_remove(0);
    let parts = row_of(&head, &head.rows[0], &columns);
    let dialogue = dialect.read(&parts).map_err(|misfit| misfit.to_string())?;
    let mut lines: Vec<String> = dialogue.turns.iter().map(line).collect();
    lines.extend(dialogue.tools.map(|tools| format!("tools {tools}")));
    lines.extend(dialogue.label.map(|label| format!("label {label}")));
    Ok(lines)
}

fn line(turn: &Turn<'_>) -> String {
    let mut line = match turn.branch {
        Branch::Main => String::new(),
        branch => format!("{} ", branch.name()),
    };
    line += turn.role.name();
    for said in &turn.texts {
        line += if said.kind == TextKind::Reasoning { ", thinks " } else { ": " };
        line += &said.text;
    }
    for call in &turn.calls {
        line += &format!(", calls {}({})", call.name, call.arguments.as_deref().unwrap_or_default());
    }
    if let Some(weight) = turn.weight {
        line += &format!(", weight {weight}");
    }
    line
}
