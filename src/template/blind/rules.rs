//! What is decided about a text by what is known of it.

use super::placeholder::{in_text, is_reserved, plain};
use crate::template::python::is_space;

/// What is known about the texts that placeholders stand for: they begin and end with a character that is no white space,
/// and none of them is one of the texts that the template may look for.
#[derive(Debug)]
pub(crate) struct Known {
    /// The texts that the template may look for.
    pub(crate) sought: Vec<String>,
    /// For each text, as bits, which of those it holds anywhere.
    pub(crate) held: Vec<u128>,
}

impl Known {
    /// Whether the engine finds a text in another just where it would with the texts instead of their placeholders.
    pub(super) fn finds(&self, text: &str, part: &str) -> bool {
        if part.is_empty() || in_text(part) {
            return !in_text(text) && !in_text(part);
        }
        let mut at = 0;
        text.chars().all(|c| {
            let (before, after) = (&text[..at], &text[at + c.len_utf8()..]);
            at += c.len_utf8();
            !is_reserved(c)
                || (self.lacks(c, part) && !may_begin_in(part, after) && !may_end_in(before, part))
        })
    }

    /// Whether the text of a placeholder is known not to hold another.
    fn lacks(&self, placeholder: char, part: &str) -> bool {
        let bit = self.sought.iter().position(|sought| sought == part);
        let held = plain(placeholder).and_then(|n| self.held.get(n));
        matches!((bit, held), (Some(bit), Some(held)) if held >> bit & 1 == 0)
    }

    /// Whether two texts are equal; none where that is not decided.
    pub(super) fn equal(&self, a: &str, b: &str) -> Option<bool> {
        match (in_text(a), in_text(b)) {
            _ if a == b => Some(true),
            (false, false) => Some(false),
            (true, true) => None,
            (true, false) => self.is_text(a, b),
            (false, true) => self.is_text(b, a),
        }
    }

    /// Whether a text with placeholders is another; only ever known not to be.
    fn is_text(&self, with: &str, text: &str) -> Option<bool> {
        let mut parts = with.split(is_reserved);
        let (start, end) = (parts.next()?, parts.next_back()?);
        let Some(rest) = text.strip_prefix(start).and_then(|rest| rest.strip_suffix(end)) else {
            return Some(false);
        };
        let alone = parts.next().is_none() && with.chars().any(|c| plain(c).is_some());
        let bare = !rest.is_empty() && !rest.starts_with(is_space) && !rest.ends_with(is_space);
        (alone && (!bare || self.sought.iter().any(|sought| sought == rest))).then_some(false)
    }
}

/// Whether `part` may begin within a text that is followed by `after`.
fn may_begin_in(part: &str, after: &str) -> bool {
    let next = after.find(is_reserved).unwrap_or(after.len());
    splits(part).any(|(first, rest)| {
        // The text ends in no white space. What is beyond the next placeholder may be anything.
        !first.ends_with(is_space)
            && (after[..next].starts_with(rest) || (next < after.len() && rest.starts_with(&after[..next])))
    })
}

/// Whether `part` may end within a text that is preceded by `before`.
fn may_end_in(before: &str, part: &str) -> bool {
    let last = before.rfind(is_reserved).map(|at| at + before[at..].chars().next().map_or(0, char::len_utf8));
    let near = &before[last.unwrap_or(0)..];
    splits(part).any(|(first, rest)| {
        !rest.starts_with(is_space) && (near.ends_with(first) || (last.is_some() && first.ends_with(near)))
    })
}

/// The ways to cut a text in two.
fn splits(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.char_indices().skip(1).map(|(at, _)| text.split_at(at))
}

#[cfg(test)]
mod tests {
    use super::Known;

    const A: char = '\u{f0000}';
    const B: char = '\u{f0001}';
    const JSON_A: char = '\u{f8000}';

    fn known() -> Known {
        let sought = ["</think>", "\n", "ab", "content"].map(String::from).to_vec();
        Known { sought, held: vec![0, 0b10] }
    }

    #[test]
    fn a_part_is_found_where_it_cannot_be_in_a_text() {
        for (text, part, found) in [
            ("plain", "p", true),
            (&*format!("{A}"), "</think>", true),
            (&*format!("{A}"), "\n", true),
            (&*format!("{B}"), "\n", false),
            (&*format!("{A}"), "x", false),
            (&*format!("{JSON_A}"), "ab", false),
            (&*format!("a{A}"), "ab", false),
            (&*format!("{A}b"), "ab", false),
            (&*format!("b{A}a"), "ab", true),
            (&*format!("{A}{A}"), "ab", false),
            (&*format!("{A}\n{A}"), "ab", true),
            (&*format!("{A}\n{A}"), "\n", true),
            (&*format!("{A}</think>{A}"), "</think>", true),
            (&*format!("<{A}"), "</think>", false),
            (&*format!("{A}"), "", false),
            ("ab", &*format!("{A}"), false),
        ] {
            assert_eq!(known().finds(text, part), found, "{text:?} {part:?}");
        }
    }

    #[test]
    fn texts_are_never_what_is_looked_for() {
        for (a, b, equal) in [
            ("a", "b", Some(false)),
            (&*format!("{A}"), &*format!("{A}"), Some(true)),
            (&*format!("{A}"), &*format!("{B}"), None),
            (&*format!("{A}"), "content", Some(false)),
            ("content", &*format!("{A}"), Some(false)),
            (&*format!("{A}"), "other", None),
            (&*format!("{A}"), "", Some(false)),
            (&*format!("{A}"), " x", Some(false)),
            (&*format!("<{A}>"), "<content>", Some(false)),
            (&*format!("<{A}>"), "<other>", None),
            (&*format!("<{A}>"), "other", Some(false)),
            (&*format!("{A}{A}"), "content", None),
            (&*format!("{JSON_A}"), "content", None),
        ] {
            assert_eq!(known().equal(a, b), equal, "{a:?} {b:?}");
        }
    }
}
