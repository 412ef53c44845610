//! The texts of messages, for rules.

use super::dialogue::{Role, TextKind, Turn};
use super::messages::{Content, Keys, Messages};
use crate::flow::FindTexts;
use crate::json::{Json, Kind};

/// Finds the texts of the turns of some roles in JSON of messages: a list of them, one message, or an object with a list
/// `messages`. The parts of a turn are one text, without reasoning. A turn of calls alone has none.
pub(crate) struct MessageTexts {
    pub(crate) roles: Vec<Role>,
}

const PART: &str = "messages";

impl FindTexts for MessageTexts {
    fn texts(&self, value: &str) -> Result<Vec<String>, String> {
        let json = Json::parse(value).ok_or("it is no JSON")?;
        if json.kind == Kind::String {
            // A table without nested columns holds messages as text.
            let inner = json.string().ok_or("it is no JSON")?;
            let json = Json::parse(&inner).filter(|json| json.kind != Kind::String);
            return self.of(json.ok_or("it is a text and no list of messages")?);
        }
        self.of(json)
    }
}

impl MessageTexts {
    fn of(&self, json: Json<'_>) -> Result<Vec<String>, String> {
        let messages = Messages { keys: Keys::Both, content: Content::Media };
        let inner = json.fields([PART]).and_then(|[list]| list);
        let read = match inner.filter(|list| list.kind == Kind::Array) {
            Some(list) => messages.values(PART, list),
            None => messages.one_or_several(PART, json),
        };
        let turns = read.map_err(|misfit| misfit.to_string())?.turns;
        Ok(turns.iter().filter(|turn| self.roles.contains(&turn.role)).filter_map(text).collect())
    }
}

fn text(turn: &Turn<'_>) -> Option<String> {
    let said = turn.texts.iter().filter(|said| said.kind == TextKind::Text);
    let text: String = said.map(|said| said.text.as_ref()).collect();
    (turn.calls.is_empty() || !text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_turn_of_the_roles_is_a_text() {
        let texts = |json: &str| MessageTexts { roles: vec![Role::Assistant] }.texts(json);
        let of = |json: &str| texts(json).unwrap();
        let list = r#"[{"role":"user","content":"q"},{"role":"assistant","content":""},{"role":"assistant","content":"b"}]"#;
        assert_eq!(of(list), ["", "b"]);
        assert_eq!(of(&format!(r#"{{"messages":{list}}}"#)), ["", "b"]);
        assert_eq!(of(&serde_json::to_string(list).unwrap()), ["", "b"]);
        assert_eq!(of(r#"{"role":"assistant","content":" "}"#), [" "]);
        assert_eq!(of(r#"[{"from":"gpt","value":"a"},{"from":"human","value":""}]"#), ["a"]);
        let call = r#"[{"role":"assistant","content":null,"tool_calls":[{"name":"f"}]}]"#;
        assert_eq!(of(call), [""; 0]);
        let parts = r#"[{"role":"assistant","content":[{"type":"reasoning","text":"r"},{"type":"text","text":"a"}]}]"#;
        assert_eq!(of(parts), ["a"]);
        for wrong in ["", "7", r#""a""#, "[]", r#"[{"role":"alien","content":"a"}]"#] {
            assert!(texts(wrong).is_err(), "{wrong}");
        }
    }
}
