//! A strict JSON scanner (RFC 8259) over one line: checks all of it, and hands out the members of its object.
//!
//! Nothing is copied and nothing recurses. Text must be known to be UTF-8. A lone surrogate escape is valid
//! JSON; it fails only where the string is decoded ([`decode_string`]).

mod nested;
mod string;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::limits::MAX_JSON_DEPTH;

pub use string::decode as decode_string;

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

/// Why a line is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// This character cannot stand here.
    Unexpected(char),
    /// The line ends too early.
    End,
    /// A control character in a string.
    Control,
    /// A backslash that begins no escape.
    Escape,
    /// More text after the value.
    Trailing,
    /// Nested deeper than [`MAX_JSON_DEPTH`].
    Depth,
    /// `NaN` or `Infinity`, as Python writes them.
    NotANumber,
}

/// The first place where a line is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonError {
    /// Byte offset in the line.
    pub offset: usize,
    /// What is wrong there.
    pub why: Why,
}

impl JsonError {
    #[cold]
    fn new(line: &[u8], offset: usize, why: Why) -> Self {
        JsonError { offset: offset.min(line.len()), why }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            Why::Unexpected(c) => write!(f, "unexpected `{}`", c.escape_debug()),
            Why::End => write!(f, "the line ends too early"),
            Why::Control => write!(f, "control character in string"),
            Why::Escape => write!(f, "not an escape"),
            Why::Trailing => write!(f, "trailing text after the value"),
            Why::Depth => write!(f, "nested deeper than {MAX_JSON_DEPTH}"),
            Why::NotANumber => write!(f, "NaN and Infinity are not JSON: write null"),
        }?;
        write!(f, " at byte {} of the line", self.offset)
    }
}

/// The value of a [`Kind::Int`], where 64 bits hold it.
pub fn int64(raw: &[u8]) -> Option<i64> {
    std::str::from_utf8(raw).ok()?.parse().ok()
}

/// The value of a number, where it is not beyond what a float can hold.
pub fn float64(raw: &[u8]) -> Option<f64> {
    std::str::from_utf8(raw).ok()?.parse().ok().filter(|v: &f64| v.is_finite())
}

/// The value of a number, where a float holds it exactly; a number with a fraction counts as what a float makes of it.
pub fn exact_float64(raw: &[u8]) -> Option<f64> {
    // Fewer digits fit for sure. Rust writes a float without an exponent, so whole numbers compare by their text.
    const FEW: usize = 15;
    let whole = || raw.iter().all(|b| matches!(b, b'-' | b'0'..=b'9'));
    float64(raw).filter(|value| raw.len() <= FEW || !whole() || value.to_string().as_bytes() == raw)
}

/// Scans a line whole. Each member of its object goes to `member`: the key as a string [`Value`], then the
/// value, in order, repeated keys included. Returns the value itself, which may be no object (then `member`
/// was never called). On an error `member` may have seen the members before it.
pub fn scan(line: &[u8], member: impl FnMut(Value, Value)) -> Result<Value, JsonError> {
    let mut cursor = Cursor { line, at: 0 };
    cursor.space();
    let value = match cursor.peek() {
        Some(b'{') => cursor.object(member)?,
        _ => cursor.value(0)?,
    };
    cursor.space();
    if cursor.at < line.len() {
        return Err(cursor.error(Why::Trailing));
    }
    Ok(value)
}

struct Cursor<'a> {
    line: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn error(&self, why: Why) -> JsonError {
        JsonError::new(self.line, self.at, why)
    }

    /// The byte at the cursor cannot stand there.
    #[cold]
    fn unexpected(&self) -> JsonError {
        let rest = &self.line[self.at..];
        let shown = String::from_utf8_lossy(&rest[..rest.len().min(4)]).chars().next();
        self.error(shown.map_or(Why::End, Why::Unexpected))
    }

    fn take(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    /// The top-level object.
    fn object(&mut self, mut member: impl FnMut(Value, Value)) -> Result<Value, JsonError> {
        let start = self.at;
        self.take(b'{')?;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                let key = self.key()?;
                self.space();
                let value = self.value(1)?;
                member(key, value);
                self.space();
                match self.peek() {
                    Some(b',') => self.at += 1,
                    Some(b'}') => break self.at += 1,
                    _ => return Err(self.unexpected()),
                }
                self.space();
            }
        }
        Ok(Value { kind: Kind::Object, start, end: self.at, escaped: false })
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<Value, JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        let key = self.string()?;
        self.space();
        self.take(b':')?;
        Ok(key)
    }

    /// A value at the cursor, inside `depth` containers.
    fn value(&mut self, depth: usize) -> Result<Value, JsonError> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'"') => return self.string(),
            Some(b'{') => {
                self.container(depth)?;
                Kind::Object
            }
            Some(b'[') => {
                self.container(depth)?;
                Kind::Array
            }
            _ => self.scalar()?,
        };
        Ok(Value { kind, start, end: self.at, escaped: false })
    }

    fn string(&mut self) -> Result<Value, JsonError> {
        let start = self.at;
        let (end, escaped) = string::skip(self.line, start)?;
        self.at = end;
        Ok(Value { kind: Kind::String, start, end, escaped })
    }

    /// A number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Result<Kind, JsonError> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true", Kind::Bool),
            Some(b'f') => self.word(b"false", Kind::Bool),
            Some(b'n') => self.word(b"null", Kind::Null),
            Some(b'N' | b'I') => Err(self.not_a_number()),
            _ => Err(self.unexpected()),
        }
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Result<Kind, JsonError> {
        for &byte in word {
            self.take(byte)?;
        }
        Ok(kind)
    }

    #[cold]
    fn not_a_number(&self) -> JsonError {
        let rest = &self.line[self.at..];
        if rest.starts_with(b"NaN") || rest.starts_with(b"Infinity") {
            self.error(Why::NotANumber)
        } else {
            self.unexpected()
        }
    }

    fn number(&mut self) -> Result<Kind, JsonError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            Some(b'I') => return Err(self.not_a_number()),
            _ => return Err(self.unexpected()),
        }
        let mut kind = Kind::Int;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
            kind = Kind::Float;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
            kind = Kind::Float;
        }
        Ok(kind)
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected()) } else { Ok(()) }
    }
}
