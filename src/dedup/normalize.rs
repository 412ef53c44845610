//! When two texts count as the same.

use unicode_normalization::UnicodeNormalization;

/// What is levelled before keys are made; nothing by default. The text itself is never changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Normalize {
    /// Unicode form NFKC.
    pub unicode: bool,
    /// Lower case.
    pub case: bool,
    /// Runs of white space become one space; none at the ends.
    pub whitespace: bool,
}

impl Normalize {
    /// How `explain` and recipes call it: `raw`, or the parts.
    pub fn name(self) -> String {
        let parts = [(self.unicode, "unicode"), (self.case, "case"), (self.whitespace, "whitespace")];
        let on: Vec<&str> = parts.into_iter().filter_map(|(on, name)| on.then_some(name)).collect();
        if on.is_empty() { "raw".into() } else { on.join("+") }
    }

    /// The bytes to hash: `value` itself where nothing is to be levelled, else made in `buffer`.
    pub fn apply<'a>(self, value: &'a [u8], buffer: &'a mut String) -> &'a [u8] {
        if self == Normalize::default() {
            return value;
        }
        // Only text columns come here with UTF-8; others have no case and no white space to level.
        let Ok(text) = std::str::from_utf8(value) else { return value };
        let mut text = std::borrow::Cow::Borrowed(text);
        if self.unicode && !text.is_ascii() {
            text = text.nfkc().collect::<String>().into();
        }
        if self.case {
            text = text.to_lowercase().into();
            if self.unicode && !text.is_ascii() {
                // Lower-casing may leave a form that NFKC changes again.
                text = text.nfkc().collect::<String>().into();
            }
        }
        buffer.clear();
        if self.whitespace {
            for word in text.split_whitespace() {
                if !buffer.is_empty() {
                    buffer.push(' ');
                }
                buffer.push_str(word);
            }
        } else {
            buffer.push_str(&text);
        }
        buffer.as_bytes()
    }
}
