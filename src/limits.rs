//! The limits and defaults of the library, each with its reason.

/// Target size of the text of a batch, in bytes: small enough to stay in the L2 cache of a core between fused stages,
/// large enough that passing it between threads costs little. `FASTPREP_BATCH_BYTES` changes it.
pub(crate) const BATCH_BYTES: usize = 1 << 20;

/// Largest number of rows in a batch. `FASTPREP_BATCH_ROWS` changes it (for tests).
pub(crate) const BATCH_ROWS: usize = 65_536;

/// Batches in flight per thread: few enough to limit memory, enough that no worker waits.
pub(crate) const IN_FLIGHT_PER_THREAD: usize = 8;

/// A longer line is rejected as `line_too_long`, without being held in memory as a whole.
pub(crate) const MAX_LINE_BYTES: usize = 64 << 20;

/// JSON that is nested more deeply is rejected as `bad_json`.
pub const MAX_JSON_DEPTH: usize = 512;

/// A conversation of more messages is rejected as `bad_messages`: the time to prove where its turns are grows with the square
/// of their number, and is a few seconds for so many.
pub(crate) const MAX_MESSAGES: usize = 4_000;

/// Bytes at the start of a file by which its format is recognised.
pub(crate) const HEAD_BYTES: usize = 64 << 10;

/// How many brackets may be open in an element of a JSON array, so that the memory to count them is limited: 8 MiB. The
/// reader finds the end of such an element, and rejects it for [`MAX_JSON_DEPTH`].
pub(crate) const MAX_OPEN_BRACKETS: usize = 1 << 26;

/// Bytes at the start of the first file that are read to infer the columns.
pub(crate) const PEEK_BYTES_FIRST: usize = 1 << 20;
/// The same for each further file.
pub(crate) const PEEK_BYTES_OTHER: usize = 64 << 10;

/// How many stored bytes of a stream are searched for the first JSON object. They are held in memory, since a stream
/// cannot be read again. A file is searched to its end.
pub(crate) const PEEK_BYTES_STREAM: u64 = 64 << 20;

/// Size at which rendered text continues in a new buffer; no row may be longer. Views count bytes in 32 bits.
pub(crate) const TEXT_BUFFER_BYTES: usize = 1 << 30;

/// Target size of a shard, in uncompressed bytes.
pub(crate) const SHARD_BYTES: u64 = 256 << 20;

/// A record batch of a shard ends at this many rows or bytes, whichever comes first. Its end depends on the rows
/// alone, never on how batches arrived. Far below the 2³¹ tokens that `list<int32>` can address.
pub(crate) const RECORD_BATCH_ROWS: usize = 4_096;
/// See [`RECORD_BATCH_ROWS`].
pub(crate) const RECORD_BATCH_BYTES: usize = 8 << 20;

/// Bytes of rows that a shuffle holds in memory before it spills to disk.
pub(crate) const SHUFFLE_MEMORY_BYTES: u64 = 128 << 20;

/// How many columns the report names that appear only after the start of the files. They are the first in bytewise
/// order, so that the report does not depend on batches or threads.
pub(crate) const LATE_COLUMNS: usize = 100;

/// How many bytes of the name of such a column the report shows.
pub(crate) const LATE_NAME_BYTES: usize = 200;

/// Rows that a preview reads: enough to show the common reasons for rejects, few enough to be fast.
pub(crate) const PREVIEW_ROWS: usize = 1_000;

/// Largest number of bytes of its record that a reject keeps.
pub(crate) const REJECT_RECORD_BYTES: usize = 64 << 10;
