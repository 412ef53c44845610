//! Control tokens that stand in the data as plain text.
//!
//! A row may hold `</s>` twice: once because the format puts it there, once because somebody wrote about it.
//! So the control tokens get other names, which no text holds: a copy of the tokenizer knows them by these
//! stand-ins alone, ids unchanged, and only the occurrences that are meant are rewritten to them. All else (marks,
//! stripping, where a text is split) stays the crate's work. The model's own vocabulary is renamed too, since
//! a Unigram model may choose the piece `</s>` for that very text.

use std::collections::HashMap;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::{Map, Value};
use tokenizers::Tokenizer;

use super::continuation::without_mark;
use super::encoder::reference;
use super::load::broken;
use crate::error::{Error, Result};

/// A part of a text: byte offsets of its start and its end.
pub type Span = (u32, u32);

/// Begins a stand-in: a noncharacter, which Unicode keeps out of interchanged text.
const OPEN: char = '\u{fdd0}';
const CLOSE: char = '\u{fdd1}';

/// Encodes texts some of whose control tokens are plain text.
pub(super) struct AsText {
    start: Arc<Tokenizer>,
    continuation: Arc<Tokenizer>,
    finder: AhoCorasick,
    /// One for each pattern of `finder`.
    patterns: Vec<Pattern>,
}

/// A token that is searched for in raw text.
struct Pattern {
    /// None for an added token that is not special: it only takes its place, as in the crate.
    stand_in: Option<String>,
    single_word: bool,
}

impl AsText {
    pub(super) fn new(tokenizer: &Tokenizer) -> Result<Self> {
        let mut json = serde_json::to_value(tokenizer).map_err(|e| broken(&e))?;
        let mut names = HashMap::new();
        let mut contents = Vec::new();
        let mut patterns = Vec::new();
        for token in json["added_tokens"].as_array_mut().into_iter().flatten() {
            let special = token["special"] == true;
            if !special && token["normalized"] == true {
                continue;
            }
            let content = token["content"].as_str().unwrap_or_default().to_string();
            let single_word = token["single_word"] == true;
            let stand_in = special.then(|| format!("{OPEN}{}{CLOSE}", token["id"]));
            if let Some(stand_in) = &stand_in {
                token["content"] = stand_in.as_str().into();
                token["normalized"] = false.into();
                // `rewrite` has looked at the neighbours already.
                token["single_word"] = false.into();
                names.insert(content.clone(), stand_in.clone());
            }
            contents.push(content);
            patterns.push(Pattern { stand_in, single_word });
        }
        rename_in_model(&mut json["model"], &names);
        let bytes = serde_json::to_vec(&json).map_err(|e| broken(&e))?;
        let renamed = Tokenizer::from_bytes(bytes).map_err(|e| broken(&e))?;
        for (content, stand_in) in &names {
            if tokenizer.token_to_id(content) != renamed.token_to_id(stand_in) {
                return Err(Error::internal(format!(
                    "the control token {content:?} changed its id when renamed"
                )));
            }
        }
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&contents)
            .map_err(|e| Error::internal("no automaton for the control tokens").source(e))?;
        let renamed = Arc::new(renamed);
        let continuation = without_mark(&renamed)?.map_or_else(|| renamed.clone(), Arc::new);
        Ok(AsText { start: renamed, continuation, finder, patterns })
    }

    pub(super) fn encode_prompt(&self, text: &str, spans: &[Span], out: &mut Vec<i32>) -> Result<()> {
        self.encode(&self.start, text, spans, out)
    }

    pub(super) fn encode_continuation(&self, text: &str, spans: &[Span], out: &mut Vec<i32>) -> Result<()> {
        self.encode(&self.continuation, text, spans, out)
    }

    fn encode(&self, first: &Tokenizer, text: &str, spans: &[Span], out: &mut Vec<i32>) -> Result<()> {
        let rewritten = self.rewrite(text, spans);
        let mut engine = first;
        for part in rewritten {
            reference(engine, &part, out)?;
            engine = &self.continuation;
        }
        Ok(())
    }

    /// The text with the control tokens that are meant as stand-ins; in several parts only where the text
    /// itself holds what begins a stand-in, so that no text can forge one.
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
        for found in self.finder.find_iter(text) {
            let pattern = &self.patterns[found.pattern().as_usize()];
            let Some(stand_in) = &pattern.stand_in else { continue };
            if overlaps(spans, found.start(), found.end())
                || (pattern.single_word && touches_word(text, found.start(), found.end()))
            {
                continue;
            }
            copy(done, found.start(), stand_in);
            done = found.end();
        }
        copy(done, text.len(), "");
        parts
    }
}

pub(super) fn overlaps(spans: &[Span], start: usize, end: usize) -> bool {
    let next = spans.partition_point(|span| span.1 as usize <= start);
    spans.get(next).is_some_and(|span| (span.0 as usize) < end)
}

pub(super) fn touches_word(text: &str, start: usize, end: usize) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text[..start].chars().next_back().is_some_and(is_word) || text[end..].chars().next().is_some_and(is_word)
}

/// Renames pieces of the model's vocabulary; merges that make or use them go, so that text cannot reach them.
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
