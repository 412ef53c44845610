//! Text in other encodings than UTF-8: detected by its first bytes, and decoded where it begins with a byte order mark.

/// The byte order mark of UTF-8.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

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

/// Decodes UTF-16 and UTF-32 to UTF-8, block by block.
///
/// What is no character becomes bytes that are not valid UTF-8, so that only the record that holds it is rejected: a
/// lone surrogate three bytes, an incomplete or too large unit one.
#[derive(Debug)]
pub(crate) struct Transcoder {
    /// Bytes of a unit: 2 or 4.
    unit: usize,
    big_endian: bool,
    /// The start of a unit whose end is in the next block.
    incomplete: Vec<u8>,
    /// A high surrogate, whose low one may come next.
    high: Option<u32>,
}

/// A byte that is in no valid UTF-8.
const INVALID: u8 = 0xff;

impl Transcoder {
    /// The decoder of a text that begins with this byte order mark, and the length of the mark. `None` if it begins
    /// with no mark of UTF-16 or UTF-32.
    pub(crate) fn by_mark(head: &[u8]) -> Option<(Self, usize)> {
        let (unit, big_endian) = match head {
            [0xff, 0xfe, 0, 0, ..] => (4, false),
            [0, 0, 0xfe, 0xff, ..] => (4, true),
            [0xff, 0xfe, ..] => (2, false),
            [0xfe, 0xff, ..] => (2, true),
            _ => return None,
        };
        Some((Transcoder { unit, big_endian, incomplete: Vec::new(), high: None }, unit))
    }

    /// Appends the text of the next block.
    pub(crate) fn push(&mut self, mut block: &[u8], out: &mut Vec<u8>) {
        if !self.incomplete.is_empty() {
            let missing = (self.unit - self.incomplete.len()).min(block.len());
            self.incomplete.extend_from_slice(&block[..missing]);
            block = &block[missing..];
            if self.incomplete.len() < self.unit {
                return;
            }
            let unit = self.number(&self.incomplete);
            self.incomplete.clear();
            self.push_unit(unit, out);
        }
        out.reserve(block.len());
        let mut units = block.chunks_exact(self.unit);
        for unit in &mut units {
            self.push_unit(self.number(unit), out);
        }
        self.incomplete.extend_from_slice(units.remainder());
    }

    /// Appends what is left at the end of the text.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        self.push_lone_surrogate(out);
        if !std::mem::take(&mut self.incomplete).is_empty() {
            out.push(INVALID);
        }
    }

    fn number(&self, unit: &[u8]) -> u32 {
        let add = |number, &byte: &u8| number << 8 | u32::from(byte);
        if self.big_endian { unit.iter().fold(0, add) } else { unit.iter().rev().fold(0, add) }
    }

    fn push_unit(&mut self, unit: u32, out: &mut Vec<u8>) {
        if let (Some(high), 0xdc00..0xe000, 2) = (self.high, unit, self.unit) {
            self.high = None;
            let number = 0x1_0000 + ((high - 0xd800) << 10) + (unit - 0xdc00);
            return push_number(number, out);
        }
        self.push_lone_surrogate(out);
        match (unit, self.unit) {
            (0xd800..0xdc00, 2) => self.high = Some(unit),
            _ => push_number(unit, out),
        }
    }

    fn push_lone_surrogate(&mut self, out: &mut Vec<u8>) {
        if let Some(high) = self.high.take() {
            push_number(high, out);
        }
    }
}

/// Appends the UTF-8 of a character by its number.
fn push_number(number: u32, out: &mut Vec<u8>) {
    match char::from_u32(number) {
        Some(character) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        None if number < 0x1_0000 => {
            let low = |shift: u32| 0x80 | (number >> shift & 0x3f) as u8;
            out.extend_from_slice(&[0xe0 | (number >> 12) as u8, low(6), low(0)]);
        }
        None => out.push(INVALID),
    }
}

/// The start of a text as UTF-8 without a byte order mark. A character that is cut off at the end is left out.
pub(crate) fn decoded(head: &[u8]) -> Vec<u8> {
    let Some((mut transcoder, mark)) = Transcoder::by_mark(head) else {
        return head.strip_prefix(BOM).unwrap_or(head).to_vec();
    };
    let mut out = Vec::new();
    transcoder.push(&head[mark..], &mut out);
    out
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

    #[test]
    fn marked_text_is_decoded_in_blocks_of_any_size() {
        let bytes = |units: Vec<u32>, size: usize, big: bool| -> Vec<u8> {
            let unit = |u: u32| match (size, big) {
                (2, false) => (u as u16).to_le_bytes().to_vec(),
                (2, true) => (u as u16).to_be_bytes().to_vec(),
                (_, false) => u.to_le_bytes().to_vec(),
                (_, true) => u.to_be_bytes().to_vec(),
            };
            units.into_iter().flat_map(unit).collect()
        };
        let text = "a\0é€\u{ffff}😀\u{10ffff}\r\n";
        let marked = format!("\u{feff}{text}");
        let utf16: Vec<u32> = marked.encode_utf16().map(u32::from).collect();
        let utf32: Vec<u32> = marked.chars().map(u32::from).collect();
        let decode = |stored: &[u8], block: usize| {
            let (mut transcoder, mark) = Transcoder::by_mark(stored).unwrap();
            let mut out = Vec::new();
            stored[mark..].chunks(block).for_each(|block| transcoder.push(block, &mut out));
            transcoder.finish(&mut out);
            out
        };
        for block in [1, 2, 3, 5, 100] {
            for big in [false, true] {
                assert_eq!(decode(&bytes(utf16.clone(), 2, big), block), text.as_bytes());
                assert_eq!(decode(&bytes(utf32.clone(), 4, big), block), text.as_bytes());
                let lone = [0xfeff, 0xd800, 0x61, 0xdc00, 0xd800, 0xd800, 0xdc00, 0xdbff];
                let expected = b"\xed\xa0\x80a\xed\xb0\x80\xed\xa0\x80\xf0\x90\x80\x80\xed\xaf\xbf";
                assert_eq!(decode(&bytes(lone.to_vec(), 2, big), block), expected);
                let large = bytes(vec![0xfeff, 0xd800, 0x11_0000, 0x61], 4, big);
                assert_eq!(decode(&large[..large.len() - 1], block), b"\xed\xa0\x80\xff\xff");
            }
        }
        assert_eq!(decoded(&bytes(utf16, 2, false)), text.as_bytes());
        assert_eq!(decoded(marked.as_bytes()), text.as_bytes());
        assert!(Transcoder::by_mark(text.as_bytes()).is_none());
    }
}
