//! Scans a line.

use super::cursor::Cursor;
use super::error::{JsonError, Why};
use super::value::{Kind, Value};

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

impl Cursor<'_> {
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
}
