//! Formatting of text with `%` and `{}`, by the engine.

use minijinja::formatting::FormatStyle;
use minijinja::value::Value;
use minijinja::{Error, formatting};

use super::failure::unsupported;

/// Widths and precisions have fewer digits.
const DIGITS: usize = 5;

/// The text with the values in their places.
///
/// # Errors
/// A value does not fit, or a width is very large or a value itself.
pub(super) fn format(style: FormatStyle, text: &str, values: &[Value]) -> Result<String, Error> {
    if has_large_width(text, matches!(style, FormatStyle::Printf)) {
        return Err(unsupported("a width that is very large or a value"));
    }
    formatting::format(style, text, values)
}

/// Whether a place for a value has a number with many digits, or another place within it.
fn has_large_width(text: &str, printf: bool) -> bool {
    let (mut inside, mut fresh, mut digits) = (false, false, 0);
    for c in text.chars() {
        match c {
            '%' if printf => inside = !inside,
            '*' if printf && inside => return true,
            // Two braces are one brace of the text.
            '{' if !printf && inside && !fresh => return true,
            '{' if !printf => inside = !inside,
            '}' if !printf => inside = false,
            _ if printf && c.is_alphabetic() => inside = false,
            _ => {}
        }
        fresh = c == '{';
        digits = if inside && c.is_ascii_digit() { digits + 1 } else { 0 };
        if digits == DIGITS {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_large_width;

    #[test]
    fn finds_widths_that_are_large_or_values() {
        for (text, printf, large) in [
            ("%5d 12345 %s", true, false),
            ("%99999d", true, true),
            ("%*d", true, true),
            ("100%% 12345", true, false),
            ("{:>5} 12345 {x} {{12345}}", false, false),
            ("{:99999}", false, true),
            ("{:{}}", false, true),
        ] {
            assert_eq!(has_large_width(text, printf), large, "{text}");
        }
    }
}
