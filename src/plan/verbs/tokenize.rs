//! `tokenize`: makes token ids and labels.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::chain_checks::check_only_one;
use crate::error::{Class, Error, Result};
use crate::format::{Fit, PromptFormat};
use crate::plan::TokenizerSpec;
use crate::plan::columns::{Columns, Conversations, Use, column_exists};
use crate::plan::explain_lines::detail;
use crate::plan::resolve::{Builder, Counted};
use crate::plan::step::{Chain, Named, Step, Verb};
use crate::record::schema::{CHAT_TEXT, COMPLETION, PROMPT, ROW_WEIGHT, SEGMENT_WEIGHTS, SPANS};
use crate::record::{Answers, SpecialPolicy};
use crate::tokenize::{
    AnswersTokenizeStage, Boundary, End, OnOverflow, RowLength, TokenizeOptions, TokenizeStage,
};
use crate::tokenizer::LoadedTokenizer;
use crate::word::{self, Word};

/// Makes token ids and labels.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokenize {
    /// The tokenizer.
    pub tokenizer: TokenizerSpec,
    /// The limit of tokens per row, if there is one.
    pub max_length: Option<usize>,
    /// What happens to longer rows.
    #[serde(with = "word")]
    pub on_overflow: OnOverflow,
    /// Where encodings begin within a conversation.
    #[serde(default, with = "word", skip_serializing_if = "is_part")]
    pub boundary: Boundary,
    /// What happens to control tokens in the text of columns.
    #[serde(with = "word")]
    pub special_tokens: SpecialPolicy,
    /// Whether `prompt` and `completion` are kept.
    pub keep_text: bool,
    /// Whether the start tokens of the tokenizer are added.
    pub add_bos: bool,
    /// How many rows there are for each row whose ids are compared with those of the crate `tokenizers`; none: no
    /// check.
    pub verify: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_part(boundary: &Boundary) -> bool {
    *boundary == Boundary::Part
}

impl Named for Tokenize {
    const NAME: &'static str = "tokenize";
}

impl Verb for Tokenize {
    fn check(&self, before: &[Step]) -> Result<()> {
        check_only_one(Self::NAME, before)
    }

    fn columns(&self, columns: &mut Columns<'_>) -> Result<()> {
        let conversations = columns.conversations();
        let answers = columns.answers();
        let text: &[&str] = match conversations {
            _ if answers != Answers::One => answers.texts(),
            Conversations::Before { .. } => &[CHAT_TEXT, SPANS],
            _ => &[PROMPT, COMPLETION],
        };
        if text.contains(&COMPLETION) {
            for name in text {
                columns
                    .use_column(name, Use::Text(Self::NAME))
                    .map_err(|e| columns.suggest_format(e, name, ""))?;
            }
        }
        // Trainers use these as numbers.
        for name in [ROW_WEIGHT, SEGMENT_WEIGHTS] {
            if columns.names().any(|known| known == name) {
                columns.use_column(name, Use::Read)?;
            }
        }
        // Columns of the data with these names would be lost.
        let made = answers.tokenized();
        if let Some(name) = columns.names().find(|name| made.contains(name)) {
            return Err(column_exists(Self::NAME, name));
        }
        columns.retain(|name| self.keep_text || !text.contains(&name));
        made.iter().for_each(|name| columns.add(name));
        if conversations == (Conversations::Before { weighted: true }) {
            if columns.names().any(|name| name == SEGMENT_WEIGHTS) {
                return Err(column_exists(Self::NAME, SEGMENT_WEIGHTS));
            }
            columns.add(SEGMENT_WEIGHTS);
        }
        Ok(())
    }

    fn resolve(&self, _: Chain<'_>, builder: &mut Builder) -> Result<()> {
        let format = builder.description.format.clone();
        if format.is_none() && builder.description.chat.is_none() {
            return Err(Error::new(Class::Plan, "not_formatted", "tokenize: the rows are not formatted").help(
                "put .format(PromptFormat(...)) before tokenize; text that already ends in its separator or stop \
                 does not get a second one",
            ));
        }
        if format.is_none() && self.special_tokens == SpecialPolicy::Strip {
            let message =
                "tokenize: special_tokens=\"strip\" would change texts after the template has rendered them";
            return Err(Error::new(Class::Plan, "bad_option", message)
                .help("choose \"as_text\", the default for conversations, or \"reject\""));
        }
        self.check_boundary(format.is_some())?;
        if format.is_some() && self.on_overflow == OnOverflow::DropOldestTurns {
            let message = "tokenize: on_overflow=\"drop_oldest_turns\" is for conversations";
            return Err(Error::new(Class::Plan, "bad_option", message)
                .help("choose \"truncate_prompt_left\" for prompts that may be cut"));
        }
        let answers = builder.description.answers;
        if answers != Answers::One && self.on_overflow == OnOverflow::TruncateCompletion {
            let message = "tokenize: on_overflow=\"truncate_completion\" would cut answers that are compared";
            return Err(Error::new(Class::Plan, "bad_option", message)
                .help("choose \"truncate_prompt_left\", which cuts the prompt alone, or \"reject\""));
        }
        if answers != Answers::One
            && (self.boundary == Boundary::Whole || self.on_overflow == OnOverflow::DropOldestTurns)
        {
            let message = "tokenize: boundary=\"whole\" and on_overflow=\"drop_oldest_turns\" are for rows of one answer";
            return Err(Error::new(Class::Plan, "bad_option", message)
                .help("leave them out: the prompt of answers that are compared is encoded by itself, and stays whole"));
        }
        let tokenizer = self.tokenizer.load()?;
        let end = match &format {
            Some(format) => end(format, &tokenizer)?,
            None => End::Template,
        };
        let boundary = match self.boundary {
            Boundary::Part => String::new(),
            Boundary::Whole => format!("; boundary={}", self.boundary.name()),
        };
        let limit = self.max_length.map_or("none".into(), |n| n.to_string());
        builder.explain(
            &format!(
                "{}, {} ids; max_length={limit}; on_overflow={}{boundary}; special_tokens={}; add_bos={}; eos={}; keep_text={}",
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
        let mark = |mark: fn(&PromptFormat) -> &str| {
            format.as_deref().map(mark).filter(|text| !text.is_empty()).map(str::to_string)
        };
        let options = TokenizeOptions {
            max_length: self.max_length,
            on_overflow: self.on_overflow,
            boundary: self.boundary,
            special_tokens: self.special_tokens,
            end,
            add_bos: self.add_bos,
            keep_text: self.keep_text,
            verify: self.verify,
            separator: mark(PromptFormat::separator),
            stop: mark(PromptFormat::stop),
            marks_are_unique: format.as_ref().is_some_and(|format| format.marks_are_unique()),
        };
        builder.description.tokenizer = Some(Arc::clone(&tokenizer));
        builder.description.max_length = self.max_length;
        builder.description.end = Some(end);
        match answers {
            Answers::One => builder.map(Counted::Yes, TokenizeStage::new(&tokenizer, options)?),
            _ => {
                let on_same = builder.description.on_same_answers;
                let stage = AnswersTokenizeStage::new(&tokenizer, options, answers, on_same)?;
                builder.map(Counted::Yes, stage)
            }
        }
    }

    fn published(&self, _: &mut dyn Iterator<Item = String>) -> Result<Option<Step>> {
        let tokenizer = self.tokenizer.named()?;
        Ok(Some(Tokenize { tokenizer, ..self.clone() }.into()))
    }

    fn may_precede_concat(&self) -> bool {
        false
    }

    fn keeps_tokens(&self) -> bool {
        true
    }
}

impl Tokenize {
    /// The limit for which `format` drops the oldest turns of conversations.
    ///
    /// # Errors
    /// The tokenizer cannot be loaded.
    pub(crate) fn fit(&self) -> Result<Option<Fit>> {
        let Some(max_length) = self.max_length.filter(|_| self.on_overflow == OnOverflow::DropOldestTurns)
        else {
            return Ok(None);
        };
        let options = TokenizeOptions {
            boundary: self.boundary,
            special_tokens: self.special_tokens,
            end: End::Template,
            add_bos: self.add_bos,
            ..TokenizeOptions::default()
        };
        let tokenizer = self.tokenizer.load()?;
        let counter = Box::new(RowLength::new(&tokenizer, options)?);
        Ok(Some(Fit { counter, max_length }))
    }

    /// Checks that the boundary fits the other options; `is_pair` says that the rows are prompt and completion.
    fn check_boundary(&self, is_pair: bool) -> Result<()> {
        let wrong = |message: &str, help: &str| {
            Err(Error::new(Class::Plan, "bad_option", format!("tokenize: {message}")).help(help))
        };
        match (self.boundary, self.on_overflow) {
            (Boundary::Part, _) => Ok(()),
            (Boundary::Whole, _) if is_pair => wrong(
                "boundary=\"whole\" is for conversations",
                "leave it out: prompt and completion are encoded separately",
            ),
            (Boundary::Whole, OnOverflow::TruncatePromptLeft) => wrong(
                "on_overflow=\"truncate_prompt_left\" needs a boundary between prompt and answer",
                "choose boundary=\"part\", or another on_overflow",
            ),
            (Boundary::Whole, _) => Ok(()),
        }
    }
}

/// What ends each row: EOS, so that the model learns to stop, unless the stop is a control token with the same
/// effect.
fn end(format: &PromptFormat, tokenizer: &LoadedTokenizer) -> Result<End> {
    let stop_is_control = !tokenizer.control.tokens().written(format.stop()).is_empty();
    match (format.eos(), tokenizer.eos_id) {
        (Some(false), _) => Ok(End::Stop),
        (None, _) if stop_is_control => Ok(End::ControlToken),
        (_, Some(id)) => Ok(End::Eos(id)),
        (None, None) if !format.stop().is_empty() => Ok(End::NoEos),
        (_, None) => Err(Error::new(Class::Plan, "no_eos", "tokenize: the tokenizer has no EOS token").help(
            "give the folder with tokenizer_config.json, or a transformers tokenizer, or a stop and no eos",
        )),
    }
}
