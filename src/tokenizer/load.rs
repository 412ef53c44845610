//! Loads tokenizers: a `tokenizer.json` with the names of its control tokens, a folder, or a file of ranks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokenizers::models::unigram::Unigram;
use tokenizers::{ModelWrapper, Tokenizer};

use super::added::{ControlToken, ControlTokens};
use super::control_ids::ControlIds;
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

/// A loaded tokenizer and its properties. A clone shares all that is large.
#[derive(Clone)]
pub struct LoadedTokenizer {
    tokenizer: Arc<Tokenizer>,
    encoder: Arc<Encoder>,
    /// XXH3 of `tokenizer.json`, and of the changes that the files beside it make: 32 hexadecimal digits.
    pub digest: String,
    /// The number of tokens, with added tokens.
    pub vocab_size: usize,
    /// The control tokens and their ids.
    pub control: Arc<ControlIds>,
    /// The ids that the post-processor adds before a text, such as BOS or `[CLS]`; often none.
    pub prefix_ids: Vec<i32>,
    /// The ids that the post-processor adds after a text, such as `</s>` or `[SEP]`; often none.
    pub suffix_ids: Vec<i32>,
    /// The token that begins a text: the named one, else the first of `prefix_ids`.
    pub bos_id: Option<i32>,
    /// The token that ends a text: the named one, else the last of `suffix_ids`.
    pub eos_id: Option<i32>,
    /// The token that fills a batch, where one is named.
    pub pad_id: Option<i32>,
    /// The kinds of text that change when they are encoded and decoded (`"line breaks"`, …), found by trying samples.
    pub losses: Vec<&'static str>,
    /// Changes that were made to the tokenizer, and notable properties: one sentence each.
    pub notes: Vec<String>,
    /// Why transformers may give other ids for the tokenizer's folder: one sentence each.
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
    /// `tokenizer.json` alone, where the files beside it only name control tokens; or a file of ranks (`.tiktoken`).
    ///
    /// # Errors
    /// `Tokenizer`, where there is no such file, it is not a tokenizer, or the files of the folder need what is not
    /// supported.
    pub(crate) fn from_path(path: &Path) -> Result<Self> {
        Self::from_store(&Files::local(), path)
    }

    /// As [`from_path`](Self::from_path), from a store.
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
        let mut loaded = Self::from_parts(tokenizer, &folder.json, &folder.names, None)?;
        loaded.warnings = warnings;
        if let Some(changes) = changes {
            loaded.digest = hash::digest_hex(format!("{} {changes}", loaded.digest).as_bytes());
        }
        Ok(loaded)
    }

    /// Loads the bytes of a `tokenizer.json`.
    ///
    /// # Errors
    /// `Tokenizer`, where the bytes are not JSON, `tokenizers` 0.23 cannot load them, or the model gives random ids.
    pub fn from_json(bytes: &[u8], names: &TokenNames) -> Result<Self> {
        Self::from_parts(loading(|| parse(bytes))?, bytes, names, None)
    }

    /// Loads a tokenizer in memory from its JSON form. Its scores are exactly those in memory; `tokenizers` itself
    /// may lose their last bit when it reads that form.
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
        let mut loaded = Self::from_parts(tokenizer, json, names, None)?;
        if encode_special_tokens {
            loaded.digest = hash::digest_hex(format!("{} encode_special_tokens", loaded.digest).as_bytes());
        }
        Ok(loaded)
    }

    /// Loads the bytes of a file of ranks; `name` is the name of its encoding, as in `cl100k_base.tiktoken`.
    ///
    /// # Errors
    /// `Tokenizer`, as [`Ranks::read`].
    pub(crate) fn from_ranks(bytes: &[u8], name: &str) -> Result<Self> {
        let ranks = Ranks::read(bytes, name)?;
        let tokenizer = serde_json::from_value(ranks.without_merges()).map_err(|e| broken(&e))?;
        Self::from_parts(tokenizer, bytes, &ranks.names(), Some(ranks))
    }

    fn from_parts(
        mut tokenizer: Tokenizer,
        bytes: &[u8],
        names: &TokenNames,
        ranks: Option<Ranks>,
    ) -> Result<Self> {
        let mut notes = Vec::new();
        if tokenizer.get_truncation().is_some() {
            tokenizer.with_truncation(None).map_err(|e| broken(&e))?;
            notes.push("the truncation of tokenizer.json is off; use max_length".to_string());
        }
        if tokenizer.get_padding().is_some() {
            tokenizer.with_padding(None);
            notes.push("the padding of tokenizer.json is off; the collator pads".to_string());
        }
        let tokenizer = Arc::new(tokenizer);
        let Probed { prefix_ids, suffix_ids, losses } = probe(&tokenizer)?;
        let named = |name: &Option<String>, notes: &mut Vec<String>| {
            let name = name.as_ref()?;
            let id = tokenizer.token_to_id(name).and_then(|id| i32::try_from(id).ok());
            if id.is_none() {
                notes.push(format!(
                    "the token {name:?} is named, but tokenizer.json does not hold it; loading the folder instead of \
                     the file adds it"
                ));
            }
            id
        };
        let bos_id = named(&names.bos, &mut notes).or(prefix_ids.first().copied());
        let eos_id = named(&names.eos, &mut notes).or(suffix_ids.last().copied());
        let pad_id = named(&names.pad, &mut notes);
        if !losses.is_empty() {
            notes.push(format!("encoding and decoding a text may change: {}", losses.join(", ")));
        }
        let ends = [bos_id, eos_id];
        let tokens = Arc::new(control_tokens(&tokenizer, ends)?);
        let control = Arc::new(ControlIds::new(&tokenizer, tokens.clone(), ends));
        let encoder = loading(|| match ranks {
            Some(ranks) => Encoder::from_ranks(&tokenizer, ranks, tokens),
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

    /// The encoder of the tokenizer.
    pub fn encoder(&self) -> &Arc<Encoder> {
        &self.encoder
    }

    /// The description of the engine that encodes, as `explain` prints it.
    pub fn engine(&self) -> &str {
        &self.encoder.engine
    }

    /// The id of a token by its exact name, added tokens included.
    #[cfg(test)]
    pub(crate) fn token_id(&self, name: &str) -> Option<i32> {
        self.tokenizer.token_to_id(name).and_then(|id| i32::try_from(id).ok())
    }

    /// Decodes ids, on request without control tokens.
    ///
    /// # Errors
    /// `Tokenizer`, where the decoder fails.
    pub fn decode(&self, ids: &[i32], skip_special_tokens: bool) -> Result<String> {
        let ids: Vec<u32> = ids.iter().map(|&id| id.cast_unsigned()).collect();
        let error = |why: &dyn std::fmt::Display| {
            let message = format!("the tokenizer cannot decode these ids: {why}");
            Error::new(Class::Tokenizer, "cannot_decode", message)
        };
        let decoded = guarded(|| self.tokenizer.decode(&ids, skip_special_tokens));
        decoded.map_err(|e| error(&e))?.map_err(|e| error(&e))
    }

    pub(crate) fn reference(&self) -> &Tokenizer {
        &self.tokenizer
    }
}

fn find_file(store: &Files, path: &Path) -> Result<PathBuf> {
    let not_found = |message: &str, help: &str| {
        Err(Error::new(Class::Tokenizer, "tokenizer_not_found", message).help(help).path(path.display()))
    };
    let kind = |path: &Path| store.kind(path).map_err(|e| unreadable(path, e));
    let path_kind = kind(path)?;
    if path_kind == Some(Kind::File) {
        return Ok(path.to_path_buf());
    }
    if path_kind != Some(Kind::Folder) {
        return not_found(
            "there is no such tokenizer file or folder",
            "give a tokenizer.json or a folder that holds one; for the name of a model on a hub, load the tokenizer with \
             transformers, and pass that object",
        );
    }
    let file = path.join("tokenizer.json");
    if kind(&file)? == Some(Kind::File) {
        return Ok(file);
    }
    let other = ["tokenizer.model", "spiece.model", "vocab.json", "vocab.txt"]
        .iter()
        .find(|n| store.kind(&path.join(n)).is_ok_and(|kind| kind == Some(Kind::File)));
    match other {
        Some(name) => not_found(
            &format!("the folder holds {name}, but no tokenizer.json"),
            "AutoTokenizer.from_pretrained(folder).save_pretrained(folder) writes one",
        ),
        None => not_found("the folder holds no tokenizer.json", "give the folder of the model's files"),
    }
}

/// Runs a part of loading. A panic of the crate becomes an error.
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
        let message = format!(
            "the tokenizer's model drops merges at random (dropout {dropout}): its ids are random too"
        );
        return Err(Error::new(Class::Tokenizer, "tokenizer_random", message)
            .help("set model.dropout to null in tokenizer.json"));
    }
    Ok(tokenizer)
}

/// The model of a Unigram tokenizer with exact scores; serde_json is one bit off for some numbers.
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
    // A token that is named as BOS or EOS is a control token, even where tokenizer.json does not mark it as special.
    let named = |id: i32| Some(ControlToken { content: tokenizer.id_to_token(id.cast_unsigned())?, id });
    let named: Vec<ControlToken> = ends.into_iter().flatten().filter_map(named).collect();
    let tokens = ControlTokens::new(&added, &named).map_err(|e| broken(&e))?;
    Ok(if vocabulary.get_encode_special_tokens() { tokens.never_written() } else { tokens })
}
