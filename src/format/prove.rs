//! Proves that every separator and stop in a row is one that the format wrote.
//!
//! The whole text of a row is searched, such as `prompt body + separator + completion body + stop`, and matches may
//! overlap: with the separator `"\n##\n"` the prompt `"x\n##"` collides, since `"x\n##\n##\n"` contains it twice.

use std::fmt;
use std::ops::Range;

use memchr::memmem::Finder;

use super::marks::{Mark, Written, overlapping};
use super::prompt_format::PromptFormat;
use crate::record::turns::{Role, Span, alike};
use crate::word::Word;

/// The position of a row in a text with many rows, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowSpan {
    /// The index of the row in its batch.
    pub row: usize,
    /// The byte offset of its start in the text.
    pub start: usize,
    /// The byte offset of its end.
    pub end: usize,
    /// The index of its first span in the spans of the text.
    pub first_span: usize,
    /// The number of its spans.
    pub spans: usize,
}

/// Rendered rows in one text.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'p> {
    /// The text.
    pub text: &'p [u8],
    /// The rows, in the order of the text.
    pub rows: &'p [RowSpan],
    /// The spans of all rows. Each turn has two: its body, which counts as data, and the mark that ends it: the stop
    /// if the turn is trained on, else the separator.
    pub spans: &'p [Span],
    /// The marks that the format wrote in addition to those that end turns, in order.
    pub written: &'p [Written],
}

/// The location of a match in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// Within the body of a turn.
    Body(Role),
    /// Across the end of the first and the start of the second of these: bodies of turns, or marks.
    Seam(&'static str, &'static str),
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Site::Body(role) => write!(f, "in the {}", role.name()),
            Site::Seam(before, after) => write!(f, "across the seam {before}|{after}"),
        }
    }
}

/// The first match of a row that the format did not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collision {
    /// The mark that occurs.
    pub(crate) mark: Mark,
    /// The byte offset of the match in the row.
    pub(crate) offset: usize,
    /// The location of the match; if it spans several ends, the first.
    pub(crate) site: Site,
}

/// Searches texts for separator and stop.
#[derive(Debug, Clone)]
pub struct Prover {
    separator: Finder<'static>,
    stop: Finder<'static>,
    passes: Vec<Pass>,
}

/// One search through the text, for bytes that all marks of `marks` contain.
#[derive(Debug, Clone)]
struct Pass {
    common: Finder<'static>,
    /// The marks to find, each with the offset of `common` in it.
    marks: Vec<(Mark, usize)>,
}

/// Marks that have fewer bytes in common are searched one by one, since a short text occurs too often.
const COMMON_BYTES: usize = 3;

impl Prover {
    /// A prover for this format. For text that was rendered elsewhere nothing is proven, since it may contain marks.
    pub fn new(format: &PromptFormat) -> Self {
        let (separator, stop) = (format.separator(), format.stop());
        let pass = |common: &[u8], marks| Pass { common: Finder::new(common).into_owned(), marks };
        let passes = match common(separator.as_bytes(), stop.as_bytes()) {
            _ if format.is_rendered() => vec![],
            Some((i, j, n)) => {
                vec![pass(&separator.as_bytes()[i..i + n], vec![(Mark::Separator, i), (Mark::Stop, j)])]
            }
            None => vec![
                pass(separator.as_bytes(), vec![(Mark::Separator, 0)]),
                pass(stop.as_bytes(), vec![(Mark::Stop, 0)]),
            ],
        };
        let finder = |mark: &str| Finder::new(mark).into_owned();
        Prover { separator: finder(separator), stop: finder(stop), passes }
    }

    /// The first collision of each row that has one, with the index of the row in `rows`.
    pub fn prove(&self, rows: &Rows<'_>) -> Vec<(usize, Collision)> {
        let mut found = vec![];
        for pass in &self.passes {
            self.search(pass, rows, &mut found);
        }
        if found.len() > 1 {
            found.sort_unstable_by_key(|(i, c)| (*i, c.offset));
            found.dedup_by_key(|(i, _)| *i);
        }
        found
    }

    /// All collisions of one row as byte ranges of the text: those of the separator, then those of the stop.
    pub(crate) fn all(&self, rows: &Rows<'_>, row: &RowSpan) -> Vec<Range<usize>> {
        let mut found = vec![];
        for (finder, mark) in [(&self.separator, Mark::Separator), (&self.stop, Mark::Stop)] {
            let hits = overlapping(finder, &rows.text[row.start..row.end]).map(|hit| hit + row.start);
            let hits = hits.filter(|hit| !row.wrote(mark, *hit, rows));
            found.extend(hits.map(|hit| hit..hit + finder.needle().len()));
        }
        found
    }

    /// Adds the first collision of each row with each mark. Searches the whole text at once, since a call for each
    /// row and mark costs more than searching a short row.
    fn search(&self, pass: &Pass, all: &Rows<'_>, found: &mut Vec<(usize, Collision)>) {
        let Rows { text, rows, .. } = *all;
        let first = rows.first().map_or(0, |row| row.start);
        let mut i = 0;
        let mut last = [None; 2];
        for hit in overlapping(&pass.common, &text[first..]).map(|hit| hit + first) {
            while rows.get(i).is_some_and(|row| row.end <= hit) {
                i += 1;
            }
            let Some(row) = rows.get(i) else { break };
            for &(mark, at) in &pass.marks {
                let needle = match mark {
                    Mark::Separator => self.separator.needle(),
                    Mark::Stop => self.stop.needle(),
                };
                // A mark that begins before the start of the row is not in the row.
                let Some(start) = hit.checked_sub(at).filter(|start| *start >= row.start) else { continue };
                let last = &mut last[mark as usize];
                let collides = text[start..row.end].starts_with(needle) && !row.wrote(mark, start, all);
                if collides && *last != Some(i) {
                    *last = Some(i);
                    let site = row.site(start, needle.len(), all.spans);
                    found.push((i, Collision { mark, offset: start - row.start, site }));
                }
            }
        }
    }
}

/// The longest run of bytes, at least [`COMMON_BYTES`], that both contain: its offset in each, and its length. Only
/// the start of long marks is compared.
fn common(one: &[u8], two: &[u8]) -> Option<(usize, usize, usize)> {
    let (one, two) = (&one[..one.len().min(64)], &two[..two.len().min(64)]);
    let run = |i: usize, j: usize| one[i..].iter().zip(&two[j..]).take_while(|(a, b)| a == b).count();
    let starts = (0..one.len()).flat_map(|i| (0..two.len()).map(move |j| (i, j)));
    let longest = starts.map(|(i, j)| (i, j, run(i, j))).max_by_key(|(_, _, n)| *n)?;
    (longest.2 >= COMMON_BYTES).then_some(longest)
}

impl RowSpan {
    /// Its spans, each with its range in the text; `spans` are those of all rows.
    pub(crate) fn spans<'p>(
        &self,
        spans: &'p [Span],
    ) -> impl Iterator<Item = (Range<usize>, &'p Span)> + use<'p> {
        let (first, mut at) = (self.start, self.start);
        spans[self.first_span..self.first_span + self.spans].iter().map(move |span| {
            let start = at;
            at = first + span.end as usize;
            (start..at, span)
        })
    }

    /// The parts that are encoded together, as ranges of the text.
    pub(crate) fn parts<'p>(&self, spans: &'p [Span]) -> impl Iterator<Item = Range<usize>> + use<'p> {
        let (first, mut at) = (self.start, self.start);
        alike(&spans[self.first_span..self.first_span + self.spans]).map(move |spans| {
            let start = at;
            at = spans.last().map_or(at, |span| first + span.end as usize);
            start..at
        })
    }

    /// Whether the format wrote the mark that starts at `at`.
    fn wrote(&self, mark: Mark, at: usize, rows: &Rows<'_>) -> bool {
        let is_own =
            |(range, span): (Range<usize>, &Span)| range.start == at && ends_turn(span) == Some(mark);
        self.spans(rows.spans).any(is_own) || rows.written.binary_search(&(at, mark)).is_ok()
    }

    /// The location of a match of `len` bytes that begins at `hit`.
    fn site(&self, hit: usize, len: usize, spans: &[Span]) -> Site {
        let name = |span: &Span| ends_turn(span).map_or(span.role.name(), Mark::name);
        let mut before = "";
        let mut spans = self.spans(spans).peekable();
        while let Some((range, span)) = spans.next() {
            if range.end > hit {
                return match spans.peek() {
                    _ if span.from_data && hit + len <= range.end => Site::Body(span.role),
                    Some((_, next)) => Site::Seam(name(span), name(next)),
                    None => Site::Seam(before, name(span)),
                };
            }
            before = name(span);
        }
        Site::Seam(before, "")
    }
}

/// The mark in this span; none for a body.
fn ends_turn(span: &Span) -> Option<Mark> {
    let mark = if span.trained { Mark::Stop } else { Mark::Separator };
    (!span.from_data).then_some(mark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::turns::Branch;
    use crate::testing::Random;

    /// Adds a row of turns, each a body and its mark; every second turn is trained on.
    fn push(text: &mut String, rows: &mut Vec<RowSpan>, spans: &mut Vec<Span>, turns: &[[&str; 2]]) {
        let (start, first_span) = (text.len(), spans.len());
        for (i, turn) in turns.iter().enumerate() {
            let (role, trained) = if i % 2 == 0 { (Role::Prompt, false) } else { (Role::Completion, true) };
            for (part, from_data) in turn.iter().zip([true, false]) {
                text.push_str(part);
                let end = (text.len() - start) as u32;
                spans.push(Span {
                    end,
                    role,
                    trained,
                    from_data,
                    weight: 1.0,
                    branch: Branch::Main,
                    kind: None,
                });
            }
        }
        let spans = spans.len() - first_span;
        rows.push(RowSpan { row: rows.len(), start, end: text.len(), first_span, spans });
    }

    fn prover(separator: &str, stop: &str) -> Prover {
        Prover::new(&PromptFormat::new("{p}", "{c}", separator, stop, None).unwrap())
    }

    fn prove_turns(separator: &str, stop: &str, rows: &[Vec<&str>]) -> Vec<(usize, Collision)> {
        let prover = prover(separator, stop);
        let (mut text, mut row_spans, mut spans) = (String::from("before"), vec![], vec![]);
        for row in rows {
            let turns: Vec<_> = row.iter().zip([separator, stop].into_iter().cycle()).collect();
            let turns: Vec<_> = turns.into_iter().map(|(body, mark)| [*body, mark]).collect();
            push(&mut text, &mut row_spans, &mut spans, &turns);
        }
        text.push_str("after");
        prover.prove(&Rows { text: text.as_bytes(), rows: &row_spans, spans: &spans, written: &[] })
    }

    fn prove(separator: &str, stop: &str, rows: &[(&str, &str)]) -> Vec<(usize, Collision)> {
        let rows: Vec<_> = rows.iter().map(|(p, c)| vec![*p, *c]).collect();
        prove_turns(separator, stop, &rows)
    }

    #[test]
    fn finds_mark_offset_and_site() {
        use Mark::{Separator, Stop};
        let (sep, stop) = ("\n##\n", "\n###\n");
        for (prompt, completion, expected) in [
            ("x", "y", None),
            ("", "", None),
            ("#", "#", None),
            ("##\n", "\n##", Some((Separator, 7, Site::Seam("completion", "stop")))),
            ("x\n##", "y", Some((Separator, 1, Site::Seam("prompt", "separator")))),
            ("x", "##\ny", Some((Separator, 4, Site::Seam("separator", "completion")))),
            ("x", "y\n##", Some((Separator, 6, Site::Seam("completion", "stop")))),
            ("x\n##\ny", "y", Some((Separator, 1, Site::Body(Role::Prompt)))),
            ("x", "y\n##\nz", Some((Separator, 6, Site::Body(Role::Completion)))),
            ("x\n###\ny", "y\n##", Some((Stop, 1, Site::Body(Role::Prompt)))),
            ("x", "y\n###", Some((Stop, 6, Site::Seam("completion", "stop")))),
            ("x", "###\n", Some((Stop, 4, Site::Seam("separator", "completion")))),
            ("x\n###", "", Some((Stop, 1, Site::Seam("prompt", "separator")))),
            ("x", "##", Some((Separator, 4, Site::Seam("separator", "completion")))),
        ] {
            let expected: Vec<_> = expected
                .map(|(mark, offset, site)| (0, Collision { mark, offset, site }))
                .into_iter()
                .collect();
            assert_eq!(prove(sep, stop, &[(prompt, completion)]), expected, "{prompt:?} {completion:?}");
        }
    }

    /// Tries every offset of every row.
    fn naive(separator: &str, stop: &str, rows: &[Vec<&str>]) -> Vec<(usize, Mark, usize)> {
        let mut found = vec![];
        for (i, bodies) in rows.iter().enumerate() {
            let (mut row, mut own) = (String::new(), vec![]);
            for (turn, body) in bodies.iter().enumerate() {
                let (mark, text) =
                    if turn % 2 == 0 { (Mark::Separator, separator) } else { (Mark::Stop, stop) };
                row.push_str(body);
                own.push((mark, row.len()));
                row.push_str(text);
            }
            'row: for at in 0..row.len() {
                for (mark, needle) in [(Mark::Separator, separator), (Mark::Stop, stop)] {
                    if !own.contains(&(mark, at)) && row.as_bytes()[at..].starts_with(needle.as_bytes()) {
                        found.push((i, mark, at));
                        break 'row;
                    }
                }
            }
        }
        found
    }

    #[test]
    fn agrees_with_trying_every_offset() {
        let mut random = Random(7);
        let (mut cases, mut collisions, mut clean, mut together) = (0, 0, 0, 0);
        while cases < 4000 {
            let (separator, stop) = (random.text("#\nx", 1, 5), random.text("#\nx", 1, 5));
            if separator.contains(&stop) || stop.contains(&separator) {
                continue;
            }
            cases += 1;
            together += usize::from(prover(&separator, &stop).passes.len() == 1);
            let turns = if cases % 2 == 0 { 2 } else { 1 + random.below(5) };
            let rows: Vec<Vec<String>> = (0..random.below(6))
                .map(|_| (0..turns).map(|_| random.text("#\nx", 0, 6)).collect())
                .collect();
            let rows: Vec<Vec<&str>> =
                rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
            let ours: Vec<_> = prove_turns(&separator, &stop, &rows)
                .into_iter()
                .map(|(i, c)| (i, c.mark, c.offset))
                .collect();
            assert_eq!(ours, naive(&separator, &stop, &rows), "{separator:?} {stop:?} {rows:?}");
            collisions += ours.len();
            clean += rows.len() - ours.len();
        }
        assert!(collisions > 1000 && clean > 500, "{collisions} {clean}");
        assert!(together > 100, "{together} of {cases} in one pass");
    }

    #[test]
    fn names_the_turns_of_a_longer_row() {
        let found = |row: &[&str]| {
            let found = prove_turns("##", "!!", &[row.to_vec()]);
            found.first().map(|(_, collision)| collision.site.to_string())
        };
        assert_eq!(found(&["a", "b", "c", "d"]), None);
        assert_eq!(found(&["a", "b", "c!!", "d"]).as_deref(), Some("in the prompt"));
        assert_eq!(found(&["a", "b", "c", "d##e"]).as_deref(), Some("in the completion"));
        assert_eq!(found(&["a", "b!", "c", "d"]).as_deref(), Some("across the seam completion|stop"));
        assert_eq!(found(&["a", "b", "!c", "d"]).as_deref(), Some("across the seam stop|prompt"));
        assert_eq!(found(&["a", "b", "c#", "d"]).as_deref(), Some("across the seam prompt|separator"));
    }

    #[test]
    fn rows_do_not_run_into_one_another() {
        // "…\n###\n" + "##\n": the separator spans the border of two rows.
        assert_eq!(prove("\n##\n", "\n###\n", &[("a", "b"), ("##\nc", "d")]), []);
        assert_eq!(
            prove("##", "b#", &[("a", "x"), ("#", "d")]),
            [(1, Collision { mark: Mark::Separator, offset: 0, site: Site::Seam("prompt", "separator") })]
        );
    }

    #[test]
    fn gives_all_collisions_of_a_row() {
        let format = PromptFormat::new("{p}", "{c}", "##", "!", None).unwrap();
        let (mut text, mut rows, mut spans) = (String::from("##"), vec![], vec![]);
        push(&mut text, &mut rows, &mut spans, &[["a####", "##"], ["b!", "!"]]);
        let all = Rows { text: text.as_bytes(), rows: &rows, spans: &spans, written: &[] };
        assert_eq!(Prover::new(&format).all(&all, &rows[0]), [3..5, 4..6, 5..7, 6..8, 10..11]);
    }
}
