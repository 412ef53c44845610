//! Rows of classes that leave once or several times, each class spread evenly over all.

use super::choice::{Decision, in_order};
use super::classes::{Classes, Member};

/// Every class gives its rows in whole passes and a part of one more pass. The j-th row of the m that a class gives lies
/// at the share (2j + 1) / 2m of all rows; where shares are equal, classes follow in the order of their numbers. Rows in
/// no class leave once, spread in the same way after all classes.
pub(super) struct Spread {
    rows: Vec<Row>,
    /// By the number of the class; the last is of the rows in no class.
    classes: Vec<Given>,
}

struct Row {
    member: Member,
    /// Its number among the rows of its class.
    nth: u32,
    /// Its number among those that leave once more.
    extra: Option<u32>,
}

/// What a class gives.
#[derive(Default)]
struct Given {
    /// Its rows.
    rows: u64,
    /// How often all of them leave.
    passes: u64,
    /// How many leave once more.
    extra: u64,
}

impl Spread {
    /// `passes` gives the whole passes of each class, `extra` the rows that leave once more.
    pub(super) fn new(classes: &Classes, passes: impl Fn(u32) -> u64, extra: &[bool]) -> Self {
        let given = |class| Given { passes: passes(class), ..Given::default() };
        let mut all: Vec<Given> = (0..).take(classes.sizes.len()).map(given).collect();
        all.push(Given { passes: 1, ..Given::default() });
        let other = all.len() - 1;
        let mut rows = Vec::with_capacity(classes.rows.len());
        for ((member, _), extra) in classes.rows.iter().zip(extra) {
            let class = match member {
                Member::Class(class) => *class as usize,
                Member::Other => other,
                Member::Missing => {
                    rows.push(Row { member: *member, nth: 0, extra: None });
                    continue;
                }
            };
            let given = &mut all[class];
            let row =
                Row { member: *member, nth: given.rows as u32, extra: extra.then_some(given.extra as u32) };
            rows.push(row);
            given.rows += 1;
            given.extra += u64::from(*extra);
        }
        Spread { rows, classes: all }
    }

    /// The number of the class of a row; none where its value is missing.
    fn class(&self, row: &Row) -> Option<usize> {
        match row.member {
            Member::Class(class) => Some(class as usize),
            Member::Other => Some(self.classes.len() - 1),
            Member::Missing => None,
        }
    }
}

impl Decision for Spread {
    fn times(&self, row: usize) -> u64 {
        let row = &self.rows[row];
        let passes = self.class(row).map(|class| self.classes[class].passes);
        passes.map_or(0, |passes| passes + u64::from(row.extra.is_some()))
    }

    fn rank(&self, row: usize, nth: u64) -> u64 {
        let (place, row) = (row, &self.rows[row]);
        let class = self.class(row).filter(|class| self.classes[*class].passes > 0 || row.extra.is_some());
        // A row that is removed.
        let Some(class) = class else { return in_order(place, self.rows.len()) };
        let given = &self.classes[class];
        let position = match row.extra {
            Some(extra) if nth == given.passes => nth * given.rows + u64::from(extra),
            _ => nth * given.rows + u64::from(row.nth),
        };
        share(position, given.passes * given.rows + given.extra) + class as u64
    }
}

/// The share of row `position` of `rows`, as a rank: the last 32 bits are left to the number of the class.
fn share(position: u64, rows: u64) -> u64 {
    let whole = (1u128 << 64) - (1 << 32);
    ((2 * u128::from(position) + 1) * whole / (2 * u128::from(rows))) as u64
}
