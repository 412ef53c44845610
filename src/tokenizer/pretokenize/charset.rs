//! Sets of characters as sorted ranges, and the Unicode properties that patterns name.
//!
//! `unicode.txt` holds the general category of every code point in onig, the regex library of `tokenizers`, so that
//! the Unicode version of another library does not matter. A test compares the file with onig for every code point;
//! with `WRITE_UNICODE=1` it writes the file.

use std::sync::LazyLock;

/// The last code point.
pub(crate) const MAX: u32 = 0x10_ffff;

/// The white space of onig's `\s`: Unicode's `White_Space`, unchanged since version 6.3.
static SPACE: LazyLock<CharSet> = LazyLock::new(|| CharSet::matching(char::is_whitespace));

/// The first code point of each run of one category, and the category.
static CATEGORIES: LazyLock<Vec<(u32, &'static str)>> = LazyLock::new(|| {
    let runs = include_str!("unicode.txt").split_ascii_whitespace();
    runs.filter_map(|run| {
        let (start, category) = run.split_once(':')?;
        Some((u32::from_str_radix(start, 16).ok()?, category))
    })
    .collect()
});

/// A set of characters: sorted ranges that neither touch nor overlap. Both ends of a range are in the set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct CharSet(Vec<(u32, u32)>);

impl CharSet {
    /// The characters of these ranges, in any order.
    pub(crate) fn new(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (start, end) in ranges {
            match merged.last_mut() {
                Some(last) if start <= last.1.saturating_add(1) => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        CharSet(merged)
    }

    /// A set of one character.
    pub(crate) fn one(c: char) -> Self {
        CharSet(vec![(c as u32, c as u32)])
    }

    /// `\s`.
    pub(crate) fn space() -> Self {
        SPACE.clone()
    }

    /// A general category (`Lu`) or a group of them (`L`); none for a name that is neither.
    pub(crate) fn category(name: &str) -> Option<Self> {
        let ends = CATEGORIES.iter().skip(1).map(|&(start, _)| start - 1).chain([MAX]);
        let runs = CATEGORIES.iter().zip(ends).filter(|((_, category), _)| category.starts_with(name));
        let set = CharSet::new(runs.map(|(&(start, _), end)| (start, end)).collect());
        (!name.is_empty() && !set.0.is_empty()).then_some(set)
    }

    /// The characters for which `predicate` is true.
    pub(crate) fn matching(predicate: impl Fn(char) -> bool) -> Self {
        let chars = ('\0'..=char::MAX).filter(|&c| predicate(c)).map(|c| (c as u32, c as u32));
        CharSet::new(chars.collect())
    }

    /// The characters of both sets.
    pub(crate) fn union(&self, other: &Self) -> Self {
        CharSet::new([&self.0[..], &other.0].concat())
    }

    /// The characters that are not in the set.
    pub(crate) fn negate(&self) -> Self {
        let mut start = 0;
        let mut ranges = Vec::with_capacity(self.0.len() + 1);
        for &(from, to) in &self.0 {
            if start < from {
                ranges.push((start, from - 1));
            }
            start = to + 1;
        }
        if start <= MAX {
            ranges.push((start, MAX));
        }
        CharSet(ranges)
    }

    /// The set with both cases of its ASCII letters, as onig folds them: `s` adds `ſ`, `k` the Kelvin sign.
    pub(crate) fn fold_case(&self) -> Self {
        let mut ranges = self.0.clone();
        for c in ('a'..='z').chain('A'..='Z').filter(|&c| self.contains(c as u32)) {
            for other in [c.to_ascii_lowercase(), c.to_ascii_uppercase()] {
                ranges.push((other as u32, other as u32));
            }
            match c {
                's' | 'S' => ranges.push((0x17f, 0x17f)),
                'k' | 'K' => ranges.push((0x212a, 0x212a)),
                _ => {}
            }
        }
        CharSet::new(ranges)
    }

    /// Whether all characters are ASCII.
    pub(crate) fn is_ascii(&self) -> bool {
        self.0.last().is_none_or(|&(_, end)| end < 0x80)
    }

    /// Whether the code point is in the set.
    pub(crate) fn contains(&self, c: u32) -> bool {
        let next = self.0.partition_point(|&(_, end)| end < c);
        self.0.get(next).is_some_and(|&(start, _)| start <= c)
    }

    /// The ranges, in order.
    pub(crate) fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }
}
