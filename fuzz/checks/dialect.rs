//! Checks that rows of any JSON are read or refused by each dialect, and that simple dialects read what a plain reading
//! of serde_json's values finds.

use super::rows::{Members, each_reading, rows};
use fastprep::dialect::{Cell, Dialogue, Head, HeadRow, PartColumns, recognise};
use fastprep::record::Place;
use serde_json::Value;

/// Checks the input as rows, one a line.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (rows, names) = rows(text);
    for row in &rows {
        each_reading(row, &names, |dialect, columns, cells| {
            compare(dialect.name(), row, columns, dialect.read(cells).as_ref().ok());
        });
    }
    check_recognition(names, &rows);
}

fn check_recognition(names: Vec<String>, rows: &[Members<'_>]) {
    let head_row = |(i, row): (usize, &Members<'_>)| HeadRow {
        place: Place { file: 0, row: i as u64, line: None, byte: None, copy: 0 },
        cells: names
            .iter()
            .map(|name| match row.iter().find(|(known, _)| known == name) {
                Some((_, text)) => Cell::from_json((*text).to_string()),
                None => Cell::Null,
            })
            .collect(),
    };
    let rows: Vec<HeadRow> = rows.iter().enumerate().map(head_row).collect();
    let n = rows.len();
    let found = recognise(&Head::new(names, rows, Vec::new()));
    assert_eq!(found.layouts.iter().map(|layout| layout.rows).sum::<usize>(), n);
    assert!(found.fits <= n && found.rows == n);
    assert_eq!(found.dialect.is_some(), !found.columns.is_empty());
    let _ = found.to_json(&["rows".into()]).to_string();
}

/// Compares what was read with a plain reading of the same values.
fn compare(dialect: &str, row: &[(String, &str)], columns: &PartColumns, read: Option<&Dialogue<'_>>) {
    let mut values = Vec::new();
    for (_, column) in columns {
        let text = row.iter().find(|(name, _)| name == column).map_or("null", |(_, text)| text);
        // serde_json refuses what is JSON here: lone surrogates, great numbers, nesting beyond 128.
        let Ok(value) = serde_json::from_str::<Value>(text) else { return };
        values.push(value);
    }
    let turns = read.map(|dialogue| {
        let turn = |turn: &fastprep::dialect::Turn<'_>| {
            let texts = turn.texts.iter().map(|said| said.text.to_string()).collect::<Vec<_>>().join("\u{1}");
            (turn.role.name().to_string(), texts)
        };
        dialogue.turns.iter().map(turn).collect::<Vec<_>>()
    });
    match dialect {
        "text" => assert_eq!(turns, values[0].as_str().map(|text| vec![turn("assistant", text)])),
        "pairs" => {
            let optional = |name: &str| match columns.iter().position(|(part, _)| *part == name) {
                None => Some(""),
                Some(i) if values[i].is_null() => Some(""),
                Some(i) => values[i].as_str(),
            };
            let expected = || {
                let (prompt, answer) = values[0].as_str().zip(values[1].as_str())?;
                let (context, system) = optional("context").zip(optional("system"))?;
                let mut turns = vec![turn("user", prompt), turn("assistant", answer)];
                if !context.is_empty() {
                    turns[0].1 = [prompt, context].join("\u{1}");
                }
                if !system.is_empty() {
                    turns.insert(0, turn("system", system));
                }
                Some(turns)
            };
            assert_eq!(turns, expected());
        }
        "openai_chat" if columns.len() == 1 => {
            if let Some(plain) = plain_messages(&values[0]) {
                assert_eq!(turns, Some(plain));
            }
        }
        _ => {}
    }
}

fn turn(role: &str, text: &str) -> (String, String) {
    (role.to_string(), text.to_string())
}

/// The turns of messages that have only a role and a content, both as they must be.
fn plain_messages(value: &Value) -> Option<Vec<(String, String)>> {
    let messages = value.as_array().filter(|messages| !messages.is_empty())?;
    let message = |message: &Value| {
        let object = message.as_object().filter(|object| object.len() == 2)?;
        let role = object.get("role")?.as_str()?;
        let known = ["system", "developer", "user", "assistant", "tool"].contains(&role);
        known.then_some(turn(role, object.get("content")?.as_str()?))
    };
    messages.iter().map(message).collect()
}
