//! `format`: renders rows to prompt and completion, and proves that separator and stop mean nothing else.

mod foreign;
mod marks;
pub mod prompt_format;
mod prompt_key;
pub mod prove;
mod render;
mod run;
mod space;
mod special;
pub mod template;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use marks::{Mark, Written};
pub use prompt_format::{PromptFormat, Rendered};
pub use prompt_key::PromptKeyStage;
pub use prove::{Collision, Prover, Site};
pub use special::SpecialTokens;
pub use template::{Column, Template};

use render::Renderer;
use run::Run;
use special::Scanner;

use crate::error::Result;
use crate::flow::Map;
use crate::limits::TEXT_BUFFER_BYTES;
use crate::record::{Batch, Policy, SpecialPolicy};
use crate::report::StepCounts;
use crate::word::Word;

/// What is done with a row in which separator or stop occur where the format did not put them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnCollision {
    /// The row is taken out.
    Remove(Policy),
    /// A space breaks each match, within text of columns only; a row that collides still is rejected.
    InsertSpace,
}

impl Word for OnCollision {
    const ALL: &'static [Self] = &[
        OnCollision::Remove(Policy::Reject),
        OnCollision::Remove(Policy::Drop),
        OnCollision::Remove(Policy::Raise),
        OnCollision::InsertSpace,
    ];

    fn name(self) -> &'static str {
        match self {
            OnCollision::Remove(policy) => policy.name(),
            OnCollision::InsertSpace => "insert_space",
        }
    }
}

/// What `format` does beside rendering and proving.
#[derive(Debug, Clone)]
pub struct FormatOptions {
    /// Default: rows are rejected.
    pub on_collision: OnCollision,
    /// Control tokens of the tokenizer that follows, where one does. Default: none, nothing is searched.
    pub special_tokens: Option<SpecialTokens>,
    /// The format that rendered the text of the columns before: what its templates wrote is not taken for data.
    /// Default: none.
    pub rendered_by: Option<PromptFormat>,
    /// Whether to add the hidden column [`crate::record::schema::PROMPT_KEY`], for a split by prompt. Default: no.
    pub prompt_key: bool,
}

impl Default for FormatOptions {
    fn default() -> Self {
        FormatOptions {
            on_collision: OnCollision::Remove(Policy::Reject),
            special_tokens: None,
            rendered_by: None,
            prompt_key: false,
        }
    }
}

/// The stage: template columns go in; `prompt` (ending in the separator) and `completion` (ending in the stop)
/// come out, as views over one shared text, before the other columns.
pub struct FormatStage {
    renderer: Renderer,
    options: FormatOptions,
    prover: Prover,
    special: Option<(Scanner, SpecialPolicy)>,
    /// A prompt without columns is open-ended generation: it may be empty.
    prompt_may_not_be_blank: bool,
    /// Whether anything asks what of a text came from columns.
    with_fields: bool,
    page_bytes: usize,
    consumed: Vec<String>,
}

impl FormatStage {
    /// The stage of a format. Errors: `internal`.
    pub fn new(format: PromptFormat, options: FormatOptions) -> Result<Self> {
        let special = match &options.special_tokens {
            Some(tokens) => Some((Scanner::new(&tokens.tokens)?, tokens.policy)),
            None => None,
        };
        let prover = Prover::new(&format);
        let prompt_may_not_be_blank = !format.prompt().columns().is_empty();
        let with_fields = special.is_some() || options.on_collision == OnCollision::InsertSpace;
        let renderer = Renderer::new(format, options.rendered_by.clone());
        let consumed = renderer.columns.iter().map(|c| c.name.clone()).collect();
        let page_bytes = TEXT_BUFFER_BYTES;
        Ok(FormatStage {
            renderer,
            options,
            prover,
            special,
            prompt_may_not_be_blank,
            with_fields,
            page_bytes,
            consumed,
        })
    }

    /// The format.
    pub fn format(&self) -> &PromptFormat {
        &self.renderer.format
    }

    /// The columns that the templates use, in order of first use; the rows that come out do not have them.
    pub fn consumed(&self) -> Vec<String> {
        self.consumed.clone()
    }
}

impl Map for FormatStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let outcome = Run::of(self, &batch, counts)?;
        run::apply(batch, outcome, &self.consumed, counts)
    }
}
