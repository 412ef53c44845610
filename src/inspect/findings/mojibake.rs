//! Text that was decoded in the wrong encoding.

use crate::inspect::checks::first_in;
use crate::inspect::finding::{Among, Check, Finding, Harm, always};
use crate::inspect::row::{Match, Row};

/// Text that was decoded in the wrong encoding.
pub(super) static MOJIBAKE: Finding = Finding {
    code: "mojibake",
    title: "UTF-8 text that was decoded in another encoding",
    why: "The model learns to write Ã© for é.",
    repair: "read the source again as UTF-8, or filter(…)",
    is_hint: false,
    harm: Harm::Severe,
    among: Among::Rows,
    check: Check::Row(check),
    applies: always,
};

fn check(row: &Row<'_>) -> Option<Match> {
    first_in(row, |_, text| western(text).or_else(|| cyrillic(text)))
}

/// UTF-8 that was decoded as Windows-1252 or Latin-1: a character that stands for the first byte of one, followed by
/// those for its other bytes.
fn western(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut from = 0;
    // The first bytes of UTF-8 characters, C2 to F4, are À to ÿ there, whose own first byte is C3.
    while let Some(found) = memchr::memchr(0xc3, &bytes[from..]) {
        let at = from + found;
        from = at + 1;
        let mut end = at;
        let mut decoded = Vec::new();
        while let Some((c, length)) = decode(&text[end..]) {
            decoded.push(c);
            end += length;
        }
        if is_likely(&decoded) {
            return Some((at, end));
        }
    }
    None
}

/// The character whose bytes these characters stand for, and their length in bytes.
fn decode(text: &str) -> Option<(char, usize)> {
    let mut chars = text.chars();
    let first = byte_of(chars.next()?)?;
    let more = match first {
        0xc2..=0xdf => 1,
        0xe0..=0xef => 2,
        0xf0..=0xf4 => 3,
        _ => return None,
    };
    let mut bytes = vec![first];
    for _ in 0..more {
        bytes.push(byte_of(chars.next()?).filter(|byte| (0x80..0xc0).contains(byte))?);
    }
    let decoded = std::str::from_utf8(&bytes).ok()?.chars().next()?;
    Some((decoded, text.len() - chars.as_str().len()))
}

/// Whether such a sequence is no accident. Two letters that stand for one of Latin, as in Ã©, occur nowhere else; those
/// that stand for one of another script may, and so must be two at least.
fn is_likely(decoded: &[char]) -> bool {
    match decoded {
        [] => false,
        [c] => matches!(u32::from(*c), 0x80..=0xff | 0x2000..=0x22ff | 0x3000..),
        _ => true,
    }
}

/// The byte that this character has in Windows-1252, or in Latin-1.
fn byte_of(c: char) -> Option<u8> {
    const WINDOWS: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";
    const BYTES: [u8; 27] = [
        0x80, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8e, 0x91, 0x92, 0x93, 0x94,
        0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9e, 0x9f,
    ];
    match u32::from(c) {
        code @ 0x80..=0xff => Some(code as u8),
        _ => WINDOWS.chars().position(|known| known == c).map(|i| BYTES[i]),
    }
}

/// UTF-8 of Cyrillic that was decoded as Windows-1251: three times or more Р or С, followed by a character that is rare
/// after them.
fn cyrillic(text: &str) -> Option<(usize, usize)> {
    const AFTER: &str = "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—™љ›њќћџЎўЈ¤Ґ¦§©Є«¬®Ї°±Ііґµ¶·ё№є»јЅѕї\u{a0}\u{ad}";
    const LEAST: usize = 3;
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = memchr::memchr(0xd0, &bytes[from..]) {
        let at = from + found;
        from = at + 1;
        // Р and С are D0 A0 and D0 A1.
        if !matches!(bytes.get(at + 1), Some(0xa0 | 0xa1)) {
            continue;
        }
        let mut chars = text[at..].chars();
        let mut pairs = 0;
        let mut end = at;
        while matches!(chars.next(), Some('Р' | 'С')) && chars.next().is_some_and(|c| AFTER.contains(c)) {
            pairs += 1;
            end = text.len() - chars.as_str().len();
        }
        if pairs >= LEAST {
            return Some((at, end));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let (start, end) = western(text).or_else(|| cyrillic(text))?;
        Some(&text[start..end])
    }

    #[test]
    fn text_of_many_scripts_is_found_when_it_was_decoded_wrongly() {
        let latin1 = |text: &str| -> String { text.bytes().map(char::from).collect() };
        for text in ["café", "don’t", "it – is", "Привет", "สวัสดี", "日本", "😀", "αβγ", "שלום"]
        {
            let wrong = latin1(text);
            assert!(found(&wrong).is_some(), "{text}: {wrong:?}");
        }
        assert_eq!(found("a cafÃ© b"), Some("Ã©"));
        assert_eq!(found("donâ€™t"), Some("â€™"));
        assert_eq!(found("РџСЂРёРІРµС‚"), Some("РџСЂРёРІРµС‚"));
    }

    #[test]
    fn text_in_its_own_encoding_is_silent() {
        for text in [
            "FPÖ–ÖVP",
            "Ã",
            "É»",
            "à la carte",
            "São Paulo",
            "Привет, РФ и СССР",
            "C'est à « lui »",
            "naïve",
            "Ñ",
            "10 Â",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
