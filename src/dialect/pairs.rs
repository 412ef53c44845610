//! `pairs`: a prompt and its completion, in two columns of text. The prompt may have a context and instructions of the
//! system in columns of their own.

use super::cell::Row;
use super::dialect::{Dialect, Holds, PartSpec, Verdict};
use super::dialogue::{Dialogue, Role, TextKind, Turn};
use super::doubts::{doubt, one_answer, without_which_no_sense};
use super::head::Head;
use super::misfit::Misfit;
use super::part_columns::{PartColumns, column_of, optional_template, template_of};
use super::prompt_columns::SYSTEM_PART;

/// A prompt and its completion.
pub(super) struct Pairs;

const PROMPT: &str = "prompt";
const COMPLETION: &str = "completion";
const CONTEXT: &str = "context";
const SYSTEM: &str = "system";
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
    CONTEXT_PART,
    SYSTEM_PART,
];

/// A text that belongs to the question.
const CONTEXT_PART: PartSpec = PartSpec::optional(CONTEXT, Holds::Text, &["context"]);

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
        let pairs = pair_columns(names);
        let with_optional = |pair: &PartColumns| {
            let mut columns = pair.clone();
            for part in [CONTEXT_PART, SYSTEM_PART] {
                columns.extend(part.find(names).first().map(|column| (part.name, (*column).clone())));
            }
            columns
        };
        let mut found: Vec<PartColumns> = pairs.iter().map(with_optional).collect();
        // These columns may hold other values than text.
        found.extend(pairs.into_iter().filter(|pair| with_optional(pair).len() > pair.len()));
        found
    }

    fn read<'r>(&self, row: &'r Row<'_>) -> Result<Dialogue<'r>, Misfit> {
        let text_or_null = |part: &'static str| match row.get(part) {
            cell if cell.is_null() => Ok(""),
            cell => cell.text().ok_or_else(|| Misfit::of(part, cell, "text")),
        };
        let mut turns = read_pair(row)?;
        let (context, system) = (text_or_null(CONTEXT)?, text_or_null(SYSTEM)?);
        if let Some(asked) = turns.first_mut().filter(|_| !context.is_empty()) {
            asked.say(TextKind::Text, context);
        }
        if !system.is_empty() {
            turns.insert(0, Turn::said(Role::System, system));
        }
        Ok(Dialogue::new(turns))
    }

    fn between_texts(&self) -> &'static str {
        "\n\n"
    }

    fn judge(&self, head: &Head, columns: &PartColumns) -> Verdict {
        if let Some(doubt) = without_which_no_sense(head, columns) {
            return doubt;
        }
        let prompt = column_of(columns, PROMPT).unwrap_or_default();
        let certain = PAIRS[..CERTAIN].iter().any(|(name, _)| name.eq_ignore_ascii_case(prompt));
        match (one_answer(head, columns), head.other_text(columns)) {
            (Verdict::Fits, Some(column)) if !certain => doubt(column, "holds text too", "alpaca"),
            (verdict, _) => verdict,
        }
    }

    fn templates(&self, columns: &PartColumns) -> Option<(String, String)> {
        let column = |part| column_of(columns, part);
        let mut prompt = String::new();
        if let Some(system) = column(SYSTEM) {
            prompt += &optional_template(system, "", "\n\n");
        }
        prompt += &template_of(column(PROMPT)?);
        if let Some(context) = column(CONTEXT) {
            prompt += &optional_template(context, "\n\n", "");
        }
        Some((prompt, template_of(column(COMPLETION)?)))
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::recognise;
    use crate::dialect::testing::{head, name_of, read};

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
    fn context_and_system_are_parts_of_the_prompt() {
        let row = r#"{"question":"q","context":"c","answer":"a","system_prompt":"s"}"#;
        let name = "pairs prompt=question completion=answer context=context system=system_prompt";
        assert_eq!(name_of(&[row]), name);
        assert_eq!(read("pairs", row).unwrap(), ["system: s", "user: q: c", "assistant: a"]);
        let found = recognise(&head(&[row]));
        let prompt =
            "{#system_prompt}{system_prompt}\n\n{/system_prompt}{question}{#context}\n\n{context}{/context}";
        assert_eq!(found.templates, Some((prompt.into(), "{answer}".into())));
        let row = r#"{"question":"q","context":"","answer":"a","system_prompt":null}"#;
        assert_eq!(read("pairs", row).unwrap(), ["user: q", "assistant: a"]);
    }

    #[test]
    fn columns_without_which_a_row_makes_no_sense_are_doubts() {
        for (more, says) in [
            (r#""context":["c"]"#, "context"),
            (r#""system":{"text":"s"}"#, "system"),
            (r#""A":"1","B":"2","C":"3","D":"4""#, "`A`"),
            (r#""choices":["1","2"]"#, "`choices`"),
            (r#""Options":"1) 2)""#, "`Options`"),
            (r#""option_a":"1","option_b":"2""#, "`option_a`"),
            (r#""label":1"#, "kto"),
            (r#""label":0"#, "kto"),
        ] {
            let found = recognise(&head(&[format!(r#"{{"question":"q","answer":"a",{more}}}"#)]));
            assert_eq!(found.name(), "unknown", "{more}");
            assert!(found.why[0].contains(says), "{:?}", found.why);
        }
        for more in [r#""label":2"#, r#""A":"1""#, r#""context":null"#, r#""label":null"#] {
            let found = recognise(&head(&[format!(r#"{{"question":"q","answer":"a",{more}}}"#)]));
            assert_eq!(found.name(), "pairs", "{more}: {:?}", found.why);
        }
    }

    #[test]
    fn columns_of_text_that_the_template_leaves_out_are_named() {
        let row = r#"{"question":"q","answer":"a","hint":"h","rationale":"r","id":"x","n":7}"#;
        let found = recognise(&head(&[row]));
        assert_eq!(found.why[2], "not used: columns `hint`, `rationale`");
        let row = r#"{"question":"q","answer":"a","hint":"h"}"#;
        assert_eq!(recognise(&head(&[row])).why[2], "not used: column `hint`");
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
