//! A number in a text: groups of digits.

use super::bytes::is_word;

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
    pub(super) fn read(text: &'t [u8], start: usize) -> Self {
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
            [b'-', next, ..] => next.is_ascii_alphanumeric(),
            // A capital letter begins a sentence.
            [b'.', next, ..] => next.is_ascii_digit() || next.is_ascii_lowercase(),
            [next, ..] => is_word(*next) || *next == b'@',
            [] => false,
        }
    }
}

/// The end of the digits that begin at `start`.
pub(super) fn digits_end(text: &[u8], start: usize) -> usize {
    start + text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The start of the group after one that ends at `end`, if a separator of numbers is between them.
pub(super) fn next_group(text: &[u8], end: usize) -> Option<usize> {
    let length = match text.get(end..)? {
        [b' ' | b'-' | b'.' | b'/', digit, ..] if digit.is_ascii_digit() => 1,
        [b')' | b'(', digit, ..] if digit.is_ascii_digit() => 1,
        [b')', b' ' | b'-', digit, ..] if digit.is_ascii_digit() => 2,
        [b' ' | b'-', b'(', digit, ..] if digit.is_ascii_digit() => 2,
        _ => return None,
    };
    Some(end + length)
}
