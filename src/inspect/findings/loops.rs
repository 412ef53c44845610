//! Answers that end in a loop.

use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row};

/// Answers that end in a loop.
pub(super) static LOOPS: Finding = Finding {
    code: "loops",
    title: "answers that end by repeating themselves",
    why: "A model wrote them and did not stop; the model that learns from them will not either.",
    repair: "filter(…)",
    is_hint: false,
    harm: Harm::Severe,
    among: Among::Answers,
    check: Check::Row(check),
    applies: always,
};

/// How much of the end of an answer is looked at, in bytes.
const END: usize = 512;
/// How long the loop must be, in bytes, and how often it must repeat its part.
const LOOP: usize = 120;
const TIMES: usize = 5;
/// How many of the last bytes are searched for first.
const LAST: usize = 16;

fn check(row: &Row<'_>) -> Option<Match> {
    let (text, said) = row.answer()?;
    let answer = said.trim_end().as_bytes();
    let last = answer.len().checked_sub(LOOP).map(|_| answer.len() - LAST)?;
    // In a loop, the last bytes stand one part earlier as well.
    let earlier = &answer[answer.len().saturating_sub(LAST + END / TIMES)..answer.len() - 1];
    memchr::memmem::rfind(earlier, &answer[last..])?;
    // The end backwards: its longest beginning that has a short period.
    let end: Vec<u8> = answer.iter().rev().take(END).copied().collect();
    let mut borders = vec![0; end.len()];
    let mut found = None;
    for i in 1..end.len() {
        let mut border = borders[i - 1];
        while border > 0 && end[i] != end[border] {
            border = borders[border - 1];
        }
        borders[i] = border + usize::from(end[i] == end[border]);
        let (length, period) = (i + 1, i + 1 - borders[i]);
        if length >= LOOP && length >= TIMES * period {
            found = Some((length, period));
        }
    }
    let (length, period) = found?;
    // Lines and rows of dots are no words.
    let letters = end[..period].iter().filter(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80).count();
    let start = said.ceil_char_boundary(answer.len() - length);
    (letters >= 4).then_some(Match { text, start, end: answer.len() })
}
