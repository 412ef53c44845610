//! International bank account numbers (ISO 13616): the length of the country, and the remainder 1 modulo 97.

use std::ops::Range;

use super::bytes::is_word;

/// The countries whose numbers have so many characters.
const COUNTRIES: [(usize, &str); 18] = [
    (15, "NO"),
    (16, "BE"),
    (18, "DK FI FK FO GL NL SD"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU MN XK"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL IQ OM SO TL"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "LY PT ST"),
    (26, "IS TR"),
    (27, "BI DJ FR GR IT MC MR SM"),
    (28, "AL AZ BY CY DO GT HN HU LB NI PL SV"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU YE"),
    (31, "MT SC"),
    (32, "LC"),
    (33, "RU"),
];

/// The account whose first digit is at `first_digit`: after the two letters of its country.
pub(super) fn read(text: &[u8], first_digit: usize) -> Option<Range<usize>> {
    let start = first_digit.checked_sub(2)?;
    let is_country = text[start..first_digit].iter().all(u8::is_ascii_uppercase);
    if !is_country || (start > 0 && is_word(text[start - 1])) {
        return None;
    }
    let country = std::str::from_utf8(&text[start..first_digit]).ok()?;
    let has = |countries: &str| countries.split(' ').any(|known| known == country);
    let (length, _) = COUNTRIES.into_iter().find(|(_, countries)| has(countries))?;
    let mut account = [0; 34];
    let mut end = start;
    for (i, to) in account.iter_mut().enumerate().take(length) {
        let is_between_groups = i > 0 && i % 4 == 0 && text.get(end) == Some(&b' ');
        end += usize::from(is_between_groups);
        *to = *text.get(end).filter(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())?;
        end += 1;
    }
    let account = &account[..length];
    let is_whole = text.get(end).is_none_or(|byte| !is_word(*byte));
    (is_whole && account[3].is_ascii_digit() && remainder(account) == 1).then_some(start..end)
}

/// The account modulo 97: its first four characters at the end, and 10 to 35 for letters.
fn remainder(account: &[u8]) -> u32 {
    let moved = account[4..].iter().chain(&account[..4]);
    moved.fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    })
}
