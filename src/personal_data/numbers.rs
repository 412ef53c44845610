//! Searches texts for numbers: where one begins, and what it may be.

use std::ops::Range;

use super::bytes::is_word;
use super::kind::Kind;
use super::number::{LEAST_DIGITS, Number, digits_end, next_group};
use super::url::UrlRun;
use super::{iban, payment_card, phone};

/// Passes the kind and the range of each number to `take`, out of those for which `has` is true.
pub(super) fn find(text: &[u8], has: &dyn Fn(Kind) -> bool, take: &mut dyn FnMut(Kind, Range<usize>)) {
    let (mut at, mut url) = (0, UrlRun::default());
    while let Some(start) = next_digit(text, at) {
        let found = if start > 0 && is_word(text[start - 1]) {
            at = word_end(text, start);
            has(Kind::Iban).then(|| iban::read(text, start)).flatten().map(|range| (Kind::Iban, range))
        } else {
            at = digits_end(text, start);
            // Most numbers are years and counts: short, and alone.
            let is_short = at - start < LEAST_DIGITS && next_group(text, at).is_none();
            if is_short || continues(text, start) {
                continue;
            }
            let number = Number::read(text, start);
            let card = has(Kind::Card).then(|| payment_card::read(&number)).flatten();
            let phone = || has(Kind::Phone).then(|| phone::read(&number)).flatten();
            let found = card.map(|range| (Kind::Card, range));
            let found = found.or_else(|| phone().map(|range| (Kind::Phone, range)));
            found.filter(|(_, range)| !url.is_within(text, range.start))
        };
        if let Some((kind, range)) = found {
            at = range.end;
            take(kind, range);
        }
    }
}

/// The first digit at or after `from`. Eight bytes are compared at once.
fn next_digit(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(eight) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let mask = digits_of(u64::from_le_bytes(*eight));
        if mask != 0 {
            return Some(at + mask.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    text.get(at..)?.iter().position(u8::is_ascii_digit).map(|i| at + i)
}

/// The top bit of each byte that is a digit.
fn digits_of(eight: u64) -> u64 {
    const TOP: u64 = 0x8080_8080_8080_8080;
    // A digit becomes a number below 10, to which 0x76 can be added without reaching the top bit.
    let numbers = eight ^ 0x3030_3030_3030_3030;
    let is_other = ((numbers & !TOP) + 0x7676_7676_7676_7676) | numbers;
    !is_other & TOP
}

/// The end of the run of letters, digits and `_` that `start` is in.
fn word_end(text: &[u8], start: usize) -> usize {
    start + text[start..].iter().take_while(|byte| is_word(**byte)).count()
}

/// Whether the digits at `start` are the end of something else: of a decimal, a sum of money, a path, a range.
fn continues(text: &[u8], start: usize) -> bool {
    match &text[..start] {
        [.., b'-' | b'/' | b'$' | b'#' | b'@' | b'\\'] => true,
        [.., before, b'.' | b','] => before.is_ascii_digit() || *before == b' ',
        [b'.'] => true,
        _ => false,
    }
}
