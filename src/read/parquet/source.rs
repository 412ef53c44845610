//! Reads Parquet files to record batches: only the requested columns, strings as views into the decoded pages.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use parquet::file::metadata::RowGroupMetaData;

use super::error::corrupt;
use super::footer::Footer;
use super::section::{File, Section};
use super::sections::Sections;
use crate::error::{Error, Result};
use crate::flow::{Ahead, Cut};
use crate::read::arrow::{Records, Slices};
use crate::read::inputs::Inputs;
use crate::read::parts::{Extent, Part};
use crate::read::{InputFile, Limits};

/// Reads Parquet files in order.
pub(crate) struct ParquetSource {
    files: Vec<InputFile>,
    /// The columns to read, in order.
    schema: SchemaRef,
    limits: Limits,
    inputs: Inputs,
    first_file: u32,
    /// The row groups to read of the only file; `None` to read all files.
    groups: Option<Range<usize>>,
    /// The next file to open.
    next_file: usize,
    /// The sections of the opened file that are not added to `sections` yet.
    waiting: Box<dyn Iterator<Item = Section> + Send>,
    sections: Arc<Sections>,
    /// The current rows of the current section, and the number of the next row within its file.
    slices: Option<Slices>,
    row: u64,
}

impl ParquetSource {
    /// Reads these columns in this order.
    pub(crate) fn new(files: Vec<InputFile>, schema: SchemaRef, limits: Limits) -> Self {
        ParquetSource {
            inputs: Inputs::from_files(&files),
            files,
            schema,
            limits: limits.clamped(),
            first_file: 0,
            groups: None,
            next_file: 0,
            waiting: Box::new(std::iter::empty()),
            sections: Arc::default(),
            slices: None,
            row: 0,
        }
    }

    /// The same source, reading only a part of its files.
    ///
    /// # Errors
    /// `internal`: the part is not of Parquet files.
    pub(crate) fn with_part(mut self, part: &Part) -> Result<Self> {
        self.next_file = part.file as usize;
        self.files.truncate(self.next_file + 1);
        match &part.extent {
            Extent::Whole => {}
            Extent::RowGroups(groups) => self.groups = Some(groups.clone()),
            Extent::Bytes(_) | Extent::RecordBatches(_) => {
                return Err(Error::internal("a part of another format was opened as Parquet"));
            }
        }
        Ok(self)
    }

    /// The same source; its first file has this number.
    pub(crate) fn with_first_file(self, first_file: u32) -> Self {
        ParquetSource { first_file, ..self }
    }

    /// The inputs, which list what was read after the run.
    pub(crate) fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    /// Adds the next sections, of further files too. The error of a file that cannot be opened is kept for its place.
    fn add_sections(&mut self) {
        while self.sections.has_room() {
            if let Some(section) = self.waiting.next() {
                self.sections.add(section);
                continue;
            }
            let number = self.next_file;
            let Some(file) = self.files.get(number) else { return };
            self.next_file += 1;
            match self.open(file, number) {
                Ok(waiting) => self.waiting = waiting,
                Err(e) => self.sections.add(Section::failed(number, e)),
            }
        }
    }

    /// The sections of a file.
    fn open(&self, file: &InputFile, number: usize) -> Result<Box<dyn Iterator<Item = Section> + Send>> {
        let footer = Footer::read(file)?;
        let rows = |group: &RowGroupMetaData| group.num_rows().max(0) as u64;
        let all = footer.metadata.row_groups();
        let groups = self.groups.clone().unwrap_or(0..all.len());
        let Some(before) = all.get(..groups.start).filter(|_| groups.end <= all.len()) else {
            return Err(corrupt(&file.path, "it has fewer row groups than when the plan was resolved"));
        };
        let mut next_row: u64 = before.iter().map(rows).sum();
        let counts: Vec<u64> = all.iter().map(rows).collect();
        let (path, schema, limits) = (file.path.clone(), self.schema.clone(), self.limits);
        let file = Arc::new(File { number, path, footer, schema, limits });
        Ok(Box::new(groups.flat_map(move |group| {
            let first_row = next_row;
            next_row += counts[group];
            file.sections(group, first_row)
        })))
    }
}

impl Cut for ParquetSource {
    type Piece = Records;

    fn next(&mut self) -> Result<Option<Records>> {
        loop {
            self.add_sections();
            let Some(section) = self.sections.current() else { return Ok(None) };
            if let Some(rows) = self.slices.as_mut().and_then(Slices::next) {
                let first_row = self.row;
                self.row += rows.num_rows() as u64;
                return Ok(Some(Records { file: self.first_file + section.file as u32, first_row, rows }));
            }
            match section.next()? {
                Some(records) => {
                    self.row = if self.slices.is_none() { section.first_row } else { self.row };
                    self.slices = Some(Slices::new(records, self.limits));
                }
                None => {
                    self.slices = None;
                    self.sections.advance();
                }
            }
        }
    }

    fn ahead(&self) -> Option<Arc<dyn Ahead>> {
        Some(self.sections.clone())
    }
}

#[cfg(test)]
mod tests;
