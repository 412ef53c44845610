//! A JSON value: its kind, and its position in the line.

/// The kind of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number without a fraction and an exponent, of any size.
    Int,
    /// Any other number.
    Float,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// Its name in messages, with an article.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Bool => "a bool",
            Kind::Int => "an integer",
            Kind::Float => "a number",
            Kind::String => "a string",
            Kind::Array => "an array",
            Kind::Object => "an object",
        }
    }
}

/// A JSON value, by its position in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    /// The kind of the value.
    pub kind: Kind,
    /// Offset of its first byte in the line.
    pub start: usize,
    /// Offset after its last byte; strings include their quotes.
    pub end: usize,
    /// Whether it is a string with escapes.
    pub escaped: bool,
}

impl Value {
    /// The JSON text of the value.
    pub fn raw(self, line: &[u8]) -> &[u8] {
        &line[self.start..self.end]
    }

    /// The JSON between the quotes of a string.
    pub fn inner(self, line: &[u8]) -> &[u8] {
        &line[self.start + 1..self.end - 1]
    }
}
