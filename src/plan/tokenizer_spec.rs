//! The tokenizer of a plan.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::json_forms::StoredPath;
use crate::error::{Class, Error, Result};
use crate::hash;
use crate::tokenizer::{LoadedTokenizer, TokenNames};

/// A tokenizer as it was given; loaded once, when the plan is first resolved.
#[derive(Clone)]
pub struct TokenizerSpec {
    given: Given,
    loaded: Arc<OnceLock<Arc<LoadedTokenizer>>>,
}

#[derive(Clone)]
enum Given {
    Path(PathBuf),
    Json {
        bytes: Arc<Vec<u8>>,
        names: TokenNames,
        encode_special_tokens: bool,
        label: String,
    },
    /// One in memory, of which a plan's JSON has the name, and the digest of its content where it was known.
    Missing {
        name: String,
        digest: Option<String>,
    },
}

impl TokenizerSpec {
    /// A `tokenizer.json`, or a folder that holds one.
    pub(crate) fn path(path: PathBuf) -> Self {
        TokenizerSpec { given: Given::Path(path), loaded: Arc::default() }
    }

    /// The JSON of a tokenizer in memory.
    pub fn json(bytes: Vec<u8>, names: TokenNames, encode_special_tokens: bool, label: String) -> Self {
        let given = Given::Json { bytes: Arc::new(bytes), names, encode_special_tokens, label };
        TokenizerSpec { given, loaded: Arc::default() }
    }

    /// How `explain` calls it.
    pub(crate) fn label(&self) -> String {
        match &self.given {
            Given::Path(path) => path.file_name().unwrap_or(path.as_os_str()).display().to_string(),
            Given::Json { label, .. } => label.clone(),
            Given::Missing { name, .. } => name.clone(),
        }
    }

    /// Its name and the digest of what decides its ids, alone.
    ///
    /// # Errors
    /// Those of [`load`](Self::load).
    pub(crate) fn named(&self) -> Result<Self> {
        let given = Given::Missing { name: self.label(), digest: Some(self.load()?.digest.clone()) };
        Ok(TokenizerSpec { given, loaded: Arc::default() })
    }

    /// The tokenizer.
    pub(crate) fn load(&self) -> Result<Arc<LoadedTokenizer>> {
        if let Some(loaded) = self.loaded.get() {
            return Ok(Arc::clone(loaded));
        }
        let loaded = Arc::new(match &self.given {
            Given::Path(path) => LoadedTokenizer::from_path(path)?,
            Given::Json { bytes, names, encode_special_tokens, .. } => {
                LoadedTokenizer::from_memory(bytes, names, *encode_special_tokens)?
            }
            Given::Missing { name, .. } => {
                let message = format!("tokenize: the tokenizer `{name}` was in memory, and was not supplied");
                return Err(Error::new(Class::Plan, "not_supplied", message).help(
                    "a plan's JSON holds no tokenizer: give it by its name, from_json(text, tokenizers={…})",
                ));
            }
        });
        Ok(Arc::clone(self.loaded.get_or_init(|| loaded)))
    }
}

/// A path; or the name and the digest of one in memory.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<StoredPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
}

impl Serialize for TokenizerSpec {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let memory = |name: &String, digest| Form { path: None, name: Some(name.clone()), digest };
        let form = match &self.given {
            Given::Path(path) => Form { path: Some(StoredPath::from(path)), name: None, digest: None },
            Given::Json { bytes, names, encode_special_tokens, label } => {
                let settings = format!("{names:?} {encode_special_tokens}");
                memory(label, Some(hash::digest_hex(&[bytes, settings.as_bytes()].concat())))
            }
            Given::Missing { name, digest } => memory(name, digest.clone()),
        };
        form.serialize(to)
    }
}

impl<'de> Deserialize<'de> for TokenizerSpec {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let given = match Form::deserialize(from)? {
            Form { path: Some(path), name: None, digest: None } => {
                Given::Path(path.path().map_err(D::Error::custom)?)
            }
            Form { path: None, name: Some(name), digest } => Given::Missing { name, digest },
            _ => return Err(D::Error::custom("it is an object of path, or of name and digest")),
        };
        Ok(TokenizerSpec { given, loaded: Arc::default() })
    }
}
