//! Every limit and default of the library, named and justified in one place.

/// Text a batch aims at, in bytes: small enough to stay in a core's L2 between fused stages, large enough
/// that hand-over costs nothing. `FASTPREP_BATCH_BYTES` changes it.
pub(crate) const BATCH_BYTES: usize = 1 << 20;

/// Rows a batch holds at most. `FASTPREP_BATCH_ROWS` changes it (for tests).
pub(crate) const BATCH_ROWS: usize = 65_536;

/// Batches in flight for each thread: bounds memory, and is deep enough that no worker waits.
pub(crate) const IN_FLIGHT_PER_THREAD: usize = 8;

/// A longer line is refused as `line_too_long` without being held whole.
pub(crate) const MAX_LINE_BYTES: usize = 64 << 20;

/// JSON nested deeper than this is refused as `bad_json`.
pub const MAX_JSON_DEPTH: usize = 512;

/// Text of a file's head that is read to learn its columns: of the first file, and of each further one.
pub(crate) const PEEK_BYTES_FIRST: usize = 1 << 20;
/// See [`PEEK_BYTES_FIRST`].
pub(crate) const PEEK_BYTES_OTHER: usize = 64 << 10;

/// A stream without any JSON object is searched for so many stored bytes: they are held, since it cannot be read
/// again. A file is searched to its end.
pub(crate) const PEEK_BYTES_STREAM: u64 = 64 << 20;

/// Rendered text goes on in a new buffer from here on, and no row may be longer: views count bytes in 32 bits.
pub(crate) const TEXT_BUFFER_BYTES: usize = 1 << 30;

/// Uncompressed bytes a shard aims at.
pub(crate) const SHARD_BYTES: u64 = 256 << 20;

/// A record batch of a shard is closed at this many rows or bytes, whichever comes first: cut by content,
/// never by how batches arrived. Far below the 2³¹ tokens that `list<int32>` could address.
pub(crate) const RECORD_BATCH_ROWS: usize = 4_096;
/// See [`RECORD_BATCH_ROWS`].
pub(crate) const RECORD_BATCH_BYTES: usize = 8 << 20;

/// Rows that the shuffle holds in memory before it spills to disk, in bytes.
pub(crate) const SHUFFLE_MEMORY_BYTES: u64 = 128 << 20;

/// So many columns that were not in the heads of the files are named in the report: those that come first in
/// bytewise order, so that neither batches nor threads can show.
pub(crate) const LATE_COLUMNS: usize = 100;

/// Of the name of such a column the report shows so many bytes.
pub(crate) const LATE_NAME_BYTES: usize = 200;

/// A preview looks at this many rows: enough to show the common reasons for rejects, few enough to be there at once.
pub(crate) const PREVIEW_ROWS: usize = 1_000;

/// A reject keeps at most this many bytes of its record.
pub(crate) const REJECT_RECORD_BYTES: usize = 64 << 10;
