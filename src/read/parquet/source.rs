//! Reads Parquet files to record batches: only the requested columns, strings as views into the decoded pages.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::error::corrupt;
use super::file::{File, rows_of};
use super::footer::Footer;
use super::lane::{Lane, lanes};
use super::section::Section;
use super::sections::Sections;
use crate::arrow_result::ArrowResult;
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
    /// The sections of the opened file that are not added yet.
    waiting: Box<dyn Iterator<Item = Section> + Send>,
    /// The columns of each lane, and how far it is read.
    columns: Arc<[SchemaRef]>,
    lanes: Vec<Lane>,
    /// The sections of all lanes.
    sections: Arc<Sections>,
    /// The current rows.
    slices: Option<Slices>,
    /// The number of the file of the next row, and that of the row within it.
    place: (usize, u64),
}

impl ParquetSource {
    /// Reads these columns in this order.
    pub(crate) fn new(files: Vec<InputFile>, schema: SchemaRef, limits: Limits) -> Self {
        let columns = lanes(&schema);
        ParquetSource {
            inputs: Inputs::from_files(&files),
            files,
            schema,
            limits: limits.clamped(),
            first_file: 0,
            groups: None,
            next_file: 0,
            waiting: Box::new(std::iter::empty()),
            lanes: columns.iter().map(|_| Lane::default()).collect(),
            columns,
            sections: Arc::default(),
            slices: None,
            place: (usize::MAX, 0),
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

    /// Adds the next sections while there is room.
    fn add_sections(&mut self) {
        while self.sections.has_room() && self.add_section() {}
    }

    /// Adds the next section, of a further file too; false if there is none. The error of a file that cannot be opened
    /// is kept for its place.
    fn add_section(&mut self) -> bool {
        loop {
            if let Some(section) = self.waiting.next() {
                self.add(section);
                return true;
            }
            let number = self.next_file;
            let Some(file) = self.files.get(number) else { return false };
            self.next_file += 1;
            match self.open(file, number) {
                Ok(waiting) => self.waiting = waiting,
                Err(e) => {
                    self.add(Section::failed(number, e));
                    return true;
                }
            }
        }
    }

    fn add(&mut self, section: Section) {
        let section = Arc::new(section);
        self.lanes[section.lane].sections.push_back(Arc::clone(&section));
        self.sections.add(section);
    }

    /// The sections of a file.
    fn open(&self, file: &InputFile, number: usize) -> Result<Box<dyn Iterator<Item = Section> + Send>> {
        let footer = Footer::read(file)?;
        let all = footer.metadata.row_groups();
        let groups = self.groups.clone().unwrap_or(0..all.len());
        let Some(before) = all.get(..groups.start).filter(|_| groups.end <= all.len()) else {
            return Err(corrupt(&file.path, "it has fewer row groups than when the plan was resolved"));
        };
        let mut next_row: u64 = before.iter().map(rows_of).sum();
        let counts: Vec<u64> = all.iter().map(rows_of).collect();
        let (path, lanes, limits) = (file.path.clone(), self.columns.clone(), self.limits);
        let pages = footer.pages(&path);
        let file = Arc::new(File { number, path, footer, pages, lanes, limits });
        Ok(Box::new(groups.flat_map(move |group| {
            let first_row = next_row;
            next_row += counts[group];
            let file = Arc::clone(&file);
            file.extents(group).into_iter().map(move |extent| Section::new(&file, extent, first_row))
        })))
    }

    /// Reads on until a lane has rows; false at the end of the source.
    fn fill(&mut self, lane: usize) -> Result<bool> {
        while self.lanes[lane].ready() == 0 {
            let Some(section) = self.lanes[lane].sections.front().cloned() else {
                if self.add_section() {
                    continue;
                }
                return Ok(false);
            };
            match section.next(|| self.sections.work())? {
                Some(rows) => {
                    // Within a file, sections follow each other.
                    if lane == 0 && section.file != self.place.0 {
                        self.place = (section.file, section.first_row);
                    }
                    self.lanes[lane].fill(rows);
                }
                None => {
                    self.sections.remove(&section);
                    self.lanes[lane].sections.pop_front();
                }
            }
        }
        Ok(true)
    }

    /// The next rows of all columns, as many as each lane has; none at the end.
    fn rows(&mut self) -> Result<Option<RecordBatch>> {
        self.add_sections();
        let mut is_over = false;
        for lane in 0..self.lanes.len() {
            is_over |= !self.fill(lane)?;
        }
        if is_over {
            return Ok(None);
        }
        let rows = self.lanes.iter().map(Lane::ready).min().unwrap_or(0);
        let columns = self.lanes.iter_mut().filter_map(|lane| lane.take(rows));
        let columns = columns.flat_map(|records| records.columns().to_vec()).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options).or_defect().map(Some)
    }
}

impl Cut for ParquetSource {
    type Piece = Records;

    fn next(&mut self) -> Result<Option<Records>> {
        loop {
            if let Some(rows) = self.slices.as_mut().and_then(Slices::next) {
                let (file, first_row) = self.place;
                self.place.1 += rows.num_rows() as u64;
                return Ok(Some(Records { file: self.first_file + file as u32, first_row, rows }));
            }
            let Some(records) = self.rows()? else { return Ok(None) };
            self.slices = Some(Slices::new(records, self.limits));
        }
    }

    fn ahead(&self) -> Option<Arc<dyn Ahead>> {
        Some(self.sections.clone())
    }
}

#[cfg(test)]
mod tests;
