//! Reads the parts of JSON that contain no other values: strings, numbers, `true`, `false`, `null`, and keys.

use super::error::{JsonError, Why};
use super::string;
use super::value::{Kind, Value};

/// A line and the position in it.
pub(super) struct Cursor<'a> {
    pub(crate) line: &'a [u8],
    pub(crate) position: usize,
}

impl Cursor<'_> {
    pub(crate) fn peek(&self) -> Option<u8> {
        self.line.get(self.position).copied()
    }

    pub(crate) fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.position += 1;
        }
    }

    pub(crate) fn error(&self, why: Why) -> JsonError {
        JsonError::new(self.line, self.position, why)
    }

    /// The error for a byte that is not allowed at this position.
    #[cold]
    pub(crate) fn unexpected(&self) -> JsonError {
        let rest = &self.line[self.position..];
        let shown = String::from_utf8_lossy(&rest[..rest.len().min(4)]).chars().next();
        self.error(shown.map_or(Why::End, Why::Unexpected))
    }

    pub(crate) fn expect_byte(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected());
        }
        self.position += 1;
        Ok(())
    }

    /// Reads a key and its colon.
    pub(crate) fn key(&mut self) -> Result<Value, JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        let key = self.string()?;
        self.skip_space();
        self.expect_byte(b':')?;
        Ok(key)
    }

    pub(crate) fn string(&mut self) -> Result<Value, JsonError> {
        let start = self.position;
        let (end, escaped) = string::skip(self.line, start)?;
        self.position = end;
        Ok(Value { kind: Kind::String, start, end, escaped })
    }

    /// Reads a number, `true`, `false` or `null`.
    pub(crate) fn scalar(&mut self) -> Result<Kind, JsonError> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal(b"true", Kind::Bool),
            Some(b'f') => self.literal(b"false", Kind::Bool),
            Some(b'n') => self.literal(b"null", Kind::Null),
            Some(b'N' | b'I') => Err(self.not_a_number()),
            _ => Err(self.unexpected()),
        }
    }

    fn literal(&mut self, literal: &[u8], kind: Kind) -> Result<Kind, JsonError> {
        for &byte in literal {
            self.expect_byte(byte)?;
        }
        Ok(kind)
    }

    #[cold]
    fn not_a_number(&self) -> JsonError {
        let rest = &self.line[self.position..];
        if rest.starts_with(b"NaN") || rest.starts_with(b"Infinity") {
            self.error(Why::NotANumber)
        } else {
            self.unexpected()
        }
    }

    fn number(&mut self) -> Result<Kind, JsonError> {
        if self.peek() == Some(b'-') {
            self.position += 1;
        }
        match self.peek() {
            Some(b'0') => self.position += 1,
            Some(b'1'..=b'9') => self.digits()?,
            Some(b'I') => return Err(self.not_a_number()),
            _ => return Err(self.unexpected()),
        }
        let mut kind = Kind::Int;
        if self.peek() == Some(b'.') {
            self.position += 1;
            self.digits()?;
            kind = Kind::Float;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.position += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.position += 1;
            }
            self.digits()?;
            kind = Kind::Float;
        }
        Ok(kind)
    }

    /// Reads one digit or more.
    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.position;
        while let Some(b'0'..=b'9') = self.peek() {
            self.position += 1;
        }
        if self.position == start { Err(self.unexpected()) } else { Ok(()) }
    }
}
