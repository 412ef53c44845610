//! JSON strings: finding their end, and decoding their escapes.

use memchr::memchr;

use super::error::{JsonError, Why};

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

const fn every(byte: u8) -> u64 {
    ONES * byte as u64
}

/// A quote, a backslash or a control character: all that a string cannot hold as itself.
fn is_special(b: u8) -> bool {
    // Without short circuits, so that blocks of it vectorize.
    (b == b'"') | (b == b'\\') | (b < 0x20)
}

/// Marks special bytes of a word in their highest bit. A borrow can mark a byte above a special one too,
/// so only the lowest mark is to be trusted.
fn mark_special(word: u64) -> u64 {
    let quote = word ^ every(b'"');
    let backslash = word ^ every(b'\\');
    let marks = (quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (word.wrapping_sub(every(0x20)) & !word);
    marks & HIGHS
}

/// The index of the first special byte at or after `at`, or the length.
fn find_special(bytes: &[u8], mut at: usize) -> usize {
    // Most keys and many stretches between escapes end within two words; long text goes by blocks.
    for _ in 0..2 {
        let Some(word) = bytes[at..].first_chunk::<8>() else { break };
        let marks = mark_special(u64::from_le_bytes(*word));
        if marks != 0 {
            return at + marks.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(block) = bytes[at..].first_chunk::<32>() {
        if block.iter().fold(0, |any, &b| any | u8::from(is_special(b))) != 0 {
            break;
        }
        at += 32;
    }
    while let Some(word) = bytes[at..].first_chunk::<8>() {
        let marks = mark_special(u64::from_le_bytes(*word));
        if marks != 0 {
            return at + marks.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    bytes[at..].iter().position(|&b| is_special(b)).map_or(bytes.len(), |i| at + i)
}

/// Where the string that opens with the quote at `open` ends (after its closing quote), and whether it has
/// escapes. Escapes are checked for their form only: a lone surrogate passes.
pub(super) fn skip(line: &[u8], open: usize) -> Result<(usize, bool), JsonError> {
    let mut at = open + 1;
    let mut escaped = false;
    loop {
        at = find_special(line, at);
        match line.get(at) {
            Some(b'"') => return Ok((at + 1, escaped)),
            Some(b'\\') => {
                escaped = true;
                at = skip_escape(line, at + 1)?;
            }
            Some(_) => return Err(JsonError::new(line, at, Why::Control)),
            None => return Err(JsonError::new(line, at, Why::End)),
        }
    }
}

fn skip_escape(line: &[u8], at: usize) -> Result<usize, JsonError> {
    match line.get(at) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 1),
        Some(b'u') => {
            for i in at + 1..at + 5 {
                match line.get(i) {
                    Some(b) if b.is_ascii_hexdigit() => {}
                    Some(_) => return Err(JsonError::new(line, i, Why::Escape)),
                    None => return Err(JsonError::new(line, i, Why::End)),
                }
            }
            Ok(at + 5)
        }
        Some(_) => Err(JsonError::new(line, at, Why::Escape)),
        None => Err(JsonError::new(line, at, Why::End)),
    }
}

/// Appends the text of a string whose form was checked: `inner` is what stands between its quotes.
/// Fails on a lone surrogate with the offset of its escape within `inner`; `out` may then hold a part.
pub fn decode(inner: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
    out.reserve(inner.len());
    let mut at = 0;
    loop {
        let Some(end) = memchr(b'\\', &inner[at..]).map(|i| at + i) else {
            out.extend_from_slice(&inner[at..]);
            return Ok(());
        };
        out.extend_from_slice(&inner[at..end]);
        at = end + 2;
        let plain = match inner.get(end + 1).copied().unwrap_or_default() {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 0x08,
            b'f' => 0x0c,
            b'u' => {
                let (c, next) = decode_unicode(inner, end).ok_or(end)?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                at = next;
                continue;
            }
            itself => itself,
        };
        out.push(plain);
    }
}

/// The character of the `\u` escape, or pair of them, at `at`, and where it ends.
fn decode_unicode(inner: &[u8], at: usize) -> Option<(char, usize)> {
    let unit = |at: usize| -> Option<u32> {
        let digits = inner.get(at..at + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |n, &d| Some(n * 16 + char::from(d).to_digit(16)?))
    };
    let high = unit(at)?;
    if let Some(c) = char::from_u32(high) {
        return Some((c, at + 6));
    }
    let low = unit(at + 6)?;
    if (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(&low) {
        let c = char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))?;
        return Some((c, at + 12));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_a_byte_loop_finds() {
        let mut text = vec![b'a'; 120];
        for (special, before) in [(b'"', 0x80u8), (b'\\', 0xff), (0x1f, 0x20), (0x00, 0x21), (b'\n', b']')] {
            for at in 0..text.len() {
                text[at] = special;
                if at > 0 {
                    text[at - 1] = before;
                }
                for from in [0, at / 2, at] {
                    let expected = (from..text.len()).find(|&i| is_special(text[i])).unwrap();
                    assert_eq!(find_special(&text, from), expected, "{special:#x} at {at} from {from}");
                }
                text.fill(b'a');
            }
        }
        assert_eq!(find_special("é € 😀 ~\u{7f}".as_bytes(), 0), 14);
    }

    #[test]
    fn decodes_escapes_and_refuses_lone_surrogates() {
        let decoded = |inner: &str| {
            let mut out = Vec::new();
            decode(inner.as_bytes(), &mut out).map(|()| String::from_utf8(out).unwrap())
        };
        for (inner, expected) in [
            ("", Ok("")),
            (r#"\"\\\/\b\f\n\r\t"#, Ok("\"\\/\u{8}\u{c}\n\r\t")),
            (r"\u0041\u00e9\u20AC\u0000", Ok("Aé€\0")),
            (r"x\ud83d\ude00y", Ok("x😀y")),
            (r"x\ud83dy", Err(1)),
            (r"\ude00", Err(0)),
            (r"ab\ud83d\n", Err(2)),
            (r"\ud83d\ud83d", Err(0)),
            (r"\\ud83d", Ok("\\ud83d")),
        ] {
            assert_eq!(decoded(inner), expected.map(String::from), "{inner}");
        }
    }
}
