//! The verbs of the chain, each with what the user said of it.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::compute::Function;
use crate::dedup::Normalize;
use crate::error::Result;
use crate::format::{OnCollision, PromptFormat};
use crate::record::{Policy, SpecialPolicy};
use crate::split::SplitOptions;
use crate::tokenize::{LoadedTokenizer, OnOverflow, TokenNames};
use crate::validate::Rule;

/// One verb.
#[derive(Clone)]
pub enum Step {
    /// Keeps these columns, in this order.
    Select(Vec<String>),
    /// Renames columns: old name, new name.
    Rename(Vec<(String, String)>),
    /// Keeps the rows for which an expression over these columns is true.
    Filter {
        /// The columns the expression reads.
        columns: Vec<String>,
        /// The expression, for people.
        label: String,
        /// Evaluates it.
        function: Arc<dyn Function>,
    },
    /// Adds or replaces columns by expressions over these columns.
    WithColumns {
        /// The columns the expressions read.
        columns: Vec<String>,
        /// The columns they make.
        names: Vec<String>,
        /// The expressions, for people.
        label: String,
        /// Evaluates them.
        function: Arc<dyn Function>,
    },
    /// A row-wise function of the caller over all columns.
    MapBatches {
        /// Its name.
        name: String,
        /// Its version; without one the plan cannot be told from an older state of the function.
        version: Option<String>,
        /// Calls it.
        function: Arc<dyn Function>,
    },
    /// Keeps the first rows.
    Head(usize),
    /// Takes out rows that break a rule.
    Validate {
        /// In the order they are asked.
        rules: Vec<Rule>,
        /// What happens to such rows.
        policy: Policy,
    },
    /// Renders prompt and completion, and proves them.
    Format {
        /// How.
        format: Arc<PromptFormat>,
        /// What happens where separator or stop collide.
        on_collision: OnCollision,
        /// The format that rendered the text of the columns before, where one did.
        rendered_by: Option<Arc<PromptFormat>>,
    },
    /// Takes out exact duplicates.
    Dedup {
        /// The key columns; none means the rendered pair, or all columns before `format`.
        on: Option<Vec<String>>,
        /// What is levelled before keys are made.
        normalize: Normalize,
        /// Whether bytes are compared where hashes match.
        verify: bool,
        /// Whether the kept row is named for each dropped one.
        keepers: bool,
        /// Earlier prepared folders whose rows count as seen.
        against: Vec<PathBuf>,
    },
    /// Gives each row a split.
    Split {
        /// Shares and seed.
        options: SplitOptions,
        /// The columns that decide; none means the raw prompt columns.
        by: Option<Vec<String>>,
    },
    /// Gives rows of a published folder the splits and the format they had.
    Restore {
        /// How they were rendered.
        format: Arc<PromptFormat>,
        /// The column that holds the number of each row's split.
        column: String,
        /// The splits' names.
        splits: Vec<String>,
    },
    /// Makes token ids and labels.
    Tokenize(Box<TokenizeStep>),
    /// Joins documents to packs.
    Pack {
        /// Tokens a pack may have; none is the limit of `tokenize`.
        max_length: Option<usize>,
        /// Decides the order of the packs.
        seed: u64,
    },
    /// Shuffles all rows.
    Shuffle {
        /// Decides the order.
        seed: u64,
    },
}

/// What `tokenize` was told.
#[derive(Clone)]
pub struct TokenizeStep {
    /// Which tokenizer.
    pub tokenizer: TokenizerSpec,
    /// Tokens a row may have; none is no limit.
    pub max_length: Option<usize>,
    /// What happens to longer rows.
    pub on_overflow: OnOverflow,
    /// What happens to control tokens written out in the text.
    pub special_tokens: SpecialPolicy,
    /// Whether `prompt` and `completion` stay beside the ids.
    pub keep_text: bool,
    /// Whether the tokenizer's own start tokens are added.
    pub add_bos: bool,
    /// Every so many rows the ids are compared with those of the crate.
    pub verify: Option<u64>,
}

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

impl Step {
    /// The method's name.
    pub fn verb(&self) -> &'static str {
        match self {
            Step::Select(_) => "select",
            Step::Rename(_) => "rename",
            Step::Filter { .. } => "filter",
            Step::WithColumns { .. } => "with_columns",
            Step::MapBatches { .. } => "map_batches",
            Step::Head(_) => "head",
            Step::Validate { .. } => "validate",
            Step::Format { .. } => "format",
            Step::Dedup { .. } => "dedup",
            Step::Split { .. } => "split",
            Step::Tokenize(_) => "tokenize",
            Step::Restore { .. } => "restore",
            Step::Shuffle { .. } => "shuffle",
            Step::Pack { .. } => "pack",
        }
    }
}
