//! Values inside values: checked to any allowed depth, without recursion.

use super::cursor::Cursor;
use super::error::{JsonError, Why};
use crate::limits::MAX_JSON_DEPTH;

impl Cursor<'_> {
    /// An array or object at the cursor with all it holds, by a stack of bits instead of recursion.
    pub(crate) fn container(&mut self, depth: usize) -> Result<(), JsonError> {
        let mut open = Open { depth, base: depth, objects: [0; MAX_JSON_DEPTH.div_ceil(64)] };
        loop {
            // A value begins here.
            self.space();
            let begun = match self.peek() {
                Some(b @ (b'{' | b'[')) => {
                    if !open.push(b == b'{') {
                        return Err(self.error(Why::Depth));
                    }
                    self.at += 1;
                    self.space();
                    if self.peek() == Some(if b == b'{' { b'}' } else { b']' }) {
                        self.at += 1;
                        open.pop();
                        false
                    } else {
                        if b == b'{' {
                            self.key()?;
                        }
                        true
                    }
                }
                Some(b'"') => {
                    self.string()?;
                    false
                }
                _ => {
                    self.scalar()?;
                    false
                }
            };
            if begun {
                continue;
            }
            // A value has ended here: close what closes.
            loop {
                if open.is_empty() {
                    return Ok(());
                }
                self.space();
                match (self.peek(), open.in_object()) {
                    (Some(b','), in_object) => {
                        self.at += 1;
                        if in_object {
                            self.space();
                            self.key()?;
                        }
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        open.pop();
                    }
                    _ => return Err(self.unexpected()),
                }
            }
        }
    }
}

/// The containers that are open: one bit each, set for an object.
struct Open {
    depth: usize,
    base: usize,
    objects: [u64; MAX_JSON_DEPTH.div_ceil(64)],
}

impl Open {
    /// Opens one more; false where that would be too deep.
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
