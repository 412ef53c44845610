//! How a template sees the arguments of calls that are text.

use crate::word::Word;

/// How a template sees the arguments of calls that are text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ToolArguments {
    /// Text that is a JSON object is that object.
    #[default]
    Parse,
    /// As the data has them.
    Verbatim,
}

impl ToolArguments {
    /// Whether it is what holds where nothing is said.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(crate) fn is_default(&self) -> bool {
        *self == ToolArguments::default()
    }
}

impl Word for ToolArguments {
    const ALL: &'static [Self] = &[ToolArguments::Parse, ToolArguments::Verbatim];

    fn name(self) -> &'static str {
        match self {
            ToolArguments::Parse => "parse",
            ToolArguments::Verbatim => "verbatim",
        }
    }
}
