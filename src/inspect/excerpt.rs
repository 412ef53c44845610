//! The part of a text around a match.

use super::masked::hide;
use crate::personal_data::Found;

/// Characters of the text that are shown before a match, and after it.
const AROUND: usize = 32;
/// Characters of a match that are shown; of a longer one the start and the end.
const SHOWN: usize = 60;

/// A match with the text around it, without personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Excerpt {
    /// The text before the match; begins with `…` where there is more.
    pub(crate) before: String,
    pub(crate) found: String,
    /// The text after the match; ends with `…` where there is more.
    pub(crate) after: String,
}

impl Excerpt {
    /// The excerpt around the bytes from `start` to `end` of a text; `personal` is the personal data in it.
    pub(crate) fn new(text: &str, (start, end): (usize, usize), personal: &[Found]) -> Self {
        let from = nth_last(&text[..start], AROUND);
        let to = end + nth(&text[end..], AROUND);
        let before = format!("{}{}", if from > 0 { "…" } else { "" }, hide(text, (from, start), personal));
        let after = format!("{}{}", hide(text, (end, to), personal), if to < text.len() { "…" } else { "" });
        let found = &text[start..end];
        let is_long = nth(found, SHOWN) < found.len();
        let found = match is_long {
            false => hide(text, (start, end), personal),
            true => {
                let half = start + nth(found, SHOWN / 2);
                let rest = start + nth_last(found, SHOWN / 2);
                format!("{}…{}", hide(text, (start, half), personal), hide(text, (rest, end), personal))
            }
        };
        Excerpt { before, found, after }
    }

    /// The start of a text, as the match.
    pub(crate) fn start_of(text: &str, personal: &[Found]) -> Self {
        let end = nth(text, SHOWN);
        let more = if end < text.len() { "…" } else { "" };
        Excerpt { found: format!("{}{more}", hide(text, (0, end), personal)), ..Excerpt::default() }
    }
}

/// The byte after this many characters; the length of a shorter text.
fn nth(text: &str, chars: usize) -> usize {
    text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at)
}

/// The byte at which the last characters begin, so many; 0 for a shorter text.
fn nth_last(text: &str, chars: usize) -> usize {
    text.char_indices().rev().nth(chars - 1).map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_shows_the_match_and_what_is_around_it() {
        let text = format!("{}é!{}", "a".repeat(40), "ü".repeat(33));
        let excerpt = Excerpt::new(&text, (40, 42), &[]);
        assert_eq!(excerpt.before, format!("…{}", "a".repeat(32)));
        assert_eq!(excerpt.found, "é");
        assert_eq!(excerpt.after, format!("!{}…", "ü".repeat(31)));
        let whole = Excerpt::new("abc", (0, 3), &[]);
        assert_eq!((whole.before.as_str(), whole.found.as_str(), whole.after.as_str()), ("", "abc", ""));
        let long = Excerpt::new(&text, (0, text.len()), &[]);
        assert_eq!(long.found, format!("{}…{}", "a".repeat(30), "ü".repeat(30)));
        assert_eq!(Excerpt::start_of(&"ab".repeat(40), &[]).found, format!("{}…", "ab".repeat(30)));
    }
}
