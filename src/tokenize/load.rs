//! A tokenizer as it arrives: the bytes of a `tokenizer.json`, and the names of its control tokens.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tokenizers::Tokenizer;

use super::encoder::Encoder;
use super::probe::{Probed, probe};
use super::ranks::Ranks;
use crate::error::{Class, Error, Result};
use crate::hash;

/// The names of the control tokens, which `tokenizer.json` itself does not hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenNames {
    /// The token that begins a text.
    pub bos: Option<String>,
    /// The token that ends a text.
    pub eos: Option<String>,
    /// The token that fills a batch.
    pub pad: Option<String>,
}

/// A control token: an added token marked `special`, or what begins or ends a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecialToken {
    /// As it is written in text.
    pub content: String,
    /// Its id.
    pub id: i32,
}

/// A tokenizer and what there is to know about it.
pub struct LoadedTokenizer {
    tokenizer: Arc<Tokenizer>,
    encoder: Arc<Encoder>,
    /// XXH3 of the bytes of `tokenizer.json`, 32 hexadecimal digits.
    pub digest: String,
    /// Tokens, added ones included.
    pub vocab_size: usize,
    /// The control tokens, by id.
    pub special_tokens: Vec<SpecialToken>,
    /// What the post-processor puts before a text: BOS, `[CLS]`; often nothing.
    pub prefix_ids: Vec<i32>,
    /// What the post-processor puts after a text: `</s>`, `[SEP]`; often nothing.
    pub suffix_ids: Vec<i32>,
    /// The token that begins a text: the named one, else the first of `prefix_ids`.
    pub bos_id: Option<i32>,
    /// The token that ends a text: the named one, else the last of `suffix_ids`.
    pub eos_id: Option<i32>,
    /// The token that fills a batch, where one is named.
    pub pad_id: Option<i32>,
    /// What does not come back when ids are decoded (`"line breaks"`, …), found by trying; empty where all does.
    pub losses: Vec<&'static str>,
    /// What was done to the tokenizer, or is odd about it: one sentence each.
    pub notes: Vec<String>,
}

impl std::fmt::Debug for LoadedTokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedTokenizer")
            .field("digest", &self.digest)
            .field("vocab_size", &self.vocab_size)
            .finish_non_exhaustive()
    }
}

impl LoadedTokenizer {
    /// Loads a `tokenizer.json`, the folder that holds one, or a file of ranks (`.tiktoken`); names come from `tokenizer_config.json` and
    /// `special_tokens_map.json` beside it, where they are.
    ///
    /// # Errors
    /// `Tokenizer`, when there is no such file, or it is not a tokenizer.
    pub fn from_path(path: &Path) -> Result<Self> {
        let file = find_file(path)?;
        let bytes = std::fs::read(&file).map_err(|e| {
            Error::new(Class::Tokenizer, "tokenizer_unreadable", "the tokenizer cannot be read")
                .path(file.display())
                .source(e)
        })?;
        if Ranks::is_one(&bytes) {
            let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            return Self::from_ranks(&bytes, name).map_err(|e| e.path(file.display()));
        }
        let beside = file.file_name().is_some_and(|n| n == "tokenizer.json").then(|| file.parent()).flatten();
        let names = beside.map(names_in).transpose()?.unwrap_or_default();
        Self::from_json(&bytes, &names).map_err(|e| e.path(file.display()))
    }

    /// Loads the bytes of a `tokenizer.json`; a transformers tokenizer arrives so, as its backend's JSON.
    ///
    /// # Errors
    /// `Tokenizer`, when the bytes are not JSON, hold parts that `tokenizers` 0.23 refuses, or a model whose
    /// ids are random.
    pub fn from_json(bytes: &[u8], names: &TokenNames) -> Result<Self> {
        Self::of(parse(bytes)?, bytes, names, None)
    }

    /// Loads the bytes of a file of ranks; `name` is that of its encoding, as in `cl100k_base.tiktoken`.
    ///
    /// # Errors
    /// `Tokenizer`, as [`Ranks::read`] has them.
    pub fn from_ranks(bytes: &[u8], name: &str) -> Result<Self> {
        let ranks = Ranks::read(bytes, name)?;
        let tokenizer = serde_json::from_value(ranks.without_merges()).map_err(|e| broken(&e))?;
        Self::of(tokenizer, bytes, &ranks.names(), Some(ranks))
    }

    fn of(mut tokenizer: Tokenizer, bytes: &[u8], names: &TokenNames, ranks: Option<Ranks>) -> Result<Self> {
        let mut notes = Vec::new();
        if tokenizer.get_truncation().is_some() {
            tokenizer.with_truncation(None).map_err(|e| broken(&e))?;
            notes.push("the truncation that tokenizer.json asks for is off; max_length decides".to_string());
        }
        if tokenizer.get_padding().is_some() {
            tokenizer.with_padding(None);
            notes.push("the padding that tokenizer.json asks for is off; the collator pads".to_string());
        }
        let tokenizer = Arc::new(tokenizer);
        let Probed { prefix_ids, suffix_ids, losses } = probe(&tokenizer)?;
        let named = |name: &Option<String>, notes: &mut Vec<String>| {
            let name = name.as_ref()?;
            let id = tokenizer.token_to_id(name).and_then(|id| i32::try_from(id).ok());
            if id.is_none() {
                notes.push(format!("the token {name:?} is named, but tokenizer.json does not hold it"));
            }
            id
        };
        let bos_id = named(&names.bos, &mut notes).or(prefix_ids.first().copied());
        let eos_id = named(&names.eos, &mut notes).or(suffix_ids.last().copied());
        let pad_id = named(&names.pad, &mut notes);
        if !losses.is_empty() {
            notes.push(format!("decoding its ids does not give back: {}", losses.join(", ")));
        }
        let encoder = match ranks {
            Some(ranks) => Encoder::of_ranks(&tokenizer, ranks)?,
            None => Encoder::new(&tokenizer, bytes)?,
        };
        Ok(LoadedTokenizer {
            encoder: Arc::new(encoder),
            digest: hash::digest_hex(bytes),
            vocab_size: tokenizer.get_vocab_size(true),
            special_tokens: special_tokens(&tokenizer, [bos_id, eos_id])?,
            tokenizer,
            prefix_ids,
            suffix_ids,
            bos_id,
            eos_id,
            pad_id,
            losses,
            notes,
        })
    }

    /// Turns text into ids.
    pub fn encoder(&self) -> &Arc<Encoder> {
        &self.encoder
    }

    /// Which way text becomes ids, and why: what `explain` prints.
    pub fn engine(&self) -> &str {
        &self.encoder.engine
    }

    /// The id of a token by its exact name, added tokens included.
    pub fn token_id(&self, name: &str) -> Option<i32> {
        self.tokenizer.token_to_id(name).and_then(|id| i32::try_from(id).ok())
    }

    /// The text of these ids; control tokens are left out on request.
    ///
    /// # Errors
    /// `Tokenizer`, when its decoder refuses.
    pub fn decode(&self, ids: &[i32], skip_special_tokens: bool) -> Result<String> {
        let ids: Vec<u32> = ids.iter().map(|&id| id.cast_unsigned()).collect();
        self.tokenizer.decode(&ids, skip_special_tokens).map_err(|e| {
            Error::new(
                Class::Tokenizer,
                "cannot_decode",
                format!("the tokenizer cannot decode these ids: {e}"),
            )
        })
    }

    pub(super) fn reference(&self) -> &Tokenizer {
        &self.tokenizer
    }
}

fn find_file(path: &Path) -> Result<PathBuf> {
    let lost = |what: &str, help: &str| {
        Err(Error::new(Class::Tokenizer, "tokenizer_not_found", what).help(help).path(path.display()))
    };
    if path.is_file() {
        return Ok(path.to_path_buf());
    }
    if !path.is_dir() {
        return lost(
            "there is no such tokenizer file or folder",
            "name a tokenizer.json or a folder that holds one; a model's name on a hub is loaded with \
             transformers first, and the tokenizer object passed",
        );
    }
    let file = path.join("tokenizer.json");
    if file.is_file() {
        return Ok(file);
    }
    let slow = ["tokenizer.model", "spiece.model", "vocab.json", "vocab.txt"]
        .iter()
        .find(|n| path.join(n).is_file());
    match slow {
        Some(name) => lost(
            &format!("the folder holds {name}, but no tokenizer.json"),
            "AutoTokenizer.from_pretrained(folder).save_pretrained(folder) writes one",
        ),
        None => lost("the folder holds no tokenizer.json", "name the folder of the model's files"),
    }
}

/// Names as transformers keeps them: `tokenizer_config.json` counts before `special_tokens_map.json`.
fn names_in(folder: &Path) -> Result<TokenNames> {
    let mut names = TokenNames::default();
    for file in ["tokenizer_config.json", "special_tokens_map.json"] {
        let path = folder.join(file);
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let config: Value = serde_json::from_slice(&bytes).map_err(|e| {
            Error::new(Class::Tokenizer, "tokenizer_not_json", format!("{file} is not JSON"))
                .path(path.display())
                .source(e)
        })?;
        let name = |key: &str| {
            let token = config.get(key)?;
            token.as_str().or_else(|| token.get("content")?.as_str()).map(str::to_string)
        };
        names.bos = names.bos.or_else(|| name("bos_token"));
        names.eos = names.eos.or_else(|| name("eos_token"));
        names.pad = names.pad.or_else(|| name("pad_token"));
    }
    Ok(names)
}

fn parse(bytes: &[u8]) -> Result<Tokenizer> {
    let tokenizer = Tokenizer::from_bytes(bytes).map_err(|e| {
        match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
            Ok(_) => broken(&e),
            Err(e) => {
                Error::new(Class::Tokenizer, "tokenizer_not_json", format!("the tokenizer is not JSON: {e}"))
                    .help("a tokenizer.json is wanted, not a tokenizer.model or vocabulary file")
            }
        }
    })?;
    if let tokenizers::ModelWrapper::BPE(bpe) = tokenizer.get_model()
        && let Some(dropout) = bpe.dropout
        && dropout > 0.0
    {
        let what = format!(
            "the tokenizer's model drops merges at random (dropout {dropout}): its ids are not stable"
        );
        return Err(Error::new(Class::Tokenizer, "tokenizer_random", what)
            .help("set model.dropout to null in tokenizer.json"));
    }
    Ok(tokenizer)
}

/// The error for JSON that is no tokenizer; says what `tokenizers` says.
pub(super) fn broken(e: &dyn std::fmt::Display) -> Error {
    Error::new(Class::Tokenizer, "tokenizer_broken", format!("tokenizers 0.23 refuses this tokenizer: {e}"))
        .help("load it with the Python package tokenizers, and save it again")
}

fn special_tokens(tokenizer: &Tokenizer, ends: [Option<i32>; 2]) -> Result<Vec<SpecialToken>> {
    let added = tokenizer.get_added_vocabulary().get_added_tokens_decoder();
    let mut special = added
        .iter()
        .filter(|(_, token)| token.special)
        .map(|(&id, token)| {
            let id = i32::try_from(id).map_err(|_| broken(&format_args!("id {id} is above 2³¹")))?;
            Ok(SpecialToken { content: token.content.clone(), id })
        })
        .collect::<Result<Vec<_>>>()?;
    // Named as BOS or EOS, a token ends or begins a text though tokenizer.json does not mark it.
    for id in ends.into_iter().flatten() {
        let content = tokenizer.id_to_token(id.cast_unsigned());
        if let Some(content) = content.filter(|_| special.iter().all(|t| t.id != id)) {
            special.push(SpecialToken { content, id });
        }
    }
    special.sort_by_key(|t| t.id);
    Ok(special)
}
