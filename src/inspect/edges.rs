//! Marks that most texts end in: separators at the end of prompts, and stops at the end of answers.

use std::collections::BTreeMap;

use super::tally::{Example, Tally};
use crate::error::Result;
use crate::record::Place;

/// The longest mark, in bytes.
pub(crate) const LONGEST: usize = 32;
/// The rows that decide what the mark is.
const DECIDED_BY: usize = 1_000;

/// The end of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edge {
    bytes: [u8; LONGEST],
    len: u8,
}

impl Edge {
    /// The end of this text.
    pub(crate) fn of(text: &str) -> Self {
        let start = text.ceil_char_boundary(text.len().saturating_sub(LONGEST));
        let end = &text.as_bytes()[start..];
        let mut bytes = [0; LONGEST];
        bytes[..end.len()].copy_from_slice(end);
        Edge { bytes, len: end.len() as u8 }
    }

    fn ends_with(&self, mark: &str) -> bool {
        self.bytes[..usize::from(self.len)].ends_with(mark.as_bytes())
    }
}

/// The mark that most texts end in, and the texts that do not. Takes the rows in input order: the first 1,000 decide
/// what the mark is, so that it depends neither on batches nor on threads.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    /// The first texts, until the mark is decided.
    first: Vec<(Edge, Option<Example>)>,
    decided: bool,
    pub(crate) mark: Option<String>,
    pub(crate) with: u64,
    pub(crate) without: Tally,
}

impl Ends {
    /// Adds the end of the text of a row; `example` shows it. Gives the rows that are known to lack the mark from now on:
    /// with `all` every one of them, otherwise only the first.
    pub(crate) fn add(
        &mut self,
        place: Place,
        edge: Edge,
        all: bool,
        example: impl FnOnce() -> Result<Option<Example>>,
    ) -> Result<Vec<Example>> {
        if !self.decided {
            self.first.push((edge, example()?));
            return Ok(if self.first.len() == DECIDED_BY { self.decide() } else { Vec::new() });
        }
        let lacks = self.count(&edge);
        if !lacks || !all && !self.without.wants(place) {
            return Ok(Vec::new());
        }
        let examples: Vec<Example> = example()?.into_iter().collect();
        self.keep(&examples);
        Ok(examples)
    }

    fn keep(&mut self, examples: &[Example]) {
        for example in examples {
            if self.without.wants(example.place) {
                self.without.keep(example.clone());
            }
        }
    }

    /// Counts a text; whether it lacks the mark.
    fn count(&mut self, edge: &Edge) -> bool {
        let Some(mark) = &self.mark else { return false };
        let has = edge.ends_with(mark);
        self.with += u64::from(has);
        self.without.count += u64::from(!has);
        !has
    }

    /// Decides the mark, and gives the rows that lack it. Called after the last row, and once the first rows are there.
    pub(crate) fn decide(&mut self) -> Vec<Example> {
        if std::mem::replace(&mut self.decided, true) {
            return Vec::new();
        }
        self.mark = mark(&self.first);
        let first = std::mem::take(&mut self.first);
        let lack = first.into_iter().filter(|(edge, _)| self.count(edge));
        let lack: Vec<Example> = lack.filter_map(|(_, example)| example).collect();
        self.keep(&lack);
        lack
    }
}

/// The longest mark that nine of ten of these texts end in, if it looks like one.
fn mark(ends: &[(Edge, Option<Example>)]) -> Option<String> {
    const FEW: usize = 10;
    if ends.len() < FEW {
        return None;
    }
    for len in (1..=LONGEST).rev() {
        let mut counts: BTreeMap<&[u8], usize> = BTreeMap::new();
        let long = ends.iter().filter(|(edge, _)| usize::from(edge.len) >= len);
        for (edge, _) in long {
            *counts.entry(&edge.bytes[usize::from(edge.len) - len..usize::from(edge.len)]).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(_, n)| *n);
        if let Some((bytes, n)) = most
            && n * 10 >= ends.len() * 9
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            let text = without_sentence(text);
            return is_mark(text).then(|| text.into());
        }
    }
    None
}

/// A common end without the punctuation that ends the sentence before it, which belongs to the text.
pub(crate) fn without_sentence(end: &str) -> &str {
    end.trim_start_matches(|c| ".?!:;,…。？！\"'”’)".contains(c))
}

/// Whether a text that many texts end in was put there to mark the end: it has two signs that no sentence ends in, or more
/// than white space and a line end. A full stop or a line end alone is none.
pub(crate) fn is_mark(text: &str) -> bool {
    let is_sign = |c: &char| "#=-<>|*&$@%~_^+[]{}\\/`".contains(*c);
    text.chars().filter(is_sign).count() >= 2 || text.contains('\n') && !text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::excerpt::Excerpt;
    use super::*;

    fn ends(texts: impl Iterator<Item = String>) -> Ends {
        let mut ends = Ends::default();
        for (row, text) in (0..).zip(texts) {
            let place = Place { file: 0, row, line: None, byte: None, copy: 0 };
            let excerpt = Excerpt::default();
            let example =
                || Ok(Some(Example { place, speaker: "answer".into(), turn: 1, excerpt, other: None }));
            drop(ends.add(place, Edge::of(&text), false, example).unwrap());
        }
        ends.decide();
        ends
    }

    #[test]
    fn the_mark_is_what_nine_of_ten_texts_end_in() {
        let text = |n: u64| if n % 20 == 7 { format!("é {n}") } else { format!("é {n}\n\n###\n\n") };
        let found = ends((0..3_000).map(text));
        assert_eq!(found.mark.as_deref(), Some("\n\n###\n\n"));
        assert_eq!((found.with, found.without.count), (2_850, 150));
        let rows: Vec<u64> = found.without.examples.iter().map(|example| example.place.row).collect();
        assert_eq!(rows, [7, 27, 47]);
        let few = ends((0..40).map(|n| if n == 3 { "x".into() } else { format!("{n} ->") }));
        assert_eq!((few.mark.as_deref(), few.without.count), (Some(" ->"), 1));
        let asked = ends((0..40).map(|n| format!("Is it {n}{}\n\n###", if n == 3 { "!" } else { "?" })));
        assert_eq!((asked.mark.as_deref(), asked.without.count), (Some("\n\n###"), 0));
        assert_eq!(ends((0..40).map(|n| format!("{n}."))).mark, None);
        assert_eq!(ends((0..40).map(|n| format!("{n}{}", ["a;;", "b::"][n % 2]))).mark, None);
    }

    #[test]
    fn the_end_of_a_text_begins_between_characters() {
        let edge = Edge::of(&"é".repeat(40).replacen('é', "x", 1));
        assert_eq!(usize::from(edge.len), LONGEST);
        assert!(Edge::of(&format!("{}x", "é".repeat(40))).ends_with("éx"));
    }
}
