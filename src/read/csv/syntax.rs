//! The characters that divide CSV into records and fields.

/// The characters that divide CSV into fields. Both are ASCII; neither is a line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Syntax {
    /// The character between two fields.
    pub(super) separator: u8,
    /// The character around quoted fields; `None` if no field is quoted.
    pub(super) quote: Option<u8>,
}

/// A record without its line feed; its length counts towards the limit.
pub(super) fn without_feed(record: &[u8]) -> &[u8] {
    record.strip_suffix(b"\n").unwrap_or(record)
}

/// The text of a record without its line end: a line feed, and the carriage returns before it. A program that writes
/// `\r\n` through a file in text mode of Windows writes `\r\r\n`.
pub(super) fn without_line_end(record: &[u8]) -> &[u8] {
    let mut text = without_feed(record);
    while let Some(shorter) = text.strip_suffix(b"\r") {
        text = shorter;
    }
    text
}

/// Whether a record is an empty line.
pub(super) fn is_blank(record: &[u8]) -> bool {
    matches!(record.first(), None | Some(b'\n' | b'\r')) && without_line_end(record).is_empty()
}
