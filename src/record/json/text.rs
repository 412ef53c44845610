//! The smallest parts of JSON text: strings, whole numbers, and values that are JSON text already.

/// Appends a JSON string: `"`, `\` and control characters escaped, other characters as UTF-8.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let (blocks, rest) = text.as_bytes().as_chunks::<BLOCK>();
    for block in blocks {
        // Without a branch on each byte, so that it becomes a few vector instructions.
        if block.iter().fold(false, |found, &b| found | must_escape(b)) {
            write_escaped(out, block);
        } else {
            out.extend_from_slice(block);
        }
    }
    write_escaped(out, rest);
    out.push(b'"');
}

/// The text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut json = Vec::with_capacity(text.len() + 2);
    write_string(&mut json, text);
    // `write_string` writes only UTF-8.
    String::from_utf8(json).unwrap_or_default()
}

/// Bytes that are checked together.
const BLOCK: usize = 32;

const fn must_escape(b: u8) -> bool {
    b < 0x20 || b == b'"' || b == b'\\'
}

fn write_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut done = 0;
    for (i, &b) in bytes.iter().enumerate() {
        if !must_escape(b) {
            continue;
        }
        out.extend_from_slice(&bytes[done..i]);
        done = i + 1;
        match b {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(b >> 4)]);
                out.push(HEX[usize::from(b & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[done..]);
}

/// Appends JSON text with line breaks replaced by spaces. In valid JSON a line break is white space between tokens.
pub fn write_verbatim(out: &mut Vec<u8>, json: &str) {
    let from = out.len();
    out.extend_from_slice(json.as_bytes());
    if memchr::memchr2(b'\n', b'\r', json.as_bytes()).is_some() {
        out[from..].iter_mut().filter(|b| matches!(b, b'\n' | b'\r')).for_each(|b| *b = b' ');
    }
}

/// Appends a whole number.
pub fn write_integer(out: &mut Vec<u8>, value: impl Into<i128>) {
    let value: i128 = value.into();
    if value < 0 {
        out.push(b'-');
    }
    // All integer types of Arrow have at most 64 bits, so the magnitude fits.
    let mut rest = value.unsigned_abs() as u64;
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_survives_serde() {
        let all: String = (0..0x3000u32).filter_map(char::from_u32).chain(['😀', '\u{10ffff}']).collect();
        // Shifted, so that each character meets each position of a block.
        for shift in 0..BLOCK {
            let text = "x".repeat(shift) + &all;
            let mut out = Vec::new();
            write_string(&mut out, &text);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }

    #[test]
    fn integers_are_written_as_rust_prints_them() {
        let values = [0, 1, -1, 9, 10, 100, i128::from(i64::MIN), i128::from(i64::MAX), i128::from(u64::MAX)];
        for value in values {
            let mut out = Vec::new();
            write_integer(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }

    #[test]
    fn verbatim_json_stays_on_one_line() {
        let mut out = Vec::new();
        write_verbatim(&mut out, "{\r\n  \"a\": \"\\n\"\n}");
        assert_eq!(out, b"{    \"a\": \"\\n\" }");
    }
}
