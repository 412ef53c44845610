//! Answers that end within a quotation.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row};

/// Answers that end within a quotation.
pub(super) static UNBALANCED_QUOTES: Finding = Finding {
    code: "unbalanced_quotes",
    title: "answers that end within a quotation",
    why: "A limit of length has cut the answer, and the model learns to stop anywhere.",
    repair: "filter(…), or make these answers again with a higher limit",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Answers,
    check: Check::Row(check),
    applies: always,
};

fn check(row: &Row<'_>) -> Option<Match> {
    let (text, said) = row.answer()?;
    let answer = said.trim_end();
    let line = memchr::memrchr(b'\n', answer.as_bytes()).map_or(0, |at| at + 1);
    let open = unclosed(&answer[line..])?;
    Some(Match { text, start: line + open, end: answer.len() })
}

/// The place of the quote that is open at the end of the last line: each paragraph of a long quotation begins with one.
fn unclosed(line: &str) -> Option<usize> {
    let straight = memchr::memrchr(b'"', line.as_bytes()).filter(|_| line.matches('"').count() % 2 == 1);
    straight.filter(|at| opens(line, *at)).or_else(|| {
        // German: „so“.
        if let Some(low) = line.rfind('„') {
            return (line.matches('„').count() > line.matches(['“', '”', '"']).count()).then_some(low);
        }
        let curly = memchr::memmem::rfind(line.as_bytes(), "“".as_bytes())?;
        let (before, after) = line.split_at(curly);
        let is_open = before.matches('“').count() == before.matches(['”', '"']).count();
        let rest = after.trim_start_matches('“');
        (is_open && !rest.contains(['”', '"'])).then_some(curly)
    })
}

/// Whether this quote, the last of its line, begins a quotation: white space or a bracket is before it, and text after
/// it, which no other mark of quotations ends. After a number it stands for inches.
fn opens(line: &str, at: usize) -> bool {
    let (before, after) = (&line[..at], &line[at + 1..]);
    let begins = before.is_empty() || before.ends_with(|c: char| c.is_whitespace() || "([{,:".contains(c));
    let goes_on = after.starts_with(|c: char| !c.is_whitespace());
    begins && goes_on && !after.contains(['”', '“', '»', '„']) && !after.contains("''")
}

#[cfg(test)]
mod tests {
    use super::unclosed;

    #[test]
    fn quotations_that_are_open_at_the_end_are_found() {
        assert_eq!(unclosed("He said \"we will"), Some(8));
        assert_eq!(unclosed("\"One,\" he said. \"Two"), Some(16));
        assert_eq!(unclosed("He said “we will"), Some(8));
        assert_eq!(unclosed("Er sagte: „wir"), Some(10));
    }

    #[test]
    fn closed_quotations_and_inches_are_silent() {
        for line in [
            "He said \"yes\"",
            "a 12\" pipe",
            "\"mixed marks”",
            "“a” and “b”",
            "Der „Mork vom Ork“",
            "„a“ und „b” und „c\"",
            "no quotes",
            "end with \"",
            "\" a",
        ] {
            assert_eq!(unclosed(line), None, "{line}");
        }
    }
}
