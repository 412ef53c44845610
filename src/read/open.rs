//! Opening one input: compression told by its first bytes, stored bytes hashed as they pass.

use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::path::Path;

use super::InputFile;
use super::encoding::foreign;
use super::gzip::GzipMembers;
use crate::error::{Class, Error, Result};
use crate::hash::Checksum;
use crate::store::{Files, Kind, Metadata, Reader};

/// A reader that someone else opened: standard input, or bytes in memory.
pub(crate) type BoxedReader = Box<dyn Read + Send>;

/// Stored bytes are read from compressed files in blocks of this size.
const BLOCK: usize = 256 << 10;
/// Enough to know every signature below.
const HEAD: usize = 6;

/// Signatures of formats that are not read, and the way out.
const REFUSED: &[(&[u8], &str, &str)] = &[
    (b"BZh", "bzip2", "decompress it, or recompress it as .gz or .zst"),
    (b"\xfd7zXZ\0", "xz", "decompress it, or recompress it as .gz or .zst"),
    (b"PK\x03\x04", "zip", "unpack it first"),
    (
        b"PAR1",
        "Parquet",
        "read it with scan_parquet; the command takes Parquet where all inputs end in .parquet",
    ),
    (b"ARROW1", "Arrow IPC", "read it with pyarrow and from_arrow"),
];

/// The decompressed stream of one input.
pub(crate) struct Opened {
    decoder: Decoder,
    shown: String,
    watched: Option<Watched>,
}

/// A file as it was when it was opened.
struct Watched {
    file: Reader,
    metadata: Metadata,
}

enum Decoder {
    Plain(Box<Tap>),
    Gzip(Box<GzipMembers<BufReader<Tap>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<Tap>>>),
}

impl Opened {
    /// Opens a file.
    pub(crate) fn file(input: &InputFile) -> Result<Self> {
        let shown = input.path.display().to_string();
        let file = open_file(input)?;
        let metadata = file.metadata().map_err(|e| cannot_read(e, &shown))?;
        let watched = Watched { metadata, file: file.clone() };
        Ok(Opened { watched: Some(watched), ..Opened::reader(Box::new(file), shown)? })
    }

    /// These bytes of an uncompressed file that was opened.
    pub(crate) fn within(&self, bytes: &Range<u64>) -> Result<Self> {
        let (Decoder::Plain(_), Some(watched)) = (&self.decoder, &self.watched) else {
            return Err(Error::internal("a compressed file has no ranges of bytes"));
        };
        let text = watched.file.starting_at(bytes.start).take(bytes.end - bytes.start);
        let tap = Tap {
            inner: Box::new(text),
            head: Vec::new(),
            replayed: 0,
            bytes: 0,
            sum: Checksum::default(),
            failed: false,
        };
        let watched = Watched { file: watched.file.clone(), metadata: watched.metadata.clone() };
        let (decoder, shown) = (Decoder::Plain(Box::new(tap)), self.shown.clone());
        Ok(Opened { decoder, shown, watched: Some(watched) })
    }

    /// The file, and its length when it was opened, where it is not compressed.
    pub(crate) fn uncompressed(&self) -> Option<(&Reader, u64)> {
        match (&self.decoder, &self.watched) {
            (Decoder::Plain(_), Some(watched)) => Some((&watched.file, watched.metadata.bytes)),
            _ => None,
        }
    }

    /// Takes a reader; messages call it `shown`.
    pub(crate) fn reader(reader: BoxedReader, shown: String) -> Result<Self> {
        let tap = Tap::new(reader).map_err(|e| cannot_read(e, &shown))?;
        let head = tap.head.as_slice();
        if let Some((_, format, help)) = REFUSED.iter().find(|(signature, ..)| head.starts_with(signature)) {
            let message = format!("this is {format}, not JSON lines");
            return Err(Error::new(Class::Source, "unsupported_format", message).help(*help).path(shown));
        }
        let decoder = match head {
            [0x1f, 0x8b, ..] => {
                Decoder::Gzip(Box::new(GzipMembers::new(BufReader::with_capacity(BLOCK, tap))))
            }
            // A frame, or a skippable one, as parallel compressors put first.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                let zstd = zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(BLOCK, tap));
                Decoder::Zstd(Box::new(zstd.map_err(|e| cannot_read(e, &shown))?))
            }
            _ => Decoder::Plain(Box::new(tap)),
        };
        Ok(Opened { decoder, shown, watched: None })
    }

    /// Appends the next `want` bytes, fewer only at the end; returns how many.
    pub(crate) fn read_block(&mut self, want: usize, out: &mut Vec<u8>) -> Result<usize> {
        out.reserve(want);
        let limit = want as u64;
        let read = match &mut self.decoder {
            Decoder::Plain(r) => r.take(limit).read_to_end(out),
            Decoder::Gzip(r) => r.take(limit).read_to_end(out),
            Decoder::Zstd(r) => r.take(limit).read_to_end(out),
        };
        read.map_err(|e| self.explain(e))
    }

    /// Fails for text that begins so and is not UTF-8.
    pub(crate) fn check_encoding(&self, head: &[u8]) -> Result<()> {
        let Some(encoding) = foreign(head) else { return Ok(()) };
        let first = match &self.decoder {
            Decoder::Plain(_) => "",
            Decoder::Gzip(_) => "gzip -dc FILE | ",
            Decoder::Zstd(_) => "zstd -dc FILE | ",
        };
        let message = format!("this is {encoding}, not UTF-8");
        Err(Error::new(Class::Source, "unsupported_format", message)
            .help(format!("convert it: {first}iconv -f {encoding} -t UTF-8"))
            .path(&self.shown))
    }

    /// Fails where a file is no longer what was opened: what of it was read, and what not, would be chance.
    pub(crate) fn unchanged(&self) -> Result<()> {
        let Some(Watched { file, metadata: then }) = &self.watched else { return Ok(()) };
        let now = file.metadata().map_err(|e| cannot_read(e, &self.shown))?;
        if now.bytes == then.bytes && now.modified == then.modified {
            return Ok(());
        }
        let message =
            format!("the input changed while it was read: {} bytes became {}", then.bytes, now.bytes);
        Err(Error::new(Class::Source, "changed", message)
            .help("wait until it is written, or work on a copy")
            .path(&self.shown))
    }

    /// How many stored bytes have passed, and their checksum.
    pub(crate) fn stored(&self) -> (u64, String) {
        self.tap().map_or_else(Default::default, |tap| (tap.bytes, tap.sum.hex()))
    }

    /// How many stored bytes have passed.
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.tap().map_or(0, |tap| tap.bytes)
    }

    fn tap(&self) -> Option<&Tap> {
        match &self.decoder {
            Decoder::Plain(r) => Some(r.as_ref()),
            Decoder::Gzip(r) => r.get_ref().map(BufReader::get_ref),
            Decoder::Zstd(r) => Some(r.get_ref().get_ref()),
        }
    }

    #[cold]
    fn explain(&self, e: io::Error) -> Error {
        let (code, format) = match &self.decoder {
            Decoder::Gzip(_) => ("corrupt_gzip", "gzip"),
            Decoder::Zstd(_) => ("corrupt_zstd", "zstd"),
            Decoder::Plain(_) => return cannot_read(e, &self.shown),
        };
        // The store or the caller could not give the stored bytes: nothing is said about them.
        if self.tap().is_some_and(|tap| tap.failed) {
            return cannot_read(e, &self.shown);
        }
        let message =
            format!("the {format} data is cut off or damaged after {} stored bytes", self.stored_bytes());
        Error::new(Class::Source, code, message)
            .help("fetch or write the file again; nothing of it was published")
            .path(&self.shown)
            .source(e)
    }
}

/// Opens a file for reading; says what is wrong where that fails. Pipes and devices are refused (`not_a_file`):
/// a file is opened more than once, for its columns and for its rows, and they would come up short.
pub(crate) fn open_file(InputFile { store, path, .. }: &InputFile) -> Result<Reader> {
    let failed = |e: io::Error| match e.kind() {
        io::ErrorKind::NotFound => broken_link(store, path).unwrap_or_else(|| {
            Error::new(Class::Source, "vanished", "the file is not there any more")
                .help("keep the inputs in place until the run has ended")
                .path(path.display())
        }),
        _ => cannot_read(e, path.display()),
    };
    let kind = store.metadata(path).map_err(failed)?.kind;
    if kind != Kind::File {
        let (what, help) = match kind {
            Kind::Folder => ("a folder", "name its files"),
            _ => ("a pipe or a device, which can be read only once", "pass it as standard input"),
        };
        let message = format!("this is {what}, not a file");
        return Err(Error::new(Class::Source, "not_a_file", message).help(help).path(path.display()));
    }
    store.open(path).map_err(failed)
}

/// The error for a link that leads nowhere; none for any other path.
pub(crate) fn broken_link(store: &Files, path: &Path) -> Option<Error> {
    let target = store.link_target(path).ok()??;
    if !matches!(store.kind(path), Ok(None)) {
        return None;
    }
    let message = format!("this is a link to `{}`, which is not there", target.display());
    Some(
        Error::new(Class::Source, "not_found", message)
            .help("put back what it leads to, or take the link out")
            .path(path.display()),
    )
}

/// What is at a path, links followed; none where nothing is.
///
/// # Errors
/// `cannot_read`: there may be something, but the store does not say what.
pub(crate) fn kind_of(store: &Files, path: &Path) -> Result<Option<Kind>> {
    store.kind(path).map_err(|e| cannot_read(e, path.display()))
}

/// The error for an input that the store, or whoever gives it, could not read.
#[cold]
pub fn cannot_read(e: io::Error, shown: impl std::fmt::Display) -> Error {
    let help = match e.kind() {
        io::ErrorKind::PermissionDenied => "allow reading it, or leave it out",
        // Not of the system, but of whoever gives the bytes.
        io::ErrorKind::Other if e.raw_os_error().is_none() => "repair what gives this input its data",
        _ => "check the disk and the path, or leave the file out",
    };
    Error::new(Class::Source, "cannot_read", "the input cannot be read").help(help).path(shown).source(e)
}

/// The stored bytes: counts and hashes them, and hands out again the head that was looked at.
struct Tap {
    inner: BoxedReader,
    head: Vec<u8>,
    replayed: usize,
    bytes: u64,
    sum: Checksum,
    /// Whether it could not be read on.
    failed: bool,
}

impl Tap {
    fn new(mut inner: BoxedReader) -> io::Result<Self> {
        let mut head = Vec::with_capacity(HEAD);
        inner.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
        Ok(Tap { inner, head, replayed: 0, bytes: 0, sum: Checksum::default(), failed: false })
    }
}

impl Read for Tap {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = if self.replayed < self.head.len() {
            let n = (&self.head[self.replayed..]).read(out)?;
            self.replayed += n;
            n
        } else {
            self.inner.read(out).inspect_err(|e| self.failed = e.kind() != io::ErrorKind::Interrupted)?
        };
        self.bytes += n as u64;
        self.sum.update(&out[..n]);
        Ok(n)
    }
}
