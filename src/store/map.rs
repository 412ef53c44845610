//! Memory-maps a file. The only `unsafe` code is the call of `Mmap::map`.

use std::fs::File;
use std::io;

use arrow::buffer::Buffer;
use bytes::Bytes;
use memmap2::Mmap;

/// Maps a published file. Pages are read at their first access, and shared with other processes.
#[expect(unsafe_code, reason = "memory mapping is unsafe; the SAFETY comment says why it is sound here")]
pub(crate) fn map(file: &File) -> io::Result<Buffer> {
    // SAFETY: the bytes must not change while they are mapped. A published file is never written to: a publish
    // creates new files and renames them, and the content of a removed file stays readable until it is unmapped.
    let mapped = unsafe { Mmap::map(file) }?;
    Ok(Buffer::from(Bytes::from_owner(mapped)))
}
