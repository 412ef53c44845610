//! The characters that stand for texts.

use minijinja::value::{Value, ValueKind};

use crate::template::generator::Generator;

/// How a text is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is.
    Plain,
    /// As within a JSON string.
    Json,
}

/// The first placeholder of each form.
const PLAIN: u32 = 0xf_0000;
const JSON: u32 = 0xf_8000;

/// Texts that may have placeholders.
const MOST: u32 = 0x7000;

/// The placeholder of text number `n`; none of very many.
pub(crate) fn placeholder(n: usize, form: Form) -> Option<char> {
    let n = u32::try_from(n).ok().filter(|n| *n < MOST)?;
    char::from_u32(n + if form == Form::Plain { PLAIN } else { JSON })
}

/// Whether a character may be a placeholder.
pub(super) fn is_reserved(c: char) -> bool {
    c >= '\u{f0000}'
}

/// The number of the text that a character stands for, in its plain form.
pub(super) fn plain(c: char) -> Option<usize> {
    let n = u32::from(c).checked_sub(PLAIN)?;
    (n < MOST).then_some(n as usize)
}

/// A JSON text that was written from plain placeholders, with those of JSON in their places.
pub(super) fn to_json(text: &str) -> String {
    let form = |c| plain(c).and_then(|n| placeholder(n, Form::Json)).unwrap_or(c);
    text.chars().map(form).collect()
}

/// Whether a text has placeholders.
pub(super) fn in_text(text: &str) -> bool {
    text.chars().any(is_reserved)
}

/// Whether a value has placeholders, at any depth.
pub(super) fn in_value(value: &Value) -> bool {
    any_text(value, &in_text, 0)
}

/// Whether a value has placeholders that are not plain, at any depth.
pub(super) fn beyond_plain(value: &Value) -> bool {
    any_text(value, &|text| text.chars().any(|c| is_reserved(c) && plain(c).is_none()), 0)
}

/// Values that are nested more deeply count as texts that are as asked for.
const DEPTH: usize = 200;

fn any_text(value: &Value, holds: &impl Fn(&str) -> bool, depth: usize) -> bool {
    if let Some(text) = value.as_str() {
        return holds(text);
    }
    if depth == DEPTH {
        return true;
    }
    if let Some(generator) = value.downcast_object_ref::<Generator>() {
        return generator.items().iter().any(|item| any_text(item, holds, depth + 1));
    }
    let Ok(mut items) = value.try_iter() else { return false };
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => items.any(|item| any_text(&item, holds, depth + 1)),
        ValueKind::Map => items.any(|key| {
            any_text(&key, holds, depth + 1)
                || value.get_item(&key).is_ok_and(|item| any_text(&item, holds, depth + 1))
        }),
        _ => false,
    }
}
