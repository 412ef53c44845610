//! Conversations without their oldest turns.

use super::Conversation;
use crate::template::Data;

impl Conversation {
    /// Where a shorter conversation may begin, whose last turn that trains is message `last`: at each message of the user
    /// up to there, but the first. So what a turn answers is always before it, and a tool's reply has its call.
    pub fn later_starts(&self, last: usize) -> Vec<usize> {
        let end = self.messages.len().min(last);
        let is_user = |i: &usize| role(&self.messages[*i]) == "user";
        (self.head()..end).filter(is_user).filter(|i| *i > self.head()).collect()
    }

    /// The number of system messages at its head.
    pub fn head(&self) -> usize {
        self.messages.iter().take_while(|message| ["system", "developer"].contains(&role(message))).count()
    }

    /// The system messages at its head, and the messages from `start` on.
    #[must_use]
    pub fn starting_at(&self, start: usize) -> Conversation {
        let head = self.messages.iter().take(self.head().min(start));
        Conversation {
            messages: head.chain(self.messages.iter().skip(start)).cloned().collect(),
            tools: self.tools.clone(),
            variables: self.variables.clone(),
            bytes: self.bytes,
        }
    }
}

fn role(message: &Data) -> &str {
    message.get("role").and_then(Data::text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_conversation_begins_with_the_user() {
        let roles = ["system", "user", "assistant", "tool", "assistant", "user", "user", "assistant", "user"];
        let messages: Vec<_> =
            roles.iter().map(|role| serde_json::json!({"role": role, "content": "x"})).collect();
        let talk = Conversation::parse(&serde_json::json!(messages).to_string(), None).unwrap();
        assert_eq!((talk.head(), talk.later_starts(7), talk.later_starts(4)), (1, vec![5, 6], vec![]));
        let shorter = talk.starting_at(6);
        let kept: Vec<&str> = shorter.messages.iter().map(role).collect();
        assert_eq!(kept, ["system", "user", "assistant", "user"]);
        let answers_first =
            Conversation::parse(r#"[{"role":"assistant"},{"role":"user"},{"role":"assistant"}]"#, None);
        assert_eq!(answers_first.unwrap().later_starts(2), [1]);
    }
}
