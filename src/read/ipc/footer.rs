//! The footer of an Arrow IPC file: its schema, and where its messages are.

use std::io::{self, Read};

use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::read_footer_length;
use arrow::ipc::{self, root_as_footer};

use super::head::{self, BadSchema};
use crate::store::Reader;

/// The first and the last bytes of a file.
pub(super) const MAGIC: &[u8; 6] = b"ARROW1";
/// Magic bytes at the start, with the bytes that fill them up to a whole word.
pub(super) const START: u64 = 8;
/// Bytes after the footer: its length, and the magic bytes.
pub(super) const TRAILER: u64 = 10;
/// The bytes before the length of a message, except in files of old versions.
pub(super) const CONTINUATION: [u8; 4] = [0xff; 4];
/// Bytes of an end marker.
const END_MARKER: u64 = 8;
/// Messages begin at multiples of at most this; no message is as short.
const ALIGNMENT: u64 = 64;

/// Where a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) offset: u64,
    /// Bytes of its head, with the marker and the length before it.
    pub(super) head: u64,
    pub(super) body: u64,
}

impl Block {
    fn new(block: &ipc::Block) -> Result<Self, String> {
        let size = |n: i64| u64::try_from(n).map_err(|_| format!("a size in its footer is {n}"));
        let head = size(block.metaDataLength().into())?;
        Ok(Block { offset: size(block.offset())?, head, body: size(block.bodyLength())? })
    }

    fn end(&self) -> u64 {
        self.offset.saturating_add(self.head).saturating_add(self.body)
    }
}

/// The footer of a file.
#[derive(Debug, Clone)]
pub(super) struct Footer {
    pub(super) schema: SchemaRef,
    pub(super) dictionaries: Vec<Block>,
    pub(super) batches: Vec<Block>,
}

impl Footer {
    /// Reads the footer of a file of this length.
    ///
    /// # Errors
    /// The file cannot be read; or a message that says how it is damaged.
    pub(super) fn read(file: &Reader, bytes: u64) -> io::Result<Result<Self, BadSchema>> {
        let Some(end) = bytes.checked_sub(TRAILER).filter(|end| *end >= START) else {
            return Ok(Err(format!("it ends after {bytes} bytes").into()));
        };
        let mut trailer = [0; TRAILER as usize];
        file.starting_at(end).read_exact(&mut trailer)?;
        let length = match read_footer_length(trailer).map(|n| n as u64) {
            Ok(length) if length <= end - START => length,
            Ok(length) => {
                return Ok(Err(format!("its footer of {length} bytes is longer than the file").into()));
            }
            Err(_) => return Ok(Err("it has no footer at its end, so it was cut off".into())),
        };
        let mut footer = vec![0; length as usize];
        file.starting_at(end - length).read_exact(&mut footer)?;
        let footer = match Footer::parse(&footer) {
            Ok(footer) => footer,
            Err(why) => return Ok(Err(why)),
        };
        let first = schema_end(file, end - length)?;
        Ok(footer.covers(first, end - length).map(|()| footer).map_err(BadSchema::Damaged))
    }

    /// Parses a footer, without its length and the magic bytes.
    ///
    /// # Errors
    /// A message that says how it is damaged.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, BadSchema> {
        let footer = root_as_footer(bytes).map_err(|e| format!("its footer is damaged: {e}"))?;
        let schema = head::schema(footer.schema().ok_or("its footer has no schema")?)?;
        let dictionaries = footer.dictionaries().into_iter().flatten().map(Block::new);
        let batches = footer.recordBatches().into_iter().flatten().map(Block::new);
        let (dictionaries, batches) =
            (dictionaries.collect::<Result<_, _>>()?, batches.collect::<Result<_, _>>()?);
        Ok(Footer { schema, dictionaries, batches })
    }

    /// Checks that the messages follow one another without overlap, from the end of the schema to the footer, so that
    /// no message is left out or read twice. Where the schema ends is not known of every file.
    fn covers(&self, first: Option<u64>, footer: u64) -> Result<(), String> {
        let mut blocks: Vec<Block> = self.dictionaries.iter().chain(&self.batches).copied().collect();
        blocks.sort_by_key(|block| block.offset);
        let mut end = first.or(blocks.first().map(|block| block.offset)).unwrap_or(footer);
        for block in blocks {
            if block.offset < end || block.end() > footer {
                return Err("two messages in its footer overlap, or one is outside of the file".into());
            }
            if block.offset - end >= ALIGNMENT {
                return Err(format!("its footer does not list what is at bytes {end} to {}", block.offset));
            }
            end = block.end();
        }
        if footer.saturating_sub(end) >= ALIGNMENT + END_MARKER {
            return Err(format!("its footer does not list what is at bytes {end} to {footer}"));
        }
        Ok(())
    }
}

/// Where the first message of a file ends, which is its schema; none if it has no marker and no length, as in files of
/// polars.
fn schema_end(file: &Reader, footer: u64) -> io::Result<Option<u64>> {
    let (mut start, mut word) = (START, [0; 8]);
    // Some writers fill the magic bytes up to the alignment of messages.
    while word == [0; 8] {
        if start + 8 > footer {
            return Ok(None);
        }
        file.starting_at(start).read_exact(&mut word)?;
        start += 8;
    }
    let Some(length) = word.strip_prefix(&CONTINUATION) else { return Ok(None) };
    let length = <[u8; 4]>::try_from(length).map_or(0, u32::from_le_bytes);
    Ok(Some(start + u64::from(length)))
}
