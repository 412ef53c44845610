//! A file as memory, without reading it. The `unsafe` is one call.

use std::fs::File;
use std::io;

use arrow::buffer::Buffer;
use bytes::Bytes;
use memmap2::Mmap;

/// The bytes of a published file, mapped: pages are read when they are looked at, and shared with other processes.
#[expect(unsafe_code, reason = "the proof is below")]
pub(crate) fn map(file: &File) -> io::Result<Buffer> {
    // SAFETY: the bytes must not change while they are mapped. A published file is never written to: a publish makes
    // new files and renames them, and what a removed file held stays readable until it is unmapped.
    let mapped = unsafe { Mmap::map(file) }?;
    Ok(Buffer::from(Bytes::from_owner(mapped)))
}
