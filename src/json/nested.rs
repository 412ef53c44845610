//! Checks nested values up to the allowed depth, without recursion.

use super::cursor::Cursor;
use super::error::{JsonError, Why};
use super::value::Value;
use crate::limits::MAX_JSON_DEPTH;

/// A part of a JSON text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    /// An object begins.
    Object,
    /// An array begins.
    Array,
    /// The innermost object or array ends.
    End,
    /// The key of the value that comes next.
    Key(Value),
    /// A string, a number, a bool, or null.
    Value(Value),
}

impl Cursor<'_> {
    /// Reads the array or object at the cursor with all values in it, and calls `see` for each part of it in order. A
    /// stack of bits takes the place of recursion.
    pub(crate) fn container(&mut self, depth: usize, mut see: impl FnMut(Part)) -> Result<(), JsonError> {
        let mut open = Open { depth, base: depth, objects: [0; MAX_JSON_DEPTH.div_ceil(64)] };
        loop {
            // A value begins here.
            self.skip_space();
            let begun = match self.peek() {
                Some(b @ (b'{' | b'[')) => {
                    if !open.push(b == b'{') {
                        return Err(self.error(Why::Depth));
                    }
                    see(if b == b'{' { Part::Object } else { Part::Array });
                    self.position += 1;
                    self.skip_space();
                    if self.peek() == Some(if b == b'{' { b'}' } else { b']' }) {
                        self.position += 1;
                        open.pop();
                        see(Part::End);
                        false
                    } else {
                        if b == b'{' {
                            see(Part::Key(self.key()?));
                        }
                        true
                    }
                }
                Some(b'"') => {
                    see(Part::Value(self.string()?));
                    false
                }
                _ => {
                    let start = self.position;
                    let kind = self.scalar()?;
                    see(Part::Value(Value { kind, start, end: self.position, escaped: false }));
                    false
                }
            };
            if begun {
                continue;
            }
            // A value ends here: close the containers that end after it.
            loop {
                if open.is_empty() {
                    return Ok(());
                }
                self.skip_space();
                match (self.peek(), open.in_object()) {
                    (Some(b','), in_object) => {
                        self.position += 1;
                        if in_object {
                            self.skip_space();
                            see(Part::Key(self.key()?));
                        }
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.position += 1;
                        open.pop();
                        see(Part::End);
                    }
                    _ => return Err(self.unexpected()),
                }
            }
        }
    }
}

/// The open containers: one bit each, set for an object.
struct Open {
    depth: usize,
    base: usize,
    objects: [u64; MAX_JSON_DEPTH.div_ceil(64)],
}

impl Open {
    /// Opens another container; false if that is nested too deep.
    fn push(&mut self, object: bool) -> bool {
        if self.depth >= MAX_JSON_DEPTH {
            return false;
        }
        let bit = 1 << (self.depth % 64);
        let word = &mut self.objects[self.depth / 64];
        *word = if object { *word | bit } else { *word & !bit };
        self.depth += 1;
        true
    }

    fn pop(&mut self) {
        self.depth -= 1;
    }

    fn is_empty(&self) -> bool {
        self.depth == self.base
    }

    fn in_object(&self) -> bool {
        let last = self.depth - 1;
        self.objects[last / 64] >> (last % 64) & 1 == 1
    }
}
