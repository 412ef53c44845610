//! The forms that a template may print a character in: itself, or escaped for JSON, HTML or Python.

use crate::template::{escape_json, python_repr};

/// The forms of a character, each once.
pub(super) fn forms(c: char) -> Vec<String> {
    let plain = c.to_string();
    let mut all = vec![plain.clone(), json(&plain, false), json(&plain, true)];
    all.push(html(c, "&quot;", "&#x27;"));
    all.push(html(c, "&#34;", "&#39;"));
    all.push(c.to_uppercase().collect());
    all.push(c.to_lowercase().collect());
    for i in 0..3 {
        all.push(json(&all[i], false));
    }
    let mut repr = String::new();
    python_repr(&plain, &mut repr);
    all.push(repr[1..repr.len() - 1].to_string());
    if c == '\'' {
        all.push("\\'".to_string());
    }
    let mut once: Vec<String> = Vec::new();
    for form in all {
        if !once.contains(&form) {
            once.push(form);
        }
    }
    once
}

/// A text as JSON without its quotes; beyond ASCII as escapes if asked for.
pub(in crate::chat) fn json(text: &str, ascii: bool) -> String {
    let mut out = String::with_capacity(text.len());
    escape_json(&mut out, text, ascii);
    out
}

fn html(c: char, double: &str, single: &str) -> String {
    match c {
        '&' => "&amp;".to_string(),
        '<' => "&lt;".to_string(),
        '>' => "&gt;".to_string(),
        '"' => double.to_string(),
        '\'' => single.to_string(),
        c => c.to_string(),
    }
}

/// The characters of a render; stand-ins that were printed as an escape of JSON or Python are put back.
pub(super) fn unescaped(text: &str) -> Vec<char> {
    let text: Vec<char> = text.chars().collect();
    if !text.contains(&'\\') {
        return text;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match stand_in(&text[at..]) {
            Some((c, length)) => {
                out.push(c);
                at += length;
            }
            None => {
                out.push(text[at]);
                at += 1;
            }
        }
    }
    out
}

/// A character of a private plane as `\\udb84\\udc00` or `\\U000f1000`, with any number of backslashes, and its length.
fn stand_in(text: &[char]) -> Option<(char, usize)> {
    let slashes = |text: &[char]| text.iter().take_while(|c| **c == '\\').count();
    let hex = |digits: &[char]| u32::from_str_radix(&digits.iter().collect::<String>(), 16).ok();
    let first = slashes(text);
    let rest = text.get(first..)?;
    if first == 0 || !matches!(rest.first(), Some('u' | 'U')) {
        return None;
    }
    if let Some(c) = rest.get(1..9).and_then(hex).and_then(char::from_u32).filter(|c| *c >= '\u{f0000}') {
        return Some((c, first + 9));
    }
    let high = hex(rest.get(1..5)?)?;
    let rest = &rest[5..];
    let second = slashes(rest);
    let low = hex(rest.get(second + 1..second + 5)?)?;
    let is_pair = second > 0 && matches!(rest[second], 'u' | 'U');
    if !is_pair || !(0xD800..0xDC00).contains(&high) || !(0xDC00..0xE000).contains(&low) {
        return None;
    }
    let c =
        char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)).filter(|c| *c >= '\u{f0000}')?;
    Some((c, first + 5 + second + 5))
}

#[cfg(test)]
mod tests {
    use super::{forms, unescaped};

    #[test]
    fn knows_the_forms_of_characters() {
        assert_eq!(forms('a'), ["a", "A"]);
        assert_eq!(forms('<'), ["<", "&lt;"]);
        assert_eq!(forms('\n'), ["\n", "\\n", "\\\\n"]);
        assert_eq!(forms('é'), ["é", "\\u00e9", "É", "\\\\u00e9"]);
    }

    #[test]
    fn puts_stand_ins_back() {
        for text in ["a\u{f1000}\\n", "a\\udb84\\udc00\\n", "a\\U000f1000\\n", "a\\\\udb84\\\\udc00\\n"] {
            assert_eq!(unescaped(text), ['a', '\u{f1000}', '\\', 'n'], "{text}");
        }
        assert_eq!(unescaped("\\u00e9\\ud83d\\ude00\\U").len(), "\\u00e9\\ud83d\\ude00\\U".len());
    }
}
