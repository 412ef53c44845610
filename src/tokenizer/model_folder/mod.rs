//! Reads a tokenizer's folder as `AutoTokenizer` of transformers 5 does: `tokenizer.json`, and the files beside it
//! that name tokens.
//!
//! transformers adds every token that these files name, even where the tokenizer has it already, so that the flags of
//! `tokenizer_config.json` override those of `tokenizer.json`. `added_tokens.json` and `special_tokens_map.json` are
//! used only where `tokenizer_config.json` has no `added_tokens_decoder`. `add_bos_token` and `add_eos_token` have no
//! effect beside a `tokenizer.json`, whose post-processor decides.

mod class;
mod named;
mod object;

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use tokenizers::{AddedToken, Tokenizer};

use super::errors::{broken, not_json, unreadable};
use super::token_names::TokenNames;
use crate::error::{Class, Error, Result};
use crate::store::Files;
use named::Tokens;
use object::{Object, object};

/// The files of a tokenizer's folder.
pub(super) struct Folder {
    /// The bytes of `tokenizer.json`.
    pub(crate) json: Vec<u8>,
    /// The names of its control tokens.
    pub(crate) names: TokenNames,
    /// Tokens that the other files name, in the order in which they are added.
    pub(crate) added: Vec<AddedToken>,
    /// Whether control tokens written in a text are plain text (`split_special_tokens`).
    pub(crate) encode_special_tokens: bool,
    config: Object,
    tokens: Tokens,
    own_class: Option<String>,
}

/// The parts of `tokenizer.json` that are read here.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    added_tokens: Value,
    #[serde(default)]
    padding: Value,
}

impl Folder {
    /// Reads the files. `tokenizer.json` must exist.
    pub(crate) fn read(store: &Files, folder: &Path) -> Result<Self> {
        let path = folder.join("tokenizer.json");
        let json = store.read(&path).map_err(|e| unreadable(&path, e))?;
        let file: File = serde_json::from_slice(&json).map_err(|e| not_json(&e).path(path.display()))?;
        let config = object(store, folder, "tokenizer_config.json")?.unwrap_or_default();
        let model = object(store, folder, "config.json")?.unwrap_or_default();
        refuse(&config, &model).map_err(|e| e.path(folder.join("tokenizer_config.json").display()))?;
        let broken = |why: String| broken(&why).path(folder.display());
        let mut tokens = named_in(store, folder, &config)?;
        match config.get("added_tokens_decoder") {
            Some(decoder) => tokens.decoder(decoder).map_err(broken)?,
            None => {
                if let Some(added) = object(store, folder, "added_tokens.json")? {
                    tokens.added_tokens_json(&added).map_err(broken)?;
                }
                tokens.tokenizer_json(&file.added_tokens).map_err(broken)?;
            }
        }
        if let Some(pad) = file.padding["pad_token"].as_str() {
            tokens.padding(pad);
        }
        let names = tokens.names();
        Ok(Folder {
            names,
            encode_special_tokens: config.get("split_special_tokens") == Some(&Value::Bool(true)),
            added: tokens.to_add(&file.added_tokens),
            own_class: class::own_class(&config, &model, &json),
            json,
            config,
            tokens,
        })
    }

    /// Why `AutoTokenizer` may give other ids than `tokenizer`, the tokenizer of `tokenizer.json`.
    pub(crate) fn warnings(&self, tokenizer: &Tokenizer) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.config.contains_key("auto_map") {
            reasons
                .push("AutoTokenizer may run code that tokenizer_config.json names (auto_map)".to_string());
        }
        if let Some(class) = &self.own_class
            && !class::builds_the_same(class, &self.config, &self.tokens, tokenizer)
        {
            reasons.push(format!(
                "AutoTokenizer of transformers 5 loads this folder as {class}, which uses only the vocabulary of \
                 tokenizer.json, and builds the other parts itself"
            ));
        }
        let fix = "its ids may differ; to use its ids, pass the object AutoTokenizer.from_pretrained(folder)";
        reasons.into_iter().map(|reason| format!("{reason}; {fix}")).collect()
    }
}

/// The names of the control tokens of a folder.
pub(super) fn names(store: &Files, folder: &Path) -> Result<TokenNames> {
    let config = object(store, folder, "tokenizer_config.json")?.unwrap_or_default();
    Ok(named_in(store, folder, &config)?.names())
}

/// The tokens that the folder names.
fn named_in(store: &Files, folder: &Path, config: &Object) -> Result<Tokens> {
    let broken = |why: String| broken(&why).path(folder.display());
    let mut tokens = Tokens::from_config(config).map_err(broken)?;
    if !config.contains_key("added_tokens_decoder")
        && let Some(map) = object(store, folder, "special_tokens_map.json")?
    {
        tokens.special_tokens_map(&map).map_err(broken)?;
    }
    Ok(tokens)
}

/// Fails for a folder that transformers loads in a way that is not supported here.
fn refuse(config: &Object, model: &Object) -> Result<()> {
    let is_versioned = |name: &Value| name.as_str().is_some_and(|name| name != "tokenizer.json");
    let files = config.get("fast_tokenizer_files").and_then(Value::as_array);
    let message = match files.and_then(|files| files.iter().find(|name| is_versioned(name))) {
        Some(file) => {
            format!("fast_tokenizer_files names {file}, which some versions of transformers load instead")
        }
        None if config.get("fix_mistral_regex") == Some(&Value::Bool(true)) && is_old_mistral(model) => {
            "fix_mistral_regex replaces the pre-tokenizer of tokenizer.json".to_string()
        }
        None => return Ok(()),
    };
    Err(Error::new(Class::Tokenizer, "tokenizer_folder", message)
        .help("pass the object AutoTokenizer.from_pretrained(folder) instead"))
}

/// Whether transformers replaces the pre-tokenizer for this `config.json`: one of a Mistral model that was saved
/// before transformers 5.
fn is_old_mistral(model: &Object) -> bool {
    let text = |key: &str| model.get(key).and_then(Value::as_str);
    let major = |version: &str| version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    let is_mistral = text("model_type")
        .is_none_or(|name| ["mistral", "mistral3", "voxtral", "ministral", "pixtral"].contains(&name));
    !model.is_empty()
        && is_mistral
        && text("transformers_version").and_then(major).is_none_or(|major| major < 5)
}
