//! Where a format writes separator and stop. An occurrence anywhere else is a collision.

use memchr::memmem::Finder;

use super::template::Template;
use crate::error::{Class, Error, Result};
use crate::record::reason;

/// One of the two strings that end the parts of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// The end of the prompt.
    Separator,
    /// The end of the completion.
    Stop,
}

impl Mark {
    /// The reason code of a row with a collision of this mark.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Mark::Separator => reason::SEPARATOR_COLLISION,
            Mark::Stop => reason::STOP_COLLISION,
        }
    }

    /// `separator` or `stop`.
    pub fn name(self) -> &'static str {
        match self {
            Mark::Separator => "separator",
            Mark::Stop => "stop",
        }
    }
}

/// An occurrence of a mark that the format itself writes: its byte offset, and the mark.
pub(crate) type Written = (usize, Mark);

/// The occurrences of marks that a format writes in addition to the separator and the stop of a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Marks {
    /// How many are in the literals of the prompt template, with all optional parts.
    pub(crate) in_prompt: usize,
    /// Those within the separator, and those that begin in the literal before it; offsets are from the start of the
    /// separator.
    pub(crate) by_separator: Vec<(isize, Mark)>,
    /// Those within the stop; offsets are from the start of the stop.
    pub(crate) by_stop: Vec<(isize, Mark)>,
}

impl Marks {
    /// Finds the occurrences that these templates and marks create.
    ///
    /// The prompt may contain the stop: a chat template ends each turn with it. The prompt may contain the separator
    /// only if one mark contains the other, as when both contain the end of a turn. The completion may contain
    /// neither: a stop would end the generated text, and a separator would begin a second completion.
    ///
    /// Errors: `bad_prompt_format` for an occurrence that is not allowed.
    pub(crate) fn new(prompt: &Template, completion: &Template, separator: &str, stop: &str) -> Result<Self> {
        let marks = [(Mark::Separator, separator), (Mark::Stop, stop)];
        let one_contains_other = separator.contains(stop) || stop.contains(separator);
        let mut written = Marks::default();
        for text in prompt.literals() {
            for (at, mark) in occurrences(marks, text) {
                if mark == Mark::Separator && !one_contains_other {
                    return Err(misplaced(mark, separator, "the prompt template", at, text));
                }
                written.in_prompt += 1;
            }
        }
        for text in completion.literals() {
            if let Some((at, mark)) = occurrences(marks, text).first() {
                let needle = if *mark == Mark::Separator { separator } else { stop };
                return Err(misplaced(*mark, needle, "the completion template", *at, text));
            }
        }
        let place = "the end of the prompt template, the separator and the start of the completion template";
        let own = (Mark::Separator, separator);
        let around = (prompt.tail(), completion.head());
        written.by_separator = written_around(marks, own, around, place, |mark, _| mark == Mark::Stop)?;
        let place = "the end of the completion template and the stop";
        let around = (completion.tail(), "");
        written.by_stop = written_around(marks, (Mark::Stop, stop), around, place, |_, from| from >= 0)?;
        Ok(written)
    }

    /// Whether there are no such occurrences.
    pub(crate) fn is_empty(&self) -> bool {
        self.in_prompt == 0 && self.by_separator.is_empty() && self.by_stop.is_empty()
    }
}

/// The occurrences that overlap the mark `own` between the literals before and after it, without `own` itself, by
/// their offsets from its start. An occurrence that ends after it, or that `allowed` rejects, is an error.
fn written_around(
    marks: [(Mark, &str); 2],
    (own, needle): (Mark, &str),
    (before, after): (&str, &str),
    place: &str,
    allowed: impl Fn(Mark, isize) -> bool,
) -> Result<Vec<(isize, Mark)>> {
    let text = format!("{before}{needle}{after}");
    let end = before.len() + needle.len();
    let mut written = vec![];
    for (at, mark) in occurrences(marks, &text) {
        let mark_text = if mark == Mark::Separator { marks[0].1 } else { marks[1].1 };
        let (overlaps, is_own) =
            (at < end && at + mark_text.len() > before.len(), mark == own && at == before.len());
        if !overlaps || is_own {
            continue;
        }
        // Offsets in a template are far below the limits of isize.
        let from = at as isize - before.len() as isize;
        if at + mark_text.len() > end || !allowed(mark, from) {
            return Err(misplaced(mark, mark_text, place, at, &text));
        }
        written.push((from, mark));
    }
    Ok(written)
}

/// All occurrences of the marks in a text, in order; they may overlap.
pub(super) fn occurrences(marks: [(Mark, &str); 2], text: &str) -> Vec<Written> {
    let mut found: Vec<Written> = marks
        .iter()
        .filter(|(_, needle)| !needle.is_empty())
        .flat_map(|(mark, needle)| {
            overlapping(&Finder::new(needle), text.as_bytes()).map(|at| (at, *mark)).collect::<Vec<_>>()
        })
        .collect();
    found.sort_unstable();
    found
}

/// The offsets of all occurrences of the needle; they may overlap.
pub(super) fn overlapping(finder: &Finder<'_>, text: &[u8]) -> impl Iterator<Item = usize> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let hit = finder.find(text.get(from..)?)? + from;
        from = hit + 1;
        Some(hit)
    })
}

#[cold]
fn misplaced(mark: Mark, needle: &str, place: &str, at: usize, text: &str) -> Error {
    let name = mark.name();
    let message = format!("the {name} {needle:?} occurs in {place}, at byte {at} of {text:?}");
    Error::new(Class::Plan, "bad_prompt_format", message)
        .help(format!("remove it from the template, or choose another {name}"))
}
