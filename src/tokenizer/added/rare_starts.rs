//! Finds texts that all begin with one of a few rare characters, as most control tokens do with `<`.
//!
//! In text without that character this is a search for a byte. Where it is, the bytes there are compared with the first
//! bytes of all texts: for the few beginnings that texts have, an automaton takes several times as long.

use std::ops::Range;

/// The length of a beginning.
const BEGIN: usize = 8;
/// The most beginnings that texts may have.
const MOST: usize = 64;

/// Texts by what they begin with.
#[derive(Debug)]
pub(super) struct RareStarts {
    /// The first bytes of the texts; the last is repeated where there are fewer than three.
    starts: [u8; 3],
    groups: Vec<Group>,
    /// Bytes that are somewhere in a text other than at its end.
    inner: Box<[bool; 256]>,
    /// The length of the longest text.
    longest: usize,
}

/// Texts that begin alike.
#[derive(Debug)]
struct Group {
    /// Their first bytes as a number; the bytes after the end of a shorter text are 0.
    begin: u64,
    /// The bits of these bytes.
    mask: u64,
    /// In bytewise order.
    texts: Vec<Text>,
}

#[derive(Debug)]
struct Text {
    bytes: Box<[u8]>,
    /// The number of the text in the set.
    number: usize,
    /// The longest other text of the group with which it begins.
    shorter: Option<usize>,
}

/// A text of the set, by its number, and where it is.
pub(super) type Match = (usize, Range<usize>);

impl RareStarts {
    /// None where the texts begin with more than three bytes, or with one that is frequent in other text: a letter, a digit,
    /// white space, or a part of a character that is not ASCII. The texts are not empty.
    pub(super) fn new<T: AsRef<[u8]>>(texts: &[T]) -> Option<Self> {
        let mut starts: Vec<u8> = texts.iter().filter_map(|text| text.as_ref().first().copied()).collect();
        starts.sort_unstable();
        starts.dedup();
        let (last, are_rare) = (*starts.last()?, starts.iter().all(u8::is_ascii_punctuation));
        if starts.len() > 3 || !are_rare {
            return None;
        }
        starts.resize(3, last);
        let mut inner = Box::new([false; 256]);
        for text in texts {
            text.as_ref().iter().rev().skip(1).for_each(|byte| inner[usize::from(*byte)] = true);
        }
        let longest = texts.iter().map(|text| text.as_ref().len()).max()?;
        let groups = groups(texts);
        let starts = [starts[0], starts[1], starts[2]];
        (groups.len() <= MOST).then_some(RareStarts { starts, groups, inner, longest })
    }

    /// The next position from `from` on at which a text may begin.
    #[inline]
    fn candidate(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let [a, b, c] = self.starts;
        let rest = &bytes[from..];
        let at = match (a == b, b == c) {
            (true, true) => memchr::memchr(a, rest),
            (false, true) => memchr::memchr2(a, b, rest),
            _ => memchr::memchr3(a, b, c, rest),
        };
        at.map(|at| from + at)
    }

    /// The longest text with which these bytes begin, and its length.
    #[inline]
    fn longest(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        let (head, _) = begin(bytes);
        let alike = self.groups.iter().filter(|group| head & group.mask == group.begin);
        alike.filter_map(|group| group.longest(bytes)).max_by_key(|(_, length)| *length)
    }

    /// The first of the texts from `from` on; of those that begin there the longest.
    #[inline]
    pub(super) fn next(&self, bytes: &[u8], mut from: usize) -> Option<Match> {
        loop {
            let at = self.candidate(bytes, from)?;
            if let Some((text, length)) = self.longest(&bytes[at..]) {
                return Some((text, at..at + length));
            }
            from = at + 1;
        }
    }

    /// Whether a text of the set is in a part of `bytes`, as a whole or with some of its bytes. The part is not empty.
    pub(super) fn touches(&self, bytes: &[u8], part: Range<usize>) -> bool {
        let ends_within =
            |at: usize| self.longest(&bytes[at..]).is_some_and(|(_, length)| at + length > part.start);
        let any = |from: usize, to: usize| {
            let mut from = from;
            while let Some(at) = self.candidate(&bytes[..to], from) {
                if ends_within(at) {
                    return true;
                }
                from = at + 1;
            }
            false
        };
        let reaches_in = part.start > 0 && self.inner[usize::from(bytes[part.start - 1])];
        let before = part.start.saturating_sub(self.longest - 1);
        any(part.start, part.end) || reaches_in && any(before, part.start)
    }
}

impl Group {
    /// The longest text with which these bytes begin, and its length.
    fn longest(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        // Texts with which the bytes begin are not after the bytes in order. What is between such a text and the bytes in
        // order begins with that text: so all such texts are beginnings of the last one that is not after the bytes.
        let mut next = match &self.texts[..] {
            [_] => Some(0),
            texts => texts.partition_point(|text| &*text.bytes <= bytes).checked_sub(1),
        };
        while let Some(text) = next.and_then(|next| self.texts.get(next)) {
            if bytes.starts_with(&text.bytes) {
                return Some((text.number, text.bytes.len()));
            }
            next = text.shorter;
        }
        None
    }
}

/// The first bytes of a text as a number, and the bits of these.
#[inline]
fn begin(bytes: &[u8]) -> (u64, u64) {
    if let Some(first) = bytes.first_chunk::<BEGIN>() {
        return (u64::from_le_bytes(*first), u64::MAX);
    }
    let mut first = [0; BEGIN];
    first[..bytes.len()].copy_from_slice(bytes);
    (u64::from_le_bytes(first), (1 << (8 * bytes.len())) - 1)
}

/// The texts of a set by what they begin with.
fn groups<T: AsRef<[u8]>>(texts: &[T]) -> Vec<Group> {
    let mut sorted: Vec<(&[u8], usize)> =
        texts.iter().enumerate().map(|(number, text)| (text.as_ref(), number)).collect();
    sorted.sort_unstable();
    // Of equal texts the first counts.
    sorted.dedup_by_key(|(text, _)| *text);
    let mut groups: Vec<Group> = Vec::new();
    for (bytes, number) in sorted {
        let (begin, mask) = begin(bytes);
        let same = |group: &Group| (group.begin, group.mask) == (begin, mask);
        let at = groups.iter().position(same).unwrap_or_else(|| {
            groups.push(Group { begin, mask, texts: Vec::new() });
            groups.len() - 1
        });
        let texts = &mut groups[at].texts;
        let shorter = texts.iter().rposition(|other| bytes.starts_with(&other.bytes));
        texts.push(Text { bytes: bytes.into(), number, shorter });
    }
    groups
}

#[cfg(test)]
mod tests {
    use aho_corasick::{AhoCorasick, MatchKind};

    use super::*;

    #[test]
    fn finds_what_an_automaton_finds() {
        let sets: [&[&str]; 6] = [
            &["<a>", "<ab>", "<", "[b", "<a><a", "[b"],
            &["<|a|>", "<|b|>", "<|ab", "<b<a"],
            &["<<<a", "<a<<"],
            &["|<", "<|", "[[", "[<|a"],
            &["</s>"],
            &["<|aaaaaab|>", "<|aaaaaa|>", "<|aaaaaab|><", "<|aaaaaa", "<|aaaaaabc|>", "<|aa"],
        ];
        let fragments = ["<", "a", "b", ">", "|", "[", "<a", "</s>", "é", "<|a|", "b<a", "<|aaaaaa", "b|>"];
        let mut found = [0; 2];
        for set in sets {
            let rare = RareStarts::new(set).unwrap();
            let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(set).unwrap();
            for number in 0..3000 {
                let digits = (0..1 + number % 6).scan(number, |left, _| {
                    let digit = *left % fragments.len();
                    *left = *left / fragments.len() + 7 * digit;
                    Some(digit)
                });
                let text: String = digits.map(|digit| fragments[digit]).collect();
                let bytes = text.as_bytes();
                let expected: Vec<Match> =
                    automaton.find_iter(bytes).map(|m| (m.pattern().as_usize(), m.range())).collect();
                let (mut own, mut from) = (Vec::new(), 0);
                while let Some((number, range)) = rare.next(bytes, from) {
                    from = range.end;
                    own.push((number, range));
                }
                assert_eq!(own, expected, "{set:?} in {text:?}");
                for start in 0..bytes.len() {
                    for end in start + 1..=bytes.len() {
                        let touches = set.iter().any(|text| {
                            let mut places =
                                (0..bytes.len()).filter(|at| bytes[*at..].starts_with(text.as_bytes()));
                            places.any(|at| at < end && at + text.len() > start)
                        });
                        assert_eq!(
                            rare.touches(bytes, start..end),
                            touches,
                            "{set:?} in {text:?} {start}..{end}"
                        );
                        found[usize::from(touches)] += 1;
                    }
                }
            }
        }
        assert!(found.iter().all(|n| *n > 10_000), "{found:?}");
    }

    #[test]
    fn texts_that_begin_like_other_text_are_left_to_an_automaton() {
        for set in [&["<a>", "a"][..], &["<", " "], &["<", "é"], &["<", "[", "(", "{"], &[]] {
            assert!(RareStarts::new(set).is_none(), "{set:?}");
        }
    }
}
