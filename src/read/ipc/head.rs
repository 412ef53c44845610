//! The head of a message: what the message is, and where its buffers are within its body.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::{self, CompressionType, MessageHeader, root_as_message};

use crate::guard::guarded;
use crate::read::unsupported_types::UnsupportedType;

/// Bytes of the length before compressed values.
const LENGTH: usize = 8;
/// Compressed values that are this long are stored without compression.
const STORED: i64 = -1;

/// The head of a message. Its structure is checked; its numbers are not compared with the body yet.
#[derive(Debug)]
pub(super) struct Head {
    bytes: Vec<u8>,
    pub(super) kind: Kind,
    /// Bytes of the body.
    pub(super) body_bytes: u64,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Schema,
    /// Values of a dictionary.
    Dictionary,
    /// A record batch with this number of rows.
    Records {
        rows: u64,
    },
}

impl Head {
    /// Reads a head, without the marker and the length before it.
    ///
    /// # Errors
    /// A message that says what is wrong.
    pub(super) fn parse(bytes: Vec<u8>) -> Result<Self, String> {
        let message = root_as_message(&bytes).map_err(|e| format!("its head is damaged: {e}"))?;
        let size = |n: i64| u64::try_from(n).map_err(|_| format!("a size in its head is {n}"));
        let kind = match message.header_type() {
            MessageHeader::Schema => Kind::Schema,
            MessageHeader::DictionaryBatch => Kind::Dictionary,
            MessageHeader::RecordBatch => {
                let batch = message.header_as_record_batch().ok_or("its head is empty")?;
                Kind::Records { rows: size(batch.length())? }
            }
            other => return Err(format!("it is a message of kind {other:?}, which is not read here")),
        };
        let body_bytes = size(message.bodyLength())?;
        Ok(Head { bytes, kind, body_bytes })
    }

    /// The message.
    pub(super) fn message(&self) -> Result<ipc::Message<'_>, String> {
        root_as_message(&self.bytes).map_err(|e| e.to_string())
    }

    /// The schema that the message holds.
    pub(super) fn schema(&self) -> Result<SchemaRef, BadSchema> {
        schema(self.message()?.header_as_schema().ok_or("it is not a schema")?)
    }

    /// The description of the record batch, or of the record batch that a dictionary is.
    pub(super) fn batch(&self) -> Result<ipc::RecordBatch<'_>, String> {
        let message = self.message()?;
        let batch = match self.kind {
            Kind::Dictionary => message.header_as_dictionary_batch().and_then(|d| d.data()),
            _ => message.header_as_record_batch(),
        };
        batch.ok_or_else(|| "its head is empty".into())
    }

    /// Checks that the buffers are within `body`; returns the bytes of all of them once they are decompressed.
    ///
    /// # Errors
    /// A message that says what is wrong.
    pub(super) fn check_buffers(&self, body: &[u8]) -> Result<usize, String> {
        let batch = self.batch()?;
        let compression = batch.compression().map(|c| c.codec());
        let mut total = 0usize;
        for buffer in batch.buffers().into_iter().flatten() {
            let bounds = (usize::try_from(buffer.offset()), usize::try_from(buffer.length()));
            let stored = match bounds {
                (Ok(_), Ok(0)) => continue,
                (Ok(start), Ok(length)) => start.checked_add(length).and_then(|end| body.get(start..end)),
                _ => None,
            };
            let stored = stored.ok_or("a buffer is outside of its body")?;
            let bytes = match compression {
                Some(codec) => decompressed_bytes(stored, codec)?,
                None => stored.len(),
            };
            total = total.saturating_add(bytes);
        }
        if compression.is_some() && Vec::<u8>::new().try_reserve_exact(total).is_err() {
            return Err(format!("its buffers have {total} bytes decompressed, more than fit in memory"));
        }
        Ok(total)
    }
}

/// Why a schema cannot be read.
#[derive(Debug)]
pub(super) enum BadSchema {
    /// The file is damaged, in this way.
    Damaged(String),
    /// A column has a type that is not read.
    Unsupported(UnsupportedType),
}

impl From<String> for BadSchema {
    fn from(why: String) -> Self {
        BadSchema::Damaged(why)
    }
}

impl From<&str> for BadSchema {
    fn from(why: &str) -> Self {
        BadSchema::Damaged(why.to_string())
    }
}

/// The schema of a file or a stream. Every column may have nulls: writers do not hold to what a schema says of that.
///
/// # Errors
/// It has types that this version does not know, or another byte order.
pub(super) fn schema(schema: ipc::Schema<'_>) -> Result<SchemaRef, BadSchema> {
    if !schema.endianness().equals_to_target_endianness() {
        return Err("its byte order is not that of this machine".into());
    }
    let schema = guarded(|| fb_to_schema(schema)).map_err(|why| match UnsupportedType::find(schema) {
        Some(unsupported) => BadSchema::Unsupported(unsupported),
        None => BadSchema::Damaged(format!("its schema: {why}")),
    })?;
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

/// How long compressed values are once decompressed. The number comes from the file: it is at most what the compressed
/// bytes can stand for, so that no memory is reserved for values that do not exist.
fn decompressed_bytes(stored: &[u8], codec: CompressionType) -> Result<usize, String> {
    let (length, values) = stored.split_first_chunk::<LENGTH>().ok_or("a compressed buffer has no length")?;
    let most = match codec {
        // A byte of a block stands for at most 255.
        CompressionType::LZ4_FRAME => values.len().saturating_mul(255),
        // A block has at least 4 bytes, and 128 KiB of values at most.
        CompressionType::ZSTD => (values.len() / 4 + 1).saturating_mul(128 << 10),
        other => return Err(format!("its buffers are compressed with {other:?}, which is not read here")),
    };
    match i64::from_le_bytes(*length) {
        STORED => Ok(values.len()),
        n => usize::try_from(n)
            .ok()
            .filter(|n| *n <= most)
            .ok_or_else(|| format!("a buffer of {} compressed bytes says that it has {n}", values.len())),
    }
}
