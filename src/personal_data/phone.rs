//! Phone numbers: with `+`, in the forms of North America, with a leading 0 in three groups, or after a word such as `Tel`.

use std::ops::Range;

use super::bytes::is_word;
use super::number::{LEAST_DIGITS, Number};

/// Digits of an international number (E.164).
const MOST_DIGITS: usize = 15;

/// Words that announce a phone number, in lower case.
const WORDS: [&str; 26] = [
    "phone",
    "telephone",
    "tel",
    "mobile",
    "fax",
    "whatsapp",
    "telefon",
    "téléphone",
    "telefono",
    "teléfono",
    "telefone",
    "handy",
    "call",
    "dial",
    "contact",
    "hotline",
    "line",
    "โทร",
    "เบอร์",
    "ติดต่อ",
    "ไลน์",
    "ไอดี",
    "手机",
    "微信",
    "电话",
    "電話",
];
/// Words that may stand between such a word and the number.
const BETWEEN: [&str; 11] = ["number", "no", "nr", "num", "is", "at", "phone", "us", "me", "id", "center"];

/// The phone number that begins with the first group.
pub(super) fn read(number: &Number<'_>) -> Option<Range<usize>> {
    let (start, groups) = [international, north_american, with_leading_zero, announced]
        .into_iter()
        .find_map(|form| form(number))
        .filter(|(_, groups)| !number.goes_on(groups - 1))?;
    Some(start..number.groups()[groups - 1].end)
}

/// The start of the number, and how many groups it has.
type Form = Option<(usize, usize)>;

/// `+44 20 7946 0958`.
fn international(number: &Number<'_>) -> Form {
    let first = *number.groups().first()?;
    let plus = first.start.checked_sub(1).filter(|at| number.text[*at] == b'+')?;
    let after_word = plus > 0 && (is_word(number.text[plus - 1]) || number.text[plus - 1] == b'+');
    if after_word || number.text[first.start] == b'0' {
        return None;
    }
    let is_north_american = first.digits() == 1 && number.text[first.start] == b'1';
    let (least, most) = match is_north_american {
        true => (11, 11),
        false if number.groups().len() == 1 => (10, MOST_DIGITS),
        false => (8, MOST_DIGITS),
    };
    Some((plus, most_groups(number, least, most)?))
}

/// The greatest number of groups with so many digits. A last group of one digit is not part of the number.
fn most_groups(number: &Number<'_>, least: usize, most: usize) -> Option<usize> {
    let groups = number.groups();
    let digits = |count: usize| groups[..count].iter().map(|group| group.digits()).sum::<usize>();
    let fits = |count: &usize| {
        (least..=most).contains(&digits(*count)) && (*count == 1 || groups[count - 1].digits() > 1)
    };
    (1..=groups.len()).rev().find(fits)
}

/// `(202) 555-0123`, `202-555-0123`, `202.555.0123`, also after `1`.
fn north_american(number: &Number<'_>) -> Form {
    let all = number.groups();
    let has_country = all.first()?.digits() == 1 && number.text[all[0].start] == b'1';
    let first = usize::from(has_country);
    let groups = all.get(first..first + 3)?;
    if !groups.iter().map(|group| group.digits()).eq([3, 3, 4]) {
        return None;
    }
    let area = number.text.get(..groups[0].start)?;
    let is_in_brackets = area.ends_with(b"(");
    // No area and no exchange begins with 0 or 1.
    let is_assigned = groups[..2].iter().all(|group| matches!(number.text[group.start], b'2'..=b'9'));
    let is_form = match (number.between(first), number.between(first + 1)) {
        (b")" | b") " | b")-", b"-" | b"." | b" ") => is_in_brackets,
        (b"-", b"-") => !is_in_brackets,
        (b".", b".") | (b" ", b"-") => !is_in_brackets && is_assigned,
        _ => false,
    };
    let start = if has_country { all[0].start } else { groups[0].start - usize::from(is_in_brackets) };
    is_form.then_some((start, first + 3))
}

/// `03-1234-5678`, `081-234-5678`, `(03) 1234-5678`.
fn with_leading_zero(number: &Number<'_>) -> Form {
    let groups = number.groups().get(..3)?;
    let start = groups[0].start;
    let is_in_brackets = number.text[..start].ends_with(b"(");
    let is_separated = match (number.between(0), number.between(1)) {
        (b"-", b"-") => !is_in_brackets,
        (b")" | b") " | b")-", b"-" | b" ") => is_in_brackets,
        _ => false,
    };
    let lengths: [usize; 3] = [groups[0].digits(), groups[1].digits(), groups[2].digits()];
    let is_form = matches!(lengths, [2..=4, 2..=4, 4]) && (9..=11).contains(&lengths.iter().sum::<usize>());
    (number.text[start] == b'0' && is_separated && is_form).then(|| (start - usize::from(is_in_brackets), 3))
}

/// Any number after a word such as `Tel`, except a date or a range of years.
fn announced(number: &Number<'_>) -> Form {
    let groups = most_groups(number, LEAST_DIGITS, MOST_DIGITS)?;
    let all = &number.groups()[..groups];
    let is_year = |i: usize| all[i].digits() == 4 && matches!(number.text[all[i].start], b'1' | b'2');
    let is_date = match all.len() {
        2 => is_year(0) && is_year(1),
        3 => (is_year(0) && all[1].digits() <= 2) || (is_year(2) && all[0].digits() <= 2),
        _ => false,
    };
    let is_in_brackets = all.len() > 1 && number.between(0).starts_with(b")");
    let start = all[0].start - usize::from(is_in_brackets && number.text[..all[0].start].ends_with(b"("));
    (!is_date && is_announced(&number.text[..start])).then_some((start, groups))
}

/// Whether the text ends in a word such as `Tel`, and what may be between it and a number.
fn is_announced(before: &[u8]) -> bool {
    const MOST_BYTES: usize = 40;
    let last = &before[before.len().saturating_sub(MOST_BYTES)..];
    if !last.iter().any(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii()) {
        return false;
    }
    let last = String::from_utf8_lossy(last).to_lowercase();
    let words = last.split(|c: char| !c.is_alphabetic() && !is_mark(c)).filter(|word| !word.is_empty()).rev();
    let mut rest = last.trim_end();
    for word in words {
        // Thai and Chinese have no white space between words.
        if WORDS.iter().any(|known| word == *known || !known.is_ascii() && word.ends_with(known)) {
            return true;
        }
        rest = rest.get(..rest.rfind(word).unwrap_or(0)).unwrap_or_default();
        if !BETWEEN.contains(&word) || rest.ends_with(['.', '!', '?', '\n']) {
            return false;
        }
    }
    false
}

/// Whether it is a vowel sign or a tone of a script such as Thai.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}')
}
