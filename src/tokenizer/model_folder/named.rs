//! The tokens that the files of a folder name, merged as transformers merges them.

use serde_json::Value;
use tokenizers::AddedToken;

use super::super::token_names::TokenNames;
use super::object::Object;

/// The names of the control tokens that every tokenizer of transformers may have, in its order.
const NAMED: [&str; 7] =
    ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/// A token as a file writes it: its text, or all of it.
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

/// What has been read so far.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// By the names of [`NAMED`].
    named: Vec<(String, Option<Given>)>,
    /// By names of the model's own, such as `image_token`.
    own: Vec<(String, Given)>,
    /// Likewise; these win.
    explicit: Vec<(String, Given)>,
    /// Without a name.
    extra: Vec<Given>,
    /// Whether a file said something of those.
    has_extra: bool,
    /// By id.
    decoder: Vec<(i64, Given)>,
}

impl Given {
    /// A token of JSON: text, or an object.
    fn read(value: &Value) -> Result<Option<Self>, String> {
        match value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(Given::Text(text.clone()))),
            Value::Object(token) => {
                let flag = |key: &str| match token.get(key) {
                    None | Some(Value::Null) => Ok(None),
                    Some(Value::Bool(flag)) => Ok(Some(*flag)),
                    Some(other) => Err(format!("{key} of the token {value} is {other}")),
                };
                let content = token.get("content").and_then(Value::as_str);
                Ok(Some(Given::Token {
                    content: content.ok_or_else(|| format!("the token {value} has no content"))?.to_string(),
                    single_word: flag("single_word")?.unwrap_or(false),
                    lstrip: flag("lstrip")?.unwrap_or(false),
                    rstrip: flag("rstrip")?.unwrap_or(false),
                    special: flag("special")?.unwrap_or(false),
                    normalized: flag("normalized")?,
                }))
            }
            other => Err(format!("{other} is no token")),
        }
    }

    pub(crate) fn content(&self) -> &str {
        match self {
            Given::Text(content) | Given::Token { content, .. } => content,
        }
    }

    fn made_special(self) -> Self {
        match self {
            Given::Token { content, single_word, lstrip, rstrip, normalized, .. } => {
                Given::Token { content, single_word, lstrip, rstrip, special: true, normalized }
            }
            text @ Given::Text(_) => text,
        }
    }

    /// The token; one of `controls`, or a bare text, is a control token.
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

/// A token of `tokenizer_config.json`, or of `special_tokens_map.json`, which names control tokens only.
fn read(value: &Value, is_map: bool) -> Result<Option<Given>, String> {
    Ok(Given::read(value)?.map(|token| if is_map { token.made_special() } else { token }))
}

/// Tokens of a list of JSON.
fn list(value: &Value, is_map: bool) -> Result<Vec<Given>, String> {
    let read = |value| read(value, is_map)?.ok_or_else(|| "null is no token".to_string());
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(values) => values.iter().map(read).collect(),
        other => Err(format!("{other} is no list of tokens")),
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
    /// Those that `tokenizer_config.json` names.
    pub(crate) fn of_config(config: &Object) -> Result<Self, String> {
        let mut tokens = Tokens::default();
        tokens.merge(config, false)?;
        Ok(tokens)
    }

    /// Those of `special_tokens_map.json`, which win over those of the same name.
    pub(crate) fn special_tokens_map(&mut self, map: &Object) -> Result<(), String> {
        self.merge(map, true)
    }

    fn merge(&mut self, file: &Object, is_map: bool) -> Result<(), String> {
        // The old name counts where the new one has nothing.
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

    /// Those of `added_tokens_decoder`.
    pub(crate) fn decoder(&mut self, decoder: &Value) -> Result<(), String> {
        for (id, value) in decoder.as_object().ok_or("added_tokens_decoder is no object")? {
            let id = id.parse().map_err(|_| format!("added_tokens_decoder: {id:?} is no id"))?;
            let token = Given::read(value)?.ok_or("added_tokens_decoder: null is no token")?;
            self.put(id, token);
        }
        Ok(())
    }

    /// Those of `added_tokens.json`: names and ids.
    pub(crate) fn added_tokens_json(&mut self, added: &Object) -> Result<(), String> {
        for (content, id) in added {
            let id = id.as_i64().ok_or_else(|| format!("added_tokens.json: {id} is no id"))?;
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

    /// Those of `tokenizer.json` itself, which win over those of the same id.
    pub(crate) fn of_tokenizer_json(&mut self, added: &Value) -> Result<(), String> {
        for value in added.as_array().into_iter().flatten() {
            let id = value["id"].as_i64().ok_or_else(|| format!("the added token {value} has no id"))?;
            let token = Given::read(value)?.ok_or("null is no added token")?;
            self.put(id, token);
        }
        Ok(())
    }

    /// The token that `tokenizer.json` pads with, where no file names another.
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

    /// The texts of those that begin, end and fill texts.
    pub(crate) fn names(&self) -> TokenNames {
        let name = |name: &str| {
            let (_, token) = self.named.iter().find(|(known, _)| known == name)?;
            token.as_ref().map(|token| token.content().to_string())
        };
        TokenNames { bos: name("bos_token"), eos: name("eos_token"), pad: name("pad_token") }
    }

    /// Whether a file says something of this name, if only that there is no such token.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.named.iter().any(|(known, _)| known == name)
    }

    /// The tokens with an id, by id.
    pub(crate) fn by_id(&self) -> Vec<(i64, &str)> {
        let mut tokens: Vec<_> = self.decoder.iter().map(|(id, token)| (*id, token.content())).collect();
        tokens.sort_unstable();
        tokens
    }

    /// All tokens in the order in which they are added: those with an id first, then named ones, then the rest; `there`
    /// are those of `tokenizer.json`.
    pub(crate) fn to_add(&self, there: &Value) -> Vec<AddedToken> {
        // A named token is the one with that text, flags and all.
        let whole = |token: &Given| {
            let known = self.decoder.iter().rev().find(|(_, known)| known.content() == token.content());
            known.map_or_else(|| token.clone(), |(_, known)| known.clone())
        };
        let of_name = |name: &&str| {
            let (_, token) = self.named.iter().find(|(known, _)| known == name)?;
            token.as_ref().map(whole)
        };
        let is_of = |pairs: &[(String, Given)], name: &str| pairs.iter().any(|(known, _)| known == name);
        let own = self.own.iter().filter(|(name, _)| !is_of(&self.explicit, name));
        let own = own.chain(&self.explicit).map(|(_, token)| token.clone());
        let named: Vec<Given> = NAMED.iter().filter_map(of_name).chain(own).collect();
        let controls: Vec<&str> = named.iter().map(Given::content).collect();
        let mut by_id: Vec<&(i64, Given)> = self.decoder.iter().collect();
        by_id.sort_by_key(|(id, _)| *id);
        let mut known: Vec<&str> =
            there.as_array().into_iter().flatten().filter_map(|token| token["content"].as_str()).collect();
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
