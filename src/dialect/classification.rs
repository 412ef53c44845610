//! `classification`: one text or two, and the class that they belong to.

use super::cell::Row;
use super::dialect::{Dialect, Holds, PartSpec, Verdict};
use super::dialogue::{Dialogue, Role, TextKind, Turn};
use super::head::Head;
use super::misfit::Misfit;
use super::pairs::pair_columns;
use super::part_columns::{PartColumns, column_of, template_of};
use crate::json::Kind;

/// One text or two, and their class.
pub(super) struct Classification;

const TEXT: &str = "text";
const SECOND: &str = "second";
const LABEL: &str = "label";

const TEXTS: &[&str] = &[
    "text",
    "sentence",
    "tweet",
    "review",
    "comment",
    "content",
    "document",
    "post",
    "message_text",
    "headline",
    "utterance",
    "premise",
    "sentence1",
    "text1",
    "question1",
    "text_a",
    "sentence_a",
];
const LABELS: &[&str] = &[
    "gold_label",
    "label_text",
    "label",
    "labels",
    "label_name",
    "sentiment",
    "class",
    "intent",
    "emotion",
    "stance",
    "sarcasm",
    "is_duplicate",
    "category",
    "target",
];
/// Names of two texts that are compared.
const TWO: &[(&str, &str)] = &[
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("text1", "text2"),
    ("question1", "question2"),
    ("text_a", "text_b"),
    ("sentence_a", "sentence_b"),
];
const PARTS: &[PartSpec] = &[
    PartSpec::required(TEXT, Holds::Text, TEXTS),
    PartSpec::optional(
        SECOND,
        Holds::Text,
        &["hypothesis", "sentence2", "text2", "question2", "text_b", "sentence_b"],
    ),
    PartSpec::required(LABEL, Holds::Any, LABELS),
];

impl Dialect for Classification {
    fn name(&self) -> &'static str {
        "classification"
    }

    fn title(&self) -> &'static str {
        "one text or two, and their class"
    }

    fn parts(&self) -> &'static [PartSpec] {
        PARTS
    }

    fn candidates(&self, names: &[String]) -> Vec<PartColumns> {
        let named = |known: &str| names.iter().find(|name| name.eq_ignore_ascii_case(known)).cloned();
        let is_half = |known: &str| TWO.iter().any(|(a, b)| *a == known || *b == known);
        let two = TWO.iter().filter_map(|(a, b)| Some(vec![(TEXT, named(a)?), (SECOND, named(b)?)]));
        let one =
            TEXTS.iter().filter(|text| !is_half(text)).filter_map(|text| Some(vec![(TEXT, named(text)?)]));
        let labels: Vec<String> = LABELS.iter().filter_map(|label| named(label)).collect();
        let mut found = Vec::new();
        for texts in two.chain(one) {
            for label in &labels {
                let mut columns = texts.clone();
                columns.push((LABEL, label.clone()));
                found.push(columns);
            }
        }
        found
    }

    fn read<'r>(&self, row: &'r Row<'_>) -> Result<Dialogue<'r>, Misfit> {
        let text = |part: &'static str| {
            let cell = row.get(part);
            cell.text().ok_or_else(|| Misfit::of(part, cell, "text"))
        };
        let mut asked = Turn::said(Role::User, text(TEXT)?);
        if row.has(SECOND) {
            asked.say(TextKind::Text, text(SECOND)?);
        }
        let cell = row.get(LABEL);
        let number =
            || cell.json().filter(|json| matches!(json.kind, Kind::Int | Kind::Bool)).map(|json| json.text);
        let label = cell.text().or_else(number);
        let label =
            label.ok_or_else(|| Misfit::of(LABEL, cell, "a class: text, a whole number, true or false"))?;
        Ok(Dialogue::new(vec![asked, Turn::said(Role::Assistant, label)]))
    }

    fn between_texts(&self) -> &'static str {
        "\n\n"
    }

    fn judge(&self, head: &Head, columns: &PartColumns) -> Verdict {
        let label = column_of(columns, LABEL).and_then(|column| head.profile(column));
        let is_pair = !pair_columns(&head.names).is_empty();
        match label.is_some_and(|label| label.has_few_values()) && !is_pair {
            true => Verdict::Fits,
            false => Verdict::No,
        }
    }

    fn templates(&self, columns: &PartColumns) -> Option<(String, String)> {
        let labelled = |column: &str| format!("{column}: {{{column}}}");
        let text = column_of(columns, TEXT)?;
        let prompt = match column_of(columns, SECOND) {
            Some(second) => format!("{}\n{}", labelled(text), labelled(second)),
            None => labelled(text),
        };
        Some((prompt, template_of(column_of(columns, LABEL)?)))
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::testing::{name_of, read};

    #[test]
    fn texts_and_their_class() {
        for (row, name) in [
            (r#"{"text":"a","label":1}"#, "classification text=text label=label"),
            (
                r#"{"sentiment":"neg","tweet":"a","sarcasm":"False"}"#,
                "classification text=tweet label=sentiment",
            ),
            (
                r#"{"premise":"a","hypothesis":"b","label":"x"}"#,
                "classification text=premise second=hypothesis label=label",
            ),
            (
                r#"{"sentence1":"a","sentence2":"b","gold_label":"x","sentence1_parse":"(a)"}"#,
                "classification text=sentence1 second=sentence2 label=gold_label",
            ),
            // Half of a pair is not enough.
            (r#"{"x":"a","hypothesis":"b","label":"x"}"#, "unknown"),
        ] {
            assert_eq!(name_of(&[row]), name);
        }
        let rows: Vec<String> = (0..200).map(|i| format!(r#"{{"text":"a","label":"class {i}"}}"#)).collect();
        assert_eq!(name_of(&rows), "unknown");
    }

    #[test]
    fn the_class_is_the_answer() {
        let row = r#"{"premise":"a","hypothesis":"b","label":"x"}"#;
        assert_eq!(read("classification", row).unwrap(), ["user: a: b", "assistant: x"]);
        assert_eq!(read("classification", r#"{"text":"a","label":1}"#).unwrap(), ["user: a", "assistant: 1"]);
        let row = r#"{"text":"a","label":[1]}"#;
        let message = "label: found an array ([1]), expected a class: text, a whole number, true or false";
        assert_eq!(read("classification", row).unwrap_err(), message);
    }
}
