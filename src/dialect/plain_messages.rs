//! Messages of the simplest form: objects of a role and a text.

use super::messages::chat_role;
use crate::json::{Kind, Part, Value, decode_string, scan_parts};

/// What may come next.
enum Next {
    List,
    Message,
    Key,
    Role,
    Content,
}

/// Whether a JSON text is a list of at least one message, and each has a role that is known, a text, and nothing else.
pub(super) fn are_plain_messages(json: &str) -> bool {
    let (mut next, mut are_plain, mut messages, mut has) = (Next::List, true, 0, (false, false));
    let mut scratch = Vec::new();
    let inner = |value: Value| &json[value.start + 1..value.end - 1];
    let scanned = scan_parts(json.as_bytes(), |part| {
        let (fits, then) = match (&next, part) {
            (Next::List, Part::Array) => (true, Next::Message),
            (Next::Message, Part::Object) => {
                has = (false, false);
                (true, Next::Key)
            }
            (Next::Key, Part::Key(key)) => match inner(key) {
                "role" => (!std::mem::replace(&mut has.0, true), Next::Role),
                "content" => (!std::mem::replace(&mut has.1, true), Next::Content),
                _ => (false, Next::Key),
            },
            (Next::Role, Part::Value(role)) => {
                (role.kind == Kind::String && chat_role(inner(role)).is_some(), Next::Key)
            }
            (Next::Content, Part::Value(text)) => {
                scratch.clear();
                let is_text = text.kind == Kind::String
                    && (!text.escaped || decode_string(inner(text).as_bytes(), &mut scratch).is_ok());
                (is_text, Next::Key)
            }
            (Next::Key, Part::End) => {
                messages += 1;
                (has == (true, true), Next::Message)
            }
            (Next::Message, Part::End) => (true, Next::List),
            _ => (false, Next::List),
        };
        are_plain &= fits;
        next = then;
    });
    scanned.is_ok() && are_plain && messages > 0
}
