//! Texts that nearly hold the default separator or stop.

use crate::inspect::facts::Facts;
use crate::inspect::finding::{Among, Check, Finding, Harm, Hit};
use crate::inspect::row::{Match, Row, Speaker};

/// Texts that nearly hold the default separator or stop.
pub(super) static NEAR_COLLISIONS: Finding = Finding {
    code: "near_collisions",
    title: "the text nearly holds the default separator or stop",
    why: "A step that normalizes text, or a tokenizer that does, can make a real separator or stop of it.",
    repair: "with_columns(…), or PromptFormat.suggest(…) for other marks",
    is_hint: false,
    harm: Harm::Minor,
    among: Among::Rows,
    check: Check::Literals(LITERALS, check),
    applies,
};

/// Two number signs, and characters that look like them.
const LITERALS: &[&str] = &["##", "\u{ff03}", "\u{fe5f}", "\u{266f}\u{266f}"];

/// A format with marks of its own has no need of these.
fn applies(facts: &Facts, _: u64) -> bool {
    !facts.has_own_marks
}

fn check(row: &Row<'_>, hit: Hit) -> Option<Match> {
    let Match { text, start, end } = hit.found;
    let said = row.texts[text];
    let is_rendered =
        matches!(said.speaker, Speaker::User | Speaker::Answer | Speaker::Rejected | Speaker::Column);
    if !is_rendered {
        return None;
    }
    let (line_start, line_end) = near_mark(said.text, start, end)?;
    Some(Match { text, start: line_start, end: line_end })
}

/// The line around these signs, if it is nearly a mark: two or three signs, and white space at most. Looks no further than
/// the first other character, since a long line may hold many signs.
fn near_mark(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let (before, after) = (&text[..start], &text[end..]);
    let is_blank = |c: char| c.is_whitespace() && !is_line_end(c);
    // The first sign of its line: the others are hits of their own.
    let line_start = before.trim_end_matches(is_blank).len();
    let more = after.chars().take(3).take_while(|c| is_sign(*c));
    let signs = text[start..end].chars().count() + more.clone().count();
    let rest = &after[more.map(char::len_utf8).sum::<usize>()..];
    let line_end = text.len() - rest.trim_start_matches(is_blank).len();
    let starts = line_start == 0 || before[..line_start].ends_with(is_line_end);
    // At the end of a text a format has written it.
    let ends = text[line_end..].starts_with(is_line_end) && !text[line_end..].trim_start().is_empty();
    let is_mark = starts && ends && matches!(signs, 2 | 3);
    // The mark itself is another finding.
    let is_exact = matches!(&text[line_start..line_end], "##" | "###")
        && text[..line_start].ends_with('\n')
        && (text[line_end..].starts_with('\n')
            || text[..line_start].ends_with("\r\n") && text[line_end..].starts_with("\r\n"));
    (is_mark && !is_exact).then_some((line_start, line_end))
}

fn is_sign(c: char) -> bool {
    matches!(c, '#' | '\u{ff03}' | '\u{fe5f}' | '\u{266f}')
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::near_mark;

    fn found(text: &str) -> bool {
        let hits = text.match_indices("##").chain(text.match_indices('\u{ff03}'));
        hits.into_iter().any(|(at, hit)| near_mark(text, at, at + hit.len()).is_some())
    }

    #[test]
    fn other_line_ends_and_signs_and_a_missing_line_end_are_near() {
        for text in [
            "##\nb",
            "a\n## \nb",
            "a\n ###\nb",
            "a\n##\r\nb",
            "a\r##\rb",
            "a\u{2028}##\u{2028}b",
            "a\n\u{ff03}\u{ff03}\nb",
            "a\n\u{ff03}##\nb",
        ] {
            assert!(found(text), "{text:?}");
        }
    }

    #[test]
    fn marks_and_headings_are_not_near() {
        for text in [
            "a\n##\nb",
            "a\n###\n",
            "a\r\n##\r\nb",
            "## Heading\nb",
            "a ## b",
            "a\n####\nb",
            "a\n\u{ff03}\nb",
            "a##",
            "a\n##",
            "a\n\n###\r\n",
            &"## ".repeat(9),
        ] {
            assert!(!found(text), "{text:?}");
        }
    }
}
