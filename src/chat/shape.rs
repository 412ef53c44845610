//! The shape of a conversation: all of it but what the texts say. A template treats conversations of one shape alike, as
//! far as it does not look for anything in the texts.

use super::Conversation;
use super::seeker::{Seeker, Sought};
use super::spans::{Kind, Leaf, Seen, is_free, walk};
use super::trained::Trained;
use crate::hash;
use crate::template::{Form, Known, is_space, placeholder};

/// Bytes that the digest of most messages is of.
const MESSAGE_BYTES: usize = 96;

/// The shape of a conversation.
#[derive(Debug)]
pub(super) struct Shape<'a> {
    /// Its digest.
    pub(super) key: u128,
    /// How much of the texts is part of it.
    pub(super) detail: Detail,
    /// The texts that are not part of it, in order.
    pub(super) texts: Vec<&'a str>,
}

/// How much of the texts belongs to the shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// White space at their edges. Enough for templates that look for nothing in texts.
    Edges,
    /// And which of the texts that the template may look for they hold.
    Words,
}

/// What of a text belongs to the shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Class<'a> {
    /// White space at its start.
    pub(super) lead: &'a str,
    /// White space at its end.
    pub(super) trail: &'a str,
    /// None where it may be any.
    sought: Option<Sought>,
}

impl<'a> Class<'a> {
    /// None where the whole text belongs to the shape: names of tools, blank texts, and what the template looks for.
    pub(super) fn of(kind: Kind, text: &'a str, seeker: &Seeker, detail: Detail) -> Option<Self> {
        let without_lead = text.trim_start_matches(is_space);
        let bare = without_lead.trim_end_matches(is_space);
        if kind == Kind::Name || bare.is_empty() || seeker.is_sought(bare) {
            return None;
        }
        let lead = &text[..text.len() - without_lead.len()];
        let trail = &without_lead[bare.len()..];
        let sought = (detail == Detail::Words).then(|| seeker.seek(bare));
        Some(Class { lead, trail, sought })
    }

    /// Which of the texts that the template may look for may be in it, as bits.
    fn held(&self) -> u128 {
        self.sought.map_or(u128::MAX, |sought| sought.anywhere)
    }

    /// A text of this class, number `n` of its conversation; none if there is none that is easily made.
    fn example(&self, kind: Kind, n: usize, seeker: &Seeker) -> Option<String> {
        let Class { lead, trail, sought } = self;
        let detail = if sought.is_some() { Detail::Words } else { Detail::Edges };
        let sought = sought.unwrap_or_default();
        let start = seeker.texts(sought.at_start).next().unwrap_or_default();
        let end = seeker.texts(sought.at_end).next().unwrap_or_default();
        let within = sought.anywhere & !sought.at_start & !sought.at_end;
        let within: String = seeker.texts(within).map(|text| format!("{text}q")).collect();
        // The characters that are escaped show how the text is printed.
        ["\"é\\\n", "\"é\\", "é", ""].into_iter().find_map(|escaped| {
            let text = format!("{lead}{start}q{}{escaped}{within}k{end}{trail}", letters(n));
            (Class::of(kind, &text, seeker, detail) == Some(*self)).then_some(text)
        })
    }
}

/// A number in letters.
fn letters(mut n: usize) -> String {
    let mut out = String::new();
    loop {
        out.push(char::from(b'a' + (n % 16) as u8));
        n /= 16;
        if n == 0 {
            return out;
        }
    }
}

impl<'a> Shape<'a> {
    /// The shape of a conversation whose turns train so.
    pub(super) fn of(
        conversation: &'a Conversation,
        trained: Trained,
        seeker: &Seeker,
        detail: Detail,
    ) -> Self {
        let messages = conversation.messages.len();
        let mut bytes = Vec::with_capacity(8 + messages * MESSAGE_BYTES);
        bytes.extend(trained.bytes());
        bytes.push(detail as u8);
        let mut texts = Vec::with_capacity(messages);
        let sized = |bytes: &mut Vec<u8>, text: &str| {
            bytes.extend(text.len().to_le_bytes());
            bytes.extend(text.as_bytes());
        };
        for data in conversation.all() {
            walk(data, &mut |seen, _| match seen {
                Seen::Begin(mark, length) => {
                    bytes.push(mark);
                    bytes.extend(length.to_le_bytes());
                }
                Seen::Member(name) => sized(&mut bytes, name),
                Seen::Other(mark, text) => {
                    bytes.push(mark);
                    sized(&mut bytes, text);
                }
                Seen::Leaf(kind, text) => match Class::of(kind, text, seeker, detail) {
                    None => {
                        bytes.push(b'=');
                        sized(&mut bytes, text);
                    }
                    Some(class) => {
                        bytes.push(b'~');
                        sized(&mut bytes, class.lead);
                        sized(&mut bytes, class.trail);
                        if let Some(Sought { anywhere, at_start, at_end }) = class.sought {
                            for bits in [anywhere, at_start, at_end] {
                                bytes.extend(bits.to_le_bytes());
                            }
                        }
                        texts.push(text);
                    }
                },
            });
        }
        Shape { key: hash::field(Some(&bytes)), detail, texts }
    }
}

/// A conversation of the same shape, with short texts.
pub(super) fn example(conversation: &Conversation, seeker: &Seeker, detail: Detail) -> Option<Conversation> {
    let mut example = conversation.clone();
    for (n, leaf) in Leaf::all(&conversation.messages).iter().enumerate() {
        if let Some(class) = Class::of(leaf.kind, leaf.text(&conversation.messages), seeker, detail) {
            leaf.put(&mut example.messages, class.example(leaf.kind, n, seeker)?);
        }
    }
    // The limits of a render depend on it: it must not come from the conversation.
    example.bytes = bytes(&example);
    Some(example)
}

/// A conversation with placeholders for the texts that are not part of its shape.
#[derive(Debug)]
pub(super) struct Unseen {
    pub(super) conversation: Conversation,
    /// The texts with placeholders, in order, and the placeholder of each as it is printed as JSON.
    pub(super) placeholders: Vec<(String, char)>,
    /// What is known about the texts.
    pub(super) known: Known,
}

/// A conversation without its texts; none if it has very many, or characters that are placeholders in what is part of its
/// shape.
pub(super) fn unseen(conversation: &Conversation, seeker: &Seeker, detail: Detail) -> Option<Unseen> {
    let mut free = true;
    for data in [&conversation.variables, &conversation.tools] {
        walk(data, &mut |seen, _| {
            free &= match seen {
                Seen::Leaf(_, text) | Seen::Member(text) | Seen::Other(_, text) => is_free(text),
                Seen::Begin(..) => true,
            };
        });
    }
    let mut without = conversation.clone();
    let (mut placeholders, mut held) = (Vec::new(), Vec::new());
    for leaf in Leaf::all(&conversation.messages) {
        let text = leaf.text(&conversation.messages);
        if let Some(class) = Class::of(leaf.kind, text, seeker, detail) {
            let form = |form| placeholder(held.len(), form);
            let (plain, json) = (form(Form::Plain)?, form(Form::Json)?);
            let text = format!("{}{plain}{}", class.lead, class.trail);
            leaf.put(&mut without.messages, text.clone());
            placeholders.push((text, json));
            held.push(class.held());
        }
    }
    for message in &conversation.messages {
        walk(message, &mut |seen, _| {
            if let Seen::Member(text) | Seen::Other(_, text) = seen {
                free &= is_free(text);
            }
        });
    }
    let known = Known { sought: seeker.all().to_vec(), held };
    free.then_some(Unseen { conversation: without, placeholders, known })
}

/// The bytes of all that a conversation holds.
fn bytes(conversation: &Conversation) -> usize {
    let mut bytes = 0;
    for data in conversation.all() {
        walk(data, &mut |seen, _| {
            bytes += match seen {
                Seen::Leaf(_, text) | Seen::Member(text) | Seen::Other(_, text) => text.len(),
                Seen::Begin(..) => 2,
            };
        });
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::TrainedTurns;

    fn shape(messages: &str) -> (u128, Conversation) {
        let seeker = Seeker::new(&["</think>".to_string(), "/no".to_string(), "\n".to_string()]).unwrap();
        let conversation = Conversation::parse(messages, None).unwrap();
        let key = |conversation: &Conversation, detail| {
            Shape::of(conversation, TrainedTurns::All.into(), &seeker, detail).key
        };
        for detail in [Detail::Edges, Detail::Words] {
            let example = example(&conversation, &seeker, detail).unwrap();
            assert_eq!(key(&example, detail), key(&conversation, detail), "{messages}");
        }
        (key(&conversation, Detail::Words), example(&conversation, &seeker, Detail::Words).unwrap())
    }

    fn said(content: &str) -> String {
        serde_json::json!([{"role": "user", "content": content}]).to_string()
    }

    #[test]
    fn texts_alone_do_not_change_a_shape() {
        let (key, example) = shape(&said(" What is \"2\"?\n"));
        assert_eq!(key, shape(&said(" Who?\n")).0);
        assert_eq!(example.messages[0].get("content").unwrap().text(), Some(" qa\"é\\k\n"));
        for other in
            ["Who?\n", " Who?", " Who\n?\n", " Who? /no\n", " /no Who?\n", " Who /no?\n", " /no\n", " \n", ""]
        {
            assert_ne!(key, shape(&said(other)).0, "{other:?}");
        }
        for other in [
            r#"[{"role":"system","content":" Who?\n"}]"#,
            r#"[{"role":"user","content":" Who?\n","name":"x"}]"#,
            r#"[{"role":"user","content":[{"type":"text","text":" Who?\n"}]}]"#,
        ] {
            assert_ne!(key, shape(other).0, "{other}");
        }
    }

    #[test]
    fn arguments_are_texts_and_names_are_not() {
        let call = |name: &str, city: &str| {
            let function = serde_json::json!({"name": name, "arguments": {"city": city, "n": 1}});
            shape(
                &serde_json::json!([{"role": "assistant", "tool_calls": [{"function": function}]}])
                    .to_string(),
            )
            .0
        };
        assert_eq!(call("f", "Bonn"), call("f", "Köln"));
        assert_ne!(call("f", "Bonn"), call("g", "Bonn"));
    }
}
