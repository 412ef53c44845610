//! Finds texts that all begin with one of a few rare characters, as most control tokens do with `<`.
//!
//! In text without that character this is a search for a byte, and where a text of the set is, no more than its bytes are
//! looked at: an automaton takes several times as long for each.

use std::ops::Range;

/// Texts by what they begin with.
#[derive(Debug)]
pub(super) struct RareStarts {
    /// The first bytes of the texts; the last is repeated where there are fewer than three.
    starts: [u8; 3],
    /// The first node is the empty text.
    nodes: Vec<Node>,
    /// Bytes that are somewhere in a text other than at its end.
    inner: Box<[bool; 256]>,
    /// The length of the longest text.
    longest: usize,
}

/// What some of the texts begin with.
#[derive(Debug, Default)]
struct Node {
    /// The node by the byte that follows.
    next: Vec<(u8, usize)>,
    /// The number of the text that ends here.
    text: Option<usize>,
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
        let mut found = RareStarts {
            starts: [starts[0], starts[1], starts[2]],
            nodes: vec![Node::default()],
            inner: Box::new([false; 256]),
            longest: texts.iter().map(|text| text.as_ref().len()).max()?,
        };
        for (number, text) in texts.iter().enumerate() {
            found.add(number, text.as_ref());
        }
        Some(found)
    }

    fn add(&mut self, number: usize, text: &[u8]) {
        let mut node = 0;
        for &byte in text {
            node = self.after(node, byte).unwrap_or_else(|| {
                let new = self.nodes.len();
                self.nodes[node].next.push((byte, new));
                self.nodes.push(Node::default());
                new
            });
        }
        // Of equal texts the first counts.
        self.nodes[node].text.get_or_insert(number);
        text.iter().rev().skip(1).for_each(|byte| self.inner[usize::from(*byte)] = true);
    }

    #[inline]
    fn after(&self, node: usize, byte: u8) -> Option<usize> {
        self.nodes[node].next.iter().find(|(next, _)| *next == byte).map(|(_, node)| *node)
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
        let (mut node, mut found) = (0, None);
        for (i, &byte) in bytes.iter().enumerate() {
            let Some(next) = self.after(node, byte) else { break };
            node = next;
            found = self.nodes[node].text.map(|text| (text, i + 1)).or(found);
        }
        found
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

#[cfg(test)]
mod tests {
    use aho_corasick::{AhoCorasick, MatchKind};

    use super::*;

    #[test]
    fn finds_what_an_automaton_finds() {
        let sets: [&[&str]; 5] = [
            &["<a>", "<ab>", "<", "[b", "<a><a", "[b"],
            &["<|a|>", "<|b|>", "<|ab", "<b<a"],
            &["<<<a", "<a<<"],
            &["|<", "<|", "[[", "[<|a"],
            &["</s>"],
        ];
        let fragments = ["<", "a", "b", ">", "|", "[", "<a", "</s>", "é", "<|a|", "b<a"];
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
