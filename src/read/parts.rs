//! Parts of a source, which can be read one by one: their rows one after another are those of the whole source, with the
//! same numbers.

use std::io::{self, Read};
use std::ops::Range;

use memchr::{memchr, memchr_iter};

use crate::store::Reader;

/// Bytes that are looked through at once.
const BLOCK: usize = 256 << 10;

/// Some of the rows of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The number of its file among those of the source; 0 where the source is a stream.
    pub file: u32,
    /// What is read of the file.
    pub extent: Extent,
}

/// What a part holds of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// All rows.
    Whole,
    /// The lines that begin within these bytes of an uncompressed file.
    Bytes(Range<u64>),
    /// The rows of these row groups of a Parquet file.
    RowGroups(Range<usize>),
}

/// Cuts a length into ranges of so many bytes; one range where that is not more.
pub fn ranges(length: u64, bytes: u64) -> Vec<Range<u64>> {
    let bytes = bytes.max(1);
    let count = length.div_ceil(bytes).max(1);
    (0..count).map(|i| i * bytes..((i + 1).saturating_mul(bytes)).min(length)).collect()
}

/// Cuts items of these sizes into ranges: each ends once it has so many bytes.
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

/// Where the lines are that begin within a range of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineRange {
    /// The number of lines before them.
    pub(crate) first_row: u64,
    /// The bytes that they take: from the start of a line to an end of a line, or of the file.
    pub(crate) bytes: Range<u64>,
}

impl LineRange {
    /// Looks for the line ends around the range, and counts those before it.
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

/// Where the first line begins that does not begin before this offset; the end of the file where there is none.
fn next_line(file: &Reader, offset: u64) -> io::Result<u64> {
    // The line that begins at the offset has the line end just before it.
    let Some(mut at) = offset.checked_sub(1) else { return Ok(0) };
    let mut file = file.starting_at(at);
    let mut block = vec![0; BLOCK];
    loop {
        let n = file.read(&mut block)?;
        if let Some(feed) = memchr(b'\n', &block[..n]) {
            return Ok(at + feed as u64 + 1);
        }
        at += n as u64;
        if n == 0 {
            return Ok(at);
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
        let of = |bytes| groups([3, 3, 9, 1, 1].into_iter(), bytes);
        assert_eq!(of(1), [0..1, 1..2, 2..3, 3..4, 4..5]);
        assert_eq!(of(5), [0..2, 2..3, 3..5]);
        assert_eq!(of(u64::MAX), [0..5, 5..5][..1]);
        assert_eq!(groups([].into_iter(), 1), vec![Range::default()]);
    }
}
