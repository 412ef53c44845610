//! `alpaca`: an instruction, an input that may be empty, and the output.

use super::cell::Row;
use super::dialect::{Dialect, Holds, PartSpec, Verdict};
use super::dialogue::{Dialogue, Role, TextKind, Turn};
use super::doubts::one_answer;
use super::head::Head;
use super::misfit::Misfit;
use super::part_columns::{PartColumns, column_of, optional_template, template_of};
use crate::json::Json;

/// An instruction, an input and an output.
pub(super) struct Alpaca;

const INSTRUCTION: &str = "instruction";
const INPUT: &str = "input";
const OUTPUT: &str = "output";
const SYSTEM: &str = "system";
const HISTORY: &str = "history";

const PARTS: &[PartSpec] = &[
    PartSpec::required(INSTRUCTION, Holds::Text, &["instruction"]),
    PartSpec::required(INPUT, Holds::Text, &["input", "context"]),
    PartSpec::required(OUTPUT, Holds::Text, &["output", "response", "completion", "answer"]),
    PartSpec::optional(SYSTEM, Holds::Text, &["system", "system_prompt"]),
    PartSpec::optional(HISTORY, Holds::Any, &["history"]),
];

impl Dialect for Alpaca {
    fn name(&self) -> &'static str {
        "alpaca"
    }

    fn title(&self) -> &'static str {
        "an instruction, an input that may be empty, and the output"
    }

    fn parts(&self) -> &'static [PartSpec] {
        PARTS
    }

    fn read<'r>(&self, row: &'r Row<'_>) -> Result<Dialogue<'r>, Misfit> {
        let text = |part: &'static str| {
            let cell = row.get(part);
            cell.text().ok_or_else(|| Misfit::of(part, cell, "text"))
        };
        let text_or_null = |part| if row.get(part).is_null() { Ok("") } else { text(part) };
        let (instruction, input, system) = (text(INSTRUCTION)?, text_or_null(INPUT)?, text_or_null(SYSTEM)?);
        let mut turns = Vec::new();
        if !system.is_empty() {
            turns.push(Turn::said(Role::System, system));
        }
        turns.extend(history(row)?);
        let mut asked = Turn::said(Role::User, instruction);
        if !input.is_empty() {
            asked.say(TextKind::Text, input);
        }
        turns.push(asked);
        let unanswered = row.get(OUTPUT).is_null();
        let output = text(OUTPUT).map_err(|misfit| Misfit { unanswered, ..misfit })?;
        turns.push(Turn::said(Role::Assistant, output));
        Ok(Dialogue::new(turns))
    }

    fn between_texts(&self) -> &'static str {
        "\n\n"
    }

    fn judge(&self, head: &Head, columns: &PartColumns) -> Verdict {
        one_answer(head, columns)
    }

    fn templates(&self, columns: &PartColumns) -> Option<(String, String)> {
        if column_of(columns, HISTORY).is_some() {
            // A list, which no template can render.
            return None;
        }
        let column = |part| column_of(columns, part);
        let mut prompt = String::new();
        if let Some(system) = column(SYSTEM) {
            prompt += &optional_template(system, "", "\n\n");
        }
        prompt += &template_of(column(INSTRUCTION)?);
        if let Some(input) = column(INPUT) {
            prompt += &optional_template(input, "\n\n", "");
        }
        Some((prompt, template_of(column(OUTPUT)?)))
    }
}

/// The turns of the history: a list of pairs, each a question and its answer.
pub(super) fn history<'r>(row: &'r Row<'_>) -> Result<Vec<Turn<'r>>, Misfit> {
    const PAIRS: &str = "a list of pairs of text";
    let cell = row.get(HISTORY);
    if cell.is_null() {
        return Ok(Vec::new());
    }
    let pairs = cell.nested().and_then(Json::elements).ok_or_else(|| Misfit::of(HISTORY, cell, PAIRS))?;
    let mut turns = Vec::new();
    for (i, pair) in pairs.into_iter().enumerate() {
        let texts =
            pair.elements().map(|texts| texts.into_iter().map(Json::string).collect::<Option<Vec<_>>>());
        let Some(Some(texts)) = texts.filter(|texts| texts.as_ref().is_some_and(|texts| texts.len() == 2))
        else {
            return Err(Misfit::new(HISTORY, pair.describe(), PAIRS).in_turn(i));
        };
        turns.extend(
            [Role::User, Role::Assistant].into_iter().zip(texts).map(|(role, text)| Turn::said(role, text)),
        );
    }
    Ok(turns)
}

#[cfg(test)]
mod tests {
    use crate::dialect::testing::{name_of, read};

    #[test]
    fn an_instruction_with_an_input() {
        let row = r#"{"instruction":"a","input":"","output":"b"}"#;
        assert_eq!(name_of(&[row]), "alpaca instruction=instruction input=input output=output");
        let row = r#"{"instruction":"a","context":"c","response":"b","category":"x"}"#;
        assert_eq!(name_of(&[row]), "alpaca instruction=instruction input=context output=response");
        // One of many rows has an input.
        let rows = [r#"{"instruction":"a","output":"b"}"#, r#"{"instruction":"a","input":"c","output":"b"}"#];
        assert_eq!(name_of(&rows), "alpaca instruction=instruction input=input output=output");
    }

    #[test]
    fn system_history_and_input_are_turns_before_the_output() {
        let row = r#"{"instruction":"a","input":"i","output":"b","system":"s","history":[["q","r"]]}"#;
        assert_eq!(
            read("alpaca", row).unwrap(),
            ["system: s", "user: q", "assistant: r", "user: a: i", "assistant: b"]
        );
        assert_eq!(
            read("alpaca", r#"{"instruction":"a","input":null,"output":"b"}"#).unwrap(),
            ["user: a", "assistant: b"]
        );
        for (row, message) in [
            (
                r#"{"instruction":null,"input":"","output":"b"}"#,
                "instruction: found null or nothing, expected text",
            ),
            (r#"{"instruction":"a","input":[],"output":"b"}"#, "input: found an array ([]), expected text"),
            (
                r#"{"instruction":"a","input":"","output":"b","history":[["q"]]}"#,
                "history, turn 1: found an array ([\"q\"]), expected a list of pairs of text",
            ),
        ] {
            assert_eq!(read("alpaca", row).unwrap_err(), message);
        }
    }
}
