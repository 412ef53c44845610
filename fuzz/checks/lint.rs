//! Checks that lines of any bytes are looked at for each target, and that what is written of a dialogue is what was read:
//! nothing is left out, and no target refuses how it is written.

use super::rows::{each_reading, rows};
use fastprep::dialect::{Cell, Dialogue, Form, Role, Row, TextKind, Turn, find};
use fastprep::lint;
use fastprep::record::turns::Branch;
use serde_json::{Value, json};

/// A form that has all that a dialogue may have.
const ALL: Form = Form {
    is_pair: false,
    is_blocks: false,
    has_developers: true,
    has_reasoning: true,
    has_weights: true,
    has_call_texts: false,
};
/// The forms of some targets, and of their preferences.
const FORMS: [(&str, Form); 4] = [
    ("openai", Form { has_developers: false, has_reasoning: false, has_call_texts: true, ..ALL }),
    ("trl", Form { has_weights: false, ..ALL }),
    ("bedrock", Form { is_blocks: true, ..ALL }),
    (
        "openai_dpo",
        Form {
            is_pair: true,
            has_developers: false,
            has_reasoning: false,
            has_weights: false,
            has_call_texts: true,
            ..ALL
        },
    ),
];
/// What no written row breaks.
const FORM_CODES: [&str; 12] = [
    "bad_utf8",
    "bad_json",
    "not_an_object",
    "no_role",
    "unknown_key",
    "unknown_message_key",
    "unknown_role",
    "content_type",
    "system_type",
    "bad_weight",
    "bad_tool_call",
    "no_tool_call_id",
];

/// Checks the input as lines of a file, and as rows that are written.
pub fn check(data: &[u8]) {
    for line in data.split(|b| *b == b'\n') {
        let is_object = matches!(serde_json::from_slice(line), Ok(Value::Object(_)));
        for target in lint::target_names() {
            let problems = lint::problems(target, line).unwrap();
            let codes: Vec<&str> = problems.iter().map(|(code, _)| *code).collect();
            let is_no_row = ["bad_utf8", "bad_json", "not_an_object", "blank_line"];
            assert!(
                !is_object || codes.iter().all(|code| !is_no_row.contains(code)),
                "{target}: {problems:?}"
            );
        }
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (rows, names) = rows(text);
    for row in &rows {
        each_reading(row, &names, |dialect, _, row| {
            if let Ok(dialogue) = dialect.read(row) {
                check_written(&dialogue);
            }
        });
    }
}

fn check_written(dialogue: &Dialogue<'_>) {
    for (target, form) in FORMS {
        let Ok(written) = form.write(dialogue) else { continue };
        let members =
            written.iter().filter_map(|(name, value)| Some(format!("\"{name}\":{}", value.as_ref()?)));
        let line = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
        for (code, detail) in lint::problems(target, line.as_bytes()).unwrap() {
            // Ids of the data may be repeated, and blocks know which tools there are.
            let is_of_data = target == "bedrock" && code == "bad_tool_call";
            assert!(is_of_data || !FORM_CODES.contains(&code), "{target}: {code}: {detail}: {line}");
        }
    }
    // A dialogue that says nothing is refused where messages are read.
    let Ok(written) = ALL.write(dialogue) else { return };
    if dialogue.turns.is_empty() {
        return;
    }
    let parts =
        written.iter().map(|(name, value)| (*name, value.as_deref().map_or(Cell::Null, Cell::from_json)));
    let parts = parts.collect::<Vec<_>>();
    let again = Row(parts);
    let again = find("openai_chat").unwrap().read(&again).unwrap_or_else(|e| panic!("{e}: {written:?}"));
    assert_eq!(plain(&again), plain(dialogue));
}

/// What a dialogue says, with what forms write alike.
fn plain(dialogue: &Dialogue<'_>) -> Value {
    let turns: Vec<Value> =
        dialogue.turns.iter().filter(|turn| turn.branch == Branch::Main).map(plain_turn).collect();
    let tools = dialogue.tools.as_deref().map(parsed);
    let tools = tools.map(|tools| match tools {
        Value::Array(tools) => tools.into_iter().map(plain_tool).collect(),
        other => other,
    });
    let has_tools =
        tools.as_ref().is_some_and(|tools| tools.as_array().is_none_or(|tools| !tools.is_empty()));
    json!({"turns": turns, "tools": has_tools.then_some(tools)})
}

/// JSON as a value; as its text where serde_json refuses it.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_string()))
}

fn plain_tool(tool: Value) -> Value {
    let is_bare = tool.get("name").is_some_and(|name| !name.is_null())
        && tool.get("function").is_none_or(Value::is_null);
    if is_bare { json!({"type": "function", "function": tool}) } else { tool }
}

fn plain_turn(turn: &Turn<'_>) -> Value {
    let said = |kind: TextKind| {
        let texts = turn.texts.iter().filter(|said| said.kind == kind).map(|said| said.text.as_ref());
        texts.collect::<Vec<_>>().join("\n\n")
    };
    let calls: Vec<Value> = turn
        .calls
        .iter()
        .map(|call| json!([call.id, call.name, parsed(call.arguments.as_deref().unwrap_or("{}"))]))
        .collect();
    let weight = turn.weight.filter(|_| turn.role == Role::Assistant);
    json!([
        turn.role.name(),
        said(TextKind::Text),
        said(TextKind::Reasoning),
        calls,
        turn.name,
        turn.call_id,
        weight
    ])
}
