//! Which separator and stop suit the data: those that no row collides with.

use super::prove::Prover;
use super::render::{Page, Renderer, value};
use super::{PromptFormat, Template};
use crate::error::Result;
use crate::record::{Batch, Place};

/// Pairs of separator and stop in order of preference; the numbered family follows.
const PAIRS: &[(&str, &str)] = &[
    ("\n##\n", "\n###\n"),
    ("\n\n###\n\n", " END"),
    ("\n\n===\n\n", "\n\n***\n\n"),
    ("\n\n--->\n\n", "\n\n<---\n\n"),
    ("\n<<answer>>\n", "\n<<end>>\n"),
];

/// How many pairs of numbered marks there are.
const NUMBERED: usize = 16;

/// The pairs that are tried by default: well-known ones, then `"\n#1\n"` with `"\n#2\n"`, `"\n#3\n"` with `"\n#4\n"`, ….
pub fn default_pairs() -> Vec<(String, String)> {
    let known = PAIRS.iter().map(|(separator, stop)| (separator.to_string(), stop.to_string()));
    let numbered = (1..=NUMBERED).map(|i| (format!("\n#{}\n", 2 * i - 1), format!("\n#{}\n", 2 * i)));
    known.chain(numbered).collect()
}

/// A pair and how it fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The separator.
    pub separator: String,
    /// The stop.
    pub stop: String,
    /// Rows that collide with it.
    pub collisions: u64,
    /// The first of them in input order.
    pub first: Option<Place>,
}

/// Counts for each pair the rows that collide with it.
pub struct Suggester {
    trials: Vec<(Renderer, Prover, Candidate)>,
    rows: u64,
}

impl Suggester {
    /// A suggester for these templates. Pairs that the templates' own text rules out are left out.
    pub fn new(prompt: &Template, completion: &Template, pairs: &[(String, String)]) -> Self {
        let trials = pairs.iter().filter_map(|(separator, stop)| {
            let format =
                PromptFormat::new(prompt.source(), completion.source(), separator, stop, true).ok()?;
            let candidate =
                Candidate { separator: separator.clone(), stop: stop.clone(), collisions: 0, first: None };
            Some((Prover::new(&format), candidate, Renderer::new(format)))
        });
        Suggester {
            trials: trials.map(|(prover, candidate, renderer)| (renderer, prover, candidate)).collect(),
            rows: 0,
        }
    }

    /// Takes rows; those that lack a column that the templates need are passed over.
    ///
    /// Errors: `wrong_type` for a column that is not text.
    pub fn push(&mut self, batch: &Batch) -> Result<()> {
        let Some((renderer, ..)) = self.trials.first() else { return Ok(()) };
        let values = renderer.values(batch)?;
        // A row that misses a column shows in every trial alike, and is for the run to report.
        let whole = |row: &usize| renderer.missing(|column| value(&values, column, *row)).is_none();
        let rows: Vec<usize> = (0..batch.rows()).filter(whole).collect();
        self.rows += rows.len() as u64;
        let bytes = renderer.size(&values, rows.len());
        for (renderer, prover, candidate) in &mut self.trials {
            let mut page = Page::new(rows.len(), bytes, false);
            for &row in &rows {
                renderer.push(&mut page, row, |column| value(&values, column, row));
            }
            for (i, _) in prover.prove(page.text(), &page.rows) {
                let place = batch.places.at(page.rows[i].row);
                candidate.collisions += 1;
                candidate.first = Some(candidate.first.map_or(place, |first| first.min(place)));
            }
        }
        Ok(())
    }

    /// Rows taken so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The pairs in order of preference, with their counts.
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.trials.iter().map(|(_, _, candidate)| candidate)
    }

    /// The first pair that no row collides with.
    pub fn best(&self) -> Option<&Candidate> {
        self.candidates().find(|candidate| candidate.collisions == 0)
    }
}
