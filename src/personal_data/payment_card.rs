//! Numbers of payment cards: by the prefix and the length of their brand, and the check digit of Luhn.

use std::ops::Range;

use super::number::Number;

/// Digits of the groups in which cards are printed.
const PRINTED: [&[usize]; 4] = [&[4, 4, 4, 4, 3], &[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4]];

/// Numbers that payment services publish for tests.
const FOR_TESTS: [&str; 16] = [
    "4111111111111111",
    "4242424242424242",
    "4012888888881881",
    "4000056655665556",
    "4000000000000002",
    "5555555555554444",
    "5105105105105100",
    "5200828282828210",
    "2223003122003222",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "6011000990139424",
    "30569309025904",
    "38520000023237",
    "3530111333300000",
];

/// The card that begins with the first group of the number.
pub(super) fn read(number: &Number<'_>) -> Option<Range<usize>> {
    let groups = number.groups();
    let start = groups.first()?.start;
    if !matches!(number.text[start], b'2'..=b'6') {
        return None;
    }
    let is_printed = |lengths: &&&[usize]| {
        groups.len() >= lengths.len()
            && groups.iter().zip(lengths.iter()).all(|(group, length)| group.digits() == *length)
            && matches!(number.between(0), [b' ' | b'-'])
            && (1..lengths.len() - 1).all(|i| number.between(i) == number.between(0))
    };
    let count = match groups[0].digits() {
        14..=19 => 1,
        4 => PRINTED.iter().find(is_printed)?.len(),
        _ => return None,
    };
    let mut digits = [0; 19];
    let mut length = 0;
    for digit in number.digits(count) {
        digits[length] = digit;
        length += 1;
    }
    let digits = &digits[..length];
    let is_card = is_of_a_brand(digits) && passes_luhn(digits) && !is_for_tests(digits);
    (is_card && !number.goes_on(count - 1)).then(|| start..groups[count - 1].end)
}

/// Whether a brand has numbers of this prefix and length.
fn is_of_a_brand(digits: &[u8]) -> bool {
    let prefix = |n: usize| digits[..n].iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    let (two, three, four) = (prefix(2), prefix(3), prefix(4));
    match digits.len() {
        14 => matches!(two, 36 | 38 | 39) || matches!(three, 300..=305),
        15 => matches!(two, 34 | 37),
        16 if matches!(two, 40..=49 | 51..=55) || matches!(four, 2221..=2720) => true,
        19 if matches!(two, 40..=49) => true,
        16..=19 => {
            matches!(two, 62 | 65)
                || matches!(three, 644..=649)
                || four == 6011
                || matches!(four, 3528..=3589)
        }
        _ => false,
    }
}

fn passes_luhn(digits: &[u8]) -> bool {
    let value = |(i, digit): (usize, &u8)| {
        let value = u32::from(digit - b'0') * (1 + i as u32 % 2);
        value / 10 + value % 10
    };
    digits.iter().rev().enumerate().map(value).sum::<u32>().is_multiple_of(10)
}

/// Whether it is a number for tests, or one that someone has made up: few digits, many times.
fn is_for_tests(digits: &[u8]) -> bool {
    let kinds = (b'0'..=b'9').filter(|digit| digits.contains(digit)).count();
    kinds <= 2 || FOR_TESTS.iter().any(|known| known.as_bytes() == digits)
}
