//! Reads gzip as `gzip` does: several members one after another, with zeros as padding after a member.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// Decompresses all members.
pub(crate) struct GzipMembers<R: BufRead> {
    /// `None` only while the next member is opened.
    member: Option<GzDecoder<R>>,
    ended: bool,
}

impl<R: BufRead> GzipMembers<R> {
    /// Starts at the first member.
    pub(crate) fn new(reader: R) -> Self {
        GzipMembers { member: Some(GzDecoder::new(reader)), ended: false }
    }

    /// The reader of the compressed bytes.
    pub(crate) fn get_ref(&self) -> Option<&R> {
        self.member.as_ref().map(GzDecoder::get_ref)
    }

    /// Opens the next member, or finds that there is none.
    fn next_member(&mut self) -> io::Result<()> {
        let Some(member) = self.member.take() else { return Ok(()) };
        let mut reader = member.into_inner();
        let padding = skip_zeros(&mut reader);
        self.member = Some(GzDecoder::new(reader));
        self.ended = padding?;
        Ok(())
    }
}

/// Skips zeros; true if nothing else is left.
fn skip_zeros(reader: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let block = reader.fill_buf()?;
        if block.is_empty() {
            return Ok(true);
        }
        let zeros = block.iter().take_while(|&&b| b == 0).count();
        let more = zeros < block.len();
        reader.consume(zeros);
        if more {
            return Ok(false);
        }
    }
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !out.is_empty() {
            let Some(member) = &mut self.member else { break };
            match member.read(out)? {
                0 => self.next_member()?,
                n => return Ok(n),
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;
    use crate::read::testing::gzip;

    fn read(stored: &[u8], block: usize) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        GzipMembers::new(BufReader::with_capacity(block, stored)).read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn members_and_padding_are_read_and_garbage_is_not() {
        let (a, b, zeros) = (gzip(b"one\n"), gzip(b"two\n"), [0; 700]);
        for block in [1, 3, 64, 4096] {
            assert_eq!(read(&a, block).unwrap(), b"one\n");
            assert_eq!(read(&[&a[..], &zeros].concat(), block).unwrap(), b"one\n");
            assert_eq!(read(&[&a[..], &b, &zeros[..1]].concat(), block).unwrap(), b"one\ntwo\n");
            assert_eq!(read(&[&a[..], &zeros, &b].concat(), block).unwrap(), b"one\ntwo\n");
            for bad in [[&a[..], b"x"].concat(), [&a[..], &zeros, b"x"].concat(), a[..a.len() - 1].to_vec()] {
                assert!(read(&bad, block).is_err());
            }
        }
    }
}
