//! White space as Python's `str` methods see it.

/// Whether Python's `str.isspace` holds: Unicode white space and the four separators U+001C to U+001F.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Removes white space, or the given characters, at both ends.
pub(crate) fn strip<'a>(text: &'a str, characters: Option<&str>) -> &'a str {
    strip_end(strip_start(text, characters), characters)
}

/// Removes white space, or the given characters, at the start.
pub(crate) fn strip_start<'a>(text: &'a str, characters: Option<&str>) -> &'a str {
    match characters {
        None => text.trim_start_matches(is_space),
        Some(set) => text.trim_start_matches(|c| set.contains(c)),
    }
}

/// Removes white space, or the given characters, at the end.
pub(crate) fn strip_end<'a>(text: &'a str, characters: Option<&str>) -> &'a str {
    match characters {
        None => text.trim_end_matches(is_space),
        Some(set) => text.trim_end_matches(|c| set.contains(c)),
    }
}

/// The lines of `str.splitlines`.
pub(crate) fn split_lines(text: &str, keep_ends: bool) -> Vec<&str> {
    let is_end =
        |c: char| matches!(c, '\n'..='\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some((at, end)) = rest.char_indices().find(|(_, c)| is_end(*c)) {
        let after = if rest[at..].starts_with("\r\n") { at + 2 } else { at + end.len_utf8() };
        lines.push(&rest[..if keep_ends { after } else { at }]);
        rest = &rest[after..];
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_what_python_strips() {
        assert_eq!(strip("\u{1c} \u{a0}\u{2003}a b\u{1f}\r\n", None), "a b");
        assert_eq!(strip("xyaxy", Some("yx")), "a");
        assert_eq!(strip_end("a\u{200b}", None), "a\u{200b}");
    }

    #[test]
    fn splits_lines_as_python_does() {
        assert_eq!(split_lines("a\r\nb\rc\u{85}\u{b}d\n", false), ["a", "b", "c", "", "d"]);
        assert_eq!(split_lines("a\r\n\nb", true), ["a\r\n", "\n", "b"]);
        assert!(split_lines("", true).is_empty());
    }
}
