//! Numbers in text: where one begins, and the groups of its digits.

use std::ops::Range;

use super::{Kind, iban, is_word, payment_card, phone};

/// How many groups of digits a number may have.
const GROUPS: usize = 6;
/// Digits of the shortest number that is searched for.
pub(super) const LEAST_DIGITS: usize = 7;

/// A number: groups of digits, with separators between them.
pub(super) struct Number<'t> {
    pub(super) text: &'t [u8],
    /// The first `count` are groups.
    groups: [Group; GROUPS],
    count: usize,
}

/// A group of digits.
#[derive(Clone, Copy, Default)]
pub(super) struct Group {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Group {
    pub(super) fn digits(self) -> usize {
        self.end - self.start
    }
}

impl<'t> Number<'t> {
    /// The number whose first digit is at `start`.
    fn read(text: &'t [u8], start: usize) -> Self {
        let mut number = Number { text, groups: [Group::default(); GROUPS], count: 0 };
        let mut next = Some(start);
        while let Some(start) = next.filter(|_| number.count < GROUPS) {
            let end = digits_end(text, start);
            number.groups[number.count] = Group { start, end };
            number.count += 1;
            next = next_group(text, end);
        }
        number
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.groups[..self.count]
    }

    /// The bytes between group `i` and the one after it.
    pub(super) fn between(&self, i: usize) -> &'t [u8] {
        &self.text[self.groups[i].end..self.groups[i + 1].start]
    }

    /// The digits of the first groups, without separators.
    pub(super) fn digits(&self, groups: usize) -> impl Iterator<Item = u8> {
        self.groups()[..groups].iter().flat_map(|group| &self.text[group.start..group.end]).copied()
    }

    /// Whether the text goes on after group `i` as if the number did: with a letter, a digit, or the rest of a decimal or an address.
    pub(super) fn goes_on(&self, i: usize) -> bool {
        let after = &self.text[self.groups[i].end..];
        match after {
            [b'-' | b'.', next, ..] => next.is_ascii_alphanumeric(),
            [next, ..] => is_word(*next) || *next == b'@',
            [] => false,
        }
    }
}

/// Passes the kind and the range of each number to `take`, out of those for which `has` is true.
pub(super) fn find(text: &[u8], has: &dyn Fn(Kind) -> bool, take: &mut dyn FnMut(Kind, Range<usize>)) {
    let mut at = 0;
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
            card.map(|range| (Kind::Card, range)).or_else(|| phone().map(|range| (Kind::Phone, range)))
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

fn digits_end(text: &[u8], start: usize) -> usize {
    start + text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The end of the run of letters, digits and `_` that `start` is in.
fn word_end(text: &[u8], start: usize) -> usize {
    start + text[start..].iter().take_while(|byte| is_word(**byte)).count()
}

/// The start of the group after one that ends at `end`, if a separator of numbers is between them.
fn next_group(text: &[u8], end: usize) -> Option<usize> {
    let length = match text.get(end..)? {
        [b' ' | b'-' | b'.' | b'/', digit, ..] if digit.is_ascii_digit() => 1,
        [b')' | b'(', digit, ..] if digit.is_ascii_digit() => 1,
        [b')', b' ' | b'-', digit, ..] if digit.is_ascii_digit() => 2,
        [b' ' | b'-', b'(', digit, ..] if digit.is_ascii_digit() => 2,
        _ => return None,
    };
    Some(end + length)
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
