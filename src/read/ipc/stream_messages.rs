//! Reads the messages of a stream one after another.

use std::path::Path;

use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;

use super::error::corrupt;
use super::footer::CONTINUATION;
use super::head::{BadSchema, Head, Kind};
use super::message::EncodedRecords;
use super::messages::Messages;
use crate::error::Result;
use crate::read::open::InputStream;

/// Bytes that are read at first of a message of unknown length; memory grows with the bytes that are there.
const STEP: usize = 1 << 20;

/// A sequence of messages.
pub(super) struct StreamMessages {
    input: InputStream,
    /// Bytes that were read already.
    ahead: Vec<u8>,
    has_ended: bool,
}

/// What follows in a sequence of messages.
enum Next {
    Message(Head, Buffer),
    EndMarker,
    /// The input ends where a message should begin.
    End,
}

impl StreamMessages {
    /// Reads the schema. `ahead` are the first bytes, which were read already.
    ///
    /// # Errors
    /// `corrupt_ipc`; those of reading the input.
    pub(super) fn open(input: InputStream, ahead: Vec<u8>, path: &Path) -> Result<(Self, SchemaRef)> {
        let mut stream = StreamMessages { input, ahead, has_ended: false };
        let schema = match stream.next_message()? {
            Ok(Next::Message(head, _)) if head.kind == Kind::Schema => head.schema(),
            Ok(Next::Message(..)) => Err("it is another message".into()),
            Ok(Next::EndMarker | Next::End) => Err("it has none".into()),
            Err(why) => Err(why.into()),
        };
        let schema = schema.map_err(|bad| match bad {
            BadSchema::Damaged(why) => corrupt(path, format!("at its schema: {why}")),
            BadSchema::Unsupported(unsupported) => unsupported.error(path),
        })?;
        Ok((stream, schema))
    }

    /// The next record batch; none at the end.
    ///
    /// # Errors
    /// `corrupt_ipc`; those of reading the input.
    pub(super) fn next(&mut self, messages: &mut Messages) -> Result<Option<EncodedRecords>> {
        while !self.has_ended {
            let next = self.next_message()?.map_err(|why| messages.corrupt(why))?;
            let Next::Message(head, body) = next else {
                self.check_end(matches!(next, Next::EndMarker), messages)?;
                self.has_ended = true;
                break;
            };
            if let Some(records) = messages.take(head, body)? {
                return Ok(Some(records));
            }
        }
        Ok(None)
    }

    /// The input, for its checksum once it was read to its end.
    pub(super) fn input(&self) -> &InputStream {
        &self.input
    }

    /// Checks what follows the last message.
    fn check_end(&mut self, is_marked: bool, messages: &Messages) -> Result<()> {
        if !is_marked {
            let why = "it ends without an end marker: it was cut off there, or its writer was not closed";
            return Err(messages.corrupt(why));
        }
        match self.bytes(1)?.is_empty() {
            true => Ok(()),
            false => Err(messages.corrupt("bytes follow its end marker: a stream must be alone in its file")),
        }
    }

    /// Reads the next message.
    fn next_message(&mut self) -> Result<Result<Next, String>> {
        let mut length = self.bytes(4)?;
        if length.is_empty() {
            return Ok(Ok(Next::End));
        }
        if length == CONTINUATION {
            length = self.bytes(4)?;
        }
        let cut_off = || Ok(Err("it ends within a message: it was cut off there".to_string()));
        let Ok(length) = <[u8; 4]>::try_from(length) else { return cut_off() };
        let length = match i32::from_le_bytes(length) {
            0 => return Ok(Ok(Next::EndMarker)),
            n => match u64::try_from(n) {
                Ok(n) => n,
                Err(_) => return Ok(Err(format!("a message has a head of {n} bytes"))),
            },
        };
        let head = self.bytes(length)?;
        if (head.len() as u64) < length {
            return cut_off();
        }
        let head = match Head::parse(head) {
            Ok(head) => head,
            Err(why) => return Ok(Err(why)),
        };
        let body = self.bytes(head.body_bytes)?;
        if (body.len() as u64) < head.body_bytes {
            return cut_off();
        }
        Ok(Ok(Next::Message(head, Buffer::from_vec(body))))
    }

    /// Takes up to so many of the next bytes; fewer only at the end.
    fn bytes(&mut self, want: u64) -> Result<Vec<u8>> {
        let mut out = std::mem::take(&mut self.ahead);
        if out.len() as u64 > want {
            self.ahead = out.split_off(want as usize);
        }
        while (out.len() as u64) < want {
            let missing = usize::try_from(want - out.len() as u64).unwrap_or(usize::MAX);
            let step = missing.min(out.len().max(STEP));
            if self.input.read_block(step, &mut out)? < step {
                break;
            }
        }
        Ok(out)
    }
}
