//! Recognises the dialect of a data set from a sample of its rows.

use super::dialect::{Dialect, Verdict};
use super::head::{Head, HeadRow};
use super::part_columns::PartColumns;
use super::recognised::{Layout, Recognised, dialogue_json};
use super::trial::{Trial, row_of, trials};

/// How many rows that do not fit are named.
const MISFITS_SHOWN: usize = 5;
/// How many rows are shown as they are read.
const ROWS_SHOWN: usize = 2;

/// The dialect of a sample as a whole: the first of [`DIALECTS`](super::dialects::DIALECTS) that reads all rows but
/// damaged ones. Unknown if there is none, or if columns that it does not read make another as likely.
pub fn recognise(head: &Head) -> Recognised {
    let trials = trials(head);
    let records = head.records();
    let chosen = trials.iter().position(|trial| trial.qualifies(records)).map(|first| {
        let dialect = trials[first].dialect.name();
        let same =
            trials.iter().enumerate().filter(|(_, t)| t.dialect.name() == dialect && t.qualifies(records));
        // The first of those that cover most rows: the usual names come first.
        same.rev().max_by_key(|(_, trial)| trial.covers()).map_or(first, |(i, _)| i)
    });
    let Some(chosen) = chosen else { return unknown(head, &trials, not_one(head, &trials)) };
    if let Verdict::Doubt(reason) = &trials[chosen].verdict {
        let name = trials[chosen].dialect.name();
        let why = vec![
            format!("the rows fit the dialect {name}, but {reason}"),
            format!("if they are of the dialect {name}, say so: read_as(\"{name}\")"),
        ];
        return unknown(head, &trials, why);
    }
    let mut found = found(head, &trials, chosen);
    let others = trials.iter().filter(|t| t.qualifies(records) && t.dialect.name() != found.name());
    let mut names: Vec<&str> = others.map(|trial| trial.dialect.name()).collect();
    names.dedup();
    if !names.is_empty() {
        found.why.push(format!("the more general {} would read them too", names.join(", ")));
    }
    found
}

/// What a dialect that was chosen reads of a sample.
pub fn examine(head: &Head, dialect: &'static dyn Dialect, columns: PartColumns) -> Recognised {
    let mut all = vec![Trial::new(dialect, columns, head)];
    all.extend(trials(head));
    found(head, &all, 0)
}

fn found(head: &Head, trials: &[Trial], chosen: usize) -> Recognised {
    let trial = &trials[chosen];
    let (dialect, columns) = (trial.dialect, trial.columns.clone());
    let records = head.records();
    let shown: Vec<String> = columns.iter().map(|(part, column)| format!("{part} is `{column}`")).collect();
    let mut why = vec![
        format!("{} of {records} rows are {}", trial.fits, dialect.title()),
        format!("by column: {}", shown.join(", ")),
    ];
    let is_text = |column: &str| head.profile(column).is_some_and(|profile| profile.is_text());
    let templates = dialect.templates(&columns).filter(|_| {
        // The column of an optional part may be empty, but what a row cannot do without must be text.
        let required = dialect.parts().iter().filter(|part| part.required && part.name != "input");
        required
            .flat_map(|part| columns.iter().filter(|(name, _)| *name == part.name))
            .all(|(_, c)| is_text(c))
    });
    let unused: Vec<String> = head.other_texts(&columns).iter().map(|column| format!("`{column}`")).collect();
    if templates.is_some() && !unused.is_empty() {
        let columns = if unused.len() == 1 { "column" } else { "columns" };
        why.push(format!("not used: {columns} {}", unused.join(", ")));
    }
    Recognised {
        dialect: Some(dialect),
        why,
        rows: records,
        fits: trial.fits,
        misfits: misfits(head, trial),
        layouts: layouts(head, trials, Some(chosen)),
        sample: sample(head, trial),
        templates,
        columns,
    }
}

fn unknown(head: &Head, trials: &[Trial], why: Vec<String>) -> Recognised {
    Recognised {
        dialect: None,
        columns: Vec::new(),
        why,
        rows: head.records(),
        fits: 0,
        misfits: Vec::new(),
        layouts: layouts(head, trials, None),
        sample: Vec::new(),
        templates: None,
    }
}

/// Why no dialect was recognised.
fn not_one(head: &Head, trials: &[Trial]) -> Vec<String> {
    if head.records() == 0 {
        return vec!["there are no rows".into()];
    }
    let likely = trials.iter().filter(|trial| trial.verdict != Verdict::No && trial.is_distinct()).rev();
    match likely.max_by_key(|trial| trial.covers()) {
        Some(best) => vec![format!(
            "no dialect reads nearly all rows: {} reads most of them, {} of {}",
            best.dialect.name(),
            best.fits,
            head.records()
        )],
        None => vec![format!(
            "no dialect has columns of these names, with what they hold: {}",
            head.names.iter().take(20).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        )],
    }
}

fn misfits(head: &Head, trial: &Trial) -> Vec<(crate::record::Place, String)> {
    let rows = head.rows.iter().zip(&trial.rows);
    let unread = rows.filter_map(|(row, read)| Some((row.place, read.as_ref().err()?.to_string())));
    let mut all: Vec<_> = unread.take(MISFITS_SHOWN).collect();
    all.extend(head.unreadable.iter().take(MISFITS_SHOWN).cloned());
    all.sort_by_key(|(place, _)| *place);
    all.truncate(MISFITS_SHOWN);
    all
}

/// The layouts of all rows, that of `chosen` first and then the most frequent ones.
fn layouts(head: &Head, trials: &[Trial], chosen: Option<usize>) -> Vec<Layout> {
    let mut layouts: Vec<(Option<usize>, Layout)> = Vec::new();
    for (i, row) in head.rows.iter().enumerate() {
        let reads = |trial: &Trial| trial.rows[i] == Ok(true) && trial.verdict != Verdict::No;
        let by = chosen.filter(|c| trials[*c].rows[i].is_ok()).or_else(|| trials.iter().position(reads));
        match layouts.iter_mut().find(|(known, _)| *known == by) {
            Some((_, layout)) => layout.rows += 1,
            None => {
                let dialect = by.map(|by| trials[by].dialect.name());
                let columns = by.map(|by| trials[by].columns.clone()).unwrap_or_default();
                layouts.push((by, Layout { dialect, columns, rows: 1, first: row.place }));
            }
        }
    }
    layouts.sort_by_key(|(by, layout)| (*by != chosen || by.is_none(), std::cmp::Reverse(layout.rows)));
    layouts.into_iter().map(|(_, layout)| layout).collect()
}

fn sample(head: &Head, trial: &Trial) -> Vec<serde_json::Value> {
    let fits = head.rows.iter().zip(&trial.rows).filter(|(_, read)| read.is_ok());
    let shown = |(row, _): (&HeadRow, _)| {
        let parts = row_of(head, row, &trial.columns);
        trial.dialect.read(&parts).ok().map(|dialogue| dialogue_json(&dialogue))
    };
    fits.take(ROWS_SHOWN).filter_map(shown).collect()
}
