//! What a template writes after each kind of text of an answer, whatever follows: learnt from short answers.

use super::control_token;
use super::probe::{CALL, answered};
use super::provenance::Provenance;
use crate::chat::ChatFormat;
use crate::record::turns::SpanKind;

const REASONING: &str = r#""reasoning_content":"Spiders are arachnids.""#;

const CONTENT: &str = r#""content":"Let me look.""#;

/// What a template writes after a kind of text, and what follows; none for the end of the answer.
type After = (Option<SpanKind>, Vec<char>);

/// What closes each kind of text.
#[derive(Debug)]
pub(in crate::chat) struct Closings([Option<Vec<char>>; 3]);

/// Learns what closes each kind of text: what is common to all that may follow.
pub(in crate::chat) fn learn_closings(format: &ChatFormat) -> Closings {
    let answers = [
        format!("{REASONING},{CONTENT}"),
        format!(r#"{REASONING},"content":"""#),
        format!(r#"{REASONING},"content":"",{CALL}"#),
        format!("{CONTENT},{CALL}"),
        CONTENT.to_string(),
        format!(r#""content":"",{CALL}"#),
    ];
    let mut after: [Vec<After>; 3] = [const { Vec::new() }; 3];
    for found in answers.iter().filter_map(|members| answered(format, members)) {
        add(&found, &mut after);
    }
    Closings(after.map(|after| common(&after)))
}

/// Adds what is after each text of message 1.
fn add(found: &Provenance, after: &mut [Vec<After>; 3]) {
    let mut before: Option<(SpanKind, usize)> = None;
    for at in 0..found.text.len() {
        let Some((leaf, _)) = found.origins[at] else { continue };
        if found.leaves[leaf].message != 1 {
            continue;
        }
        let kind = found.leaves[leaf].kind.of_span();
        if let Some((other, end)) = before.filter(|(other, _)| *other != kind) {
            after[other as usize].push((Some(kind), found.text[end..at].to_vec()));
        }
        before = Some((kind, at + 1));
    }
    if let Some((kind, end)) = before {
        after[kind as usize].push((None, found.text[end..].to_vec()));
    }
}

/// What all begin with, up to where a control token or a word begins in which they differ; none if only one kind of text is
/// known to follow.
fn common(after: &[After]) -> Option<Vec<char>> {
    let ((next, first), rest) = after.split_first()?;
    if rest.iter().all(|(other, _)| other == next) {
        return None;
    }
    let agree = |i: &usize| rest.iter().all(|(_, text)| text.get(*i) == first.get(*i));
    let mut length = (0..first.len()).take_while(agree).count();
    for (_, text) in after {
        let mut at = 0;
        while let Some((start, end)) = control_token::find(text, at).filter(|(start, _)| *start < length) {
            if end > length {
                length = start;
            }
            at = end;
        }
    }
    let is_word = |at: usize| first.get(at).is_some_and(|c| c.is_alphanumeric());
    let is_cut = |at: usize| {
        at > 0
            && is_word(at - 1)
            && after.iter().any(|(_, text)| text.get(at).is_some_and(|c| c.is_alphanumeric()))
    };
    while is_cut(length) {
        length -= 1;
    }
    Some(first[..length].to_vec())
}

impl Closings {
    /// How many characters of what is after a text of this kind close it; none if that is not known.
    pub(in crate::chat) fn length(&self, kind: SpanKind, after: &[char]) -> Option<usize> {
        let closing = self.0[kind as usize].as_deref()?;
        after.starts_with(closing).then_some(closing.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ChatOptions;

    #[test]
    fn what_closes_a_text_is_the_same_whatever_follows() {
        let template = "{% for m in messages %}<|{{ m.role }}|>{% if m.reasoning_content %}<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}\
            {{ m.content }}{% for c in m.tool_calls %}<call>{{ c.function|tojson }}</call>{% endfor %}<|end|>{% endfor %}";
        let closings = |template: &str| {
            learn_closings(&ChatFormat::new(template.to_string(), ChatOptions::default()).unwrap())
        };
        let length = |template: &str, kind, text: &str| {
            closings(template).length(kind, &text.chars().collect::<Vec<_>>())
        };
        let (reasoning, content) = (SpanKind::Reasoning, SpanKind::Content);
        assert_eq!(length(template, reasoning, "\n</think>\n\n<call>"), Some(11));
        assert_eq!(length(template, reasoning, "</think>"), None);
        // `<call>` and `<|end|>` begin alike.
        assert_eq!(length(template, content, "<call>x"), Some(0));
        // Only the end of the answer is known to follow.
        assert_eq!(length(template, SpanKind::Calls, "</call><|end|>"), None);
        let words =
            template.replace("<call>", " so call").replace("<|end|>", " stop").replace("</think>\n\n", ".");
        assert_eq!(length(&words, content, " so call"), Some(1));
    }
}
