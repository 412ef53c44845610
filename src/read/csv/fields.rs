//! Splits a record into its fields.

use memchr::{memchr, memchr_iter};

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
    /// A carriage return outside quotes.
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
    let fault = |kind, offset| Err(Fault { kind, offset });
    let Some(quote) = syntax.quote.filter(|&quote| memchr(quote, record).is_some()) else {
        return split_plain(record, syntax, fields);
    };
    let mut start = 0;
    loop {
        let next = if record.get(start) == Some(&quote) {
            let (end, doubled) = match closing(record, start, quote) {
                Some(found) => found,
                None => return fault(FaultKind::Unclosed, start),
            };
            let form = if doubled { Form::Doubled } else { Form::Quoted };
            fields.push(Field { start: start as u32 + 1, end: end as u32, form });
            end + 1
        } else {
            let end = memchr(syntax.separator, &record[start..]).map_or(record.len(), |i| start + i);
            if let Some(offset) = memchr(b'\r', &record[start..end]) {
                return fault(FaultKind::Return, start + offset);
            }
            fields.push(Field { start: start as u32, end: end as u32, form: Form::Plain });
            end
        };
        match record.get(next) {
            None => return Ok(()),
            Some(&byte) if byte == syntax.separator => start = next + 1,
            Some(_) => return fault(FaultKind::AfterQuote, next),
        }
    }
}

/// Splits a record without quotes.
fn split_plain(record: &[u8], syntax: Syntax, fields: &mut Vec<Field>) -> Result<(), Fault> {
    if let Some(offset) = memchr(b'\r', record) {
        return Err(Fault { kind: FaultKind::Return, offset });
    }
    let mut start = 0;
    for end in memchr_iter(syntax.separator, record) {
        fields.push(Field { start, end: end as u32, form: Form::Plain });
        start = end as u32 + 1;
    }
    fields.push(Field { start, end: record.len() as u32, form: Form::Plain });
    Ok(())
}

/// Where the quote is that ends the field opened at `open`, and whether the field has doubled quotes.
fn closing(record: &[u8], open: usize, quote: u8) -> Option<(usize, bool)> {
    let (mut at, mut doubled) = (open + 1, false);
    loop {
        let close = at + memchr(quote, record.get(at..)?)?;
        if record.get(close + 1) != Some(&quote) {
            return Some((close, doubled));
        }
        (at, doubled) = (close + 2, true);
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
