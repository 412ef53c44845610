//! Splits a record into its fields.

use memchr::{memchr, memchr2};

use super::syntax::Syntax;

/// A field of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// Its text within the record, without the quotes around it.
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) form: Form,
}

/// How a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Without quotes around it.
    Plain,
    /// Within quotes.
    Quoted,
    /// Within quotes, with two quotes for each quote of its text.
    Doubled,
}

/// What is wrong with a record, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    pub(super) offset: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// Text after the quote that ends a quoted field.
    AfterQuote,
    /// A quoted field does not end. Records that were cut at their ends have no such field.
    Unclosed,
    /// A carriage return outside quotes, or after the quote that ends a field.
    Return,
}

impl Field {
    /// The bytes of the field as written, without the quotes around it.
    pub(super) fn raw<'a>(&self, record: &'a [u8]) -> &'a [u8] {
        &record[self.start as usize..self.end as usize]
    }

    /// Whether nothing is written, not even quotes: the value is null.
    pub(super) fn is_null(&self) -> bool {
        self.form == Form::Plain && self.start == self.end
    }
}

/// Splits a record, which has no line end, into fields.
///
/// # Errors
/// The first fault of the record.
pub(super) fn split(record: &[u8], syntax: Syntax, fields: &mut Vec<Field>) -> Result<(), Fault> {
    fields.clear();
    let mut start = 0;
    loop {
        let next = match syntax.quote {
            Some(quote) if record.get(start) == Some(&quote) => {
                let Some((end, form)) = closing(record, start, quote) else {
                    return Err(Fault { kind: FaultKind::Unclosed, offset: start });
                };
                fields.push(Field { start: start as u32 + 1, end: end as u32, form });
                end + 1
            }
            _ => {
                let end = memchr2(syntax.separator, b'\r', &record[start..]);
                let end = end.map_or(record.len(), |i| start + i);
                fields.push(Field { start: start as u32, end: end as u32, form: Form::Plain });
                end
            }
        };
        match record.get(next) {
            None => return Ok(()),
            Some(&byte) if byte == syntax.separator => start = next + 1,
            Some(b'\r') => return Err(Fault { kind: FaultKind::Return, offset: next }),
            Some(_) => return Err(Fault { kind: FaultKind::AfterQuote, offset: next }),
        }
    }
}

/// Where the quote is that ends the field opened at `open`, and the form of the field.
fn closing(record: &[u8], open: usize, quote: u8) -> Option<(usize, Form)> {
    let (mut at, mut form) = (open + 1, Form::Quoted);
    loop {
        let close = at + memchr(quote, record.get(at..)?)?;
        if record.get(close + 1) != Some(&quote) {
            return Some((close, form));
        }
        (at, form) = (close + 2, Form::Doubled);
    }
}

/// Appends the text of a field with doubled quotes.
pub(super) fn unquote(raw: &[u8], quote: u8, out: &mut Vec<u8>) {
    out.reserve(raw.len());
    let mut start = 0;
    while let Some(first) = raw.get(start..).and_then(|rest| memchr(quote, rest)).map(|i| start + i) {
        out.extend_from_slice(&raw[start..=first]);
        // The second of the two quotes.
        start = first + 2;
    }
    out.extend_from_slice(raw.get(start..).unwrap_or_default());
}
