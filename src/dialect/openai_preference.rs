//! `openai_preference`: an input, a preferred output and another one, as OpenAI and Azure take them.

use super::cell::{Cell, Row};
use super::dialect::{Dialect, Holds, PartSpec};
use super::dialogue::{Dialogue, Turn};
use super::messages::{Content, Keys, Messages};
use super::misfit::Misfit;
use super::preference::check_answer;
use crate::json::Kind;
use crate::record::Answers;
use crate::record::turns::Branch;

/// An input, a preferred output and another one.
pub(super) struct OpenAiPreference;

const INPUT: &str = "input";
const CHOSEN: &str = "preferred_output";
const REJECTED: &str = "non_preferred_output";
const PARTS: &[PartSpec] = &[
    PartSpec::required(INPUT, Holds::Any, &["input"]),
    PartSpec::required(CHOSEN, Holds::Any, &["preferred_output"]),
    PartSpec::required(REJECTED, Holds::Any, &["non_preferred_output"]),
];
const MESSAGES: Messages = Messages { keys: Keys::Role, content: Content::Parts };

impl Dialect for OpenAiPreference {
    fn name(&self) -> &'static str {
        "openai_preference"
    }

    fn title(&self) -> &'static str {
        "an input, a preferred output and another one"
    }

    fn parts(&self) -> &'static [PartSpec] {
        PARTS
    }

    fn answers(&self) -> Answers {
        Answers::Pair
    }

    fn read<'r>(&self, row: &'r Row<'_>) -> Result<Dialogue<'r>, Misfit> {
        const OBJECT: &str = "an object with messages";
        let cell = row.get(INPUT);
        let object = cell.nested().filter(|json| json.kind == Kind::Object);
        let fields = object.and_then(|json| json.fields(["messages", "tools"]));
        let Some([Some(messages), tools]) = fields else { return Err(Misfit::of(INPUT, cell, OBJECT)) };
        let mut turns = MESSAGES.values(INPUT, messages)?.turns;
        for (part, branch) in [(CHOSEN, Branch::Chosen), (REJECTED, Branch::Rejected)] {
            turns.extend(answer(part, row.get(part), branch)?);
        }
        Ok(Dialogue { tools: tools.map(super::calls::json_text), ..Dialogue::new(turns) })
    }
}

fn answer<'r>(part: &'static str, cell: &'r Cell<'_>, branch: Branch) -> Result<Vec<Turn<'r>>, Misfit> {
    let turns = MESSAGES.list(part, cell)?.turns;
    check_answer(part, &turns)?;
    Ok(turns.into_iter().map(|turn| turn.within(branch)).collect())
}

#[cfg(test)]
mod tests {
    use crate::dialect::testing::{name_of, read};

    #[test]
    fn an_input_and_two_outputs() {
        let row = r#"{"input":{"messages":[{"role":"user","content":"q"}],"tools":[]},
            "preferred_output":[{"role":"assistant","content":"a"}],"non_preferred_output":[{"role":"assistant","content":"b"}]}"#;
        assert_eq!(
            name_of(&[row]),
            "openai_preference input=input preferred_output=preferred_output non_preferred_output=non_preferred_output"
        );
        assert_eq!(
            read("openai_preference", row).unwrap(),
            ["user: q", "chosen assistant: a", "rejected assistant: b", "tools []"]
        );
        let row = row.replace("\"assistant\",\"content\":\"b\"", "\"user\",\"content\":\"b\"");
        let message =
            "non_preferred_output: found a last turn of the role user, expected an answer of the assistant";
        assert_eq!(read("openai_preference", &row).unwrap_err(), message);
    }
}
