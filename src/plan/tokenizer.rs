//! The tokenizer of a plan.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::error::Result;
use crate::tokenize::{LoadedTokenizer, TokenNames};

/// A tokenizer as it was given; loaded once, when the plan is first resolved.
#[derive(Clone)]
pub struct TokenizerSpec {
    given: Given,
    loaded: Arc<OnceLock<Arc<LoadedTokenizer>>>,
}

#[derive(Clone)]
enum Given {
    Path(PathBuf),
    Json { bytes: Arc<Vec<u8>>, names: TokenNames, encode_special_tokens: bool, label: String },
}

impl TokenizerSpec {
    /// A `tokenizer.json`, or a folder that holds one.
    pub fn path(path: PathBuf) -> Self {
        TokenizerSpec { given: Given::Path(path), loaded: Arc::default() }
    }

    /// The JSON of a tokenizer in memory.
    pub fn json(bytes: Vec<u8>, names: TokenNames, encode_special_tokens: bool, label: String) -> Self {
        let given = Given::Json { bytes: Arc::new(bytes), names, encode_special_tokens, label };
        TokenizerSpec { given, loaded: Arc::default() }
    }

    /// How `explain` calls it.
    pub fn label(&self) -> String {
        match &self.given {
            Given::Path(path) => path.file_name().unwrap_or(path.as_os_str()).display().to_string(),
            Given::Json { label, .. } => label.clone(),
        }
    }

    /// The tokenizer.
    pub fn load(&self) -> Result<Arc<LoadedTokenizer>> {
        if let Some(loaded) = self.loaded.get() {
            return Ok(Arc::clone(loaded));
        }
        let loaded = Arc::new(match &self.given {
            Given::Path(path) => LoadedTokenizer::from_path(path)?,
            Given::Json { bytes, names, encode_special_tokens, .. } => {
                LoadedTokenizer::from_memory(bytes, names, *encode_special_tokens)?
            }
        });
        Ok(Arc::clone(self.loaded.get_or_init(|| loaded)))
    }
}
