//! Cuts CSV files into pieces of whole records.

use std::collections::VecDeque;
use std::sync::Arc;

use super::header::{FileColumns, Request};
use super::input::InputRecords;
use super::options::Csv;
use super::records::Records;
use super::syntax::Syntax;
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::flow::Cut;
use crate::read::inputs::Inputs;
use crate::read::open::InputStream;
use crate::read::parts::{Extent, Part};
use crate::read::{InputFile, Limits};

/// Reads the files in order and cuts their text between records.
pub(super) struct CsvSource {
    csv: Csv,
    syntax: Syntax,
    request: Request,
    pending: VecDeque<InputFile>,
    current: Option<(InputRecords, Arc<FileColumns>)>,
    inputs: Inputs,
    limits: Limits,
    cancel: Cancel,
    file: u32,
    first_file: u32,
}

impl CsvSource {
    /// Reads files, in this order, or a part of them: one file.
    ///
    /// # Errors
    /// `internal`: the part is not of these files.
    pub(super) fn new(
        csv: &Csv,
        syntax: Syntax,
        request: Request,
        files: &[InputFile],
        part: Option<&Part>,
        limits: Limits,
        cancel: Cancel,
    ) -> Result<Self> {
        let (file, pending) = match part {
            None => (0, files.iter().cloned().collect()),
            Some(part) => match (files.get(part.file as usize), &part.extent) {
                (Some(file), Extent::Whole) => (part.file, VecDeque::from([file.clone()])),
                _ => return Err(Error::internal("a part is not of these CSV files")),
            },
        };
        Ok(CsvSource {
            csv: csv.clone(),
            syntax,
            request,
            pending,
            current: None,
            inputs: Inputs::from_files(files),
            limits: limits.clamped(),
            cancel,
            file,
            first_file: 0,
        })
    }

    /// The same source; its first file has this number.
    pub(super) fn with_first_file(self, first_file: u32) -> Self {
        CsvSource { first_file, ..self }
    }

    /// The inputs, which list what was read after the run.
    pub(super) fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn open(&self, file: &InputFile) -> Result<(InputRecords, Arc<FileColumns>)> {
        let shown = file.path.display().to_string();
        let stream = InputStream::open(file)?;
        let input =
            InputRecords::new(stream, &self.csv, self.syntax, self.limits, shown.clone(), &self.cancel)?;
        self.cancel.add_read(input.opened().stored_bytes());
        let columns = FileColumns::new(input.names(), &self.request, &shown)?;
        Ok((input, columns))
    }
}

impl Cut for CsvSource {
    type Piece = Records;

    fn next(&mut self) -> Result<Option<Records>> {
        loop {
            if self.current.is_none() {
                let Some(file) = self.pending.pop_front() else { return Ok(None) };
                self.current = Some(self.open(&file)?);
            }
            let Some((input, columns)) = &mut self.current else { return Ok(None) };
            let before = input.opened().stored_bytes();
            let next = input.next(self.limits, &self.cancel)?;
            self.cancel.add_read(input.opened().stored_bytes() - before);
            if let Some((position, content)) = next {
                let (file, columns) = (self.first_file + self.file, Arc::clone(columns));
                return Ok(Some(Records { file, position, columns, content }));
            }
            input.opened().check_unchanged()?;
            let (bytes, xxh3) = input.opened().stored();
            self.inputs.record(self.file, bytes, xxh3);
            self.current = None;
            self.file += 1;
        }
    }
}
