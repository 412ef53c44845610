//! Where a format writes separator and stop: an occurrence anywhere else is a collision.

use memchr::memmem::Finder;

use super::template::Template;
use crate::error::{Class, Error, Result};
use crate::record::reason;

/// One of the two strings that say where a part of a row ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// The end of the prompt.
    Separator,
    /// The end of the completion.
    Stop,
}

impl Mark {
    /// The reason code of a row where it occurs elsewhere.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Mark::Separator => reason::SEPARATOR_COLLISION,
            Mark::Stop => reason::STOP_COLLISION,
        }
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Mark::Separator => "separator",
            Mark::Stop => "stop",
        }
    }
}

/// An occurrence that the format itself writes: the byte offset where it starts, and which mark it is.
pub(crate) type Written = (usize, Mark);

/// The occurrences that a format writes beside each row's separator and stop.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Marks {
    /// How many stand in the literals of the prompt's template, if all optional parts are there.
    pub(crate) in_prompt: usize,
    /// From the separator's start: those within it, and those that begin in the literal before it.
    pub(crate) by_separator: Vec<(isize, Mark)>,
    /// From the stop's start: those within it.
    pub(crate) by_stop: Vec<(isize, Mark)>,
}

impl Marks {
    /// The occurrences that these templates and marks make.
    ///
    /// The stop may stand in the prompt: a chat template ends each turn in it. The separator may too where one mark
    /// holds the other, as the end of a turn stands in both; else it is there once. In the completion a stop would
    /// end what the model generates, and a separator would begin a second completion.
    ///
    /// Errors: `bad_prompt_format` for an occurrence that is none of these.
    pub(crate) fn new(prompt: &Template, completion: &Template, separator: &str, stop: &str) -> Result<Self> {
        let marks = [(Mark::Separator, separator), (Mark::Stop, stop)];
        let one_holds_the_other = separator.contains(stop) || stop.contains(separator);
        let mut made = Marks::default();
        for text in prompt.literals() {
            for (at, mark) in occurrences(marks, text) {
                if mark == Mark::Separator && !one_holds_the_other {
                    return Err(misplaced(mark, separator, "the prompt template", at, text));
                }
                made.in_prompt += 1;
            }
        }
        for text in completion.literals() {
            if let Some((at, mark)) = occurrences(marks, text).first() {
                let needle = if *mark == Mark::Separator { separator } else { stop };
                return Err(misplaced(*mark, needle, "the completion template", *at, text));
            }
        }
        let place = "the prompt template's end, the separator and the completion template's start";
        let own = (Mark::Separator, separator);
        let around = (prompt.tail(), completion.head());
        made.by_separator = made_by(marks, own, around, place, |mark, _| mark == Mark::Stop)?;
        let place = "the completion template's end and the stop";
        let around = (completion.tail(), "");
        made.by_stop = made_by(marks, (Mark::Stop, stop), around, place, |_, from| from >= 0)?;
        Ok(made)
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.in_prompt == 0 && self.by_separator.is_empty() && self.by_stop.is_empty()
    }
}

/// The occurrences that touch the mark `own` between the literals around it, from its start, without its own. Those
/// that begin before it or that `allowed` refuses, and those that end after it, are errors.
fn made_by(
    marks: [(Mark, &str); 2],
    (own, needle): (Mark, &str),
    (before, after): (&str, &str),
    place: &str,
    allowed: impl Fn(Mark, isize) -> bool,
) -> Result<Vec<(isize, Mark)>> {
    let text = format!("{before}{needle}{after}");
    let end = before.len() + needle.len();
    let mut made = vec![];
    for (at, mark) in occurrences(marks, &text) {
        let wanted = if mark == Mark::Separator { marks[0].1 } else { marks[1].1 };
        let (touches, is_own) =
            (at < end && at + wanted.len() > before.len(), mark == own && at == before.len());
        if !touches || is_own {
            continue;
        }
        // Offsets in a template are far below the limits of isize.
        let from = at as isize - before.len() as isize;
        if at + wanted.len() > end || !allowed(mark, from) {
            return Err(misplaced(mark, wanted, place, at, &text));
        }
        made.push((from, mark));
    }
    Ok(made)
}

/// Where the marks occur in the text, in order, overlapping ones too.
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

/// Where the needle occurs, overlapping matches included.
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
        .help(format!("take it out of the template, or choose another {name}"))
}
