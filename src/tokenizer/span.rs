//! Spans of bytes in a text.

/// The byte offsets of the start and the end of a part of a text.
pub(crate) type Span = (u32, u32);

/// Whether one of `spans` (in order, disjoint) has a byte in common with `start..end`.
pub(crate) fn overlaps(spans: &[Span], start: usize, end: usize) -> bool {
    let next = spans.partition_point(|span| span.1 as usize <= start);
    spans.get(next).is_some_and(|span| (span.0 as usize) < end)
}
