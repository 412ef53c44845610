//! `kto`: an answer, and whether it is a good one.

use super::cell::{Cell, Row};
use super::chat_pairs::read_lists;
use super::dialect::{Dialect, Holds, PartSpec, Verdict};
use super::dialogue::Dialogue;
use super::head::{Head, truth_of_text};
use super::messages::{Content, Keys, Messages};
use super::misfit::Misfit;
use super::openai_chat::MESSAGES;
use super::pairs::{pair_columns, read_pair};
use super::part_columns::{PartColumns, column_of};
use super::tools;
use crate::record::Answers;

/// An answer, and whether it is a good one.
pub(super) struct Kto;

const LABEL: &str = "label";
const PARTS: &[PartSpec] = &[
    PartSpec::optional("messages", Holds::Any, MESSAGES),
    PartSpec::optional("prompt", Holds::Any, &["prompt"]),
    PartSpec::optional("completion", Holds::Any, &["completion"]),
    PartSpec::required(LABEL, Holds::Any, &["kto_tag", "label"]),
    PartSpec::optional(tools::TOOLS, Holds::Any, tools::COLUMNS),
];

impl Dialect for Kto {
    fn name(&self) -> &'static str {
        "kto"
    }

    fn title(&self) -> &'static str {
        "an answer, and whether it is a good one"
    }

    fn parts(&self) -> &'static [PartSpec] {
        PARTS
    }

    fn candidates(&self, names: &[String]) -> Vec<PartColumns> {
        let column = |spec: &PartSpec| spec.find(names).first().map(|column| (spec.name, (*column).clone()));
        let [messages, _, _, label, tools] = PARTS else { return Vec::new() };
        let Some(label) = column(label) else { return Vec::new() };
        let mut found: Vec<PartColumns> = Vec::new();
        found.extend(column(messages).map(|messages| vec![messages]));
        found.extend(pair_columns(names));
        for columns in &mut found {
            columns.push(label.clone());
            columns.extend(column(tools));
        }
        found
    }

    fn answers(&self) -> Answers {
        Answers::Labelled
    }

    fn read<'r>(&self, row: &'r Row<'_>) -> Result<Dialogue<'r>, Misfit> {
        let messages = Messages { keys: Keys::Both, content: Content::Parts };
        let turns = match row.has("messages") {
            true => messages.list("messages", row.get("messages"))?.turns,
            false if row.get("prompt").text().is_none() => read_lists(row)?,
            false => read_pair(row)?,
        };
        let label = row.get(LABEL);
        let label = truth(label).ok_or_else(|| Misfit::of(LABEL, label, "true or false"))?;
        Ok(Dialogue { tools: tools::read(row)?, label: Some(label), ..Dialogue::new(turns) })
    }

    fn judge(&self, head: &Head, columns: &PartColumns) -> Verdict {
        let label = column_of(columns, LABEL).and_then(|column| head.profile(column));
        if label.is_some_and(|label| label.is_bool()) { Verdict::Fits } else { Verdict::No }
    }
}

fn truth(cell: &Cell<'_>) -> Option<bool> {
    match cell {
        Cell::Null => None,
        Cell::Text(text) | Cell::Json(text) => truth_of_text(text.trim()),
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::testing::{name_of, read};

    #[test]
    fn an_answer_and_its_label() {
        let row = r#"{"prompt":"q","completion":"a","label":true}"#;
        assert_eq!(name_of(&[row]), "kto prompt=prompt completion=completion label=label");
        assert_eq!(read("kto", row).unwrap(), ["user: q", "assistant: a", "label true"]);
        let row = r#"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"kto_tag":false}"#;
        assert_eq!(name_of(&[row]), "kto messages=messages label=kto_tag");
        assert_eq!(read("kto", row).unwrap(), ["user: q", "assistant: a", "label false"]);
        let row = r#"{"prompt":"q","completion":"a","label":7}"#;
        assert_eq!(read("kto", row).unwrap_err(), "label: found an integer (7), expected true or false");
        assert_ne!(name_of(&[row]), "kto prompt=prompt completion=completion label=label");
    }
}
