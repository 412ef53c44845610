//! Text that is not in Unicode form NFC.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::inspect::checks::first_in;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row};

/// Text that is not in Unicode form NFC.
pub(super) static NOT_NFC: Finding = Finding {
    code: "not_nfc",
    title: "text that is not in Unicode form NFC",
    why: "The same letter is written in two ways, with other tokens for each.",
    repair: "normalize()",
    is_hint: false,
    harm: Harm::Minor,
    among: Among::Rows,
    check: Check::Row(check),
    applies: always,
};

fn check(row: &Row<'_>) -> Option<Match> {
    first_in(row, |_, text| {
        // All characters below U+0300 are in the form: bytes below CC.
        if text.bytes().fold(0, u8::max) < 0xcc || is_nfc_quick(text.chars()) == IsNormalized::Yes {
            return None;
        }
        let same: usize =
            text.chars().zip(text.nfc()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
        let end = text[same..].chars().next().map_or(same, |c| same + c.len_utf8());
        (same < text.len()).then_some((same, end))
    })
}
