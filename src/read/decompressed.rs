//! Decompresses a file that must be read at any place, into a temporary file.

use super::open::InputStream;
use crate::error::Result;
use crate::spill::TemporaryFile;
use crate::store::Reader;

/// Bytes that are decompressed at a time.
const BLOCK: usize = 1 << 20;

/// The content of a file at any place, and its length. A compressed file is decompressed into the folder for temporary
/// files; the copy has no name, and is gone once the reader is dropped. `start` are the bytes that were read already.
///
/// # Errors
/// Those of reading the file; the copy cannot be written.
pub(crate) fn at_any_place(input: &mut InputStream, mut start: Vec<u8>) -> Result<(Reader, u64)> {
    if let Some((reader, bytes)) = input.uncompressed() {
        return Ok((reader.clone(), bytes));
    }
    let (mut file, mut bytes) = (TemporaryFile::create()?, 0);
    loop {
        file.append(&start)?;
        bytes += start.len() as u64;
        start.clear();
        if input.read_block(BLOCK, &mut start)? == 0 {
            return Ok((file.into_reader(), bytes));
        }
    }
}
