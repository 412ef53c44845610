//! Texts whose lines end in different ways.

use crate::inspect::checks::first_in;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row};

/// Texts whose lines end in different ways.
pub(super) static MIXED_LINE_ENDS: Finding = Finding {
    code: "mixed_line_ends",
    title: "one text has lines that end in different ways",
    why: "The model learns several tokens for the end of a line, at random.",
    repair: "normalize()",
    is_hint: false,
    harm: Harm::Minor,
    among: Among::Rows,
    check: Check::Row(check),
    applies: always,
};

fn check(row: &Row<'_>) -> Option<Match> {
    first_in(row, |_, text| {
        let bytes = text.as_bytes();
        memchr::memchr(b'\r', bytes)?;
        let mut first = None;
        for at in memchr::memchr2_iter(b'\r', b'\n', bytes) {
            let end = match &bytes[at..] {
                [b'\r', b'\n', ..] => "\r\n",
                [b'\r', ..] => "\r",
                _ if at > 0 && bytes[at - 1] == b'\r' => continue,
                _ => "\n",
            };
            if *first.get_or_insert(end) != end {
                return Some((at, at + end.len()));
            }
        }
        None
    })
}
