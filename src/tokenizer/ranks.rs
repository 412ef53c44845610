//! Files of ranks (`.tiktoken`). Each line has the bytes of a token in base64, a space, and its id, which is its
//! rank.
//!
//! Such a file holds neither the pattern by which text is split nor the control tokens. Those of common encodings are
//! listed here, and are found by the name of the file or by its number of tokens. Two tokens merge by the rank of the
//! token that they are together, not by a list of pairs, so the ids of the crate `tokenizers` are not the right ones.
//! [`Ranks::encode`], which follows the definition step by step, gives the right ids.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hashbrown::HashMap;
use serde_json::{Map, Value, json};
use tokenizers::{OffsetReferential, OffsetType, PreTokenizer, Tokenizer};

use super::byte_chars::byte_chars;
use super::pretokenize::patterns::{CL100K, CL100K_BASE, GPT2, O200K};
use super::token_names::TokenNames;
use crate::error::{Class, Error, Result};

/// A common encoding.
struct KnownEncoding {
    name: &'static str,
    tokens: usize,
    pattern: &'static str,
    special: fn() -> Vec<(String, u32)>,
}

const KNOWN: &[KnownEncoding] = &[
    KnownEncoding {
        name: "r50k_base",
        tokens: 50_256,
        pattern: GPT2,
        special: || named(&[("<|endoftext|>", 50_256)]),
    },
    KnownEncoding {
        name: "p50k_base",
        tokens: 50_280,
        pattern: GPT2,
        special: || named(&[("<|endoftext|>", 50_256)]),
    },
    KnownEncoding {
        name: "cl100k_base",
        tokens: 100_256,
        pattern: CL100K_BASE,
        special: || {
            named(&[
                ("<|endoftext|>", 100_257),
                ("<|fim_prefix|>", 100_258),
                ("<|fim_middle|>", 100_259),
                ("<|fim_suffix|>", 100_260),
                ("<|endofprompt|>", 100_276),
            ])
        },
    },
    KnownEncoding {
        name: "o200k_base",
        tokens: 199_998,
        pattern: O200K,
        special: || named(&[("<|endoftext|>", 199_999), ("<|endofprompt|>", 200_018)]),
    },
    KnownEncoding { name: "llama-3", tokens: 128_000, pattern: CL100K, special: llama3 },
];

fn named(tokens: &[(&str, u32)]) -> Vec<(String, u32)> {
    tokens.iter().map(|&(name, id)| (name.to_string(), id)).collect()
}

/// The 256 control tokens of Llama 3, whose ids follow the ranks.
fn llama3() -> Vec<(String, u32)> {
    let first = ["begin_of_text", "end_of_text"].map(str::to_string).into_iter();
    let reserved = |range: std::ops::Range<u32>| range.map(|n| format!("reserved_special_token_{n}"));
    let names = first
        .chain(reserved(0..4))
        .chain(["start_header_id", "end_header_id"].map(str::to_string))
        .chain(reserved(4..5))
        .chain(["eot_id".to_string()])
        .chain(reserved(5..251));
    names.zip(128_000..).map(|(name, id)| (format!("<|{name}|>"), id)).collect()
}

/// Tokens by their bytes.
pub(crate) struct Ranks {
    /// The id of each token, which is its rank.
    pub(crate) ids: HashMap<Box<[u8]>, u32>,
    pattern: &'static str,
    special: Vec<(String, u32)>,
}

impl Ranks {
    /// Whether bytes look like a file of ranks: their first line is a token and its rank.
    pub(crate) fn is_one(bytes: &[u8]) -> bool {
        let line = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
        line.len() < 1_000 && parse_line(line).is_some()
    }

    /// Reads a file; `name` is the name of the file without its extension.
    ///
    /// # Errors
    /// `Tokenizer`, where a line is not a token and its rank, a byte has no token, or the encoding is unknown.
    pub(crate) fn read(bytes: &[u8], name: &str) -> Result<Self> {
        let mut ids = HashMap::new();
        for (number, line) in (1..).zip(bytes.split(|&b| b == b'\n')) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let broken = |why: &str| {
                let message = format!("line {number} of the file of ranks {why}");
                Error::new(Class::Tokenizer, "tokenizer_broken", message).line(Some(number))
            };
            let (token, id) =
                parse_line(line).ok_or_else(|| broken("is not a token in base64, a space, and its rank"))?;
            if ids.insert(token.into_boxed_slice(), id).is_some() {
                return Err(broken("repeats the token of an earlier line"));
            }
        }
        let broken = |message: String| Error::new(Class::Tokenizer, "tokenizer_broken", message);
        if let Some(byte) = (0..=255u8).find(|&b| !ids.contains_key(&[b][..])) {
            return Err(broken(format!("the file of ranks has no token for the byte {byte:#04x}")));
        }
        let known = KNOWN.iter().find(|k| k.name == name).or(KNOWN.iter().find(|k| k.tokens == ids.len()));
        let Some(known) = known else {
            let names: Vec<String> = KNOWN.iter().map(|k| format!("{} ({})", k.name, k.tokens)).collect();
            let message = format!(
                "the file of ranks has {} ranks, as no known encoding has; known encodings: {}",
                ids.len(),
                names.join(", ")
            );
            return Err(Error::new(Class::Tokenizer, "tokenizer_unknown", message).help(
                "name the file after its encoding, or give a tokenizer.json, which holds its own pattern",
            ));
        };
        let special = (known.special)();
        let taken: std::collections::HashSet<u32> = ids.values().copied().collect();
        if taken.len() < ids.len() {
            return Err(broken("two tokens of the file of ranks have the same rank".to_string()));
        }
        if let Some((name, id)) = special.iter().find(|(_, id)| taken.contains(id)) {
            return Err(broken(format!("rank {id} is the id of the control token {name} of {}", known.name)));
        }
        Ok(Ranks { ids, pattern: known.pattern, special })
    }

    /// The names of BOS and EOS.
    pub(crate) fn names(&self) -> TokenNames {
        let named = |names: &[&str]| {
            let mut matching =
                self.special.iter().map(|(name, _)| name).filter(|name| names.contains(&name.as_str()));
            matching.next().cloned()
        };
        TokenNames {
            bos: named(&["<|begin_of_text|>"]),
            eos: named(&["<|endoftext|>", "<|end_of_text|>"]),
            pad: None,
        }
    }

    /// A `tokenizer.json` for the ranks, with an empty list of merges.
    pub(crate) fn without_merges(&self) -> Value {
        let chars = byte_chars();
        let text = |token: &[u8]| token.iter().map(|&b| chars[usize::from(b)]).collect::<String>();
        let tokens = self.ids.iter().map(|(token, &id)| (text(token), Value::from(id)));
        // Control tokens are in the vocabulary too: otherwise the crate would not keep ids after a gap.
        let special = self.special.iter().map(|(name, id)| (name.clone(), Value::from(*id)));
        let vocab: Map<String, Value> = tokens.chain(special).collect();
        let special = |(name, id): &(String, u32)| {
            json!({"id": id, "content": name, "special": true, "normalized": false,
                "single_word": false, "lstrip": false, "rstrip": false})
        };
        json!({
            "version": "1.0",
            "added_tokens": self.special.iter().map(special).collect::<Vec<_>>(),
            "normalizer": null,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": self.pattern}, "behavior": "Isolated", "invert": false},
                {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
            ]},
            "post_processor": null,
            "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
            "model": {"type": "BPE", "ignore_merges": true, "vocab": vocab, "merges": []},
        })
    }

    /// Appends the ids of a text by the definition: the pair of neighbours whose bytes together have the lowest rank
    /// merges first, of several the leftmost. `tokenizer` is that of [`Ranks::without_merges`].
    pub(crate) fn encode(
        &self,
        tokenizer: &Tokenizer,
        text: &str,
        out: &mut Vec<i32>,
    ) -> tokenizers::Result<()> {
        let bytes: HashMap<char, u8> = byte_chars().into_iter().zip(0..=255).collect();
        let none: Option<&tokenizers::NormalizerWrapper> = None;
        let mut pieces = tokenizer.get_added_vocabulary().extract_and_normalize(none, text);
        if let Some(pre_tokenizer) = tokenizer.get_pre_tokenizer() {
            pre_tokenizer.pre_tokenize(&mut pieces)?;
        }
        for (piece, _, tokens) in pieces.get_splits(OffsetReferential::Normalized, OffsetType::Byte) {
            match tokens {
                Some(tokens) => out.extend(tokens.iter().map(|token| token.id as i32)),
                None => {
                    let piece: Vec<u8> = piece.chars().filter_map(|c| bytes.get(&c).copied()).collect();
                    out.extend(self.merge(&piece));
                }
            }
        }
        Ok(())
    }

    fn merge(&self, piece: &[u8]) -> Vec<i32> {
        let rank = |part: &[u8]| self.ids.get(part).copied();
        if let Some(id) = rank(piece) {
            return vec![id as i32];
        }
        let mut bounds: Vec<usize> = (0..=piece.len()).collect();
        loop {
            let pairs = bounds.windows(3).enumerate();
            let lowest = pairs.filter_map(|(i, w)| Some((rank(&piece[w[0]..w[2]])?, i))).min();
            let Some((_, i)) = lowest else { break };
            bounds.remove(i + 1);
        }
        bounds.windows(2).filter_map(|w| rank(&piece[w[0]..w[1]])).map(|id| id as i32).collect()
    }
}

fn parse_line(line: &[u8]) -> Option<(Vec<u8>, u32)> {
    let mut parts = line.trim_ascii().splitn(2, |&b| b == b' ');
    let token = STANDARD.decode(parts.next()?).ok().filter(|token| !token.is_empty())?;
    let id =
        std::str::from_utf8(parts.next()?).ok()?.parse::<u32>().ok().filter(|&id| id <= i32::MAX as u32)?;
    Some((token, id))
}
