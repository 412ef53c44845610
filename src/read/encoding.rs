//! Detects text in another encoding than UTF-8 by its first bytes.

/// The encoding of a text that begins with `head`, by its name for `iconv`; `None` if it may be UTF-8.
///
/// A byte order mark gives the encoding. Without one, ASCII characters next to zero bytes do: JSON text has no zero
/// bytes.
pub(crate) fn other_encoding(head: &[u8]) -> Option<&'static str> {
    Some(match head {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => "UTF-32",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16",
        [1..=0x7f, 0, 0, 0, ..] => "UTF-32LE",
        [0, 0, 0, 1..=0x7f, ..] => "UTF-32BE",
        [1..=0x7f, 0, b, 0, ..] if *b != 0 => "UTF-16LE",
        [0, 1..=0x7f, 0, b, ..] if *b != 0 => "UTF-16BE",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_detected_with_and_without_a_mark() {
        let utf16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let utf32 =
            |text: &str| -> Vec<u8> { text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect() };
        assert_eq!(other_encoding(&utf16("\u{feff}{\"")), Some("UTF-16"));
        assert_eq!(other_encoding(&utf16("{\"a\"")), Some("UTF-16LE"));
        assert_eq!(other_encoding(&utf16("\r\n{")), Some("UTF-16LE"));
        assert_eq!(other_encoding(&utf32("\u{feff}{")), Some("UTF-32"));
        assert_eq!(other_encoding(&utf32("{\"")), Some("UTF-32BE"));
        for text in ["", "{", "{\"a\":1}", "\u{feff}{", "\n", "é"] {
            assert_eq!(other_encoding(text.as_bytes()), None, "{text:?}");
        }
        // Only zeros: a sparse file, not text.
        assert_eq!(other_encoding(&[0; 8]), None);
    }
}
