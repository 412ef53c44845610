//! Finds the end of JSON strings and decodes their escapes.

use memchr::memchr;

use super::error::{JsonError, Why};

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

const fn every(byte: u8) -> u64 {
    ONES * byte as u64
}

/// Whether a byte is a quote, a backslash or a control character. A string cannot contain these unescaped.
fn is_special(b: u8) -> bool {
    // No short circuits, so that the compiler vectorizes blocks of it.
    (b == b'"') | (b == b'\\') | (b < 0x20)
}

/// Sets the highest bit of each special byte of a word. A borrow may also set it for a byte above a special one, so
/// only the lowest set bit is reliable.
fn mark_special(word: u64) -> u64 {
    let quote = word ^ every(b'"');
    let backslash = word ^ every(b'\\');
    let marks = (quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (word.wrapping_sub(every(0x20)) & !word);
    marks & HIGHS
}

/// The index of the first special byte at or after `position`; the length if there is none.
fn find_special(bytes: &[u8], mut position: usize) -> usize {
    // Most keys, and text between escapes, end within two words; longer text is searched in blocks.
    for _ in 0..2 {
        let Some(word) = bytes[position..].first_chunk::<8>() else { break };
        let marks = mark_special(u64::from_le_bytes(*word));
        if marks != 0 {
            return position + marks.trailing_zeros() as usize / 8;
        }
        position += 8;
    }
    while let Some(block) = bytes[position..].first_chunk::<32>() {
        if block.iter().fold(0, |any, &b| any | u8::from(is_special(b))) != 0 {
            break;
        }
        position += 32;
    }
    while let Some(word) = bytes[position..].first_chunk::<8>() {
        let marks = mark_special(u64::from_le_bytes(*word));
        if marks != 0 {
            return position + marks.trailing_zeros() as usize / 8;
        }
        position += 8;
    }
    bytes[position..].iter().position(|&b| is_special(b)).map_or(bytes.len(), |i| position + i)
}

/// The end of the string whose opening quote is at `open`, after its closing quote, and whether it has escapes. Only
/// the syntax of escapes is checked: a lone surrogate is accepted.
pub(super) fn skip(line: &[u8], open: usize) -> Result<(usize, bool), JsonError> {
    let mut position = open + 1;
    let mut escaped = false;
    loop {
        position = find_special(line, position);
        match line.get(position) {
            Some(b'"') => return Ok((position + 1, escaped)),
            Some(b'\\') => {
                escaped = true;
                position = skip_escape(line, position + 1)?;
            }
            Some(_) => return Err(JsonError::new(line, position, Why::Control)),
            None => return Err(JsonError::new(line, position, Why::End)),
        }
    }
}

fn skip_escape(line: &[u8], position: usize) -> Result<usize, JsonError> {
    match line.get(position) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(position + 1),
        Some(b'u') => {
            for i in position + 1..position + 5 {
                match line.get(i) {
                    Some(b) if b.is_ascii_hexdigit() => {}
                    Some(_) => return Err(JsonError::new(line, i, Why::Escape)),
                    None => return Err(JsonError::new(line, i, Why::End)),
                }
            }
            Ok(position + 5)
        }
        Some(_) => Err(JsonError::new(line, position, Why::Escape)),
        None => Err(JsonError::new(line, position, Why::End)),
    }
}

/// Appends the text of a string whose syntax was checked; `inner` is the JSON between its quotes.
///
/// # Errors
/// The offset within `inner` of a lone surrogate escape; `out` may then have a part of the text.
pub fn decode(inner: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
    out.reserve(inner.len());
    let mut position = 0;
    loop {
        let Some(end) = memchr(b'\\', &inner[position..]).map(|i| position + i) else {
            out.extend_from_slice(&inner[position..]);
            return Ok(());
        };
        out.extend_from_slice(&inner[position..end]);
        position = end + 2;
        let plain = match inner.get(end + 1).copied().unwrap_or_default() {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 0x08,
            b'f' => 0x0c,
            b'u' => {
                let (c, next) = decode_unicode(inner, end).ok_or(end)?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                position = next;
                continue;
            }
            other => other,
        };
        out.push(plain);
    }
}

/// The character of the `\u` escape or surrogate pair at `position`, and where it ends.
fn decode_unicode(inner: &[u8], position: usize) -> Option<(char, usize)> {
    let unit = |position: usize| -> Option<u32> {
        let digits = inner.get(position..position + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |n, &d| Some(n * 16 + char::from(d).to_digit(16)?))
    };
    let high = unit(position)?;
    if let Some(c) = char::from_u32(high) {
        return Some((c, position + 6));
    }
    let low = unit(position + 6)?;
    if (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(&low) {
        let c = char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))?;
        return Some((c, position + 12));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_bytes_are_found_as_by_a_loop_over_bytes() {
        let mut text = vec![b'a'; 120];
        for (special, before) in [(b'"', 0x80u8), (b'\\', 0xff), (0x1f, 0x20), (0x00, 0x21), (b'\n', b']')] {
            for position in 0..text.len() {
                text[position] = special;
                if position > 0 {
                    text[position - 1] = before;
                }
                for from in [0, position / 2, position] {
                    let expected = (from..text.len()).find(|&i| is_special(text[i])).unwrap();
                    assert_eq!(find_special(&text, from), expected, "{special:#x} at {position} from {from}");
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
