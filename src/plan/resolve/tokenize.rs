//! `tokenize`.

use std::sync::Arc;

use super::builder::Builder;
use super::stages::Counted;
use crate::error::{Class, Error, Result};
use crate::format::PromptFormat;
use crate::plan::TokenizeStep;
use crate::plan::columns::not_tokenized;
use crate::plan::explain::detail;
use crate::tokenize::{End, LoadedTokenizer, TokenizeOptions, TokenizeStage};

impl Builder<'_> {
    pub fn tokenize(&mut self, number: usize, step: &TokenizeStep) -> Result<()> {
        let Some(format) = self.out.format.clone() else {
            return Err(Error::new(Class::Plan, "not_formatted", "tokenize: the rows are not proven yet").help(
                "put .format(PromptFormat(...)) before it; data that already ends in separator and stop is \
                 recognised and not given a second one",
            ));
        };
        not_tokenized(self.visible().iter().map(String::as_str))?;
        let tokenizer = step.tokenizer.load()?;
        let end = end(&format, &tokenizer)?;
        let limit = step.max_length.map_or("none".into(), |n| n.to_string());
        self.say(
            "tokenize",
            &format!(
                "{}, {} ids; max_length={limit}; on_overflow={}; special_tokens={}; add_bos={}; eos={}; keep_text={}",
                step.tokenizer.label(),
                tokenizer.vocab_size,
                step.on_overflow.name(),
                step.special_tokens.name(),
                step.add_bos,
                end.shown(&tokenizer),
                step.keep_text
            ),
            "map",
        );
        self.out.lines.push(detail(&format!("engine: {}", tokenizer.engine())));
        if let Some(n) = step.verify {
            self.out.lines.push(detail(&format!("verify: the first of every {n} rows, against tokenizers")));
        }
        for warning in &tokenizer.warnings {
            self.out.lines.push(detail(&format!("warning: {warning}")));
        }
        for note in &tokenizer.notes {
            self.out.lines.push(detail(&format!("note: {note}")));
        }
        let options = TokenizeOptions {
            max_length: step.max_length,
            on_overflow: step.on_overflow,
            special_tokens: step.special_tokens,
            end,
            add_bos: step.add_bos,
            keep_text: step.keep_text,
            verify: step.verify,
            separator: Some(format.separator().to_string()).filter(|separator| !separator.is_empty()),
            stop: Some(format.stop().to_string()).filter(|stop| !stop.is_empty()),
            marks_are_unique: format.marks_are_unique(),
        };
        self.out.tokenizer = Some(Arc::clone(&tokenizer));
        self.out.max_length = step.max_length;
        self.out.end = Some(end);
        self.map(number, Counted::Yes, TokenizeStage::new(&tokenizer, options)?)
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
