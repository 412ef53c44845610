//! Prepares the source of a template for the engine, so that it reads it as Python's Jinja does.
//!
//! - Line ends become `\n`, and one at the end is removed.
//! - `{% generation %}` blocks, which transformers adds to Jinja, become scopes.
//! - What a `for` walks over passes through a function that refuses none, which the engine takes for an empty list.
//! - A line end after `{% raw %}` stays.
//! - `+`, and in templates that use the filter `safe` also `~`, are written otherwise ([`joins`]).

use std::borrow::Cow;

use super::joins;
use super::quoted::string_end;
use super::sought;

/// The function that values of `for` pass through.
pub(super) const ITERABLE: &str = "__iterable";

/// The characters that a template with marks prints where a `{% generation %}` block begins and ends.
pub(crate) const MARKS: [char; 2] = ['\u{f0ff1}', '\u{f0ff2}'];

/// A source that the engine reads, and what was found in it.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) text: String,
    /// The texts that expressions of the template hold, each once, the longest first.
    pub(super) constants: Vec<String>,
    /// Those that the template may look for in texts of the data.
    pub(super) sought: Vec<String>,
}

/// Prepares a source.
pub(super) fn prepare(source: &str) -> Source {
    prepare_for(source, false)
}

/// Prepares a source so that its `{% generation %}` blocks print [`MARKS`].
pub(super) fn prepare_marked(source: &str) -> Source {
    prepare_for(source, true)
}

fn prepare_for(source: &str, with_marks: bool) -> Source {
    let source = source.replace("\r\n", "\n").replace('\r', "\n");
    let source = source.strip_suffix('\n').unwrap_or(&source);
    let marked = joins::are_marked(source);
    let mut prepared = Source::default();
    let mut rest = source;
    while let Some(start) = next_tag(rest) {
        prepared.text.push_str(&rest[..start]);
        rest = &rest[start..];
        let length = match &rest[..2] {
            "{#" => rest.find("#}").map_or(rest.len(), |end| end + 2),
            opening => {
                let close = if opening == "{%" { "%}" } else { "}}" };
                let length = tag_length(rest, close, &mut prepared);
                let (tag, replaced) = if opening == "{%" {
                    statement(rest, length, with_marks)
                } else {
                    (Cow::Borrowed(&rest[..length]), length)
                };
                // A longer one is a whole block of raw text.
                let tag = if replaced == length { joins::rewrite(&tag, marked).into() } else { tag };
                prepared.text.push_str(&tag);
                rest = &rest[replaced..];
                continue;
            }
        };
        prepared.text.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    prepared.text.push_str(rest);
    for texts in [&mut prepared.constants, &mut prepared.sought] {
        texts.sort_by(|a, b| b.chars().count().cmp(&a.chars().count()).then(a.cmp(b)));
        texts.dedup();
    }
    prepared
}

fn next_tag(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text[from..].find('{').map(|at| from + at) {
        if text[at + 1..].starts_with(['{', '%', '#']) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// The length of a tag with its delimiters; texts in it are added to what was found.
fn tag_length(tag: &str, close: &str, found: &mut Source) -> usize {
    let bytes = tag.as_bytes();
    let (mut at, mut open) = (2, Vec::new());
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'\'' | b'"') => {
                let end = string_end(tag, at, quote);
                if let Some(inner) = tag.get(at + 1..end - 1).filter(|inner| !inner.is_empty()) {
                    let text = unescape(inner).into_owned();
                    if sought::is_sought(tag, at, end, &open) {
                        found.sought.push(text.clone());
                    }
                    found.constants.push(text);
                }
                at = end;
                continue;
            }
            _ if open.is_empty() && tag[at..].starts_with(close) => return at + 2,
            b'(' | b'[' | b'{' => open.push(at),
            b')' | b']' | b'}' => {
                open.pop();
            }
            _ => {}
        }
        at += 1;
        while !tag.is_char_boundary(at) {
            at += 1;
        }
    }
    tag.len()
}

/// The characters of a string in a template.
fn unescape(inner: &str) -> Cow<'_, str> {
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = String::new();
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match characters.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some(digits @ ('u' | 'x')) => {
                let width = if digits == 'u' { 4 } else { 2 };
                let code: String = characters.by_ref().take(width).collect();
                out.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    Cow::Owned(out)
}

/// A statement as the engine takes it, and how much of the source it replaces.
fn statement(rest: &str, length: usize, with_marks: bool) -> (Cow<'_, str>, usize) {
    let tag = &rest[..length];
    let inside = tag.get(2..length.saturating_sub(2)).unwrap_or_default();
    let words = inside.trim_start_matches(['-', '+']).trim_end_matches(['-', '+']).trim();
    let replaced = |old: &str, new: &str| Cow::Owned(tag.replacen(old, new, 1));
    match words {
        "generation" if with_marks => (printing(inside, "with", MARKS[0]), length),
        "endgeneration" if with_marks => (printing(inside, "endwith", MARKS[1]), length),
        "generation" => (replaced("generation", "with"), length),
        "endgeneration" => (replaced("endgeneration", "endwith"), length),
        "raw" => {
            let end = raw_end(&rest[length..]).map_or(rest.len(), |end| length + end);
            let keep = if tag.ends_with("-%}") || !rest[length..].starts_with('\n') { "" } else { "\n" };
            (Cow::Owned(format!("{tag}{keep}{}", &rest[length..end])), end)
        }
        // The engine knows these two, and Jinja as transformers sets it up does something else.
        _ if words.starts_with("autoescape ") || words.starts_with("do ") => {
            (replaced(words, "unsupported"), length)
        }
        _ => match looped(inside) {
            Some((start, end)) => {
                let value = inside[start..end].trim();
                let tag = format!("{{%{} {ITERABLE}(({value})) {}%}}", &inside[..start], &inside[end..]);
                (Cow::Owned(tag), length)
            }
            None => (Cow::Borrowed(tag), length),
        },
    }
}

/// Two tags around a mark, with the signs for white space of the one tag in whose place they are.
fn printing(inside: &str, tag: &str, mark: char) -> Cow<'static, str> {
    let sign = |c: Option<char>| c.filter(|c| ['-', '+'].contains(c)).map(String::from).unwrap_or_default();
    let (left, right) = (sign(inside.chars().next()), sign(inside.chars().next_back()));
    let empty = "if true %}{% endif";
    let (first, second) = if tag == "with" { (empty, tag) } else { (tag, empty) };
    Cow::Owned(format!("{{%{left} {first} %}}{{{{ '{mark}' }}}}{{% {second} {right}%}}"))
}

/// The offset of the `{% endraw %}` tag.
fn raw_end(text: &str) -> Option<usize> {
    text.match_indices("{%")
        .map(|(at, _)| at)
        .find(|at| text[at + 2..].trim_start_matches(['-', '+']).trim_start().starts_with("endraw"))
}

/// Where the value of a `for` begins and ends in the text of the tag; none for other tags.
fn looped(inside: &str) -> Option<(usize, usize)> {
    let bytes = inside.as_bytes();
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80;
    let (mut at, mut open, mut start) = (0, 0usize, None);
    let mut seen_for = false;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'\'' | b'"') => at = string_end(inside, at, quote),
            b if is_word(b) => {
                let end = (at..bytes.len()).find(|&i| !is_word(bytes[i])).unwrap_or(bytes.len());
                let after_dot = at > 0 && bytes[at - 1] == b'.';
                match (&inside[at..end], start) {
                    ("for", None) if !seen_for => seen_for = true,
                    _ if !seen_for => return None,
                    ("in", None) if open == 0 => start = Some(end),
                    ("if" | "recursive", Some(start)) if open == 0 && !after_dot => return Some((start, at)),
                    _ => {}
                }
                at = end;
            }
            b => {
                match b {
                    b'(' | b'[' | b'{' => open += 1,
                    b')' | b']' | b'}' => open = open.saturating_sub(1),
                    _ => {}
                }
                at += 1;
            }
        }
    }
    let end = inside.trim_end().trim_end_matches(['-', '+']).len();
    start.map(|start| (start, end))
}

#[cfg(test)]
mod tests {
    use super::{MARKS, prepare, prepare_marked};

    #[test]
    fn changes_what_the_engine_reads_otherwise() {
        for (source, prepared) in [
            ("a\r\nb\rc\n\n", "a\nb\nc\n"),
            ("{%- generation -%}x{% endgeneration %}", "{%- with -%}x{% endwith %}"),
            ("{% raw %}\n{{ a }}{% endraw %}\n", "{% raw %}\n\n{{ a }}{% endraw %}"),
            ("{%- for a, b in x if a -%}", "{%- for a, b in __iterable((x)) if a -%}"),
            (
                "{% for m in a['in if'][1:] + b -%}",
                "{% for m in __iterable(( __plus(a['in if'][1:] , b) )) -%}",
            ),
            ("{% for n in loop.if recursive %}", "{% for n in __iterable((loop.if)) recursive %}"),
            ("{# {% for x in y %} #}{{ '{% for' }}", "{# {% for x in y %} #}{{ '{% for' }}"),
        ] {
            assert_eq!(prepare(source).text, prepared);
        }
    }

    #[test]
    fn marks_are_printed_where_blocks_begin_and_end() {
        let prepared = prepare_marked("{%- generation -%}x{% endgeneration +%}").text;
        let [start, end] = MARKS;
        let expected = format!(
            "{{%- if true %}}{{% endif %}}{{{{ '{start}' }}}}{{% with -%}}x\
             {{% endwith %}}{{{{ '{end}' }}}}{{% if true %}}{{% endif +%}}"
        );
        assert_eq!(prepared, expected);
    }

    #[test]
    fn finds_the_texts_of_expressions() {
        let constants =
            prepare("'no' {{ {'a': \"b\\n\"} }}}}{% if x == '%}' %}{{ 'a' }}{# 'no' #}").constants;
        assert_eq!(constants, ["%}", "b\n", "a"]);
    }

    #[test]
    fn finds_the_texts_that_a_template_looks_for() {
        for (source, sought) in [
            (
                "{{ '<s>' + m['role'] + '\\n' }}{{- 'a' if x else 'b' }}{% set y = {'k': m.get('c')} %}",
                &[][..],
            ),
            ("{% if m.role == 'user' or 'tool' != m['role'] %}{{ raise_exception('no') }}{% endif %}", &[]),
            (
                "{% if '/no' in c %}{% endif %}{% set x = c.split('</t>')[-1].strip('\\n') %}",
                &["</t>", "/no", "\n"],
            ),
            (
                "{% if c[:2] == 'ab' or c in ['x'] %}{% endif %}{% set mark = 'm' %}{{ c|replace('r', 's') }}",
                &["ab", "m", "r", "s", "x"],
            ),
            ("{{ f('a' + ('b')) }}{{ (c + 'd')|trim }}", &["a", "b"]),
        ] {
            assert_eq!(prepare(source).sought, sought, "{source}");
        }
    }

    #[test]
    fn takes_any_text() {
        for source in
            ["{{ '", "{% for", "{%", "{#", "{% raw %}", "{{ 'é\\", "{% for x in", "{", "{%é%}", "{% raw"]
        {
            prepare(source);
        }
    }
}
