//! A tokenizer as it arrives: the bytes of a `tokenizer.json`, and the names of its control tokens.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokenizers::models::unigram::Unigram;
use tokenizers::{ModelWrapper, Tokenizer};

use super::added::{ControlToken, ControlTokens};
use super::control_ids::Control;
use super::encoder::Encoder;
use super::errors::{broken, not_json, unreadable};
use super::guard::guarded;
use super::model_folder::{self, Folder};
use super::probe::{Probed, probe};
use super::ranks::Ranks;
use super::token_names::TokenNames;
use crate::error::{Class, Error, Result};
use crate::hash;
use crate::store::{Files, Kind};

/// A tokenizer and what there is to know about it.
pub struct LoadedTokenizer {
    tokenizer: Arc<Tokenizer>,
    encoder: Arc<Encoder>,
    /// XXH3 of the bytes of `tokenizer.json`, and of what the files beside it change; 32 hexadecimal digits.
    pub digest: String,
    /// Tokens, added ones included.
    pub vocab_size: usize,
    /// The control tokens.
    pub control: Arc<Control>,
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
    /// Why transformers may make other ids of its folder: one sentence each.
    pub warnings: Vec<String>,
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
    /// Loads a folder that holds a `tokenizer.json`, with the tokens that the files beside it add; or a
    /// `tokenizer.json` alone, for which these files only name control tokens; or a file of ranks (`.tiktoken`).
    ///
    /// # Errors
    /// `Tokenizer`, when there is no such file, it is not a tokenizer, or the files of the folder ask for what is not
    /// done here.
    pub(crate) fn from_path(path: &Path) -> Result<Self> {
        Self::from_store(&Files::local(), path)
    }

    /// The same, of a store.
    ///
    /// # Errors
    /// Those of [`from_path`](Self::from_path).
    pub fn from_store(store: &Files, path: &Path) -> Result<Self> {
        let file = find_file(store, path)?;
        if file != path {
            let folder = Folder::read(store, path)?;
            return Self::from_folder(&folder).map_err(|e| e.path(file.display()));
        }
        let bytes = store.read(&file).map_err(|e| unreadable(&file, e))?;
        if Ranks::is_one(&bytes) {
            let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            return Self::from_ranks(&bytes, name).map_err(|e| e.path(file.display()));
        }
        let beside = file.file_name().is_some_and(|n| n == "tokenizer.json").then(|| file.parent()).flatten();
        let names = beside.map(|beside| model_folder::names(store, beside)).transpose()?.unwrap_or_default();
        Self::from_json(&bytes, &names).map_err(|e| e.path(file.display()))
    }

    fn from_folder(folder: &Folder) -> Result<Self> {
        let (tokenizer, warnings, changes) = loading(|| {
            let mut tokenizer = parse(&folder.json)?;
            let warnings = folder.warnings(&tokenizer);
            let before = tokenizer.get_added_vocabulary().get_added_tokens_decoder().clone();
            tokenizer.add_tokens(folder.added.iter().cloned()).map_err(|e| broken(&e))?;
            tokenizer.set_encode_special_tokens(folder.encode_special_tokens);
            let is_changed = *tokenizer.get_added_vocabulary().get_added_tokens_decoder() != before
                || folder.encode_special_tokens;
            let changes = is_changed.then(|| format!("{:?} {}", folder.added, folder.encode_special_tokens));
            Ok((tokenizer, warnings, changes))
        })?;
        let mut loaded = Self::of(tokenizer, &folder.json, &folder.names, None)?;
        loaded.warnings = warnings;
        if let Some(changes) = changes {
            loaded.digest = hash::digest_hex(format!("{} {changes}", loaded.digest).as_bytes());
        }
        Ok(loaded)
    }

    /// Loads the bytes of a `tokenizer.json`.
    ///
    /// # Errors
    /// `Tokenizer`, when the bytes are not JSON, hold parts that `tokenizers` 0.23 refuses, or a model whose
    /// ids are random.
    pub fn from_json(bytes: &[u8], names: &TokenNames) -> Result<Self> {
        Self::of(loading(|| parse(bytes))?, bytes, names, None)
    }

    /// Loads a tokenizer in memory, of which `json` is what it writes. Its scores are those in memory; `tokenizers`
    /// itself loses their last bit when it reads what it has written.
    ///
    /// # Errors
    /// As [`LoadedTokenizer::from_json`].
    pub(crate) fn from_memory(json: &[u8], names: &TokenNames, encode_special_tokens: bool) -> Result<Self> {
        let tokenizer = loading(|| {
            let mut tokenizer = parse(json)?;
            if let ModelWrapper::Unigram(_) = tokenizer.get_model() {
                tokenizer.with_model(exact_scores(json)?);
            }
            tokenizer.set_encode_special_tokens(encode_special_tokens);
            Ok(tokenizer)
        })?;
        let mut loaded = Self::of(tokenizer, json, names, None)?;
        if encode_special_tokens {
            loaded.digest = hash::digest_hex(format!("{} encode_special_tokens", loaded.digest).as_bytes());
        }
        Ok(loaded)
    }

    /// Loads the bytes of a file of ranks; `name` is that of its encoding, as in `cl100k_base.tiktoken`.
    ///
    /// # Errors
    /// `Tokenizer`, as [`Ranks::read`] has them.
    pub(crate) fn from_ranks(bytes: &[u8], name: &str) -> Result<Self> {
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
                notes.push(format!(
                    "the token {name:?} is named, but tokenizer.json does not hold it; the folder, given by its own \
                     name, adds it"
                ));
            }
            id
        };
        let bos_id = named(&names.bos, &mut notes).or(prefix_ids.first().copied());
        let eos_id = named(&names.eos, &mut notes).or(suffix_ids.last().copied());
        let pad_id = named(&names.pad, &mut notes);
        if !losses.is_empty() {
            notes.push(format!("decoding its ids does not give back: {}", losses.join(", ")));
        }
        let ends = [bos_id, eos_id];
        let tokens = Arc::new(control_tokens(&tokenizer, ends)?);
        let control = Arc::new(Control::new(&tokenizer, tokens.clone(), ends));
        let encoder = loading(|| match ranks {
            Some(ranks) => Encoder::of_ranks(&tokenizer, ranks, tokens),
            None => Encoder::new(&tokenizer, bytes, tokens),
        })?;
        Ok(LoadedTokenizer {
            encoder: Arc::new(encoder),
            digest: hash::digest_hex(bytes),
            vocab_size: tokenizer.get_vocab_size(true),
            control,
            tokenizer,
            prefix_ids,
            suffix_ids,
            bos_id,
            eos_id,
            pad_id,
            losses,
            notes,
            warnings: Vec::new(),
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
    #[cfg(test)]
    pub(crate) fn token_id(&self, name: &str) -> Option<i32> {
        self.tokenizer.token_to_id(name).and_then(|id| i32::try_from(id).ok())
    }

    /// The text of these ids; control tokens are left out on request.
    ///
    /// # Errors
    /// `Tokenizer`, when its decoder refuses.
    pub fn decode(&self, ids: &[i32], skip_special_tokens: bool) -> Result<String> {
        let ids: Vec<u32> = ids.iter().map(|&id| id.cast_unsigned()).collect();
        let refused = |why: &dyn std::fmt::Display| {
            let what = format!("the tokenizer cannot decode these ids: {why}");
            Error::new(Class::Tokenizer, "cannot_decode", what)
        };
        let decoded = guarded(|| self.tokenizer.decode(&ids, skip_special_tokens));
        decoded.map_err(|e| refused(&e))?.map_err(|e| refused(&e))
    }

    pub(crate) fn reference(&self) -> &Tokenizer {
        &self.tokenizer
    }
}

fn find_file(store: &Files, path: &Path) -> Result<PathBuf> {
    let lost = |what: &str, help: &str| {
        Err(Error::new(Class::Tokenizer, "tokenizer_not_found", what).help(help).path(path.display()))
    };
    let kind = |path: &Path| store.kind(path).map_err(|e| unreadable(path, e));
    let found = kind(path)?;
    if found == Some(Kind::File) {
        return Ok(path.to_path_buf());
    }
    if found != Some(Kind::Folder) {
        return lost(
            "there is no such tokenizer file or folder",
            "name a tokenizer.json or a folder that holds one; a model's name on a hub is loaded with \
             transformers first, and the tokenizer object passed",
        );
    }
    let file = path.join("tokenizer.json");
    if kind(&file)? == Some(Kind::File) {
        return Ok(file);
    }
    let slow = ["tokenizer.model", "spiece.model", "vocab.json", "vocab.txt"]
        .iter()
        .find(|n| store.kind(&path.join(n)).is_ok_and(|kind| kind == Some(Kind::File)));
    match slow {
        Some(name) => lost(
            &format!("the folder holds {name}, but no tokenizer.json"),
            "AutoTokenizer.from_pretrained(folder).save_pretrained(folder) writes one",
        ),
        None => lost("the folder holds no tokenizer.json", "name the folder of the model's files"),
    }
}

/// Runs a part of loading; a panic of the crate is an error.
fn loading<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    guarded(work).unwrap_or_else(|why| Err(broken(&why)))
}

fn parse(bytes: &[u8]) -> Result<Tokenizer> {
    let tokenizer = Tokenizer::from_bytes(bytes).map_err(|e| {
        match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
            Ok(_) => broken(&e),
            Err(e) => not_json(&e),
        }
    })?;
    if let ModelWrapper::BPE(bpe) = tokenizer.get_model()
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

/// The model of a Unigram tokenizer with its scores as they are written; serde_json reads some to a neighbour.
fn exact_scores(json: &[u8]) -> Result<Unigram> {
    #[derive(Deserialize)]
    struct File<'a> {
        #[serde(borrow)]
        model: Model<'a>,
    }
    #[derive(Deserialize)]
    struct Model<'a> {
        unk_id: Option<usize>,
        #[serde(borrow)]
        vocab: Vec<(String, &'a RawValue)>,
        #[serde(default)]
        byte_fallback: bool,
    }
    let File { model } = serde_json::from_slice(json).map_err(|e| broken(&e))?;
    let score = |(piece, score): (String, &RawValue)| {
        let number =
            score.get().parse::<f64>().map_err(|e| broken(&format_args!("the score of {piece:?}: {e}")))?;
        Ok((piece, number))
    };
    let vocab = model.vocab.into_iter().map(score).collect::<Result<Vec<_>>>()?;
    Unigram::from(vocab, model.unk_id, model.byte_fallback).map_err(|e| broken(&e))
}

fn control_tokens(tokenizer: &Tokenizer, ends: [Option<i32>; 2]) -> Result<ControlTokens> {
    let vocabulary = tokenizer.get_added_vocabulary();
    let added = vocabulary
        .get_added_tokens_decoder()
        .iter()
        .map(|(&id, token)| {
            let id = i32::try_from(id).map_err(|_| broken(&format_args!("id {id} is above 2³¹")))?;
            Ok((id, token.clone()))
        })
        .collect::<Result<Vec<_>>>()?;
    // Named as BOS or EOS, a token ends or begins a text though tokenizer.json does not mark it.
    let named = |id: i32| Some(ControlToken { content: tokenizer.id_to_token(id.cast_unsigned())?, id });
    let named: Vec<ControlToken> = ends.into_iter().flatten().filter_map(named).collect();
    let tokens = ControlTokens::new(&added, &named).map_err(|e| broken(&e))?;
    Ok(if vocabulary.get_encode_special_tokens() { tokens.never_written() } else { tokens })
}
