//! Texts within a value.

/// Finds the texts within a value, such as those of messages.
pub(crate) trait FindTexts: Send + Sync {
    /// The texts.
    ///
    /// # Errors
    /// Why the value holds none.
    fn texts(&self, value: &str) -> Result<Vec<String>, String>;
}
