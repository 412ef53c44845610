//! The names of the BOS, EOS and padding tokens.

/// The names of the BOS, EOS and padding tokens, which `tokenizer.json` itself does not hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenNames {
    /// The token that begins a text.
    pub bos: Option<String>,
    /// The token that ends a text.
    pub eos: Option<String>,
    /// The token that fills a batch.
    pub pad: Option<String>,
}
