//! A value within its line: what it is, and where.

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number without fraction and exponent, of any size.
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
    /// How messages call it.
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

/// A value within its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    /// What it is.
    pub kind: Kind,
    /// Offset of its first byte in the line.
    pub start: usize,
    /// Offset after its last byte; strings include their quotes.
    pub end: usize,
    /// Whether it is a string with escapes.
    pub escaped: bool,
}

impl Value {
    /// Its JSON text.
    pub fn raw(self, line: &[u8]) -> &[u8] {
        &line[self.start..self.end]
    }

    /// What stands between the quotes of a string.
    pub fn inner(self, line: &[u8]) -> &[u8] {
        &line[self.start + 1..self.end - 1]
    }
}
