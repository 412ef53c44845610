//! A prompt and an answer to it, as a row for training.

use super::trained::Trained;
use super::training_row::{ChatFault, TrainingRow, weight};
use super::{ChatRows, Conversation};
use crate::error::Result;
use crate::record::reason::{NO_PROMPT, NO_TRAINED_TOKEN, PROMPT_DIFFERS};
use crate::record::turns::Span;
use crate::template::Data;

/// A prompt and an answer to it.
#[derive(Debug, PartialEq)]
pub(crate) struct AnswerRow {
    /// Its text, through the last token that trains. A span ends where the prompt ends, and none before it trains.
    pub(crate) row: TrainingRow,
    /// The bytes of the prompt.
    pub(crate) prompt: usize,
}

impl ChatRows {
    /// The first `prompt` messages of a conversation as a prompt, and the others as the answer to it, whose turns of the
    /// assistant train. The prompt is what the template renders of its messages at inference, with the generation
    /// prompt. The answer ends with the token that ends its last turn.
    ///
    /// The inner error is why there is no such row.
    ///
    /// # Errors
    /// As [`turns`](ChatRows::turns).
    pub(crate) fn answer_row(
        &self,
        conversation: &Conversation,
        prompt: usize,
    ) -> Result<std::result::Result<AnswerRow, ChatFault>> {
        let fault = |code, detail: &str| {
            Ok(Err(ChatFault { code, message: prompt, member: None, detail: detail.to_string() }))
        };
        let (before, answer) = conversation.messages.split_at(prompt.min(conversation.messages.len()));
        if before.is_empty() {
            return fault(NO_PROMPT, "no message is before the answer");
        }
        let role = |message: &Data| message.get("role").and_then(Data::text).unwrap_or_default().to_string();
        let Some(first) = answer.first().filter(|message| role(message) == "assistant") else {
            return fault(PROMPT_DIFFERS, "the answer does not begin with a turn of the assistant");
        };
        let mut row = match self.training_row(conversation, Trained::From(prompt))? {
            Ok(row) => row,
            Err(fault) => return Ok(Err(fault)),
        };
        let Ok(shown) = self.format().render_messages(before, conversation, true) else {
            return fault(PROMPT_DIFFERS, "the template does not render the messages before the answer");
        };
        if !row.text.starts_with(&shown) {
            let detail = "the prompt at inference is not what the template prints before the answer";
            return fault(PROMPT_DIFFERS, detail);
        }
        let Some((start, end)) = trained_range(&row.spans) else {
            return fault(NO_TRAINED_TOKEN, "no turn of the answer trains");
        };
        let starts_there = if weight(first) > 0.0 { start == shown.len() } else { start > shown.len() };
        if !starts_there {
            return fault(PROMPT_DIFFERS, "the answer does not begin where the prompt at inference ends");
        }
        row.text.truncate(end);
        row.spans = within(&row.spans, shown.len(), end);
        Ok(Ok(AnswerRow { row, prompt: shown.len() }))
    }
}

/// Where the first span that trains starts, and where the last one ends.
fn trained_range(spans: &[Span]) -> Option<(usize, usize)> {
    let starts = std::iter::once(0).chain(spans.iter().map(|span| span.end as usize));
    let mut trained = starts.zip(spans).filter(|(start, span)| span.trained && *start < span.end as usize);
    let (start, first) = trained.next()?;
    Some((start, trained.last().map_or(first.end, |(_, last)| last.end) as usize))
}

/// The spans of the first `end` bytes, with a cut at byte `at`.
fn within(spans: &[Span], at: usize, end: usize) -> Vec<Span> {
    let mut cut = Vec::with_capacity(spans.len() + 1);
    let mut start = 0;
    for span in spans {
        let own = span.end as usize;
        for to in [at, end, own] {
            if start < to && to <= own.min(end) {
                // The text of a row is shorter than 4 GiB.
                cut.push(Span { end: to as u32, ..*span });
                start = to;
            }
        }
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ChatFormat, ChatOptions};

    /// With `/think` in a user message the generation prompt differs from what is before an answer.
    const CHATML: &str = "{%- for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' and not loop.last and m.content is string and '</t>' in m.content %}{{ m.content.split('</t>')[1] }}{% else %}{{ m.content }}{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% if '/think' in messages[0].content %}<t>{% endif %}{% endif %}";

    fn made(messages: &serde_json::Value, prompt: usize) -> std::result::Result<AnswerRow, ChatFault> {
        let format = ChatFormat::new(CHATML.to_string(), ChatOptions::default()).unwrap();
        let talk = Conversation::parse(&messages.to_string(), None).unwrap();
        ChatRows::new(format).answer_row(&talk, prompt).unwrap()
    }

    fn trained(row: &AnswerRow) -> Vec<&str> {
        let starts = std::iter::once(0).chain(row.row.spans.iter().map(|span| span.end as usize));
        let spans = starts.zip(&row.row.spans).filter(|(_, span)| span.trained);
        spans.map(|(start, span)| &row.row.text[start..span.end as usize]).collect()
    }

    #[test]
    fn the_prompt_is_that_of_inference_and_the_answer_ends_with_its_token() {
        let talk =
            serde_json::json!([{"role": "user", "content": "q"}, {"role": "assistant", "content": "é"}]);
        let row = made(&talk, 1).unwrap();
        assert_eq!(row.row.text, "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\né<|im_end|>");
        assert_eq!(&row.row.text[row.prompt..], "é<|im_end|>");
        assert!(row.row.spans.iter().any(|span| span.end as usize == row.prompt));
        assert_eq!(trained(&row).concat(), "é<|im_end|>");
    }

    #[test]
    fn turns_before_the_answer_do_not_train_and_what_is_between_its_turns_does_not() {
        let talk = serde_json::json!([
            {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"},
            {"role": "user", "content": "r"}, {"role": "assistant", "content": "b"},
            {"role": "tool", "content": "t"}, {"role": "assistant", "content": "c"}]);
        let row = made(&talk, 3).unwrap();
        assert_eq!(trained(&row).concat(), "b<|im_end|>c<|im_end|>");
        assert!(row.row.text[row.prompt..].starts_with("b<|im_end|>\n<|im_start|>tool"));
        let mut untrained = talk;
        untrained[3]["weight"] = serde_json::json!(0);
        let row = made(&untrained, 3).unwrap();
        assert_eq!(trained(&row).concat(), "c<|im_end|>");
        assert!(row.row.text[row.prompt..].starts_with("b<|im_end|>"));
    }

    #[test]
    fn says_why_there_is_no_such_row() {
        let talk = |first: &str, answer: serde_json::Value| serde_json::json!([{"role": "user", "content": first}, answer]);
        let said = |content: &str| serde_json::json!({"role": "assistant", "content": content});
        for (talk, prompt, code) in [
            (talk("q", said("a")), 0, NO_PROMPT),
            (talk("/think", said("a")), 1, PROMPT_DIFFERS),
            (talk("q", serde_json::json!({"role": "user", "content": "a"})), 1, PROMPT_DIFFERS),
            (
                talk("q", serde_json::json!({"role": "assistant", "content": "a", "weight": 0})),
                1,
                NO_TRAINED_TOKEN,
            ),
        ] {
            assert_eq!(made(&talk, prompt).unwrap_err().code, code, "{talk}");
        }
        // The template cuts the thought of an earlier turn only once another turn follows.
        let cut = serde_json::json!([
            {"role": "user", "content": "q"}, {"role": "assistant", "content": "<t>x</t>a"},
            {"role": "assistant", "content": "b"}]);
        assert_eq!(made(&cut, 2).unwrap_err().code, PROMPT_DIFFERS);
    }
}
