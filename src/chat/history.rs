//! Each turn of a conversation as a row of its own: what the model sees at inference, then the turn.

use super::Conversation;
use super::chat_rows::ChatRows;
use super::conversation::REASONING;
use super::roles::Roles;
use super::spans::is_assistant;
use super::trained::{Trained, TrainedTurns};
use super::training_row::{CUT, ChatFault, Masked, PROMPT_DIFFERS, TrainingRow, weight};
use crate::error::Result;
use crate::template::Data;
use crate::word::Word;

/// What is before the turns that train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum History {
    /// The conversation is rendered once, and all its turns train in one row.
    #[default]
    AsRendered,
    /// Each turn trains in a row of its own, after what the model sees at inference.
    SplitTurns,
}

impl Word for History {
    const ALL: &'static [Self] = &[History::AsRendered, History::SplitTurns];

    fn name(self) -> &'static str {
        match self {
            History::AsRendered => "as_rendered",
            History::SplitTurns => "split_turns",
        }
    }
}

impl Conversation {
    /// The numbers of the messages of these roles that train.
    pub(super) fn trained_turns(&self, trained: impl Into<Trained>, roles: Roles) -> Vec<usize> {
        let trained = trained.into();
        let chosen = self.messages.iter().enumerate().filter(|(_, message)| roles.have(message));
        let turns: Vec<(usize, &Data)> = chosen.collect();
        let last = turns.last().map(|(i, _)| *i);
        let trains = |(i, message): &(usize, &Data)| trained.trains(*i, last) && weight(message) > 0.0;
        turns.into_iter().filter(trains).map(|(i, _)| i).collect()
    }

    /// The first messages, with the same tools.
    fn first(&self, messages: usize) -> Conversation {
        let first = self.messages.get(..messages).unwrap_or(&self.messages);
        Conversation {
            messages: first.to_vec(),
            tools: self.tools.clone(),
            variables: self.variables.clone(),
            bytes: self.bytes,
        }
    }
}

impl ChatRows {
    /// The turn of message `turn` as a row: the messages up to it, of which that turn trains. Its text begins with the
    /// prompt that the template renders of the messages before, character by character; otherwise the inner error says so.
    ///
    /// Reasoning of earlier turns that the template leaves out is no fault: it is not there at inference either.
    ///
    /// # Errors
    /// As [`training_row`](ChatRows::training_row).
    pub fn turn_row(&self, conversation: &Conversation, turn: usize) -> Result<Masked> {
        let mut row = match self.training_row(&conversation.first(turn + 1), TrainedTurns::Last)? {
            Ok(row) => row,
            Err(fault) => return Ok(Err(fault)),
        };
        if let Some(start) = start_of_training(&row) {
            let prompt = self.format().render(&conversation.first(turn), true)?;
            if row.text.get(..start) != Some(&prompt) {
                let detail = format!("the text before message {turn} is not the prompt at inference");
                return Ok(Err(ChatFault { code: PROMPT_DIFFERS, message: turn, member: None, detail }));
            }
        }
        row.faults.retain(|fault| {
            fault.message == turn
                || !is_reasoning(fault)
                || !is_assistant(&conversation.messages[fault.message])
        });
        Ok(Ok(row))
    }
}

/// The byte at which the part of a row that trains begins.
fn start_of_training(row: &TrainingRow) -> Option<usize> {
    let first = row.spans.iter().position(|span| span.is_in_turn())?;
    Some(first.checked_sub(1).map_or(0, |before| row.spans[before].end as usize))
}

/// Whether a fault says that reasoning is not printed, or what templates cut from a content with reasoning.
fn is_reasoning(fault: &ChatFault) -> bool {
    let member = fault.member.as_deref().unwrap_or_default();
    REASONING.contains(&member) || (fault.code == CUT && member == "content")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ChatFormat, ChatOptions};

    /// Prints reasoning after the last message of the user alone, as Qwen's templates do.
    const CUTS: &str = "{%- set ns = namespace(last=0) %}{%- for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}\
        {%- for m in messages %}[{{ m.role }}]\
        {%- if m.role == 'assistant' and loop.index0 > ns.last %}<think>{{ m.reasoning_content or '' }}</think>{% endif %}{{ m.content }}</s>\
        {%- endfor %}{% if add_generation_prompt %}[assistant]<think>{% endif %}";

    const TALK: &str = r#"[{"role":"user","content":"a"},{"role":"assistant","content":"b","reasoning_content":"r"},
        {"role":"user","content":"c"},{"role":"assistant","content":"d","reasoning_content":"s"},{"role":"user","content":"e"}]"#;

    fn rows(template: &str) -> ChatRows {
        ChatRows::new(ChatFormat::new(template.to_string(), ChatOptions::default()).unwrap())
    }

    #[test]
    fn each_turn_has_the_text_of_inference_before_it() {
        let (rows, talk) = (rows(CUTS), Conversation::parse(TALK, None).unwrap());
        assert!(rows.training_row(&talk, TrainedTurns::All).unwrap().is_err());
        assert_eq!(rows.trained_turns(&talk, TrainedTurns::All), [1, 3]);
        assert_eq!(rows.trained_turns(&talk, TrainedTurns::Last), [3]);
        for (turn, text, own) in [
            (1, "[user]a</s>[assistant]<think>r</think>b</s>", "r</think>b</s>"),
            (3, "[user]a</s>[assistant]b</s>[user]c</s>[assistant]<think>s</think>d</s>", "s</think>d</s>"),
        ] {
            let row = rows.turn_row(&talk, turn).unwrap().unwrap();
            assert_eq!((row.text.as_str(), row.faults.len()), (text, 0));
            assert_eq!(&text[start_of_training(&row).unwrap()..], own);
        }
    }

    #[test]
    fn a_history_that_is_another_at_inference_is_refused() {
        // What is before the turn depends on whether the turn is there, far from where the turn starts.
        let template =
            CUTS.replace("loop.index0 > ns.last", "loop.last").replace("<think>{% endif %}", "{% endif %}");
        let talk = TALK.replace("user\",\"content\":\"c", "assistant\",\"content\":\"c");
        let (rows, talk) =
            (rows(&template.replace("<think>", "")), Conversation::parse(&talk, None).unwrap());
        let fault = rows.turn_row(&talk, 2).unwrap().unwrap_err();
        assert_eq!(fault.code, PROMPT_DIFFERS, "{}", fault.detail);
    }

    #[test]
    fn what_is_lost_otherwise_is_a_fault() {
        let template = CUTS
            .replace("m.role == 'assistant' and", "m.role == 'system' and")
            .replace("<think>{% endif %}", "{% endif %}");
        let (rows, talk) = (rows(&template), Conversation::parse(TALK, None).unwrap());
        let faults = rows.turn_row(&talk, 3).unwrap().unwrap().faults;
        assert_eq!(faults.iter().map(|fault| fault.message).collect::<Vec<_>>(), [3]);
    }
}
