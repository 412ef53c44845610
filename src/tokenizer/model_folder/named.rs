//! The tokens that the files of a folder name, merged as transformers merges them.

use serde_json::Value;
use tokenizers::AddedToken;

use super::super::token_names::TokenNames;
use super::object::Object;

/// The names of control tokens that every tokenizer of transformers may have, in the order of transformers.
const NAMED: [&str; 7] =
    ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/// A token as a file gives it: its text alone, or with its flags.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Given {
    Text(String),
    Token {
        content: String,
        single_word: bool,
        lstrip: bool,
        rstrip: bool,
        special: bool,
        normalized: Option<bool>,
    },
}

/// The tokens that were read so far.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// Tokens with a name of [`NAMED`]; none where a file sets the name to null.
    named: Vec<(String, Option<Given>)>,
    /// Tokens with names of the model's own, such as `image_token`.
    own: Vec<(String, Given)>,
    /// The same; these override `own`.
    explicit: Vec<(String, Given)>,
    /// Tokens without a name.
    extra: Vec<Given>,
    /// Whether a file has a list of tokens without a name.
    has_extra: bool,
    /// Tokens with an id.
    decoder: Vec<(i64, Given)>,
}

impl Given {
    /// Reads a token from JSON: text, an object, or null.
    fn read(value: &Value) -> Result<Option<Self>, String> {
        match value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(Given::Text(text.clone()))),
            Value::Object(token) => {
                let flag = |key: &str| match token.get(key) {
                    None | Some(Value::Null) => Ok(None),
                    Some(Value::Bool(flag)) => Ok(Some(*flag)),
                    Some(other) => {
                        Err(format!("`{key}` of the token {value} must be true or false; got {other}"))
                    }
                };
                let content = token.get("content").and_then(Value::as_str);
                Ok(Some(Given::Token {
                    content: content
                        .ok_or_else(|| format!("the token {value} has no `content`"))?
                        .to_string(),
                    single_word: flag("single_word")?.unwrap_or(false),
                    lstrip: flag("lstrip")?.unwrap_or(false),
                    rstrip: flag("rstrip")?.unwrap_or(false),
                    special: flag("special")?.unwrap_or(false),
                    normalized: flag("normalized")?,
                }))
            }
            other => Err(format!("a token must be a string or an object; got {other}")),
        }
    }

    pub(crate) fn content(&self) -> &str {
        match self {
            Given::Text(content) | Given::Token { content, .. } => content,
        }
    }

    fn into_special(self) -> Self {
        match self {
            Given::Token { content, single_word, lstrip, rstrip, normalized, .. } => {
                Given::Token { content, single_word, lstrip, rstrip, special: true, normalized }
            }
            text @ Given::Text(_) => text,
        }
    }

    /// The added token. A token given as text alone, or one of `controls`, is a control token.
    fn token(&self, controls: &[&str]) -> AddedToken {
        match self {
            Given::Text(content) => AddedToken::from(content.clone(), true),
            Given::Token { content, single_word, lstrip, rstrip, special, normalized } => {
                let special = *special || controls.contains(&content.as_str());
                AddedToken::from(content.clone(), special)
                    .single_word(*single_word)
                    .lstrip(*lstrip)
                    .rstrip(*rstrip)
                    .normalized(normalized.unwrap_or(!special))
            }
        }
    }
}

/// Reads a token of `tokenizer_config.json`, or of `special_tokens_map.json`, whose tokens are all control tokens.
fn read(value: &Value, is_map: bool) -> Result<Option<Given>, String> {
    Ok(Given::read(value)?.map(|token| if is_map { token.into_special() } else { token }))
}

/// Reads a list of tokens.
fn list(value: &Value, is_map: bool) -> Result<Vec<Given>, String> {
    let read = |value| read(value, is_map)?.ok_or_else(|| "a list of tokens holds null".to_string());
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(values) => values.iter().map(read).collect(),
        other => Err(format!("tokens must be a list; got {other}")),
    }
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Array(values)) => values.is_empty(),
        Some(Value::Object(values)) => values.is_empty(),
        Some(_) => false,
    }
}

impl Tokens {
    /// The tokens that `tokenizer_config.json` names.
    pub(crate) fn from_config(config: &Object) -> Result<Self, String> {
        let mut tokens = Tokens::default();
        tokens.merge(config, false)?;
        Ok(tokens)
    }

    /// Adds the tokens of `special_tokens_map.json`, which override those of the same name.
    pub(crate) fn special_tokens_map(&mut self, map: &Object) -> Result<(), String> {
        self.merge(map, true)
    }

    fn merge(&mut self, file: &Object, is_map: bool) -> Result<(), String> {
        // The old key is used where the new one is empty.
        let [new, old] = ["extra_special_tokens", "additional_special_tokens"];
        let extra = if is_empty(file.get(new)) && !(is_map && self.has_extra) { old } else { new };
        for (key, value) in file {
            if NAMED.contains(&key.as_str()) {
                set(&mut self.named, key, read(value, is_map)?);
            } else if let (true, Value::Object(values)) = (key == extra, value) {
                for (name, value) in values {
                    self.explicit.extend(read(value, is_map)?.map(|token| (name.clone(), token)));
                }
            } else if key == extra {
                self.has_extra = true;
                for token in list(value, is_map)? {
                    if !self.extra.contains(&token) {
                        self.extra.push(token);
                    }
                }
            } else if key.ends_with("_token") && (value.is_string() || value.get("content").is_some()) {
                let explicit = !is_map && value.is_string();
                let to = if explicit { &mut self.explicit } else { &mut self.own };
                if let Some(token) = read(value, is_map)? {
                    set(to, key, token);
                }
            }
        }
        Ok(())
    }

    /// Adds the tokens of `added_tokens_decoder`.
    pub(crate) fn decoder(&mut self, decoder: &Value) -> Result<(), String> {
        for (id, value) in decoder.as_object().ok_or("added_tokens_decoder must be an object")? {
            let id = id
                .parse()
                .map_err(|_| format!("added_tokens_decoder: an id must be a whole number; got {id:?}"))?;
            let token = Given::read(value)?
                .ok_or("added_tokens_decoder: a token must be a string or an object; got null")?;
            self.put(id, token);
        }
        Ok(())
    }

    /// Adds the tokens of `added_tokens.json`: texts and ids.
    pub(crate) fn added_tokens_json(&mut self, added: &Object) -> Result<(), String> {
        for (content, id) in added {
            let id = id
                .as_i64()
                .ok_or_else(|| format!("added_tokens.json: an id must be a whole number; got {id}"))?;
            let named = self.named.iter().filter_map(|(_, token)| token.as_ref());
            let special = named.chain(&self.extra).any(|token| token.content() == content);
            self.put(
                id,
                Given::Token {
                    content: content.clone(),
                    single_word: false,
                    lstrip: false,
                    rstrip: false,
                    special,
                    normalized: Some(!special),
                },
            );
        }
        Ok(())
    }

    /// Adds the tokens of `tokenizer.json` itself, which override those of the same id.
    pub(crate) fn tokenizer_json(&mut self, added: &Value) -> Result<(), String> {
        for value in added.as_array().into_iter().flatten() {
            let id = value["id"].as_i64().ok_or_else(|| format!("the added token {value} has no `id`"))?;
            let token =
                Given::read(value)?.ok_or("an added token must be a string or an object; got null")?;
            self.put(id, token);
        }
        Ok(())
    }

    /// Adds the token that `tokenizer.json` pads with, where no file names a `pad_token`.
    pub(crate) fn padding(&mut self, pad: &str) {
        if self.named.iter().all(|(name, _)| name != "pad_token") {
            self.named.push(("pad_token".to_string(), Some(Given::Text(pad.to_string()))));
        }
    }

    fn put(&mut self, id: i64, token: Given) {
        match self.decoder.iter_mut().find(|(known, _)| *known == id) {
            Some((_, known)) => *known = token,
            None => self.decoder.push((id, token)),
        }
    }

    /// The texts of BOS, EOS and padding token.
    pub(crate) fn names(&self) -> TokenNames {
        let name = |name: &str| {
            let (_, token) = self.named.iter().find(|(known, _)| known == name)?;
            token.as_ref().map(|token| token.content().to_string())
        };
        TokenNames { bos: name("bos_token"), eos: name("eos_token"), pad: name("pad_token") }
    }

    /// Whether a file has this name, even with the value null.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.named.iter().any(|(known, _)| known == name)
    }

    /// The tokens with an id, ordered by id.
    pub(crate) fn by_id(&self) -> Vec<(i64, &str)> {
        let mut tokens: Vec<_> = self.decoder.iter().map(|(id, token)| (*id, token.content())).collect();
        tokens.sort_unstable();
        tokens
    }

    /// All tokens in the order in which they are added: those with an id, then those with a name, then the others.
    /// `existing` are the added tokens of `tokenizer.json`.
    pub(crate) fn to_add(&self, existing: &Value) -> Vec<AddedToken> {
        // A named token has the flags of the token with an id and the same text, where there is one.
        let with_flags = |token: &Given| {
            let known = self.decoder.iter().rev().find(|(_, known)| known.content() == token.content());
            known.map_or_else(|| token.clone(), |(_, known)| known.clone())
        };
        let of_name = |name: &&str| {
            let (_, token) = self.named.iter().find(|(known, _)| known == name)?;
            token.as_ref().map(with_flags)
        };
        let is_of = |pairs: &[(String, Given)], name: &str| pairs.iter().any(|(known, _)| known == name);
        let own = self.own.iter().filter(|(name, _)| !is_of(&self.explicit, name));
        let own = own.chain(&self.explicit).map(|(_, token)| token.clone());
        let named: Vec<Given> = NAMED.iter().filter_map(of_name).chain(own).collect();
        let controls: Vec<&str> = named.iter().map(Given::content).collect();
        let mut by_id: Vec<&(i64, Given)> = self.decoder.iter().collect();
        by_id.sort_by_key(|(id, _)| *id);
        let mut known: Vec<&str> =
            existing.as_array().into_iter().flatten().filter_map(|token| token["content"].as_str()).collect();
        known.extend(by_id.iter().map(|(_, token)| token.content()));
        let mut tokens: Vec<&Given> = by_id.iter().map(|(_, token)| token).collect();
        for token in named.iter().chain(&self.extra) {
            if !known.contains(&token.content()) && !tokens.contains(&token) {
                tokens.push(token);
            }
        }
        tokens.into_iter().map(|token| token.token(&controls)).collect()
    }
}

fn set<T>(pairs: &mut Vec<(String, T)>, name: &str, value: T) {
    match pairs.iter_mut().find(|(known, _)| known == name) {
        Some((_, known)) => *known = value,
        None => pairs.push((name.to_string(), value)),
    }
}
