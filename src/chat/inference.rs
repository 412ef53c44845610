//! What a model needs at inference: the prompt with what of it is the data's, and the tokens that end its answers.

use serde::Serialize;

use super::spans;
use super::{ChatRows, Conversation};
use crate::error::Result;

/// The prompt of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prompt {
    /// Its text.
    pub text: String,
    /// Whether it is proven where each character comes from.
    pub is_proven: bool,
    /// Pieces that cover the text.
    pub pieces: Vec<PromptPiece>,
}

/// A piece of a prompt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PromptPiece {
    /// Where it ends, in characters of the text.
    pub end: usize,
    /// The number of the message that it comes from; none for what the template writes.
    pub message: Option<usize>,
    /// Where it is in the message, such as `content`.
    pub member: Option<String>,
}

impl ChatRows {
    /// The text of a conversation up to where the model answers, as training has it: the arguments of calls are those that
    /// `format` gave the template.
    ///
    /// # Errors
    /// Those of [`super::ChatFormat::render`].
    pub fn render_prompt(&self, conversation: Conversation) -> Result<String> {
        self.format().render(&self.as_trained(conversation), true)
    }

    /// The prompt of a conversation, with the origins of its pieces.
    ///
    /// # Errors
    /// Those of [`ChatRows::turns`].
    pub fn prompt(&self, conversation: Conversation) -> Result<Prompt> {
        let found = self.checked_proof(&self.as_trained(conversation), true)?.found;
        let mut pieces: Vec<PromptPiece> = Vec::new();
        let mut before = None;
        for (at, origin) in found.origins.iter().enumerate() {
            let leaf = origin.map(|(leaf, _)| leaf);
            match pieces.last_mut() {
                Some(last) if before == Some(leaf) => last.end = at + 1,
                _ => pieces.push(PromptPiece {
                    end: at + 1,
                    message: leaf.map(|leaf| found.leaves[leaf].message),
                    member: leaf.map(|leaf| found.leaves[leaf].name()),
                }),
            }
            before = Some(leaf);
        }
        Ok(Prompt {
            text: found.text.iter().collect(),
            is_proven: found.whole && found.lost.is_empty() && found.unclear.is_empty(),
            pieces,
        })
    }

    /// The tokens that end turns of the assistant, as text: those of training, but for one that the template also writes
    /// within a turn. The one at the end of conversations is the first.
    pub fn stops(&self) -> Vec<String> {
        spans::stops(self.format(), self.ends())
    }

    fn as_trained(&self, conversation: Conversation) -> Conversation {
        conversation.with_arguments(self.format().options().tool_arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ChatFormat, ChatOptions};

    fn rows(template: &str) -> ChatRows {
        ChatRows::new(ChatFormat::new(template.to_string(), ChatOptions::default()).unwrap())
    }

    const CHATML: &str = "{%- for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}\
                          {% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    #[test]
    fn a_prompt_says_what_comes_from_where() {
        let talk = Conversation::parse(r#"[{"role":"user","content":"user"}]"#, None).unwrap();
        let prompt = rows(CHATML).prompt(talk).unwrap();
        let mut start = 0;
        let pieces = prompt.pieces.iter().map(|piece| {
            let text = &prompt.text[start..piece.end];
            start = piece.end;
            (text, piece.message, piece.member.as_deref())
        });
        assert_eq!(
            pieces.collect::<Vec<_>>(),
            [
                ("<|im_start|>user\n", None, None),
                ("user", Some(0), Some("content")),
                ("<|im_end|>\n<|im_start|>assistant\n", None, None)
            ]
        );
        assert!(prompt.is_proven);
    }

    #[test]
    fn stops_are_the_tokens_that_end_turns_and_are_in_none() {
        assert_eq!(rows(CHATML).stops(), ["<|im_end|>"]);
        let other_at_end = CHATML.replace("<|im_end|>\n", "{{ '<|return|>' if loop.last else '<|end|>' }}");
        assert_eq!(rows(&other_at_end).stops(), ["<|return|>", "<|end|>"]);
        let within = other_at_end.replace(
            "{{ m.content }}",
            "{% if m.reasoning_content %}{{ m.reasoning_content }}<|end|>{% endif %}{{ m.content }}",
        );
        assert_eq!(rows(&within).stops(), ["<|return|>"]);
        assert!(rows(&CHATML.replace("<|im_end|>", "").replace("<|im_start|>", "#")).stops().is_empty());
    }

    #[test]
    fn arguments_are_those_of_training() {
        let template = "{% for m in messages %}{% for c in m.tool_calls %}{{ c.function.arguments|tojson }}{% endfor %}{% endfor %}";
        let talk = || {
            let call =
                r#"[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{\"a\":1}"}}]}]"#;
            Conversation::parse(call, None).unwrap()
        };
        assert_eq!(rows(template).render_prompt(talk()).unwrap(), r#"{"a": 1}"#);
        let verbatim = format!(r#"{{"chat_template":{template:?},"tool_arguments":"verbatim"}}"#);
        let verbatim = ChatRows::new(ChatFormat::from_json(&verbatim).unwrap());
        assert_eq!(verbatim.render_prompt(talk()).unwrap(), r#""{\"a\":1}""#);
    }
}
