//! Takes the lines of all files, in order.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use serde_json::json;

use super::broken::Broken;
use super::file_checks::FileFacts;
use super::limit::{Severity, Target};
use super::row_checks::{check_line, is_blank};
use super::rule::Rule;
use crate::error::{Class, Error, Result};
use crate::flow::{MakeReady, Sink};
use crate::record::Batch;

/// Of which set a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Train,
    Valid,
}

impl Part {
    pub(super) fn name(self) -> &'static str {
        match self {
            Part::Train => "train",
            Part::Valid => "valid",
        }
    }
}

/// A file that was looked at.
pub(super) struct File {
    pub(super) shown: String,
    pub(super) part: Part,
    pub(super) facts: FileFacts,
    pub(super) rows: u64,
    /// Lines that are too long to be looked at.
    pub(super) unread: u64,
}

/// The files and rows that break a limit.
#[derive(Default, Clone)]
pub(super) struct Breaches {
    pub(super) count: u64,
    /// The first: the number of the file, and the breach.
    pub(super) first: Vec<(usize, Broken)>,
}

/// Why a file would be refused.
pub(crate) struct Refused {
    pub(crate) code: &'static str,
    pub(crate) limit: String,
    pub(crate) fix: &'static str,
    /// The name of the file.
    pub(crate) name: String,
    pub(crate) line: Option<u64>,
    pub(crate) detail: String,
}

/// How many breaches of a limit are kept.
const KEPT: usize = 10;

/// Looks at the files of a target. Those of the validation must come first.
pub(crate) struct Lint {
    pub(super) target: &'static Target,
    /// The number of the limit that no row is shared; none where rows are not compared.
    shared: Option<usize>,
    pub(super) files: Vec<File>,
    pub(super) breaches: Vec<Breaches>,
    /// The file and line of each conversation of the validation: 48 bytes for each, times 1.1 to 2.3.
    valid: HashMap<u128, (u32, u64)>,
    lines: Option<Box<dyn Write + Send>>,
}

/// The lines of a batch, looked at.
pub(crate) struct CheckedLines {
    rows: u64,
    unread: u64,
    broken: Vec<Broken>,
    /// The line and key of each conversation.
    keys: Vec<(u64, u128)>,
}

struct CheckLines {
    target: &'static Target,
    is_compared: bool,
}

impl Lint {
    /// For a target. If there is a validation, rows are compared with it. All breaches are written to `lines`, as JSON
    /// lines.
    pub(crate) fn new(
        target: &'static Target,
        has_valid: bool,
        lines: Option<Box<dyn Write + Send>>,
    ) -> Self {
        let shared = target.limits().position(|limit| limit.rule == Rule::NoSharedRows);
        Lint {
            target,
            shared: shared.filter(|_| has_valid),
            files: Vec::new(),
            breaches: vec![Breaches::default(); target.limits().count()],
            valid: HashMap::new(),
            lines,
        }
    }

    /// Begins a file, whose lines follow.
    pub(crate) fn begin(&mut self, shown: String, part: Part, facts: FileFacts) {
        self.files.push(File { shown, part, facts, rows: 0, unread: 0 });
    }

    /// Ends the file that was begun last.
    ///
    /// # Errors
    /// `cannot_write`.
    pub(crate) fn end(&mut self) -> Result<()> {
        let Some(file) = self.files.last() else { return Ok(()) };
        let is_for_training = file.part == Part::Train;
        let broken = file.facts.check(self.target, file.rows + file.unread, is_for_training);
        broken.into_iter().try_for_each(|broken| self.add(broken))
    }

    /// Ends all files.
    ///
    /// # Errors
    /// `cannot_write`.
    pub(crate) fn close(&mut self) -> Result<()> {
        self.lines.as_mut().map_or(Ok(()), |lines| lines.flush().map_err(cannot_write))
    }

    fn add(&mut self, broken: Broken) -> Result<()> {
        let file = self.files.len().saturating_sub(1);
        let limit = self.target.limits().nth(broken.limit);
        if let (Some(lines), Some(limit)) = (&mut self.lines, limit) {
            let line = json!({
                "code": limit.rule.code(),
                "severity": limit.severity.name(),
                "file": self.files.get(file).map(|file| &file.shown),
                "line": broken.line,
                "detail": broken.detail,
            });
            writeln!(lines, "{line}").map_err(cannot_write)?;
        }
        let breaches = &mut self.breaches[broken.limit];
        breaches.count += 1;
        if breaches.first.len() < KEPT {
            breaches.first.push((file, broken));
        }
        Ok(())
    }

    /// The first reason why a file would be refused.
    pub(crate) fn refused(&self) -> Option<Refused> {
        let mut broken = self.target.limits().zip(&self.breaches);
        broken.find_map(|(limit, breaches)| {
            let (file, first) = breaches.first.first().filter(|_| limit.severity == Severity::Error)?;
            Some(Refused {
                code: limit.rule.code(),
                limit: limit.rule.text(),
                fix: limit.rule.fix(),
                name: self.files.get(*file)?.facts.name.clone(),
                line: first.line,
                detail: first.detail.clone(),
            })
        })
    }

    /// The breach of a conversation of the training that the validation has.
    fn shared_row(&self, limit: usize, line: u64, key: u128) -> Option<Broken> {
        let (file, other) = self.valid.get(&key)?;
        let detail = format!("as {}:{other}", self.files.get(*file as usize)?.shown);
        Some(Broken { limit, line: Some(line), detail })
    }
}

#[cold]
fn cannot_write(e: std::io::Error) -> Error {
    Error::new(Class::Publish, "cannot_write", "lint: the broken limits cannot be written").source(e)
}

impl MakeReady<CheckedLines> for CheckLines {
    fn make_ready(&self, batch: Batch) -> Result<CheckedLines> {
        let mut checked = CheckedLines {
            rows: 0,
            unread: batch.rejects.len() as u64,
            broken: Vec::new(),
            keys: Vec::new(),
        };
        for (i, place) in batch.places.rows.iter().enumerate() {
            let line = batch.places.text_of(i).unwrap_or_default();
            let number = place.row + 1;
            let found = check_line(self.target, line, number, self.is_compared);
            checked.rows += u64::from(!is_blank(line));
            checked.broken.extend(found.broken);
            checked.keys.extend(found.key.map(|key| (number, key)));
        }
        Ok(checked)
    }
}

impl Sink for Lint {
    type Ready = CheckedLines;

    fn ready_maker(&self) -> Arc<dyn MakeReady<CheckedLines>> {
        Arc::new(CheckLines { target: self.target, is_compared: self.shared.is_some() })
    }

    fn push(&mut self, checked: CheckedLines) -> Result<()> {
        let number = self.files.len().saturating_sub(1);
        let Some(file) = self.files.last_mut() else { return Ok(()) };
        file.rows += checked.rows;
        file.unread += checked.unread;
        let is_valid = file.part == Part::Valid;
        let mut broken = checked.broken;
        if let Some(limit) = self.shared {
            if is_valid {
                for (line, key) in checked.keys {
                    self.valid.entry(key).or_insert((number as u32, line));
                }
            } else {
                let shared =
                    checked.keys.iter().filter_map(|(line, key)| self.shared_row(limit, *line, *key));
                broken.extend(shared);
                // In the order of lines, and of the limits for each.
                broken.sort_by_key(|broken| (broken.line, broken.limit));
            }
        }
        broken.into_iter().try_for_each(|broken| self.add(broken))
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}
