//! The key that decides the split of a row. It depends only on the rendered prompt, so that equal prompts are in the
//! same split.

use memchr::memmem;

use super::prompt_format::PromptFormat;
use super::template::Template;
use crate::hash;

/// The key of a row: of the prompt without the literals of its template, as far as they can be found in the text, so
/// that most rows keep their split if the literals change. If nothing is left, the key is that of the completion.
/// `prompt` and `completion` are without their marks.
pub(super) fn prompt_key(format: &PromptFormat, prompt: &[u8], completion: &[u8]) -> u128 {
    let mut segments = segments(format.prompt(), prompt);
    if segments.is_empty() {
        segments = self::segments(format.completion(), completion);
    }
    hash::key(segments.into_iter().map(|text| hash::field(Some(text))))
}

/// The non-empty texts between the literals of the template. Each literal is taken at its first occurrence after the
/// one before it; literals of omitted parts are mostly not found.
fn segments<'t>(template: &Template, mut text: &'t [u8]) -> Vec<&'t [u8]> {
    let mut segments = vec![];
    for literal in template.literals() {
        if let Some(start) = memmem::find(text, literal.as_bytes()) {
            segments.push(&text[..start]);
            text = &text[start + literal.len()..];
        }
    }
    segments.push(text);
    segments.retain(|text| !text.is_empty());
    segments
}
