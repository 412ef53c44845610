//! Characters without a shape.

use crate::inspect::finding::{Among, Check, Finding, Harm, Hit, always};
use crate::inspect::row::{Match, Row};

/// Characters without a shape.
pub(super) static INVISIBLE_CHARACTERS: Finding = Finding {
    code: "invisible_characters",
    title: "zero-width and other invisible characters",
    why: "Words that look equal have other tokens with them, and they can hide instructions.",
    repair: "normalize()",
    is_hint: false,
    harm: Harm::Minor,
    among: Among::Rows,
    check: Check::Literals(LITERALS, check),
    applies: always,
};

/// Soft hyphen, zero-width space, word joiner, byte order mark, and the controls of writing directions. Joiners within
/// words of Persian or of Indian languages, and in emoji, are not among them, nor the two marks of right-to-left text.
const LITERALS: &[&str] = &[
    "\u{ad}",
    "\u{200b}",
    "\u{2060}",
    "\u{feff}",
    "\u{202a}",
    "\u{202b}",
    "\u{202c}",
    "\u{202d}",
    "\u{202e}",
    "\u{2066}",
    "\u{2067}",
    "\u{2068}",
    "\u{2069}",
    "\u{180e}",
    "\u{e0001}",
    "\u{e007f}",
];

fn check(_: &Row<'_>, hit: Hit) -> Option<Match> {
    Some(hit.found)
}
