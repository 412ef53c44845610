//! The texts of a conversation whose place in a render is not proven: those of tools,
//! variables, names and ids, and names of members.

use super::Conversation;
use super::spans::{Seen, walk};

impl Conversation {
    /// Calls `visit` with each of them.
    pub(crate) fn elsewhere<'a>(&'a self, mut visit: impl FnMut(&'a str)) {
        for data in self.all() {
            walk(data, &mut |seen, _| match seen {
                Seen::Member(text) | Seen::Other(_, text) => visit(text),
                Seen::Leaf(..) | Seen::Begin(..) => {}
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_messages_are_not_among_them() {
        let messages = r#"[{"role":"assistant","content":"a","name":"n","tool_calls":[
            {"id":"i","function":{"name":"f","arguments":{"k":"v"}}}]}]"#;
        let tools = r#"[{"function":{"description":"d"}}]"#;
        let conversation = Conversation::parse(messages, Some(tools)).unwrap();
        let mut found = Vec::new();
        conversation.elsewhere(|text| found.push(text));
        assert!(["assistant", "n", "i", "k", "d", "description"].iter().all(|text| found.contains(text)));
        assert!(["a", "f", "v"].iter().all(|text| !found.contains(text)));
    }
}
