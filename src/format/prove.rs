//! The proof that every separator and stop in a row is one that the format wrote.
//!
//! The proof is over the whole row `prompt body + separator + completion body + stop`, and matches may overlap:
//! with the separator `"\n##\n"` the prompt `"x\n##"` collides, since `"x\n##\n##\n"` holds it twice.

use std::fmt;

use memchr::memmem::Finder;

use super::PromptFormat;
use super::marks::{Mark, Written, overlapping};

/// A row within a text that holds many, each abutting the next or further on: byte offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowSpan {
    /// Index of the row in its batch.
    pub row: usize,
    /// Where the prompt starts.
    pub start: usize,
    /// Where the separator starts.
    pub separator: usize,
    /// Where the completion starts.
    pub completion: usize,
    /// Where the stop starts.
    pub stop: usize,
    /// Where the row ends.
    pub end: usize,
}

/// Where in a row a match lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// Within the prompt's body.
    Prompt,
    /// Within the completion's body.
    Completion,
    /// Across the border of prompt and separator.
    PromptSeparator,
    /// Across the border of separator and completion.
    SeparatorCompletion,
    /// Across the border of completion and stop.
    CompletionStop,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Site::Prompt => "in the prompt",
            Site::Completion => "in the completion",
            Site::PromptSeparator => "across the seam prompt|separator",
            Site::SeparatorCompletion => "across the seam separator|completion",
            Site::CompletionStop => "across the seam completion|stop",
        })
    }
}

/// The first match of a row that the format did not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collision {
    /// Which string.
    pub mark: Mark,
    /// Byte offset of the match in the row `prompt + completion`.
    pub offset: usize,
    /// Where that is. Of several seams, the first.
    pub site: Site,
}

/// Searches texts for separator and stop.
#[derive(Debug, Clone)]
pub struct Prover {
    separator: Finder<'static>,
    stop: Finder<'static>,
    passes: Vec<Pass>,
}

/// One search through the text: for what the marks of `of` have in common.
#[derive(Debug, Clone)]
struct Pass {
    common: Finder<'static>,
    /// The marks that are looked for, each with where it holds what is common.
    of: Vec<(Mark, usize)>,
}

/// Marks that share fewer bytes than this are searched one by one: what is too short occurs too often.
const COMMON_BYTES: usize = 3;

impl Prover {
    /// The prover of this format. Text that was rendered elsewhere holds marks that no format wrote: there is nothing
    /// to prove.
    pub fn new(format: &PromptFormat) -> Self {
        let (separator, stop) = (format.separator(), format.stop());
        let pass = |common: &[u8], of| Pass { common: Finder::new(common).into_owned(), of };
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

    /// The first collision of each row that has one, as its index in `rows`. `rows` must be in the order of the text.
    /// `written`, ascending: the marks that the format wrote beside each row's separator and stop.
    pub fn prove(&self, text: &[u8], rows: &[RowSpan], written: &[Written]) -> Vec<(usize, Collision)> {
        let mut found = vec![];
        for pass in &self.passes {
            self.search(pass, text, rows, written, &mut found);
        }
        if found.len() > 1 {
            found.sort_unstable_by_key(|(i, c)| (*i, c.offset));
            found.dedup_by_key(|(i, _)| *i);
        }
        found
    }

    /// All collisions of one row, as byte ranges of the text, those of the separator first.
    pub fn all(&self, text: &[u8], row: &RowSpan, written: &[Written]) -> Vec<std::ops::Range<usize>> {
        let mut found = vec![];
        for (finder, mark) in [(&self.separator, Mark::Separator), (&self.stop, Mark::Stop)] {
            let hits = overlapping(finder, &text[row.start..row.end]).map(|hit| hit + row.start);
            let hits = hits.filter(|hit| !row.has(mark, *hit, written));
            found.extend(hits.map(|hit| hit..hit + finder.needle().len()));
        }
        found
    }

    /// One pass over the whole text rather than a search per row and mark: text is searched at the speed of
    /// memory, a call costs more than a short row. Of each row, the first collision with each mark.
    fn search(
        &self,
        pass: &Pass,
        text: &[u8],
        rows: &[RowSpan],
        written: &[Written],
        found: &mut Vec<(usize, Collision)>,
    ) {
        let first = rows.first().map_or(0, |row| row.start);
        let mut i = 0;
        let mut last = [None; 2];
        for hit in overlapping(&pass.common, &text[first..]).map(|hit| hit + first) {
            while rows.get(i).is_some_and(|row| row.end <= hit) {
                i += 1;
            }
            let Some(row) = rows.get(i) else { break };
            for &(mark, at) in &pass.of {
                let needle = match mark {
                    Mark::Separator => self.separator.needle(),
                    Mark::Stop => self.stop.needle(),
                };
                // Before the row's start where nothing is left of `hit`: then the mark begins in another row.
                let Some(start) = hit.checked_sub(at).filter(|start| *start >= row.start) else { continue };
                let last = &mut last[mark as usize];
                let collides = text[start..row.end].starts_with(needle) && !row.has(mark, start, written);
                if collides && *last != Some(i) {
                    *last = Some(i);
                    let site = row.site(start, needle.len());
                    found.push((i, Collision { mark, offset: start - row.start, site }));
                }
            }
        }
    }
}

/// The longest run of bytes, at least [`COMMON_BYTES`], that both hold: where in the one, where in the other, and
/// how long. Of long marks the head is enough.
fn common(one: &[u8], two: &[u8]) -> Option<(usize, usize, usize)> {
    let (one, two) = (&one[..one.len().min(64)], &two[..two.len().min(64)]);
    let run = |i: usize, j: usize| one[i..].iter().zip(&two[j..]).take_while(|(a, b)| a == b).count();
    let starts = (0..one.len()).flat_map(|i| (0..two.len()).map(move |j| (i, j)));
    let longest = starts.map(|(i, j)| (i, j, run(i, j))).max_by_key(|(_, _, n)| *n)?;
    (longest.2 >= COMMON_BYTES).then_some(longest)
}

impl RowSpan {
    /// Whether the format wrote the mark that starts here.
    fn has(&self, mark: Mark, at: usize, written: &[Written]) -> bool {
        let own = if mark == Mark::Separator { self.separator } else { self.stop };
        at == own || written.binary_search(&(at, mark)).is_ok()
    }

    fn site(&self, hit: usize, len: usize) -> Site {
        let end = hit + len;
        if end <= self.separator {
            Site::Prompt
        } else if hit < self.separator {
            Site::PromptSeparator
        } else if hit < self.completion {
            Site::SeparatorCompletion
        } else if end <= self.stop {
            Site::Completion
        } else {
            Site::CompletionStop
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Rng;
    use super::*;

    fn span(text: &mut String, row: usize, [prompt, separator, completion, stop]: [&str; 4]) -> RowSpan {
        let mut push = |part: &str| {
            let at = text.len();
            text.push_str(part);
            at
        };
        let (start, separator, completion, stop) =
            (push(prompt), push(separator), push(completion), push(stop));
        RowSpan { row, start, separator, completion, stop, end: text.len() }
    }

    fn prover(separator: &str, stop: &str) -> Prover {
        Prover::new(&PromptFormat::new("{p}", "{c}", separator, stop, None).unwrap())
    }

    fn prove(separator: &str, stop: &str, rows: &[(&str, &str)]) -> Vec<(usize, Collision)> {
        let prover = prover(separator, stop);
        let mut text = String::from("before");
        let spans: Vec<_> =
            rows.iter().enumerate().map(|(i, (p, c))| span(&mut text, i, [p, separator, c, stop])).collect();
        text.push_str("after");
        prover.prove(text.as_bytes(), &spans, &[])
    }

    #[test]
    fn tells_what_and_where() {
        use Mark::{Separator, Stop};
        let (sep, stop) = ("\n##\n", "\n###\n");
        for (prompt, completion, expected) in [
            ("x", "y", None),
            ("", "", None),
            ("#", "#", None),
            ("##\n", "\n##", Some((Separator, 7, Site::CompletionStop))),
            ("x\n##", "y", Some((Separator, 1, Site::PromptSeparator))),
            ("x", "##\ny", Some((Separator, 4, Site::SeparatorCompletion))),
            ("x", "y\n##", Some((Separator, 6, Site::CompletionStop))),
            ("x\n##\ny", "y", Some((Separator, 1, Site::Prompt))),
            ("x", "y\n##\nz", Some((Separator, 6, Site::Completion))),
            ("x\n###\ny", "y\n##", Some((Stop, 1, Site::Prompt))),
            ("x", "y\n###", Some((Stop, 6, Site::CompletionStop))),
            ("x", "###\n", Some((Stop, 4, Site::SeparatorCompletion))),
            ("x\n###", "", Some((Stop, 1, Site::PromptSeparator))),
            ("x", "##", Some((Separator, 4, Site::SeparatorCompletion))),
        ] {
            let expected: Vec<_> = expected
                .map(|(mark, offset, site)| (0, Collision { mark, offset, site }))
                .into_iter()
                .collect();
            assert_eq!(prove(sep, stop, &[(prompt, completion)]), expected, "{prompt:?} {completion:?}");
        }
    }

    /// Tries every offset of every row.
    fn naive(separator: &str, stop: &str, rows: &[(&str, &str)]) -> Vec<(usize, Mark, usize)> {
        let mut found = vec![];
        for (i, (p, c)) in rows.iter().enumerate() {
            let row = format!("{p}{separator}{c}{stop}");
            let places = [(Mark::Separator, separator, p.len()), (Mark::Stop, stop, row.len() - stop.len())];
            'row: for at in 0..row.len() {
                for (mark, needle, place) in places {
                    if at != place && row.as_bytes()[at..].starts_with(needle.as_bytes()) {
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
        let mut rng = Rng(7);
        let (mut cases, mut collisions, mut clean, mut together) = (0, 0, 0, 0);
        while cases < 4000 {
            let (separator, stop) = (rng.text("#\nx", 1, 5), rng.text("#\nx", 1, 5));
            if separator.contains(&stop) || stop.contains(&separator) {
                continue;
            }
            cases += 1;
            together += usize::from(prover(&separator, &stop).passes.len() == 1);
            let rows: Vec<_> =
                (0..rng.below(6)).map(|_| (rng.text("#\nx", 0, 6), rng.text("#\nx", 0, 6))).collect();
            let rows: Vec<_> = rows.iter().map(|(p, c)| (p.as_str(), c.as_str())).collect();
            let ours: Vec<_> =
                prove(&separator, &stop, &rows).into_iter().map(|(i, c)| (i, c.mark, c.offset)).collect();
            assert_eq!(ours, naive(&separator, &stop, &rows), "{separator:?} {stop:?} {rows:?}");
            collisions += ours.len();
            clean += rows.len() - ours.len();
        }
        assert!(collisions > 1000 && clean > 500, "{collisions} {clean}");
        assert!(together > 100, "{together} of {cases} in one pass");
    }

    #[test]
    fn rows_do_not_run_into_one_another() {
        // "…\n###\n" + "##\n": the separator spans the border of two rows.
        assert_eq!(prove("\n##\n", "\n###\n", &[("a", "b"), ("##\nc", "d")]), []);
        assert_eq!(
            prove("##", "b#", &[("a", "x"), ("#", "d")]),
            [(1, Collision { mark: Mark::Separator, offset: 0, site: Site::PromptSeparator })]
        );
    }

    #[test]
    fn gives_all_collisions_of_a_row() {
        let format = PromptFormat::new("{p}", "{c}", "##", "!", None).unwrap();
        let mut text = String::from("##");
        let row = span(&mut text, 0, ["a####", "##", "b!", "!"]);
        assert_eq!(Prover::new(&format).all(text.as_bytes(), &row, &[]), [3..5, 4..6, 5..7, 6..8, 10..11]);
    }
}
