//! Encodes texts in which some control tokens are plain text.
//!
//! A row may hold `</s>` twice: once from the format, and once as text about that token. So a copy of the tokenizer
//! has other names for its control tokens, the stand-ins, with the same ids. Only the occurrences that are control
//! tokens are replaced by their stand-ins; the others are plain text to that copy. All else (space marks, stripping,
//! splitting) is done by the crate `tokenizers`. Pieces of the model are renamed too, since a Unigram model may
//! choose the piece `</s>`.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokenizers::Tokenizer;

use super::added::ControlTokens;
use super::continuation::without_mark;
use super::errors::broken;
use super::position::Position;
use super::reference::reference;
use super::span::{Span, overlaps};
use crate::error::{Error, Result};

/// The first character of a stand-in: a noncharacter, which Unicode excludes from interchanged text.
const OPEN: char = '\u{fdd0}';
const CLOSE: char = '\u{fdd1}';

/// Encodes texts in which some control tokens are plain text.
pub(super) struct AsTextEncoder {
    start: Arc<Tokenizer>,
    continuation: Arc<Tokenizer>,
    control: Arc<ControlTokens>,
    /// By the index of the control token; none for a piece of the model that is not an added token.
    stand_ins: Vec<Option<String>>,
}

impl AsTextEncoder {
    pub(super) fn new(tokenizer: &Tokenizer, control: Arc<ControlTokens>) -> Result<Self> {
        let mut json = serde_json::to_value(tokenizer).map_err(|e| broken(&e))?;
        let mut names = HashMap::new();
        let mut stand_ins = vec![None; control.tokens.len()];
        for token in json["added_tokens"].as_array_mut().into_iter().flatten() {
            let Some(number) = control.tokens.iter().position(|known| token["id"] == known.id) else {
                continue;
            };
            let stand_in = format!("{OPEN}{}{CLOSE}", token["id"]);
            names.insert(control.tokens[number].content.clone(), stand_in.clone());
            token["content"] = stand_in.as_str().into();
            token["normalized"] = false.into();
            // Whether a token is a single word was checked before it is replaced.
            token["single_word"] = false.into();
            stand_ins[number] = Some(stand_in);
        }
        rename_in_model(&mut json["model"], &names);
        // Not from JSON text: serde_json loses the last bit of some scores when it parses them.
        let renamed: Tokenizer = serde_json::from_value(json).map_err(|e| broken(&e))?;
        for (content, stand_in) in &names {
            if tokenizer.token_to_id(content) != renamed.token_to_id(stand_in) {
                return Err(Error::internal(format!(
                    "the control token {content:?} changed its id when renamed"
                )));
            }
        }
        let renamed = Arc::new(renamed);
        let continuation = without_mark(&renamed)?.map_or_else(|| renamed.clone(), Arc::new);
        Ok(AsTextEncoder { start: renamed, continuation, control, stand_ins })
    }

    /// Appends the ids of a text; the control tokens within `spans` are plain text.
    pub(super) fn encode(
        &self,
        text: &str,
        spans: &[Span],
        position: Position,
        out: &mut Vec<i32>,
    ) -> Result<()> {
        let mut engine = match position {
            Position::Start => &self.start,
            Position::Continuation => &self.continuation,
        };
        for part in self.rewrite(text, spans) {
            reference(engine, &part, out)?;
            engine = &self.continuation;
        }
        Ok(())
    }

    /// The text with stand-ins for its control tokens, except those in `spans`. Where the text itself holds the first
    /// character of a stand-in, it is split there into several parts, so that no text can imitate a stand-in.
    fn rewrite(&self, text: &str, spans: &[Span]) -> Vec<String> {
        let mut parts = vec![String::with_capacity(text.len())];
        let mut copy = |from: usize, to: usize, stand_in: &str| {
            for (i, piece) in text[from..to].split_inclusive(OPEN).enumerate() {
                if i > 0 {
                    parts.push(String::new());
                }
                if let Some(part) = parts.last_mut() {
                    part.push_str(piece);
                }
            }
            if text[from..to].ends_with(OPEN) {
                parts.push(String::new());
            }
            if let Some(part) = parts.last_mut() {
                part.push_str(stand_in);
            }
        };
        let mut done = 0;
        for written in self.control.written(text) {
            let Some(stand_in) = &self.stand_ins[written.token] else { continue };
            if overlaps(spans, written.span.start, written.span.end) {
                continue;
            }
            copy(done, written.span.start, stand_in);
            done = written.span.end;
        }
        copy(done, text.len(), "");
        parts
    }
}

/// Renames pieces in the model's vocabulary. Merges with such pieces are removed, so that no text can become one.
fn rename_in_model(model: &mut Value, names: &HashMap<String, String>) {
    let new_name =
        |piece: &Value| piece.as_str().and_then(|p| names.get(p)).map(|name| Value::from(name.as_str()));
    if let Some(name) = new_name(&model["unk_token"]) {
        model["unk_token"] = name;
    }
    match &mut model["vocab"] {
        // Unigram: pairs of piece and score, the id is the position.
        Value::Array(vocab) => {
            for entry in vocab {
                if let Some(name) = new_name(&entry[0]) {
                    entry[0] = name;
                }
            }
        }
        Value::Object(vocab) => {
            let renamed: Map<String, Value> = std::mem::take(vocab)
                .into_iter()
                .map(|(piece, id)| (names.get(&piece).cloned().unwrap_or(piece), id))
                .collect();
            *vocab = renamed;
        }
        _ => {}
    }
    if let Some(merges) = model.get_mut("merges").and_then(Value::as_array_mut) {
        merges.retain(|pair| {
            let (left, right) = (pair[0].as_str().unwrap_or_default(), pair[1].as_str().unwrap_or_default());
            !names.contains_key(left)
                && !names.contains_key(right)
                && !names.contains_key(&format!("{left}{right}"))
        });
    }
}
