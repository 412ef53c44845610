//! Finds the ids of separator and stop in rows. Where a tokenizer loses white space or case, marks that differ as
//! text may have the same ids.

use super::options::TokenizeOptions;
use crate::error::Result;
use crate::record::{Place, finding};
use crate::report::StepCounts;
use crate::tokenizer::LoadedTokenizer;

/// The ids of the marks, encoded as continuations.
pub(super) struct MarkIds {
    separator: Vec<i32>,
    pub(crate) stop: Vec<i32>,
    /// Whether other text may have the ids of a mark, although each mark occurs once as text.
    ambiguous: bool,
    stop_holds_separator: bool,
}

impl MarkIds {
    pub(crate) fn new(tokenizer: &LoadedTokenizer, options: &TokenizeOptions) -> Result<Self> {
        let ids = |mark: &Option<String>| -> Result<Vec<i32>> {
            let mut ids = Vec::new();
            if let Some(mark) = mark {
                tokenizer.encoder().session().encode_continuation(mark, &mut ids)?;
            }
            Ok(ids)
        };
        let (separator, stop) = (ids(&options.separator)?, ids(&options.stop)?);
        let ambiguous = options.marks_are_unique && !tokenizer.losses.is_empty();
        let stop_holds_separator =
            options.marks_are_unique && occurrences(&separator, &stop).next().is_some();
        Ok(MarkIds { separator, stop, ambiguous, stop_holds_separator })
    }

    /// Counts a finding for a row in which the ids of a mark are not unique. `parts` gives the ids of each part and
    /// whether it trains. A part that trains ends in the stop, any other in the separator.
    pub(crate) fn find<'i>(
        &self,
        parts: impl Iterator<Item = (&'i [i32], bool)> + Clone,
        place: Place,
        counts: &mut StepCounts,
    ) {
        counts.add_finding(finding::STOP_IDS_HOLD_SEPARATOR, place, u64::from(self.stop_holds_separator));
        if !self.ambiguous {
            return;
        }
        let without = |ids: &'i [i32], mark: &Vec<i32>| ids.strip_suffix(mark.as_slice()).unwrap_or(ids);
        let has = |mark: &[i32], ids: &[i32]| occurrences(mark, ids).next().is_some();
        let in_text = parts.clone().any(|(ids, trained)| {
            has(&self.separator, without(ids, if trained { &self.stop } else { &self.separator }))
        });
        counts.add_finding(finding::SEPARATOR_IDS_IN_TEXT, place, u64::from(in_text));
        let in_text = parts
            .clone()
            .any(|(ids, trained)| has(&self.stop, if trained { without(ids, &self.stop) } else { ids }));
        counts.add_finding(finding::STOP_IDS_IN_TEXT, place, u64::from(in_text));
    }
}

/// The positions of `needle` in `ids`; none for an empty needle.
fn occurrences<'a>(needle: &'a [i32], ids: &'a [i32]) -> impl Iterator<Item = usize> + 'a {
    let windows = ids.windows(needle.len().max(1)).enumerate();
    windows.filter(move |(_, window)| !needle.is_empty() && *window == needle).map(|(position, _)| position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_marks_in_other_text_are_found() {
        let marks = MarkIds {
            separator: vec![1, 1],
            stop: vec![1, 1, 1],
            ambiguous: true,
            stop_holds_separator: true,
        };
        for (prompt, completion, expected) in [
            (&[5, 1, 1][..], &[6, 1, 1, 1][..], &["stop_ids_hold_separator"][..]),
            (&[1, 1, 5, 1, 1], &[6, 1, 1, 1], &["separator_ids_in_text", "stop_ids_hold_separator"]),
            (&[5, 1, 1], &[1, 1, 6, 1, 1, 1], &["separator_ids_in_text", "stop_ids_hold_separator"]),
            (
                &[1, 1, 1, 5, 1, 1],
                &[6, 1, 1, 1],
                &["separator_ids_in_text", "stop_ids_hold_separator", "stop_ids_in_text"],
            ),
        ] {
            let mut counts = StepCounts::default();
            let parts = [(prompt, false), (completion, true)].into_iter();
            marks.find(parts, Place { file: 0, row: 0, line: None, byte: None, copy: 0 }, &mut counts);
            let mut names: Vec<&str> = counts.findings.keys().map(|finding| finding.code).collect();
            names.sort_unstable();
            assert_eq!(names, expected, "{prompt:?} {completion:?}");
        }
    }
}
