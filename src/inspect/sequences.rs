//! Sequences of three words.

use crate::hash;

/// Adds a hash for each three words in a row. A word is a run of letters and digits, in their case; in scripts that are
/// written without spaces each letter is one.
pub(super) fn sequences(text: &str, hashes: &mut Vec<u64>) {
    let (mut one, mut two, mut words) = (0u64, 0u64, 0u32);
    each_word(text, |word| {
        let three = hash::text(word, 0);
        words += 1;
        if words > 2 {
            hashes.push(mixed(one.rotate_left(42) ^ two.rotate_left(21) ^ three));
        }
        (one, two) = (two, three);
    });
}

fn each_word<'t>(text: &'t str, mut take: impl FnMut(&'t str)) {
    let bytes = text.as_bytes();
    let (mut at, mut start) = (0, None);
    while at < bytes.len() {
        let (is_part, len, is_whole) = match bytes[at] {
            byte if byte < 0x80 => (byte.is_ascii_alphanumeric(), 1, false),
            _ => {
                let c = text[at..].chars().next().unwrap_or_default();
                let is_whole = has_no_spaces(c);
                (is_whole || c.is_alphanumeric(), c.len_utf8(), is_whole)
            }
        };
        if (!is_part || is_whole)
            && let Some(start) = start.take()
        {
            take(&text[start..at]);
        }
        if is_whole {
            take(&text[at..at + len]);
        } else if is_part {
            start.get_or_insert(at);
        }
        at += len;
    }
    if let Some(start) = start {
        take(&text[start..]);
    }
}

/// Whether the character is of a script that is written without spaces between words.
fn has_no_spaces(c: char) -> bool {
    matches!(u32::from(c),
        0x0e01..=0x0e3a | 0x0e40..=0x0e4e // Thai
        | 0x0e81..=0x0ece // Lao
        | 0x1000..=0x1049 // Myanmar
        | 0x1780..=0x17d3 // Khmer
        | 0x3041..=0x3096 | 0x30a1..=0x30fa // Hiragana, Katakana
        | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff) // Han
}

/// Spreads a number over 64 bits: the last step of MurmurHash3.
fn mixed(mut x: u64) -> u64 {
    x = (x ^ x >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    x = (x ^ x >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ x >> 33
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_and_digits_or_single_letters_of_scripts_without_spaces() {
        let words = |text| {
            let mut words = Vec::new();
            each_word(text, |word| words.push(word));
            words
        };
        assert_eq!(words("It's 3 naïve-ish tests."), ["It", "s", "3", "naïve", "ish", "tests"]);
        assert_eq!(words("a漢字b ไทย"), ["a", "漢", "字", "b", "ไ", "ท", "ย"]);
        assert_eq!(words(" -- "), [""; 0]);
        assert_eq!(words("한국어 말"), ["한국어", "말"]);
    }

    #[test]
    fn the_order_of_the_words_matters() {
        let of = |text| {
            let mut hashes = Vec::new();
            sequences(text, &mut hashes);
            hashes
        };
        assert_eq!(of("a b").len(), 0);
        assert_eq!(of("a b c d").len(), 2);
        assert_eq!(of("a, b; c"), of("a b c"));
        let all: std::collections::HashSet<u64> =
            ["a b c", "a c b", "b a c", "b c a", "c a b", "c b a", "A b c", "a a a", "b b b"]
                .into_iter()
                .flat_map(of)
                .collect();
        assert_eq!(all.len(), 9);
    }
}
