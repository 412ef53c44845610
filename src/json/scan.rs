//! Scans a line.

use super::cursor::Cursor;
use super::error::{JsonError, Why};
use super::nested::Part;
use super::value::{Kind, Value};

/// Scans a whole line and returns its value. If it is an object, calls `member` for each member in order, repeated
/// keys included, with the key as a string [`Value`] and the value. On an error, `member` may have been called for
/// the members before it.
pub fn scan(line: &[u8], member: impl FnMut(Value, Value)) -> Result<Value, JsonError> {
    let mut cursor = Cursor { line, position: 0 };
    cursor.skip_space();
    let value = match cursor.peek() {
        Some(b'{') => cursor.object(member)?,
        _ => cursor.value(0)?,
    };
    cursor.skip_space();
    if cursor.position < line.len() {
        return Err(cursor.error(Why::Trailing));
    }
    Ok(value)
}

/// Scans a whole text and calls `see` for each part of it, at any depth, in order.
pub(crate) fn scan_parts(text: &[u8], mut see: impl FnMut(Part)) -> Result<(), JsonError> {
    let mut cursor = Cursor { line: text, position: 0 };
    cursor.skip_space();
    match cursor.peek() {
        Some(b'{' | b'[') => cursor.container(0, see)?,
        _ => see(Part::Value(cursor.value(0)?)),
    }
    cursor.skip_space();
    if cursor.position < text.len() { Err(cursor.error(Why::Trailing)) } else { Ok(()) }
}

/// Scans a whole text, which must be an array, and calls `element` for each of its elements in order. On an error,
/// `element` may have been called for the elements before it.
pub fn scan_array(text: &[u8], mut element: impl FnMut(Value)) -> Result<(), JsonError> {
    let mut cursor = Cursor { line: text, position: 0 };
    cursor.skip_space();
    cursor.expect_byte(b'[')?;
    cursor.skip_space();
    if cursor.peek() == Some(b']') {
        cursor.position += 1;
    } else {
        loop {
            cursor.skip_space();
            element(cursor.value(1)?);
            cursor.skip_space();
            match cursor.peek() {
                Some(b',') => cursor.position += 1,
                Some(b']') => break cursor.position += 1,
                _ => return Err(cursor.unexpected()),
            }
        }
    }
    cursor.skip_space();
    if cursor.position < text.len() { Err(cursor.error(Why::Trailing)) } else { Ok(()) }
}

impl Cursor<'_> {
    /// Reads the top-level object.
    fn object(&mut self, mut member: impl FnMut(Value, Value)) -> Result<Value, JsonError> {
        let start = self.position;
        self.expect_byte(b'{')?;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.position += 1;
        } else {
            loop {
                let key = self.key()?;
                self.skip_space();
                let value = self.value(1)?;
                member(key, value);
                self.skip_space();
                match self.peek() {
                    Some(b',') => self.position += 1,
                    Some(b'}') => break self.position += 1,
                    _ => return Err(self.unexpected()),
                }
                self.skip_space();
            }
        }
        Ok(Value { kind: Kind::Object, start, end: self.position, escaped: false })
    }

    /// Reads the value at the cursor, inside `depth` containers.
    fn value(&mut self, depth: usize) -> Result<Value, JsonError> {
        let start = self.position;
        let kind = match self.peek() {
            Some(b'"') => return self.string(),
            Some(b'{') => {
                self.container(depth, |_| {})?;
                Kind::Object
            }
            Some(b'[') => {
                self.container(depth, |_| {})?;
                Kind::Array
            }
            _ => self.scalar()?,
        };
        Ok(Value { kind, start, end: self.position, escaped: false })
    }
}
