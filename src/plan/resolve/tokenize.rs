//! `tokenize`.

use std::sync::Arc;

use super::builder::Builder;
use super::stages::Counted;
use crate::error::{Class, Error, Result};
use crate::plan::TokenizeStep;
use crate::plan::columns::not_tokenized;
use crate::plan::explain::detail;
use crate::tokenize::{TokenizeOptions, TokenizeStage};

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
        let eos_id = match (format.eos(), tokenizer.eos_id) {
            (false, _) => None,
            (true, Some(id)) => Some(id),
            (true, None) => {
                return Err(Error::new(Class::Plan, "no_eos", "tokenize: the tokenizer names no EOS token").help(
                    "give the folder with tokenizer_config.json, or a transformers tokenizer, or leave eos out",
                ));
            }
        };
        let limit = step.max_length.map_or("none".into(), |n| n.to_string());
        self.say(
            "tokenize",
            &format!(
                "{}, {} ids; max_length={limit}; on_overflow={}; special_tokens={}; add_bos={}; keep_text={}",
                step.tokenizer.label(),
                tokenizer.vocab_size,
                step.on_overflow.name(),
                step.special_tokens.name(),
                step.add_bos,
                step.keep_text
            ),
            "map",
        );
        self.out.lines.push(detail(&format!("engine: {}", tokenizer.engine())));
        if let Some(n) = step.verify {
            self.out.lines.push(detail(&format!("verify: the first of every {n} rows, against tokenizers")));
        }
        for note in &tokenizer.notes {
            self.out.lines.push(detail(&format!("note: {note}")));
        }
        let options = TokenizeOptions {
            max_length: step.max_length,
            on_overflow: step.on_overflow,
            special_tokens: step.special_tokens,
            eos_id,
            add_bos: step.add_bos,
            keep_text: step.keep_text,
            verify: step.verify,
            stop: Some(format.stop().to_string()),
        };
        self.out.tokenizer = Some(Arc::clone(&tokenizer));
        self.out.max_length = step.max_length;
        self.map(number, Counted::Yes, TokenizeStage::new(&tokenizer, options)?)
    }
}
