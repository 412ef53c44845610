//! The tokenizer of a plan, as the user gave it.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::json_forms::StoredPath;
use crate::error::{Class, Error, Result};
use crate::hash;
use crate::tokenizer::{LoadedTokenizer, TokenNames};

/// A tokenizer as the user gave it. It is loaded once, when the plan is first resolved.
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
    /// A tokenizer in memory that the JSON of a plan names, with the digest of its content if that is known.
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

    /// A tokenizer in memory, as the bytes of its `tokenizer.json`.
    pub fn json(bytes: Vec<u8>, names: TokenNames, encode_special_tokens: bool, label: String) -> Self {
        let given = Given::Json { bytes: Arc::new(bytes), names, encode_special_tokens, label };
        TokenizerSpec { given, loaded: Arc::default() }
    }

    /// Its name in `explain`.
    pub(crate) fn label(&self) -> String {
        match &self.given {
            Given::Path(path) => path.file_name().unwrap_or(path.as_os_str()).display().to_string(),
            Given::Json { label, .. } => label.clone(),
            Given::Missing { name, .. } => name.clone(),
        }
    }

    /// Only its name, and the digest of what decides its ids.
    ///
    /// # Errors
    /// Those of [`load`](Self::load).
    pub(crate) fn named(&self) -> Result<Self> {
        let given = Given::Missing { name: self.label(), digest: Some(self.load()?.digest.clone()) };
        Ok(TokenizerSpec { given, loaded: Arc::default() })
    }

    /// Loads the tokenizer, or gives the one that was loaded before.
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
                let message = format!("tokenize: the tokenizer `{name}` was in memory, and is not supplied");
                return Err(Error::new(Class::Plan, "not_supplied", message).help(
                    "the JSON of a plan does not contain the tokenizer: pass it by its name, as in \
                     from_json(text, tokenizers={…})",
                ));
            }
        });
        Ok(Arc::clone(self.loaded.get_or_init(|| loaded)))
    }
}

/// The JSON: a path, or the name and the digest of a tokenizer in memory.
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
            _ => return Err(D::Error::custom("must be an object of path, or of name and digest")),
        };
        Ok(TokenizerSpec { given, loaded: Arc::default() })
    }
}
