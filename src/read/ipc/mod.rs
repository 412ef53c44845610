//! Arrow IPC: files, and streams that are stored in files.
//!
//! A stream is a sequence of messages: the schema, then dictionaries and record batches, then an end marker. A file is
//! the same sequence between magic bytes, with a footer that lists where each message is. An uncompressed file is read
//! by its footer; anything else from its start to its end.

mod decode;
mod error;
mod file_messages;
mod footer;
pub mod format;
mod head;
mod message;
mod messages;
mod opened_file;
mod source;
mod stream_messages;
#[cfg(test)]
mod tests;
