//! The stage of `format`.

use super::formatter::Formatter;
use super::formatting::Formatting;
use super::options::FormatOptions;
use super::prompt_format::PromptFormat;
use crate::error::Result;
use crate::flow::Map;
use crate::record::Batch;
use crate::report::StepCounts;

/// The stage of `format`: replaces the columns of the templates by `prompt`, which ends in the separator, and
/// `completion`, which ends in the stop, as the first columns. Both are views over one shared text.
pub(crate) struct FormatStage {
    pub(super) formatter: Formatter,
    /// The columns that the templates use, in order of first use. The stage removes them.
    pub(super) consumed: Vec<String>,
}

impl FormatStage {
    /// The stage of a format. Errors: `internal`.
    pub(crate) fn new(format: PromptFormat, options: FormatOptions) -> Result<Self> {
        let formatter = Formatter::new(format, options)?;
        let consumed = formatter.renderer.columns.iter().map(|c| c.name.clone()).collect();
        Ok(FormatStage { formatter, consumed })
    }
}

impl Map for FormatStage {
    fn map(&self, batch: Batch, counts: &mut StepCounts) -> Result<Batch> {
        let formatted = Formatting::run(&self.formatter, &batch, counts)?;
        formatted.apply(batch, &self.consumed, counts)
    }
}
