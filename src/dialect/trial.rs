//! One dialect with one choice of columns, tried on a sample.

use super::cell::{Cell, Row};
use super::dialect::{Dialect, Verdict};
use super::dialects::DIALECTS;
use super::head::{Head, HeadRow};
use super::misfit::Misfit;
use super::part_columns::PartColumns;

/// The most trials of one sample.
const MOST_TRIALS: usize = 64;

/// One dialect with one choice of columns, tried on a sample.
pub(super) struct Trial {
    pub(super) dialect: &'static dyn Dialect,
    pub(super) columns: PartColumns,
    /// For each row whether it has what is distinctive of the dialect, or why it does not fit.
    pub(super) rows: Vec<Result<bool, Misfit>>,
    pub(super) fits: usize,
    /// Rows that lack only the answer.
    unanswered: usize,
    distinctive: usize,
    pub(super) verdict: Verdict,
}

impl Trial {
    pub(super) fn new(dialect: &'static dyn Dialect, columns: PartColumns, head: &Head) -> Self {
        let try_row = |row: &HeadRow| {
            let row = row_of(head, row, &columns);
            dialect.read(&row).map(|dialogue| dialogue.distinctive)
        };
        let rows: Vec<Result<bool, Misfit>> = head.rows.iter().map(try_row).collect();
        let count =
            |counts: &dyn Fn(&Result<bool, Misfit>) -> bool| rows.iter().filter(|row| counts(row)).count();
        let fits = count(&|row| row.is_ok());
        let unanswered = count(&|row| row.as_ref().is_err_and(|misfit| misfit.unanswered));
        let distinctive = count(&|row| *row == Ok(true));
        let verdict = if fits == 0 { Verdict::No } else { dialect.judge(head, &columns) };
        Trial { dialect, columns, rows, fits, unanswered, distinctive, verdict }
    }

    /// Rows that fit, and those that lack only the answer.
    pub(super) fn covers(&self) -> usize {
        self.fits + self.unanswered
    }

    /// Whether a row has what is distinctive of the dialect.
    pub(super) fn is_distinct(&self) -> bool {
        self.distinctive > 0
    }

    /// Whether the sample as a whole, of so many records, is of this dialect, but for damaged rows.
    pub(super) fn qualifies(&self, records: usize) -> bool {
        // Damage is accidental up to a tenth of the rows; a sample may have more of it than the whole data.
        self.verdict != Verdict::No && self.covers() * 10 >= records * 8 && self.distinctive * 10 >= self.fits
    }
}

/// The parts of a row of the sample.
pub(super) fn row_of<'h>(head: &'h Head, row: &'h HeadRow, columns: &PartColumns) -> Row<'h> {
    let cell = |column: &str| {
        let i = head.names.iter().position(|name| name == column);
        match i.map(|i| &row.cells[i]) {
            None | Some(Cell::Null) => Cell::Null,
            Some(Cell::Text(text)) => Cell::Text(text.as_ref().into()),
            Some(Cell::Json(text)) => Cell::Json(text.as_ref().into()),
        }
    };
    Row(columns.iter().map(|(part, column)| (*part, cell(column))).collect())
}

/// Tries all dialects with every choice of columns, in the order of [`DIALECTS`].
pub(super) fn trials(head: &Head) -> Vec<Trial> {
    let mut trials = Vec::new();
    for dialect in DIALECTS {
        for columns in dialect.candidates(&head.names) {
            if trials.len() < MOST_TRIALS {
                trials.push(Trial::new(*dialect, columns, head));
            }
        }
    }
    trials
}
