//! `pairs`: a prompt and its completion, in two columns of text.

use super::cell::Row;
use super::dialect::{Dialect, Holds, PartSpec, Verdict};
use super::dialogue::{Dialogue, Role, Turn};
use super::doubts::{doubt, one_answer};
use super::head::Head;
use super::misfit::Misfit;
use super::part_columns::{PartColumns, column_of, template_of};

/// A prompt and its completion.
pub(super) struct Pairs;

const PROMPT: &str = "prompt";
const COMPLETION: &str = "completion";
const ANSWERS: &[&str] = &[
    "completion",
    "response",
    "answer",
    "output",
    "solution",
    "canonical_solution",
    "reply",
    "target",
    "final_answer",
];

/// Names of prompts, each with the names of its answers. Of the later names the answer could be that of another
/// dialect.
const PAIRS: &[(&str, &[&str])] = &[
    ("prompt", ANSWERS),
    ("question", ANSWERS),
    ("query", ANSWERS),
    ("problem", ANSWERS),
    ("instruction", ANSWERS),
    ("input", &["output", "target", "response", "completion", "answer", "label_text"]),
    ("inputs", &["targets", "outputs"]),
    ("source", &["target"]),
    ("text", &["summary"]),
    ("document", &["summary"]),
    ("article", &["summary", "highlights", "abstract"]),
    ("dialogue", &["summary"]),
];

/// The number of the first names of [`PAIRS`] that need no second look.
const CERTAIN: usize = 4;

const PARTS: &[PartSpec] = &[
    PartSpec::required(
        PROMPT,
        Holds::Text,
        &[
            "prompt",
            "question",
            "query",
            "problem",
            "instruction",
            "input",
            "inputs",
            "source",
            "text",
            "document",
            "article",
            "dialogue",
        ],
    ),
    PartSpec::required(
        COMPLETION,
        Holds::Text,
        &[
            "completion",
            "response",
            "answer",
            "output",
            "solution",
            "canonical_solution",
            "reply",
            "target",
            "final_answer",
            "targets",
            "outputs",
            "summary",
            "highlights",
            "abstract",
            "label_text",
        ],
    ),
];

/// The columns of a pair among these; the usual names first.
pub(super) fn pair_columns(names: &[String]) -> Vec<PartColumns> {
    let mut found = Vec::new();
    for (prompt, answers) in PAIRS {
        let named = |known: &str| names.iter().find(|name| name.eq_ignore_ascii_case(known));
        let Some(prompt) = named(prompt) else { continue };
        let answers = answers.iter().filter_map(|answer| named(answer));
        found.extend(answers.map(|answer| vec![(PROMPT, prompt.clone()), (COMPLETION, answer.clone())]));
    }
    found
}

/// Reads the two parts.
pub(super) fn read_pair<'r>(row: &'r Row<'_>) -> Result<Vec<Turn<'r>>, Misfit> {
    let part = |name: &'static str| {
        let cell = row.get(name);
        cell.text().ok_or_else(|| Misfit::of(name, cell, "text"))
    };
    let prompt = part(PROMPT)?;
    let unanswered = row.get(COMPLETION).is_null();
    let completion = part(COMPLETION).map_err(|misfit| Misfit { unanswered, ..misfit })?;
    Ok(vec![Turn::said(Role::User, prompt), Turn::said(Role::Assistant, completion)])
}

impl Dialect for Pairs {
    fn name(&self) -> &'static str {
        "pairs"
    }

    fn title(&self) -> &'static str {
        "a prompt and its completion"
    }

    fn parts(&self) -> &'static [PartSpec] {
        PARTS
    }

    fn candidates(&self, names: &[String]) -> Vec<PartColumns> {
        pair_columns(names)
    }

    fn read<'r>(&self, row: &'r Row<'_>) -> Result<Dialogue<'r>, Misfit> {
        read_pair(row).map(Dialogue::new)
    }

    fn judge(&self, head: &Head, columns: &PartColumns) -> Verdict {
        let prompt = column_of(columns, PROMPT).unwrap_or_default();
        let certain = PAIRS[..CERTAIN].iter().any(|(name, _)| name.eq_ignore_ascii_case(prompt));
        match (one_answer(head, columns), head.other_text(columns)) {
            (Verdict::Fits, Some(column)) if !certain => doubt(column, "holds text too", "alpaca"),
            (verdict, _) => verdict,
        }
    }

    fn templates(&self, columns: &PartColumns) -> Option<(String, String)> {
        Some((template_of(column_of(columns, PROMPT)?), template_of(column_of(columns, COMPLETION)?)))
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::testing::{name_of, read};

    #[test]
    fn any_usual_pair_of_names() {
        for (prompt, completion) in [
            ("prompt", "completion"),
            ("Question", "Answer"),
            ("instruction", "output"),
            ("input", "output"),
            ("query", "response"),
            ("text", "summary"),
            ("source", "target"),
            ("problem", "solution"),
            ("prompt", "canonical_solution"),
        ] {
            let row = format!(r#"{{"{prompt}":"a","{completion}":"b","id":"x"}}"#);
            assert_eq!(name_of(&[row]), format!("pairs prompt={prompt} completion={completion}"));
        }
    }

    #[test]
    fn the_usual_name_of_an_answer_comes_first() {
        let row = r#"{"problem":"a","solution":"b","answer":"c"}"#;
        assert_eq!(name_of(&[row]), "pairs prompt=problem completion=answer");
    }

    #[test]
    fn columns_that_may_belong_to_another_dialect_are_doubts() {
        for row in [
            r#"{"prompt":"a","completion":"b","good":true}"#,
            r#"{"instruction":"a","output":"b","context_of_it":"c"}"#,
            r#"{"input":"a","output":"b","rubric":"c"}"#,
            r#"{"prompt":"a","completion":"b","rejected":"c"}"#,
            r#"{"prompt":"a","completion":"b","x":[{"role":"user","content":"c"}]}"#,
        ] {
            assert_eq!(name_of(&[row]), "unknown", "{row}");
        }
        let row = r#"{"prompt":"a","completion":"b","task_id":"c","is_test":true,"explanations":["d"]}"#;
        assert_eq!(name_of(&[row]), "pairs prompt=prompt completion=completion");
    }

    #[test]
    fn a_pair_is_two_turns() {
        assert_eq!(read("pairs", r#"{"prompt":"a","completion":""}"#).unwrap(), ["user: a", "assistant: "]);
        for (row, message) in [
            (r#"{"prompt":"a","completion":null}"#, "completion: found null or nothing, expected text"),
            (r#"{"prompt":7,"completion":"b"}"#, "prompt: found an integer (7), expected text"),
        ] {
            assert_eq!(read("pairs", row).unwrap_err(), message);
        }
    }
}
