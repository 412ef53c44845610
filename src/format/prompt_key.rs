//! The key that decides a row's split: a function of its rendered prompt alone, so that equal prompts stay together.

use memchr::memmem;

use super::prompt_format::PromptFormat;
use super::template::Template;
use crate::hash;

/// The key over what a prompt says beside its template's own words, as far as its text tells them apart, so that a
/// row mostly keeps its side where the words change. Where nothing is left, the completion decides. Both come
/// without their marks.
pub(super) fn prompt_key(format: &PromptFormat, prompt: &[u8], completion: &[u8]) -> u128 {
    let mut said = said(format.prompt(), prompt);
    if said.is_empty() {
        said = self::said(format.completion(), completion);
    }
    hash::key(said.into_iter().map(|text| hash::field(Some(text))))
}

/// The text between the template's literals, each found as far left as it can be; those of parts that are left out
/// are mostly not found. Without empty texts.
fn said<'t>(template: &Template, mut text: &'t [u8]) -> Vec<&'t [u8]> {
    let mut said = vec![];
    for literal in template.literals() {
        if let Some(at) = memmem::find(text, literal.as_bytes()) {
            said.push(&text[..at]);
            text = &text[at + literal.len()..];
        }
    }
    said.push(text);
    said.retain(|text| !text.is_empty());
    said
}
