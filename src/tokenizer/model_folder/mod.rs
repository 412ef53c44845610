//! A tokenizer's folder as `AutoTokenizer` of transformers 5 reads it: `tokenizer.json`, and the files beside it that
//! name tokens.
//!
//! transformers adds every token that these files name to the tokenizer, whether or not it is there already, so that
//! flags of `tokenizer_config.json` win over those of `tokenizer.json`. `added_tokens.json` and `special_tokens_map.json`
//! count only where `tokenizer_config.json` has no `added_tokens_decoder`. `add_bos_token` and `add_eos_token` do not
//! count beside a `tokenizer.json`, whose post-processor says it.

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

/// What a folder says of its tokenizer.
pub(super) struct Folder {
    /// `tokenizer.json`.
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

/// The parts of `tokenizer.json` that are looked at here.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    added_tokens: Value,
    #[serde(default)]
    padding: Value,
}

impl Folder {
    /// Reads the files; `tokenizer.json` is there.
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
                tokens.of_tokenizer_json(&file.added_tokens).map_err(broken)?;
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

    /// Why `AutoTokenizer` may make other ids than its `tokenizer`, which is that of `tokenizer.json`.
    pub(crate) fn warnings(&self, tokenizer: &Tokenizer) -> Vec<String> {
        let mut why = Vec::new();
        if self.config.contains_key("auto_map") {
            why.push(
                "AutoTokenizer may run code of the folder, which tokenizer_config.json names".to_string(),
            );
        }
        if let Some(class) = &self.own_class
            && !class::builds_the_same(class, &self.config, &self.tokens, tokenizer)
        {
            why.push(format!(
                "AutoTokenizer of transformers 5 loads this folder as {class}, which takes the vocabulary of \
                 tokenizer.json and builds the rest itself"
            ));
        }
        let fix = "its ids may differ from these; to have them, pass the object: AutoTokenizer.from_pretrained(folder)";
        why.into_iter().map(|why| format!("{why}; {fix}")).collect()
    }
}

/// The names of the control tokens alone, for a `tokenizer.json` of the folder.
pub(super) fn names(store: &Files, folder: &Path) -> Result<TokenNames> {
    let config = object(store, folder, "tokenizer_config.json")?.unwrap_or_default();
    Ok(named_in(store, folder, &config)?.names())
}

/// The tokens that the folder names.
fn named_in(store: &Files, folder: &Path, config: &Object) -> Result<Tokens> {
    let broken = |why: String| broken(&why).path(folder.display());
    let mut tokens = Tokens::of_config(config).map_err(broken)?;
    if !config.contains_key("added_tokens_decoder")
        && let Some(map) = object(store, folder, "special_tokens_map.json")?
    {
        tokens.special_tokens_map(&map).map_err(broken)?;
    }
    Ok(tokens)
}

/// What transformers would do that is not done here.
fn refuse(config: &Object, model: &Object) -> Result<()> {
    let is_versioned = |name: &Value| name.as_str().is_some_and(|name| name != "tokenizer.json");
    let files = config.get("fast_tokenizer_files").and_then(Value::as_array);
    let what = match files.and_then(|files| files.iter().find(|name| is_versioned(name))) {
        Some(file) => format!("fast_tokenizer_files names {file} for some versions of transformers"),
        None if config.get("fix_mistral_regex") == Some(&Value::Bool(true)) && is_old_mistral(model) => {
            "fix_mistral_regex asks for another pre-tokenizer than that of tokenizer.json".to_string()
        }
        None => return Ok(()),
    };
    Err(Error::new(Class::Tokenizer, "tokenizer_folder", what)
        .help("pass the object: AutoTokenizer.from_pretrained(folder)"))
}

/// Whether transformers would cut text otherwise for this `config.json`: that of a Mistral model, from before
/// transformers 5.
fn is_old_mistral(model: &Object) -> bool {
    let text = |key: &str| model.get(key).and_then(Value::as_str);
    let major = |version: &str| version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    let is_mistral = text("model_type")
        .is_none_or(|name| ["mistral", "mistral3", "voxtral", "ministral", "pixtral"].contains(&name));
    !model.is_empty()
        && is_mistral
        && text("transformers_version").and_then(major).is_none_or(|major| major < 5)
}
