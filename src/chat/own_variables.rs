//! Variables of the template that a conversation brings itself.

use super::Conversation;
use crate::template::Data;

/// The variables that are never a conversation's own.
pub(super) const FIXED: [&str; 3] = ["messages", "tools", "add_generation_prompt"];

impl Conversation {
    /// The conversation with variables from a JSON object. They take the place of those of the format.
    ///
    /// # Errors
    /// What is wrong, for people: it is no object, or has a name that is no further variable.
    pub fn with_variables(mut self, json: &str) -> Result<Self, String> {
        let Ok(Data::Map(members)) = Data::parse(json) else {
            return Err("the variables of the template are not an object".to_string());
        };
        if let Some((name, _)) = members.iter().find(|(name, _)| FIXED.contains(&&**name)) {
            return Err(format!("`{name}` is not a further variable of the template"));
        }
        self.bytes += json.len();
        // As an item of a list, no member of it counts as one of a message.
        self.variables = Data::List(vec![Data::Map(members)]);
        Ok(self)
    }

    /// The names and the values of its variables.
    pub(super) fn variables(&self) -> &[(std::sync::Arc<str>, Data)] {
        match self.variables.list().unwrap_or_default() {
            [Data::Map(members)] => members,
            _ => &[],
        }
    }

    /// All that is in a conversation: variables, tools and messages.
    pub(super) fn all(&self) -> impl Iterator<Item = &Data> {
        [&self.variables, &self.tools].into_iter().chain(&self.messages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ChatFormat, ChatOptions, ChatRows, TrainedTurns};

    const TALK: &str = r#"[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]"#;

    #[test]
    fn variables_take_the_place_of_those_of_the_format() {
        let template = "{% for m in messages %}[{{ m.role }}:{{ x }}]{{ m.content }}</s>{% endfor %}\
                        {% if add_generation_prompt %}[assistant:{{ x }}]{% endif %}";
        let options: ChatOptions = serde_json::from_str(r#"{"template_kwargs":{"x":1}}"#).unwrap();
        let rows = ChatRows::new(ChatFormat::new(template.to_string(), options).unwrap());
        let text = |variables: &str| {
            let talk = Conversation::parse(TALK, None).unwrap().with_variables(variables).unwrap();
            rows.training_row(&talk, TrainedTurns::All).unwrap().unwrap().text
        };
        // A layout that was learnt with other variables is not used.
        for (variables, shown) in [
            ("{}", "1"),
            (r#"{"x":2}"#, "2"),
            (r#"{"y":2}"#, "1"),
            (r#"{"x":{"content":"q"}}"#, "{'content': 'q'}"),
        ] {
            assert_eq!(text(variables), format!("[user:{shown}]q</s>[assistant:{shown}]a</s>"));
        }
    }

    #[test]
    fn refuses_what_are_no_further_variables() {
        for json in ["[]", "1", "{", r#"{"messages":[]}"#, r#"{"tools":1}"#] {
            assert!(Conversation::parse(TALK, None).unwrap().with_variables(json).is_err(), "{json}");
        }
    }
}
