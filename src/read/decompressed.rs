//! Decompresses a file that must be read at any place, into a file without a name.

use std::io::Write;

use super::open::InputStream;
use crate::error::Result;
use crate::store::{Files, Reader, error};

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
    let folder = std::env::temp_dir();
    let mut file = Files::local().create_nameless(&folder)?;
    let mut bytes = 0;
    loop {
        file.write_all(&start).map_err(|e| error("write a file in", &folder, e))?;
        bytes += start.len() as u64;
        start.clear();
        if input.read_block(BLOCK, &mut start)? == 0 {
            return Ok((file.into_reader(), bytes));
        }
    }
}
