//! What recognition found, and its JSON.

use serde_json::{Value, json};

use super::dialect::Dialect;
use super::dialogue::{Dialogue, TextKind, Turn};
use super::part_columns::PartColumns;
use crate::record::Place;
use crate::word::Word;

/// What recognition found in a sample.
pub struct Recognised {
    /// The dialect; none if it is unknown.
    pub dialect: Option<&'static dyn Dialect>,
    /// The column of each part.
    pub columns: PartColumns,
    /// Why, in sentences.
    pub why: Vec<String>,
    /// The number of records that were looked at.
    pub rows: usize,
    /// How many of them the dialect reads.
    pub fits: usize,
    /// The first rows that it does not read, each with the reason.
    pub misfits: Vec<(Place, String)>,
    /// The layouts of the rows, those of the dialect first.
    pub layouts: Vec<Layout>,
    /// The first rows as they are read.
    pub sample: Vec<Value>,
    /// The templates of prompt and completion that work as they are.
    pub templates: Option<(String, String)>,
}

/// Rows of one layout.
pub struct Layout {
    /// Their dialect; none if no dialect reads them.
    pub dialect: Option<&'static str>,
    /// The column of each part.
    pub columns: PartColumns,
    /// How many rows have this layout.
    pub rows: usize,
    /// The first of them.
    pub first: Place,
}

/// The name for rows of no dialect.
pub const UNKNOWN: &str = "unknown";

impl Recognised {
    /// The name of the dialect, or `unknown`.
    pub fn name(&self) -> &'static str {
        self.dialect.map_or(UNKNOWN, Dialect::name)
    }

    /// What was found, as JSON; `files` are the names of the files.
    pub fn to_json(&self, files: &[String]) -> Value {
        let place = |place: &Place| json!({"file": files.get(place.file as usize), "row": place.row, "line": place.line});
        let misfit = |(at, why): &(Place, String)| json!({"place": place(at), "why": why});
        let layout = |layout: &Layout| {
            json!({
                "dialect": layout.dialect.unwrap_or(UNKNOWN),
                "columns": columns_json(&layout.columns),
                "rows": layout.rows,
                "first": place(&layout.first),
            })
        };
        json!({
            "name": self.name(),
            "title": self.dialect.map(Dialect::title),
            "columns": columns_json(&self.columns),
            "why": self.why,
            "rows": self.rows,
            "fits": self.fits,
            "misfits": self.misfits.iter().map(misfit).collect::<Vec<_>>(),
            "layouts": self.layouts.iter().map(layout).collect::<Vec<_>>(),
            "sample": self.sample,
            "templates": self.templates,
            "refusal": self.dialect.and_then(Dialect::refusal),
        })
    }
}

/// The columns as a JSON object.
pub fn columns_json(columns: &PartColumns) -> Value {
    columns.iter().map(|(part, column)| ((*part).to_string(), Value::from(column.as_str()))).collect()
}

/// A row as it is read, as JSON.
pub fn dialogue_json(dialogue: &Dialogue<'_>) -> Value {
    let turns: Vec<Value> = dialogue.turns.iter().map(turn_json).collect();
    json!({"turns": turns, "tools": dialogue.tools, "label": dialogue.label})
}

fn turn_json(turn: &Turn<'_>) -> Value {
    let texts = |kind: TextKind| -> Vec<&str> {
        turn.texts.iter().filter(|said| said.kind == kind).map(|said| said.text.as_ref()).collect()
    };
    let calls: Vec<Value> = turn
        .calls
        .iter()
        .map(|call| json!({"id": call.id, "name": call.name, "arguments": call.arguments}))
        .collect();
    json!({
        "role": turn.role.name(),
        "branch": turn.branch.name(),
        "texts": texts(TextKind::Text),
        "reasoning": texts(TextKind::Reasoning),
        "calls": calls,
        "name": turn.name,
        "call_id": turn.call_id,
        "weight": turn.weight,
    })
}
