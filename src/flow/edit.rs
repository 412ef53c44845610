//! Repairs of text.

/// A repair of one text, which depends on that text alone.
pub(crate) trait Edit: Send + Sync {
    /// The new text; none if it stays as it is. Calls `replaced` for each piece that is replaced by a placeholder, with its
    /// kind.
    fn edit(&self, text: &str, replaced: &mut dyn FnMut(&'static str)) -> Option<String>;

    /// Whether it edits the arguments of calls of tools in messages as well: JSON, or a text of JSON.
    fn reaches_calls(&self) -> bool {
        false
    }
}
