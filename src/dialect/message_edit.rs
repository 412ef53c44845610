//! Edits of the texts of messages, within their JSON.

use std::ops::Range;

use super::dialogue::Role;
use super::messages::{chat_role, shared_role};
use crate::flow::Edit;
use crate::json::{Json, Kind};
use crate::record::json::quoted;

/// Edits the texts of the turns of some roles in JSON of messages: a list of them, one message, or an object with a list
/// `messages`. Names and ids stay, and so do calls of tools, unless the edit reaches them. All that does not change keeps
/// its bytes; JSON of anything else does not change at all.
pub(crate) struct MessageEdit<E> {
    pub(crate) roles: Vec<Role>,
    pub(crate) edit: E,
}

/// New JSON for some bytes of a JSON text.
type Replacement = (Range<usize>, String);

impl<E: Edit> Edit for MessageEdit<E> {
    fn edit(&self, text: &str, replaced: &mut dyn FnMut(&'static str)) -> Option<String> {
        let json = Json::parse(text)?;
        if json.kind == Kind::String {
            // A table without nested columns holds messages as text.
            let inner = json.string()?;
            return self.edit(&inner, replaced).map(|edited| quoted(&edited));
        }
        let mut all = Vec::new();
        self.value(text, json, replaced, &mut all);
        if all.is_empty() {
            return None;
        }
        all.sort_by_key(|(range, _)| range.start);
        let (mut edited, mut end) = (String::with_capacity(text.len()), 0);
        for (range, json) in all {
            edited.push_str(&text[end..range.start]);
            edited.push_str(&json);
            end = range.end;
        }
        edited.push_str(&text[end..]);
        Some(edited)
    }
}

impl<E: Edit> MessageEdit<E> {
    /// Edits a list of messages, a message, or an object with a list of messages.
    fn value(
        &self,
        whole: &str,
        json: Json<'_>,
        replaced: &mut dyn FnMut(&'static str),
        all: &mut Vec<Replacement>,
    ) {
        for message in json.elements().unwrap_or_else(|| vec![json]) {
            let Some([role, from, messages]) = message.fields(["role", "from", "messages"]) else { continue };
            let found = match (role.and_then(Json::string), from.and_then(Json::string)) {
                (Some(role), _) => chat_role(&role),
                (None, Some(from)) => {
                    let reached = |is_call: bool| !is_call || self.edit.reaches_calls();
                    shared_role(&from).filter(|(_, is_call)| reached(*is_call)).map(|(role, _)| role)
                }
                (None, None) => {
                    if let Some(list) = messages.filter(|list| list.kind == Kind::Array) {
                        self.value(whole, list, replaced, all);
                    }
                    None
                }
            };
            if found.is_some_and(|role| self.roles.contains(&role)) {
                self.message(whole, message, replaced, all);
            }
        }
    }

    fn message(
        &self,
        whole: &str,
        message: Json<'_>,
        replaced: &mut dyn FnMut(&'static str),
        all: &mut Vec<Replacement>,
    ) {
        let texts = message.fields(["content", "value", "reasoning_content", "reasoning", "thinking"]);
        for text in texts.unwrap_or_default().into_iter().flatten() {
            let parts = text.elements().unwrap_or_default();
            self.string(whole, text, replaced, all);
            for part in parts {
                self.string(whole, part, replaced, all);
                let fields = part.fields(["type", "text", "value", "content", "reasoning", "thinking"]);
                let [kind, texts @ ..] = fields.unwrap_or_default();
                let kind = kind.and_then(Json::string);
                let is_call =
                    kind.is_some_and(|kind| kind.contains("call") || kind.contains("use") || kind == "tool");
                if is_call && !self.edit.reaches_calls() {
                    continue;
                }
                texts.into_iter().flatten().for_each(|text| self.string(whole, text, replaced, all));
                self.calls(whole, part, replaced, all);
            }
        }
        let calls = message.fields(["tool_calls", "function_call"]).unwrap_or_default();
        calls.into_iter().flatten().for_each(|call| self.calls(whole, call, replaced, all));
    }

    /// Edits the arguments of a call or of several, and the parts of a result, if the edit reaches them.
    fn calls(
        &self,
        whole: &str,
        call: Json<'_>,
        replaced: &mut dyn FnMut(&'static str),
        all: &mut Vec<Replacement>,
    ) {
        if !self.edit.reaches_calls() {
            return;
        }
        for call in call.elements().unwrap_or_else(|| vec![call]) {
            let fields = call.fields(["function", "content", "arguments", "parameters", "input"]);
            let [function, content, arguments @ ..] = fields.unwrap_or_default();
            if let Some(function) = function.filter(|function| function.kind == Kind::Object) {
                self.calls(whole, function, replaced, all);
            }
            for part in content.and_then(Json::elements).unwrap_or_default() {
                let [text] = part.fields(["text"]).unwrap_or_default();
                text.into_iter().for_each(|text| self.string(whole, text, replaced, all));
            }
            for value in arguments.into_iter().flatten() {
                match value.kind {
                    Kind::String => self.string(whole, value, replaced, all),
                    _ => {
                        let edited = self.edit.edit(value.text, replaced);
                        all.extend(edited.map(|edited| (range(whole, value), edited)));
                    }
                }
            }
        }
    }

    /// Edits a string; any other value stays.
    fn string(
        &self,
        whole: &str,
        text: Json<'_>,
        replaced: &mut dyn FnMut(&'static str),
        all: &mut Vec<Replacement>,
    ) {
        let edited = text.string().and_then(|text| self.edit.edit(&text, replaced));
        if let Some(edited) = edited {
            all.push((range(whole, text), quoted(&edited)));
        }
    }
}

/// Where a value is in the whole text, of which its own text is a part.
fn range(whole: &str, value: Json<'_>) -> Range<usize> {
    let start = value.text.as_ptr().addr() - whole.as_ptr().addr();
    start..start + value.text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts `!` after texts that have none.
    struct Mark;

    impl Edit for Mark {
        fn edit(&self, text: &str, replaced: &mut dyn FnMut(&'static str)) -> Option<String> {
            (!text.ends_with('!')).then(|| {
                replaced("mark");
                format!("{text}!")
            })
        }
    }

    fn edit(roles: &[Role], json: &str) -> Option<String> {
        MessageEdit { roles: roles.to_vec(), edit: Mark }.edit(json, &mut |_| ())
    }

    #[test]
    fn only_texts_of_the_roles_change_and_all_else_keeps_its_bytes() {
        let json = r#" [ {"role" : "user","content":"q\u00e9"}, {"content":"a\n","role":"assistant","n":1.0e0,
            "tool_calls":[{"function":{"name":"f","arguments":"x"}}],"reasoning_content":"r!"} ]"#;
        assert_eq!(edit(&[Role::User], json).unwrap(), json.replace(r"q\u00e9", "qé!"));
        assert_eq!(edit(&[Role::Assistant], json).unwrap(), json.replace(r#""a\n""#, r#""a\n!""#));
        assert_eq!(edit(&[Role::Tool], json), None);
    }

    #[test]
    fn messages_of_other_forms() {
        let both = [Role::User, Role::Assistant];
        for (json, expected) in [
            (r#"[{"from":"human","value":"a"}]"#, Some(r#"[{"from":"human","value":"a!"}]"#)),
            (r#"[{"from":"function_call","value":"{}"}]"#, None),
            (r#"{"role":"user","content":"a"}"#, Some(r#"{"role":"user","content":"a!"}"#)),
            (
                r#"{"messages":[{"role":"user","content":"a"}],"n":null}"#,
                Some(r#"{"messages":[{"role":"user","content":"a!"}],"n":null}"#),
            ),
            (
                r#"[{"role":"user","content":[{"type":"text","text":"a"},"b",{"type":"tool_call","value":"c"}]}]"#,
                Some(
                    r#"[{"role":"user","content":[{"type":"text","text":"a!"},"b!",{"type":"tool_call","value":"c"}]}]"#,
                ),
            ),
            (
                r#""[{\"role\":\"user\",\"content\":\"a\"}]""#,
                Some(r#""[{\"role\":\"user\",\"content\":\"a!\"}]""#),
            ),
            // Not messages.
            ("7", None),
            ("{", None),
            (r#"[["a"]]"#, None),
            (r#""plain text""#, None),
            (r#"[{"role":"user","content":"\ud800"}]"#, None),
        ] {
            assert_eq!(edit(&both, json).as_deref(), expected, "{json}");
        }
    }

    /// Puts `X` for each `s`, in calls too.
    struct Hide;

    impl Edit for Hide {
        fn edit(&self, text: &str, _: &mut dyn FnMut(&'static str)) -> Option<String> {
            text.contains('s').then(|| text.replace('s', "X"))
        }

        fn reaches_calls(&self) -> bool {
            true
        }
    }

    #[test]
    fn an_edit_may_reach_calls_and_results() {
        let edit = |json: &str| {
            MessageEdit { roles: vec![Role::Assistant, Role::Tool], edit: Hide }.edit(json, &mut |_| ())
        };
        for (json, expected) in [
            (
                r#"[{"role":"assistant","content":null,"tool_calls":[{"id":"s","function":{"name":"s","arguments":"{\"a\":\"s\"}"}}]}]"#,
                r#"[{"role":"assistant","content":null,"tool_calls":[{"id":"s","function":{"name":"s","arguments":"{\"a\":\"X\"}"}}]}]"#,
            ),
            (
                r#"[{"role":"assistant","function_call":{"name":"s","arguments":{"a":["s"]}}}]"#,
                r#"[{"role":"assistant","function_call":{"name":"s","arguments":{"a":["X"]}}}]"#,
            ),
            (
                r#"[{"role":"assistant","content":[{"type":"tool_use","id":"s","name":"s","input":{"a":"s"}}]}]"#,
                r#"[{"role":"assistant","content":[{"type":"tool_use","id":"s","name":"s","input":{"a":"X"}}]}]"#,
            ),
            (
                r#"[{"role":"tool","content":[{"type":"tool_result","content":[{"type":"text","text":"s"}]}]}]"#,
                r#"[{"role":"tool","content":[{"type":"tool_result","content":[{"type":"text","text":"X"}]}]}]"#,
            ),
            (r#"[{"from":"function_call","value":"s"}]"#, r#"[{"from":"function_call","value":"X"}]"#),
            (r#"[{"from":"observation","value":"s"}]"#, r#"[{"from":"observation","value":"X"}]"#),
        ] {
            assert_eq!(edit(json).as_deref(), Some(expected));
        }
        let user = r#"[{"role":"user","tool_calls":[{"name":"f","arguments":"s"}]}]"#;
        assert_eq!(edit(user), None);
    }
}
