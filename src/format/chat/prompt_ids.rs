//! The ids of a prompt at inference: those that training has for the same messages.

use crate::chat::{ChatRows, Conversation, Prompt};
use crate::error::{Class, Error, Result};
use crate::record::reason;
use crate::tokenizer::{LoadedTokenizer, Span};

/// The ids of the prompt of a conversation. Control tokens that the messages hold are plain text, as `tokenize` encodes
/// them by default.
///
/// # Errors
/// Those of [`ChatRows::prompt`]. `special_token_in_text`: a control token is in the tools, a name or an id, or it may be
/// the data's or the template's. `Tokenizer`: it has no id for a part of the text.
pub(crate) fn prompt_ids(
    chat: &ChatRows,
    conversation: Conversation,
    tokenizer: &LoadedTokenizer,
) -> Result<Vec<i32>> {
    let control = tokenizer.control.tokens();
    let mut found = None;
    conversation.elsewhere(|text| {
        found = found.take().or_else(|| {
            let first = control.written(text).into_iter().next()?;
            Some(control.tokens[first.token].content.clone())
        });
    });
    if let Some(token) = found {
        let place = "in the tools, a name or an id, where it cannot be plain text";
        return Err(in_text(format!("control token {token:?} {place}")));
    }
    let prompt = chat.prompt(conversation)?;
    let text = prompt.text.as_str();
    let plain: Vec<Span> = plain(&prompt, tokenizer)?;
    let mut session = tokenizer.encoder().session();
    let mut ids = Vec::new();
    if plain.is_empty() {
        session.encode_prompt(text, &mut ids)?;
        if tokenizer.control.unwritten(text, &plain, &ids).is_empty() {
            return Ok(ids);
        }
        ids.clear();
    }
    session.encode_prompt_as_text(text, &plain, &mut ids)?;
    Ok(ids)
}

/// The control tokens with at least one byte of the messages.
fn plain(prompt: &Prompt, tokenizer: &LoadedTokenizer) -> Result<Vec<Span>> {
    let written = tokenizer.control.tokens().written(&prompt.text);
    if !prompt.is_proven && !written.is_empty() {
        let message =
            "the prompt holds control tokens, and it cannot be proven which of them the messages hold";
        return Err(in_text(message.to_string()));
    }
    let mut data: Vec<(usize, usize)> = Vec::new();
    let mut pieces = prompt.pieces.iter().peekable();
    for (at, (byte, c)) in prompt.text.char_indices().enumerate() {
        while pieces.next_if(|piece| piece.end <= at).is_some() {}
        if pieces.peek().is_some_and(|piece| piece.message.is_some()) {
            data.push((byte, byte + c.len_utf8()));
        }
    }
    let is_data = |(start, end): (usize, usize)| {
        let next = data.partition_point(|(_, to)| *to <= start);
        data.get(next).is_some_and(|(from, _)| *from < end)
    };
    let spans = written.into_iter().map(|token| (token.span.start, token.span.end));
    // A prompt is far shorter than 4 GiB.
    Ok(spans.filter(|span| is_data(*span)).map(|(start, end)| (start as u32, end as u32)).collect())
}

#[cold]
fn in_text(message: String) -> Error {
    Error::new(Class::Data, reason::SPECIAL_TOKEN_IN_TEXT, message)
        .help("leave it out of the messages, as training does")
}
