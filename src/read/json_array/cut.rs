//! Reads files that are one JSON array each, and cuts them into pieces of whole elements.

use std::collections::VecDeque;

use super::elements::Elements;
use super::input::InputArray;
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::flow::Cut;
use crate::read::inputs::Inputs;
use crate::read::open::{BoxedReader, InputStream};
use crate::read::parts::{Extent, Part};
use crate::read::{InputFile, Limits};

/// Reads the files in order.
pub struct ArraySource {
    /// The files that are still to be read, with their numbers.
    pending: VecDeque<(u32, InputFile)>,
    current: Option<(u32, InputArray)>,
    inputs: Inputs,
    limits: Limits,
    cancel: Cancel,
    first_file: u32,
}

impl ArraySource {
    /// Reads all files, or the one of a part.
    ///
    /// # Errors
    /// `internal`: the part is not of these files.
    pub(crate) fn new(
        files: &[InputFile],
        part: Option<&Part>,
        first_file: u32,
        limits: Limits,
        cancel: &Cancel,
    ) -> Result<Self> {
        let mut pending: VecDeque<_> = (0..).zip(files.iter().cloned()).collect();
        if let Some(part) = part {
            pending.retain(|(file, _)| *file == part.file);
            if pending.is_empty() || part.extent != Extent::Whole {
                return Err(Error::internal("a part is not of these files of arrays"));
            }
        }
        let inputs = Inputs::from_files(files);
        Ok(ArraySource {
            pending,
            current: None,
            inputs,
            limits: limits.clamped(),
            cancel: cancel.clone(),
            first_file,
        })
    }

    /// Reads one array from a reader; `name` is its name in errors.
    ///
    /// # Errors
    /// Those of opening it.
    pub fn from_reader(reader: BoxedReader, name: &str, limits: Limits, cancel: Cancel) -> Result<Self> {
        let array = InputArray::new(InputStream::from_reader(reader, name.to_string())?)?;
        Ok(ArraySource {
            pending: VecDeque::new(),
            current: Some((0, array)),
            inputs: Inputs::from_stream(name),
            limits: limits.clamped(),
            cancel,
            first_file: 0,
        })
    }

    /// The inputs, which list what was read after the run.
    pub(crate) fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }
}

impl Cut for ArraySource {
    type Piece = Elements;

    fn next(&mut self) -> Result<Option<Elements>> {
        loop {
            let (file, array) = match &mut self.current {
                Some(current) => current,
                None => match self.pending.pop_front() {
                    Some((file, input)) => {
                        self.current.insert((file, InputArray::new(InputStream::open(&input)?)?))
                    }
                    None => return Ok(None),
                },
            };
            let before = array.opened.stored_bytes();
            let next = array.next(self.limits, &self.cancel)?;
            self.cancel.add_read(array.opened.stored_bytes() - before);
            if let Some(elements) = next {
                return Ok(Some(Elements { file: self.first_file + *file, ..elements }));
            }
            array.opened.check_unchanged()?;
            let (bytes, xxh3) = array.opened.stored();
            self.inputs.record(*file, bytes, xxh3);
            self.current = None;
        }
    }
}
