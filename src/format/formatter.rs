//! Formats rows: the renderer, the prover and the scanner of a format and its options.

use super::on_collision::OnCollision;
use super::options::FormatOptions;
use super::prompt_format::PromptFormat;
use super::prove::Prover;
use super::render::Renderer;
use super::special_tokens::Scanner;
use crate::error::Result;
use crate::limits::TEXT_BUFFER_BYTES;
use crate::record::SpecialPolicy;

/// A format and its options, ready to format batches.
pub(super) struct Formatter {
    pub(crate) renderer: Renderer,
    pub(crate) options: FormatOptions,
    pub(crate) prover: Prover,
    pub(crate) special: Option<(Scanner, SpecialPolicy)>,
    /// Whether rows with a blank prompt are rejected. A template without columns may be blank.
    pub(crate) prompt_may_not_be_blank: bool,
    /// Whether the ranges of text that come from columns are needed.
    pub(crate) with_fields: bool,
    pub(crate) page_bytes: usize,
}

impl Formatter {
    /// A formatter for this format. Errors: `internal`.
    pub(crate) fn new(format: PromptFormat, options: FormatOptions) -> Result<Self> {
        let special = match &options.special_tokens {
            Some(tokens) => Some((Scanner::new(&tokens.tokens)?, tokens.policy)),
            None => None,
        };
        let prover = Prover::new(&format);
        let prompt_may_not_be_blank = !format.prompt().columns().is_empty();
        let with_fields = special.is_some() || options.on_collision == OnCollision::InsertSpace;
        let renderer = Renderer::new(format, options.rendered_by.clone());
        let page_bytes = TEXT_BUFFER_BYTES;
        Ok(Formatter { renderer, options, prover, special, prompt_may_not_be_blank, with_fields, page_bytes })
    }
}
