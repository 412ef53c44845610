//! Finds where the elements of an array begin and end.
//!
//! Only what decides that is checked: the brackets, the strings, and the commas between elements. Whether an element
//! is valid JSON is checked when it is decoded.

use memchr::memchr2;

use super::brackets::Brackets;
use crate::limits::MAX_OPEN_BRACKETS;

/// A border of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Border {
    /// Its first byte is at this index.
    Begin(usize),
    /// Its last byte is before this index.
    End(usize),
}

/// What is wrong with the structure, so that the borders of elements are unknown from there on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The text begins with something else than `[`.
    NotAnArray,
    /// Something else than a comma or `]` follows an element.
    NoComma,
    /// No element is between a comma, or `[`, and this byte.
    NoElement,
    /// This byte closes a bracket of the other kind.
    Mismatch {
        /// Whether the innermost open bracket is `{`.
        curly: bool,
    },
    /// More than [`MAX_OPEN_BRACKETS`] brackets are open.
    TooDeep,
    /// Something follows the end of the array.
    AfterEnd,
}

/// Scans a text that arrives in blocks.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    state: State,
    /// The open brackets of the current element.
    open: Brackets,
}

/// Where in the array the scanner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    /// Before the array.
    #[default]
    Start,
    /// After `[`.
    First,
    /// After a comma between elements.
    Next,
    /// In an element, outside of strings.
    Brackets,
    /// In a string of an element; the last byte may be a backslash that escapes the next byte.
    String {
        /// Whether the next byte is escaped.
        escaped: bool,
    },
    /// In an element that is neither a string nor in brackets.
    Scalar,
    /// After an element.
    After,
    /// After the array.
    End,
}

impl Scanner {
    /// Where it is.
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// The next border at or after `position`, which is moved behind it; none if the text has no further border. A
    /// later call continues with the text that follows.
    ///
    /// # Errors
    /// A fault, at the byte at `position`.
    pub(crate) fn next(&mut self, text: &[u8], position: &mut usize) -> Result<Option<Border>, Fault> {
        loop {
            match self.state {
                State::Brackets => {
                    if self.brackets(text, position)? {
                        return Ok(Some(self.end(*position)));
                    }
                }
                State::String { escaped } => {
                    if self.string(text, position, escaped) && self.open.depth() == 0 {
                        return Ok(Some(self.end(*position)));
                    }
                }
                State::Scalar => {
                    let scalar = text[*position..].iter().position(|&b| ends_scalar(b));
                    *position = scalar.map_or(text.len(), |i| *position + i);
                    if scalar.is_some() {
                        return Ok(Some(self.end(*position)));
                    }
                }
                _ => {
                    let space = text[*position..].iter().position(|&b| !is_space(b));
                    *position = space.map_or(text.len(), |i| *position + i);
                    if space.is_some() {
                        let begin = *position;
                        if self.between(text[begin])? {
                            *position += usize::from(self.state != State::Scalar);
                            return Ok(Some(Border::Begin(begin)));
                        }
                        *position += 1;
                    }
                }
            }
            if *position == text.len() {
                return Ok(None);
            }
        }
    }

    fn end(&mut self, position: usize) -> Border {
        self.state = State::After;
        Border::End(position)
    }

    /// Takes a byte outside of elements that is not white space. Returns whether an element begins with it.
    fn between(&mut self, byte: u8) -> Result<bool, Fault> {
        self.state = match (self.state, byte) {
            (State::Start, b'[') => State::First,
            (State::Start, _) => return Err(Fault::NotAnArray),
            (State::After, b',') => State::Next,
            (State::First | State::After, b']') => State::End,
            (State::After, _) => return Err(Fault::NoComma),
            (State::End, _) => return Err(Fault::AfterEnd),
            (_, b',' | b']' | b'}') => return Err(Fault::NoElement),
            (_, b'"') => {
                self.state = State::String { escaped: false };
                return Ok(true);
            }
            (_, b'{' | b'[') => {
                self.open.push(byte == b'{');
                self.state = State::Brackets;
                return Ok(true);
            }
            _ => {
                self.state = State::Scalar;
                return Ok(true);
            }
        };
        Ok(false)
    }

    /// Skips to the end of the element. Returns whether it was found.
    fn brackets(&mut self, text: &[u8], position: &mut usize) -> Result<bool, Fault> {
        loop {
            *position = find_structural(text, *position);
            let Some(&byte) = text.get(*position) else { return Ok(false) };
            match byte {
                b'"' => {
                    *position += 1;
                    if !self.string(text, position, false) {
                        return Ok(false);
                    }
                    continue;
                }
                b'{' | b'[' => {
                    if self.open.depth() == MAX_OPEN_BRACKETS {
                        return Err(Fault::TooDeep);
                    }
                    self.open.push(byte == b'{');
                }
                _ => {
                    if !self.open.pop(byte == b'}') {
                        return Err(Fault::Mismatch { curly: self.open.innermost_is_curly() });
                    }
                    if self.open.depth() == 0 {
                        *position += 1;
                        return Ok(true);
                    }
                }
            }
            *position += 1;
        }
    }

    /// Skips to the end of a string. Returns whether it was found.
    fn string(&mut self, text: &[u8], position: &mut usize, escaped: bool) -> bool {
        *position += usize::from(escaped);
        while let Some(found) = memchr2(b'"', b'\\', text.get(*position..).unwrap_or_default()) {
            *position += found + 1;
            if text[*position - 1] == b'"' {
                self.state = State::Brackets;
                return true;
            }
            *position += 1;
        }
        self.state = State::String { escaped: *position > text.len() };
        *position = text.len();
        false
    }
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r')
}

/// The index of the first quote or bracket at or after `position`; the length if there is none.
fn find_structural(text: &[u8], mut position: usize) -> usize {
    // Most are near; only long numbers and lists of them are searched in words.
    const NEAR: usize = 8;
    let near = &text[position..text.len().min(position + NEAR)];
    if let Some(found) = near.iter().position(|&b| is_structural(b)) {
        return position + found;
    }
    position += near.len();
    while let Some(word) = text[position..].first_chunk::<8>() {
        let marks = mark_structural(u64::from_le_bytes(*word));
        if marks != 0 {
            return position + marks.trailing_zeros() as usize / 8;
        }
        position += 8;
    }
    text[position..].iter().position(|&b| is_structural(b)).map_or(text.len(), |i| position + i)
}

/// Sets the highest bit of each quote or bracket of a word. A borrow may also set it for a byte above one, so only the
/// lowest set bit is reliable.
fn mark_structural(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let every = |byte: u8| ONES * u64::from(byte);
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
    // `[` and `{`, and `]` and `}`, differ in one bit.
    let either = word | every(0x20);
    (zeros(either ^ every(b'{')) | zeros(either ^ every(b'}')) | zeros(word ^ every(b'"'))) & HIGHS
}

fn is_structural(b: u8) -> bool {
    matches!(b, b'"' | b'{' | b'}' | b'[' | b']')
}

fn ends_scalar(b: u8) -> bool {
    is_space(b) || is_structural(b) || b == b','
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structural_bytes_are_found_as_by_a_loop_over_bytes() {
        let mut text = vec![b'1'; 40];
        for byte in 0..=u8::MAX {
            for position in 0..text.len() {
                text[position] = byte;
                for from in [0, position / 2, position] {
                    let expected = (from..text.len()).find(|&i| is_structural(text[i]));
                    assert_eq!(
                        find_structural(&text, from),
                        expected.unwrap_or(text.len()),
                        "{byte:#x} at {position}"
                    );
                }
                text[position] = b'1';
            }
        }
        for (before, byte) in [(0x80, b'"'), (b'\'', b'['), (b'|', b'}'), (b']' - 1, b']')] {
            let text = [&[b'0'; 11][..], &[before, byte, before]].concat();
            assert_eq!(find_structural(&text, 0), 12);
        }
    }
}
