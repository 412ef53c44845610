//! Answers that end within brackets.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row};

/// Answers that end within brackets.
pub(super) static UNBALANCED_BRACKETS: Finding = Finding {
    code: "unbalanced_brackets",
    title: "answers that end within brackets",
    why: "A limit of length has cut the answer, and the model learns to stop anywhere.",
    repair: "filter(…), or make these answers again with a higher limit",
    is_hint: true,
    harm: Harm::Moderate,
    among: Among::Answers,
    check: Check::Row(check),
    applies: always,
};

fn check(row: &Row<'_>) -> Option<Match> {
    let (text, said) = row.answer()?;
    let answer = said.trim_end();
    let open = unclosed(answer)?;
    // Signs without a space between them are a password or a face.
    let has_words = answer.contains(char::is_whitespace);
    has_words.then_some(Match { text, start: open, end: answer.len() })
}

/// The place of the last bracket that is open at the end: a round one in the last line, since prose forgets some; a
/// square or a curly one anywhere.
fn unclosed(answer: &str) -> Option<usize> {
    let bytes = answer.as_bytes();
    let line = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
    let has_open =
        memchr::memchr2(b'[', b'{', bytes).is_some() || memchr::memchr(b'(', &bytes[line..]).is_some();
    if !has_open {
        return None;
    }
    // Closing brackets, from the end, whose opening ones were not seen yet: round, square, curly.
    let mut closed = [0_u32; 3];
    for (at, c) in answer.char_indices().rev() {
        match c {
            ')' | '）' => closed[0] += 1,
            ']' | '］' => closed[1] += 1,
            '}' | '｝' => closed[2] += 1,
            '(' | '[' | '{' => {
                let kind = usize::from(c != '(') + usize::from(c == '{');
                if closed[kind] > 0 {
                    closed[kind] -= 1;
                } else if (kind > 0 || at >= line) && opens(bytes, at) {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether a bracket opens something: it is neither a part of a face or of a password, nor in quotes.
fn opens(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| bytes[before]);
    // `(` is in quotes in `"(("` as well.
    let after = bytes[at + 1..].iter().copied().take(8).find(|byte| *byte != bytes[at]);
    let is_in_word = bytes[at] == b'{'
        && before.is_some_and(|b| b.is_ascii_alphanumeric())
        && after.is_some_and(|b| !b.is_ascii_whitespace())
        && !in_command(bytes, at);
    let is_face = matches!(before, Some(b':' | b';' | b'=' | b'-' | b'<' | b'>' | b'\\'))
        && after.is_none_or(|b| b.is_ascii_whitespace() || b == b'<');
    let is_quoted = matches!(after, Some(b'"' | b'\'' | b'`' | 0xe2));
    !is_face && !is_quoted && !is_in_word
}

/// Whether the word before is a command of TeX, such as `\frac`.
fn in_command(bytes: &[u8], at: usize) -> bool {
    let letters = bytes[..at].iter().rev().take(20).take_while(|byte| byte.is_ascii_alphabetic()).count();
    at.checked_sub(letters + 1).is_some_and(|before| bytes[before] == b'\\')
}

#[cfg(test)]
mod tests {
    use super::unclosed;

    #[test]
    fn brackets_that_are_open_at_the_end_are_found() {
        for (text, at) in [
            ("a (b", 2),
            ("x = [1,\n 2, [3],", 4),
            ("int f() {\n  if (x) {\n  }\n  return", 8),
            ("1) one 2) two (three", 14),
            ("log(", 3),
            ("so that \\frac{1", 13),
            ("class A{\n int x;", 7),
        ] {
            assert_eq!(unclosed(text), Some(at), "{text}");
        }
    }

    #[test]
    fn prose_lists_and_faces_are_silent() {
        for text in [
            "a (b) c",
            "a (b\nand so it goes on.",
            "a) one\nb) two",
            "too bad :( no",
            "too bad :(<|endoftext|>",
            "钼（Molybdenum, Mo）",
            "a (b）",
            "it writes \"(\" there",
            "f() { g(); }",
            "1. N{;i*e$h\n2. 6fyjB|]K",
            "an emoticon \"))<>((\" that means so",
        ] {
            assert_eq!(unclosed(text), None, "{text}");
        }
    }
}
