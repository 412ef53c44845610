//! `mix`: sources give rows, or tokens, in the shares of their weights.

use arrow::datatypes::DataType;

use super::choice::{Choice, Decision};
use super::classes::{Classes, Member};
use super::spread::Spread;
use crate::error::{Class, Error, Result, did_you_mean};
use crate::flow::BarrierRows;
use crate::hash;
use crate::record::schema::INPUT_IDS;
use crate::record::text_views;
use crate::record::tokens::lists;
use crate::word::Word;

/// What is shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MixUnit {
    /// Rows.
    Rows,
    /// The tokens of rows.
    Tokens,
}

impl Word for MixUnit {
    const ALL: &'static [Self] = &[MixUnit::Rows, MixUnit::Tokens];

    fn name(self) -> &'static str {
        match self {
            MixUnit::Rows => "rows",
            MixUnit::Tokens => "tokens",
        }
    }
}

/// What happens when a source has no more rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnExhausted {
    /// The mix ends with the first source that has no more rows.
    Stop,
    /// Rows are repeated until every source has given all its rows.
    Repeat,
}

impl Word for OnExhausted {
    const ALL: &'static [Self] = &[OnExhausted::Stop, OnExhausted::Repeat];

    fn name(self) -> &'static str {
        match self {
            OnExhausted::Stop => "stop",
            OnExhausted::Repeat => "repeat",
        }
    }
}

/// What is mixed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MixOptions {
    /// The weight of each source; 0 removes its rows.
    pub(crate) weights: Vec<(String, f64)>,
    /// The column that names the source of a row.
    pub(crate) by: String,
    pub(crate) unit: MixUnit,
    pub(crate) on_exhausted: OnExhausted,
    /// Decides which rows leave, or leave once more.
    pub(crate) seed: u64,
}

/// The source, and the number of tokens, of all rows.
pub(super) struct Mix {
    options: MixOptions,
    /// Sources are numbered as their weights; those without a weight follow.
    classes: Classes,
    /// The names of the sources without a weight.
    unknown: Vec<String>,
    /// The tokens of each row; 1 if rows are counted.
    amounts: Vec<u32>,
}

impl Mix {
    pub(super) fn new(options: MixOptions) -> Self {
        let key = |(name, _): &(String, f64)| hash::key([hash::field(Some(name.as_bytes()))]);
        let classes = Classes::known("mix", options.weights.iter().map(key));
        Mix { options, classes, unknown: Vec::new(), amounts: Vec::new() }
    }

    /// Names the sources without a weight that these rows, the last ones, are the first of.
    fn name_unknown(&mut self, rows: &BarrierRows) -> Result<()> {
        let by = rows.records.column_by_name(&self.options.by);
        let by = by.ok_or_else(|| Error::internal("the rows of a mix have no column of sources"))?;
        let names = text_views(by.as_ref())?;
        let first = self.classes.rows.len() - rows.records.num_rows();
        for (i, (member, _)) in self.classes.rows[first..].iter().enumerate() {
            let known = self.options.weights.len() + self.unknown.len();
            if matches!(member, Member::Class(class) if *class as usize >= known) {
                self.unknown.push(names.value(i).into());
            }
        }
        Ok(())
    }

    /// Rows or tokens of each source.
    fn sums(&self) -> Vec<u64> {
        let mut sums = vec![0; self.classes.sizes.len()];
        for ((member, _), amount) in self.classes.rows.iter().zip(&self.amounts) {
            if let Member::Class(class) = member {
                sums[*class as usize] += u64::from(*amount);
            }
        }
        sums
    }

    /// Fails where a source has no weight, or no rows to give.
    fn check(&self, sums: &[u64]) -> Result<()> {
        let weights = &self.options.weights;
        if let [first, ..] = self.unknown.as_slice() {
            let sizes = &self.classes.sizes[weights.len()..];
            let shown: Vec<String> = self
                .unknown
                .iter()
                .zip(sizes)
                .map(|(name, n)| format!("`{name}` ({n} row{})", if *n == 1 { "" } else { "s" }))
                .take(5)
                .collect();
            let more = match self.unknown.len() - shown.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let empty =
                weights.iter().zip(sums).filter(|(_, sum)| **sum == 0).map(|((name, _), _)| name.as_str());
            let meant = did_you_mean(first, empty);
            let message = format!("mix: there is no weight for {}{more}{meant}", shown.join(", "));
            return Err(Error::new(Class::Data, "source_without_weight", message)
                .column(&self.options.by)
                .help(format!("give each source a weight, or 0 to leave its rows out: {{\"{first}\": 0}}")));
        }
        let empty = weights.iter().zip(sums).find(|((_, weight), sum)| *weight > 0.0 && **sum == 0);
        let Some(((name, _), _)) = empty else { return Ok(()) };
        let unit = self.options.unit.name();
        let found: Vec<String> = weights
            .iter()
            .zip(sums)
            .filter(|(_, sum)| **sum > 0)
            .map(|((name, _), _)| format!("`{name}`"))
            .collect();
        let found = if found.is_empty() {
            "no source has any".into()
        } else {
            format!("found: {}", found.join(", "))
        };
        let message = format!("mix: the source `{name}` has no {unit} in train; {found}");
        Err(Error::new(Class::Data, "source_without_rows", message)
            .column(&self.options.by)
            .help(format!("correct the name, or take `{name}` out of the weights")))
    }

    /// How much each source gives, in its unit.
    fn given(&self, sums: &[u64]) -> Result<Vec<u64>> {
        let options = &self.options;
        let all = options.weights.iter().map(|(_, weight)| *weight).zip(sums);
        // The source that is exhausted first, or last; of several, the first.
        let mut base: Option<(f64, f64, u64)> = None;
        for (weight, sum) in all.clone().filter(|(weight, _)| *weight > 0.0) {
            let total = *sum as f64 / weight;
            let is_better = match options.on_exhausted {
                OnExhausted::Stop => base.is_none_or(|(best, ..)| total < best),
                OnExhausted::Repeat => base.is_none_or(|(best, ..)| total > best),
            };
            if is_better {
                base = Some((total, weight, *sum));
            }
        }
        let Some((_, base_weight, base_sum)) = base else { return Ok(vec![0; sums.len()]) };
        let given = |((weight, sum), size): ((f64, &u64), &u64)| {
            let given = (base_sum as f64 * (weight / base_weight)).round();
            match options.on_exhausted {
                OnExhausted::Stop => Ok((given as u64).min(*sum)),
                OnExhausted::Repeat if given * *size as f64 > *sum as f64 * f64::from(u32::MAX) => {
                    Err(too_many())
                }
                OnExhausted::Repeat => Ok(given as u64),
            }
        };
        all.zip(&self.classes.sizes).map(given).collect()
    }
}

#[cold]
fn too_many() -> Error {
    Error::new(Class::Data, "too_many_rows", "mix: a source would give more than 2³² rows")
        .help("raise the smallest weight, or write on_exhausted=\"stop\"")
}

impl Choice for Mix {
    fn add(&mut self, rows: &BarrierRows) -> Result<()> {
        self.classes.add(rows)?;
        if self.classes.sizes.len() > self.options.weights.len() + self.unknown.len() {
            self.name_unknown(rows)?;
        }
        match self.options.unit {
            MixUnit::Rows => self.amounts.resize(self.classes.rows.len(), 1),
            MixUnit::Tokens => {
                let ids = rows.records.column_by_name(INPUT_IDS);
                let ids = ids.ok_or_else(|| Error::internal("the rows of a mix have no token ids"))?;
                let ids = lists(INPUT_IDS, ids, DataType::Int32)?;
                self.amounts.extend(ids.offsets().lengths().map(|tokens| tokens as u32));
            }
        }
        Ok(())
    }

    fn decide(self: Box<Self>) -> Result<Box<dyn Decision>> {
        let sums = self.sums();
        self.check(&sums)?;
        let given = self.given(&sums)?;
        let parts = given.iter().zip(&sums).map(|(given, sum)| (given / sum.max(&1), given % sum.max(&1)));
        let (passes, rest): (Vec<u64>, Vec<u64>) = parts.unzip();
        let extra = self.classes.chosen(|class, rows| {
            let mut left = rest[class as usize];
            let fits = |row: &usize| match left.checked_sub(u64::from(self.amounts[*row])) {
                Some(less) => {
                    left = less;
                    true
                }
                None => false,
            };
            rows.take_while(fits).count()
        });
        Ok(Box::new(Spread::new(&self.classes, |class| passes[class as usize], &extra)))
    }
}
