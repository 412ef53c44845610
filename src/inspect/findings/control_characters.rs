//! Control characters.

use crate::inspect::checks::first_in;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row};

/// Control characters.
pub(super) static CONTROL_CHARACTERS: Finding = Finding {
    code: "control_characters",
    title: "control characters other than tab and line ends",
    why: "They come from broken conversions, and a user never types them.",
    repair: "normalize(), or filter(…)",
    is_hint: false,
    harm: Harm::Moderate,
    among: Among::Rows,
    check: Check::Row(check),
    applies: always,
};

fn check(row: &Row<'_>) -> Option<Match> {
    first_in(row, |_, text| {
        let is_control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r') || *byte == 0x7f;
        // Most texts have none, which blocks of bytes show faster than single ones.
        let (blocks, rest) = text.as_bytes().as_chunks::<64>();
        let has_any = |bytes: &[u8]| bytes.iter().map(is_control).fold(false, |a, b| a | b);
        let at = match blocks.iter().any(|block| has_any(block)) || has_any(rest) {
            true => text.as_bytes().iter().position(is_control),
            false => None,
        };
        at.map(|at| (at, at + 1)).or_else(|| c1(text))
    })
}

/// The first of U+0080 to U+009F but U+0085, a line end: the byte C2 with one from 80 to 9F.
fn c1(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let is_c1 = |at: &usize| matches!(bytes.get(at + 1), Some(0x80..=0x84 | 0x86..=0x9f));
    memchr::memchr_iter(0xc2, bytes).find(is_c1).map(|at| (at, at + 2))
}
