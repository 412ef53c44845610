//! Parts of a source, which can be read one by one. The rows of all parts, in order, are the rows of the whole
//! source, with the same numbers.

use std::io::{self, Read};
use std::ops::Range;

use memchr::{memchr, memchr_iter};

use crate::store::Reader;

/// Bytes that are searched at a time.
const BLOCK: usize = 256 << 10;

/// Some of the rows of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The number of its file among those of the source; 0 if the source is a stream.
    pub file: u32,
    /// Which rows of the file it has.
    pub extent: Extent,
}

/// The rows of a file that a part has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// All rows.
    Whole,
    /// The lines that begin within these bytes of an uncompressed file.
    Bytes(Range<u64>),
    /// The rows of these row groups of a Parquet file.
    RowGroups(Range<usize>),
    /// The rows of these record batches of an Arrow IPC file.
    RecordBatches(Range<usize>),
}

/// Cuts `length` into ranges of `bytes` each; the last may be shorter. There is at least one range.
pub fn ranges(length: u64, bytes: u64) -> Vec<Range<u64>> {
    let bytes = bytes.max(1);
    let count = length.div_ceil(bytes).max(1);
    (0..count).map(|i| i * bytes..((i + 1).saturating_mul(bytes)).min(length)).collect()
}

/// Cuts items of these sizes into ranges. A range ends with the item at which it has `bytes` or more.
pub(crate) fn groups(sizes: impl Iterator<Item = u64>, bytes: u64) -> Vec<Range<usize>> {
    let (mut ranges, mut start, mut held, mut end) = (Vec::new(), 0, 0u64, 0);
    for size in sizes {
        end += 1;
        held = held.saturating_add(size);
        if held >= bytes {
            ranges.push(start..end);
            (start, held) = (end, 0);
        }
    }
    if start < end || ranges.is_empty() {
        ranges.push(start..end);
    }
    ranges
}

/// The lines that begin within a range of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineRange {
    /// How many lines are before them.
    pub(crate) first_row: u64,
    /// Their bytes: from the start of a line to the end of a line or of the file.
    pub(crate) bytes: Range<u64>,
}

impl LineRange {
    /// Finds the line ends at both ends of the range, and counts the lines before it.
    pub(crate) fn find(file: &Reader, range: &Range<u64>) -> io::Result<Self> {
        let start = next_line(file, range.start)?;
        let end = next_line(file, range.end)?.max(start);
        let (mut first_row, mut before) = (0, file.starting_at(0).take(start));
        let mut block = vec![0; BLOCK];
        loop {
            match before.read(&mut block)? {
                0 => return Ok(LineRange { first_row, bytes: start..end }),
                n => first_row += memchr_iter(b'\n', &block[..n]).count() as u64,
            }
        }
    }
}

/// Start of the first line that begins at this offset or later; the end of the file if there is none.
fn next_line(file: &Reader, offset: u64) -> io::Result<u64> {
    // A line that begins at the offset has a line end just before it.
    let Some(mut position) = offset.checked_sub(1) else { return Ok(0) };
    let mut file = file.starting_at(position);
    let mut block = vec![0; BLOCK];
    loop {
        let n = file.read(&mut block)?;
        if let Some(feed) = memchr(b'\n', &block[..n]) {
            return Ok(position + feed as u64 + 1);
        }
        position += n as u64;
        if n == 0 {
            return Ok(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_all_once() {
        assert_eq!(ranges(0, 5), vec![Range::default()]);
        assert_eq!(ranges(10, 5), [0..5, 5..10]);
        assert_eq!(ranges(11, 5), [0..5, 5..10, 10..11]);
        assert_eq!(ranges(3, 0), [0..1, 1..2, 2..3]);
        assert_eq!(ranges(3, u64::MAX), [0..3, 3..3][..1]);
    }

    #[test]
    fn groups_end_once_they_are_large_enough() {
        let grouped = |bytes| groups([3, 3, 9, 1, 1].into_iter(), bytes);
        assert_eq!(grouped(1), [0..1, 1..2, 2..3, 3..4, 4..5]);
        assert_eq!(grouped(5), [0..2, 2..3, 3..5]);
        assert_eq!(grouped(u64::MAX), [0..5, 5..5][..1]);
        assert_eq!(groups([].into_iter(), 1), vec![Range::default()]);
    }
}
