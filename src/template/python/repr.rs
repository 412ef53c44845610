//! A text as Python's `repr` writes it.

use std::fmt::Write;

/// Appends `repr(text)`: in single quotes, unless the text has these and no double ones.
pub(crate) fn repr(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if is_printable(c) => out.push(c),
            c => {
                let code = u32::from(c);
                // Writing to a string cannot fail.
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(quote);
}

/// `str.isprintable`: no control, format, private, unassigned or separator character but the space. The standard
/// library escapes by the same definition; a letter before it keeps combining characters as they are.
fn is_printable(c: char) -> bool {
    match c {
        ' '..='~' => true,
        '\0'..='\u{a0}' => false,
        _ => {
            let mut text = String::from("a");
            text.push(c);
            text.escape_debug().nth(1) == Some(c)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::repr;

    #[test]
    fn writes_what_python_writes() {
        for (text, expected) in [
            ("a", "'a'"),
            ("it's", "\"it's\""),
            ("'\"", "'\\'\"'"),
            ("\\\n\r\t\0\u{7f}", r"'\\\n\r\t\x00\x7f'"),
            ("é\u{301}\u{a0}\u{ad}", "'é\u{301}\\xa0\\xad'"),
            ("\u{200d}\u{2028}\u{e000}\u{f1000}👩", "'\\u200d\\u2028\\ue000\\U000f1000👩'"),
        ] {
            let mut out = String::new();
            repr(text, &mut out);
            assert_eq!(out, expected);
        }
    }
}
