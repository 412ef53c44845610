//! Reads the parts of JSON that hold no other values.

use super::error::{JsonError, Why};
use super::string;
use super::value::{Kind, Value};

/// A place in a line, and what is read from there on.
pub(super) struct Cursor<'a> {
    pub(crate) line: &'a [u8],
    pub(crate) at: usize,
}

impl Cursor<'_> {
    pub(crate) fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    pub(crate) fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    pub(crate) fn error(&self, why: Why) -> JsonError {
        JsonError::new(self.line, self.at, why)
    }

    /// The byte at the cursor cannot stand there.
    #[cold]
    pub(crate) fn unexpected(&self) -> JsonError {
        let rest = &self.line[self.at..];
        let shown = String::from_utf8_lossy(&rest[..rest.len().min(4)]).chars().next();
        self.error(shown.map_or(Why::End, Why::Unexpected))
    }

    pub(crate) fn take(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    /// A key and its colon.
    pub(crate) fn key(&mut self) -> Result<Value, JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        let key = self.string()?;
        self.space();
        self.take(b':')?;
        Ok(key)
    }

    pub(crate) fn string(&mut self) -> Result<Value, JsonError> {
        let start = self.at;
        let (end, escaped) = string::skip(self.line, start)?;
        self.at = end;
        Ok(Value { kind: Kind::String, start, end, escaped })
    }

    /// A number, `true`, `false` or `null`.
    pub(crate) fn scalar(&mut self) -> Result<Kind, JsonError> {
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
