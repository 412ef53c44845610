//! JSON text over several lines as one line.

use memchr::memchr;

/// Appends valid JSON without its line feeds and the white space around each of them; after a comma that becomes one
/// space. So the text of an indented value is that of the same value on one line, as Python's `json.dumps` writes it.
pub fn single_line(json: &[u8], out: &mut Vec<u8>) {
    let mut rest = json;
    // In valid JSON a line feed is white space between tokens.
    while let Some(feed) = memchr(b'\n', rest) {
        let before = rest[..feed].trim_ascii_end();
        out.extend_from_slice(before);
        if before.last() == Some(&b',') {
            out.push(b' ');
        }
        rest = rest[feed..].trim_ascii_start();
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indented_json_becomes_what_is_written_on_one_line() {
        for (json, expected) in [
            ("{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}", r#"{"a": [1, 2], "b": {}}"#),
            ("{ \"a\" :\r\n\t1 ,\n\n\n \"b\":2\n\n}", r#"{ "a" :1 , "b":2}"#),
            ("[\n]", "[]"),
            ("[1\n,2,\n3]", "[1,2, 3]"),
            (r#"["a\n, b"]"#, r#"["a\n, b"]"#),
        ] {
            let mut out = b"x".to_vec();
            single_line(json.as_bytes(), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), format!("x{expected}"));
        }
    }
}
