//! `kto`: an answer, and whether it is a good one.

use super::cell::{Cell, Row};
use super::chat_pairs::read_lists;
use super::dialect::{Dialect, Holds, PartSpec, Verdict};
use super::dialogue::{Dialogue, Role, Turn};
use super::doubts::without_media;
use super::head::{Head, truth_of_text};
use super::messages::{Content, Keys, Messages};
use super::misfit::Misfit;
use super::openai_chat::MESSAGES;
use super::pairs::{pair_columns, read_pair};
use super::part_columns::{PartColumns, column_of};
use super::prompt_columns::{self, HISTORY_PART, INPUT_PART, SYSTEM_PART};
use super::{tools, transcript};
use crate::record::Answers;

/// An answer, and whether it is a good one.
pub(super) struct Kto;

const LABEL: &str = "label";
const PARTS: &[PartSpec] = &[
    PartSpec::optional("messages", Holds::Any, MESSAGES),
    PartSpec::optional("prompt", Holds::Any, &["prompt"]),
    PartSpec::optional("completion", Holds::Any, &["completion"]),
    PartSpec::required(LABEL, Holds::Any, &["kto_tag", "label"]),
    INPUT_PART,
    SYSTEM_PART,
    HISTORY_PART,
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
        let [messages, _, _, label, further @ ..] = PARTS else { return Vec::new() };
        let Some(label) = column(label) else { return Vec::new() };
        let mut found: Vec<PartColumns> = Vec::new();
        found.extend(column(messages).map(|messages| vec![messages]));
        found.extend(pair_columns(names));
        for columns in &mut found {
            columns.push(label.clone());
            let of_messages = column_of(columns, "messages").is_some();
            let belongs =
                |part: &&PartSpec| !of_messages || ![INPUT_PART.name, HISTORY_PART.name].contains(&part.name);
            for part in further.iter().filter(belongs) {
                let free = |(_, name): &(&str, String)| columns.iter().all(|(_, used)| used != name);
                let found = column(part).filter(free);
                columns.extend(found);
            }
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
            false => asked_and_answered(row)?,
        };
        let turns = prompt_columns::around(row, turns)?;
        let label = row.get(LABEL);
        let label = truth(label).ok_or_else(|| Misfit::of(LABEL, label, "true or false"))?;
        Ok(Dialogue { tools: tools::read(row)?, label: Some(label), ..Dialogue::new(turns) })
    }

    fn judge(&self, head: &Head, columns: &PartColumns) -> Verdict {
        if let Some(doubt) = without_media(head, columns) {
            return doubt;
        }
        let label = column_of(columns, LABEL).and_then(|column| head.profile(column));
        if label.is_some_and(|label| label.is_bool()) { Verdict::Fits } else { Verdict::No }
    }
}

/// The turns of a prompt and a completion that are text.
fn asked_and_answered<'r>(row: &'r Row<'_>) -> Result<Vec<Turn<'r>>, Misfit> {
    let turns = read_pair(row)?;
    let text = |part| row.get(part).text();
    match text("prompt").and_then(transcript::prompt) {
        Some((mut prompt, is_open)) => {
            let answer = text("completion").unwrap_or_default();
            let answer = if is_open { transcript::answer(answer) } else { answer };
            prompt.push(Turn::said(Role::Assistant, answer));
            Ok(prompt)
        }
        None => Ok(turns),
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

    #[test]
    fn what_belongs_to_the_prompt_is_read_as_of_other_dialects() {
        let row = r#"{"instruction":"I","input":"x","system":"S","history":[["a","b"]],"output":"o","kto_tag":true}"#;
        assert_eq!(
            name_of(&[row]),
            "kto prompt=instruction completion=output label=kto_tag input=input system=system history=history"
        );
        let expected = ["system: S", "user: a", "assistant: b", "user: I\n\nx", "assistant: o", "label true"];
        assert_eq!(read("kto", row).unwrap(), expected);
        let row = r#"{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}],"system":"S","label":false}"#;
        assert_eq!(read("kto", row).unwrap(), ["system: S", "user: q", "assistant: a", "label false"]);
        let row = r#"{"prompt":[{"role":"user","content":"q"}],"completion":[{"role":"assistant","content":"a"}],"context":"c","label":true}"#;
        let message = "input: found text (c), expected nothing beside messages";
        assert_eq!(read("kto", row).unwrap_err(), message);
        let row = r#"{"input":"i","output":"o","label":true}"#;
        assert_eq!(name_of(&[row]), "kto prompt=input completion=output label=label");
        let row = r#"{"prompt":"q","completion":"a","label":true,"images":["x.png"]}"#;
        assert_eq!(name_of(&[row]), "unknown");
    }

    #[test]
    fn a_transcript_is_turns() {
        let row = r#"{"prompt":"\n\nHuman: q\n\nAssistant: r\n\nHuman: s\n\nAssistant:","completion":" a","label":true}"#;
        assert_eq!(
            read("kto", row).unwrap(),
            ["user: q", "assistant: r", "user: s", "assistant: a", "label true"]
        );
    }
}
