//! `tokenize`: token ids and labels.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::chain_checks::only_one;
use crate::error::{Class, Error, Result};
use crate::format::PromptFormat;
use crate::plan::TokenizerSpec;
use crate::plan::columns::{Columns, Use, exists};
use crate::plan::explain_lines::detail;
use crate::plan::resolve::{Builder, Counted};
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::record::SpecialPolicy;
use crate::record::schema::{COMPLETION, PROMPT, ROW_WEIGHT, SEGMENT_WEIGHTS, TOKENIZED};
use crate::tokenize::{End, OnOverflow, TokenizeOptions, TokenizeStage};
use crate::tokenizer::LoadedTokenizer;
use crate::word::{self, Word};

/// Makes token ids and labels.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokenize {
    /// Which tokenizer.
    pub tokenizer: TokenizerSpec,
    /// Tokens a row may have; none is no limit.
    pub max_length: Option<usize>,
    /// What happens to longer rows.
    #[serde(with = "word")]
    pub on_overflow: OnOverflow,
    /// What happens to control tokens written out in the text.
    #[serde(with = "word")]
    pub special_tokens: SpecialPolicy,
    /// Whether `prompt` and `completion` stay beside the ids.
    pub keep_text: bool,
    /// Whether the tokenizer's own start tokens are added.
    pub add_bos: bool,
    /// Every so many rows the ids are compared with those of the crate.
    pub verify: Option<u64>,
}

impl Named for Tokenize {
    const NAME: &'static str = "tokenize";
}

impl Verb for Tokenize {
    fn check(&self, before: &[Step]) -> Result<()> {
        only_one(Self::NAME, before)
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        for name in [PROMPT, COMPLETION] {
            columns.use_column(name, Use::Text(Self::NAME)).map_err(|e| columns.wants_format(e, name, ""))?;
        }
        // Trainers read them as numbers.
        for name in [ROW_WEIGHT, SEGMENT_WEIGHTS] {
            if columns.names().any(|there| there == name) {
                columns.use_column(name, Use::Read)?;
            }
        }
        // The data's would be lost without a word.
        if let Some(name) = columns.names().find(|name| TOKENIZED.contains(name)) {
            return Err(exists(Self::NAME, name));
        }
        columns.retain(|name| self.keep_text || (name != PROMPT && name != COMPLETION));
        TOKENIZED.iter().for_each(|name| columns.make(name));
        Ok(())
    }

    fn resolve(&self, _: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let Some(format) = builder.description.format.clone() else {
            return Err(Error::new(Class::Plan, "not_formatted", "tokenize: the rows are not proven yet").help(
                "put .format(PromptFormat(...)) before it; data that already ends in separator and stop is \
                 recognised and not given a second one",
            ));
        };
        let tokenizer = self.tokenizer.load()?;
        let end = end(&format, &tokenizer)?;
        let limit = self.max_length.map_or("none".into(), |n| n.to_string());
        builder.say(
            &format!(
                "{}, {} ids; max_length={limit}; on_overflow={}; special_tokens={}; add_bos={}; eos={}; keep_text={}",
                self.tokenizer.label(),
                tokenizer.vocab_size,
                self.on_overflow.name(),
                self.special_tokens.name(),
                self.add_bos,
                end.shown(&tokenizer),
                self.keep_text
            ),
            "map",
        );
        let lines = &mut builder.description.lines;
        lines.push(detail(&format!("engine: {}", tokenizer.engine())));
        if let Some(n) = self.verify {
            lines.push(detail(&format!("verify: the first of every {n} rows, against tokenizers")));
        }
        lines.extend(tokenizer.warnings.iter().map(|warning| detail(&format!("warning: {warning}"))));
        lines.extend(tokenizer.notes.iter().map(|note| detail(&format!("note: {note}"))));
        let options = TokenizeOptions {
            max_length: self.max_length,
            on_overflow: self.on_overflow,
            special_tokens: self.special_tokens,
            end,
            add_bos: self.add_bos,
            keep_text: self.keep_text,
            verify: self.verify,
            separator: Some(format.separator().to_string()).filter(|separator| !separator.is_empty()),
            stop: Some(format.stop().to_string()).filter(|stop| !stop.is_empty()),
            marks_are_unique: format.marks_are_unique(),
        };
        builder.description.tokenizer = Some(Arc::clone(&tokenizer));
        builder.description.max_length = self.max_length;
        builder.description.end = Some(end);
        builder.map(Counted::Yes, TokenizeStage::new(&tokenizer, options)?)
    }

    fn published(&self, _: &mut dyn Iterator<Item = String>) -> Result<Option<Step>> {
        let tokenizer = self.tokenizer.named()?;
        Ok(Some(Tokenize { tokenizer, ..self.clone() }.into()))
    }

    fn is_of_one_source(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}

/// What ends each row: EOS, so that the model learns to end, unless the stop is a control token that says so already.
fn end(format: &PromptFormat, tokenizer: &LoadedTokenizer) -> Result<End> {
    let stop_is_control = !tokenizer.control.tokens().written(format.stop()).is_empty();
    match (format.eos(), tokenizer.eos_id) {
        (Some(false), _) => Ok(End::Stop),
        (None, _) if stop_is_control => Ok(End::ControlToken),
        (_, Some(id)) => Ok(End::Eos(id)),
        (None, None) if !format.stop().is_empty() => Ok(End::NoEos),
        (_, None) => {
            Err(Error::new(Class::Plan, "no_eos", "tokenize: the tokenizer names no EOS token").help(
                "give the folder with tokenizer_config.json, or a transformers tokenizer, or a stop and no eos",
            ))
        }
    }
}
