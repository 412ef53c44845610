//! Opens one input. The first bytes decide how it is decompressed; the stored bytes are hashed while they are read.

use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::path::Path;

use super::InputFile;
use super::encoding::{BOM, Transcoder, other_encoding};
use super::gzip::GzipMembers;
use crate::error::{Class, Error, Result};
use crate::hash::Checksum;
use crate::store::{Files, Kind, Metadata, Reader};

/// A reader that was opened elsewhere: standard input, or bytes in memory.
pub(crate) type BoxedReader = Box<dyn Read + Send>;

/// Size of the blocks in which stored bytes of compressed files are read.
const BLOCK: usize = 256 << 10;
/// Bytes that are enough to recognise every signature below.
pub(super) const HEAD: usize = 6;

/// Compressed files that are not read: signature, name, and what to do instead.
const COMPRESSED: &[(&[u8], &str, &str)] = &[
    (b"BZh", "bzip2", "decompress it, or recompress it as .gz or .zst"),
    (b"\xfd7zXZ\0", "xz", "decompress it, or recompress it as .gz or .zst"),
    (b"PK\x03\x04", "zip", "unpack it first"),
];

/// Formats that are not text: signature, name, and how to read them.
const BINARY: &[(&[u8], &str, &str)] = &[
    (b"PAR1", "Parquet", "read it with scan or scan_parquet"),
    (b"ARROW1", "Arrow IPC", "read it with scan or scan_ipc"),
];

/// The decompressed stream of one input.
pub(crate) struct InputStream {
    decoder: Decoder,
    /// Set if the text is in another encoding than UTF-8, and [`start_text`](Self::start_text) was called.
    transcoder: Option<Transcoder>,
    shown: String,
    opened: Option<OpenedFile>,
}

/// A file, and its metadata from when it was opened.
struct OpenedFile {
    file: Reader,
    metadata: Metadata,
}

enum Decoder {
    Plain(Box<StoredBytes>),
    Gzip(Box<GzipMembers<BufReader<StoredBytes>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<StoredBytes>>>),
}

impl InputStream {
    /// Opens a file.
    pub(crate) fn open(input: &InputFile) -> Result<Self> {
        let shown = input.path.display().to_string();
        let file = open_file(input)?;
        let metadata = file.metadata().map_err(|e| cannot_read(e, &shown))?;
        let opened = OpenedFile { metadata, file: file.clone() };
        Ok(InputStream { opened: Some(opened), ..InputStream::from_reader(Box::new(file), shown)? })
    }

    /// A stream of a range of bytes of this file, which must not be compressed.
    pub(crate) fn within(&self, bytes: &Range<u64>) -> Result<Self> {
        let (Decoder::Plain(_), Some(opened)) = (&self.decoder, &self.opened) else {
            return Err(Error::internal("a range of bytes of a compressed file was requested"));
        };
        let text = opened.file.starting_at(bytes.start).take(bytes.end - bytes.start);
        let raw = StoredBytes {
            inner: Box::new(text),
            head: Vec::new(),
            replayed: 0,
            bytes: 0,
            checksum: Checksum::default(),
            failed: false,
        };
        let opened = OpenedFile { file: opened.file.clone(), metadata: opened.metadata.clone() };
        let (decoder, shown) = (Decoder::Plain(Box::new(raw)), self.shown.clone());
        Ok(InputStream { decoder, transcoder: None, shown, opened: Some(opened) })
    }

    /// The file, and its length when it was opened; `None` if it is compressed or not a file.
    pub(crate) fn uncompressed(&self) -> Option<(&Reader, u64)> {
        match (&self.decoder, &self.opened) {
            (Decoder::Plain(_), Some(opened)) => Some((&opened.file, opened.metadata.bytes)),
            _ => None,
        }
    }

    /// Reads from a reader; `shown` is its name in errors.
    pub(crate) fn from_reader(reader: BoxedReader, shown: String) -> Result<Self> {
        let raw = StoredBytes::new(reader).map_err(|e| cannot_read(e, &shown))?;
        let head = raw.head.as_slice();
        if let Some(found) = COMPRESSED.iter().find(|(signature, ..)| head.starts_with(signature)) {
            return Err(unsupported(*found, ", which is not read", &shown));
        }
        let decoder = match head {
            [0x1f, 0x8b, ..] => {
                Decoder::Gzip(Box::new(GzipMembers::new(BufReader::with_capacity(BLOCK, raw))))
            }
            // A frame, or a skippable frame, with which the output of parallel compressors begins.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                let zstd = zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(BLOCK, raw));
                Decoder::Zstd(Box::new(zstd.map_err(|e| cannot_read(e, &shown))?))
            }
            _ => Decoder::Plain(Box::new(raw)),
        };
        Ok(InputStream { decoder, transcoder: None, shown, opened: None })
    }

    /// Its name in errors.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Begins to read text: appends its first bytes, without a byte order mark, and returns the length of a mark of
    /// UTF-8. Text that begins with a mark of UTF-16 or UTF-32 is decoded from here on; its offsets are those in UTF-8.
    ///
    /// # Errors
    /// `unsupported_format`: this is not text, or it is UTF-16 or UTF-32 without a mark.
    pub(crate) fn start_text(&mut self, out: &mut Vec<u8>) -> Result<usize> {
        let mut head = Vec::new();
        self.read_block(HEAD, &mut head)?;
        if let Some((mut transcoder, mark)) = Transcoder::by_mark(&head) {
            transcoder.push(&head[mark..], out);
            self.transcoder = Some(transcoder);
            return Ok(0);
        }
        self.check_text(&head)?;
        let text = head.strip_prefix(BOM).unwrap_or(&head);
        out.extend_from_slice(text);
        Ok(head.len() - text.len())
    }

    /// Appends the next `want` bytes to `out`, fewer only at the end. Returns how many were appended. Of text that is
    /// decoded, it may append more.
    pub(crate) fn read_block(&mut self, want: usize, out: &mut Vec<u8>) -> Result<usize> {
        let Some(mut transcoder) = self.transcoder.take() else { return self.read_stored(want, out) };
        let (before, mut block) = (out.len(), Vec::new());
        loop {
            block.clear();
            let ended = self.read_stored(want, &mut block)? < want;
            transcoder.push(&block, out);
            if ended {
                transcoder.finish(out);
            }
            if ended || out.len() - before >= want {
                self.transcoder = Some(transcoder);
                return Ok(out.len() - before);
            }
        }
    }

    /// Appends the next `want` decompressed bytes, fewer only at the end.
    fn read_stored(&mut self, want: usize, out: &mut Vec<u8>) -> Result<usize> {
        out.reserve(want);
        let limit = want as u64;
        let read = match &mut self.decoder {
            Decoder::Plain(r) => r.take(limit).read_to_end(out),
            Decoder::Gzip(r) => r.take(limit).read_to_end(out),
            Decoder::Zstd(r) => r.take(limit).read_to_end(out),
        };
        read.map_err(|e| self.explain(e))
    }

    /// Fails if what begins with `head` is not text, or is text in another encoding than UTF-8.
    ///
    /// # Errors
    /// `unsupported_format`.
    pub(crate) fn check_text(&self, head: &[u8]) -> Result<()> {
        if let Some(found) = BINARY.iter().find(|(signature, ..)| head.starts_with(signature)) {
            return Err(unsupported(*found, ", not text", &self.shown));
        }
        let Some(encoding) = other_encoding(head) else { return Ok(()) };
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

    /// Fails if the file has changed since it was opened. The rows that were read would be a mix of old and new
    /// content.
    pub(crate) fn check_unchanged(&self) -> Result<()> {
        let Some(OpenedFile { file, metadata: then }) = &self.opened else { return Ok(()) };
        let now = file.metadata().map_err(|e| cannot_read(e, &self.shown))?;
        if now.bytes == then.bytes && now.modified == then.modified {
            return Ok(());
        }
        let message =
            format!("the input changed while it was read, from {} to {} bytes", then.bytes, now.bytes);
        Err(Error::new(Class::Source, "changed", message)
            .help("run again once nothing writes to it, or read a copy")
            .path(&self.shown))
    }

    /// How many stored bytes were read, and their checksum.
    pub(crate) fn stored(&self) -> (u64, String) {
        self.raw().map_or_else(Default::default, |raw| (raw.bytes, raw.checksum.hex()))
    }

    /// How many stored bytes were read.
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.raw().map_or(0, |raw| raw.bytes)
    }

    fn raw(&self) -> Option<&StoredBytes> {
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
        // Reading the stored bytes failed, so the compressed data may be intact.
        if self.raw().is_some_and(|raw| raw.failed) {
            return cannot_read(e, &self.shown);
        }
        let message =
            format!("the {format} data is truncated or damaged after {} stored bytes", self.stored_bytes());
        Error::new(Class::Source, code, message)
            .help("download or write the file again; nothing was published")
            .path(&self.shown)
            .source(e)
    }
}

#[cold]
fn unsupported((_, format, help): (&[u8], &str, &str), why: &str, shown: &str) -> Error {
    let message = format!("this is {format}{why}");
    Error::new(Class::Source, "unsupported_format", message).help(help).path(shown)
}

/// Opens a file for reading. Fails with `not_a_file` for pipes and devices: a file is opened once for its columns and
/// again for its rows, and a pipe can be read only once.
pub(crate) fn open_file(InputFile { store, path, .. }: &InputFile) -> Result<Reader> {
    let failed = |e: io::Error| match e.kind() {
        io::ErrorKind::NotFound => broken_link(store, path).unwrap_or_else(|| {
            Error::new(Class::Source, "vanished", "the file no longer exists")
                .help("keep the inputs in place until the run ends")
                .path(path.display())
        }),
        _ => cannot_read(e, path.display()),
    };
    let kind = store.metadata(path).map_err(failed)?.kind;
    if kind != Kind::File {
        let (what, help) = match kind {
            Kind::Folder => ("a folder", "pass the files in it"),
            _ => ("a pipe or a device, which can be read only once", "pass it as standard input"),
        };
        let message = format!("this is {what}, not a file");
        return Err(Error::new(Class::Source, "not_a_file", message).help(help).path(path.display()));
    }
    store.open(path).map_err(failed)
}

/// The error for a link whose target does not exist; `None` for any other path.
pub(crate) fn broken_link(store: &Files, path: &Path) -> Option<Error> {
    let target = store.link_target(path).ok()??;
    if !matches!(store.kind(path), Ok(None)) {
        return None;
    }
    let message = format!("this is a link to `{}`, which does not exist", target.display());
    Some(
        Error::new(Class::Source, "not_found", message)
            .help("restore the target, or remove the link")
            .path(path.display()),
    )
}

/// What is at a path, links followed; `None` if nothing is.
///
/// # Errors
/// `cannot_read`: the store cannot say whether anything is there.
pub(crate) fn kind_of(store: &Files, path: &Path) -> Result<Option<Kind>> {
    store.kind(path).map_err(|e| cannot_read(e, path.display()))
}

/// The error for an input that the store, or the reader that was passed in, could not read.
#[cold]
pub fn cannot_read(e: io::Error, shown: impl std::fmt::Display) -> Error {
    let help = match e.kind() {
        io::ErrorKind::PermissionDenied => "give yourself permission to read it, or leave it out",
        // An error of the reader that was passed in, not of the system.
        io::ErrorKind::Other if e.raw_os_error().is_none() => "fix the object that this input is read from",
        _ => "check the disk and the path, or leave the file out",
    };
    Error::new(Class::Source, "cannot_read", "the input cannot be read").help(help).path(shown).source(e)
}

/// Reads the stored bytes, counts and hashes them. The head that was read ahead is returned first.
struct StoredBytes {
    inner: BoxedReader,
    head: Vec<u8>,
    replayed: usize,
    bytes: u64,
    checksum: Checksum,
    /// Whether a read failed.
    failed: bool,
}

impl StoredBytes {
    fn new(mut inner: BoxedReader) -> io::Result<Self> {
        let mut head = Vec::with_capacity(HEAD);
        inner.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
        Ok(StoredBytes { inner, head, replayed: 0, bytes: 0, checksum: Checksum::default(), failed: false })
    }
}

impl Read for StoredBytes {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = if self.replayed < self.head.len() {
            let n = (&self.head[self.replayed..]).read(out)?;
            self.replayed += n;
            n
        } else {
            self.inner.read(out).inspect_err(|e| self.failed = e.kind() != io::ErrorKind::Interrupted)?
        };
        self.bytes += n as u64;
        self.checksum.update(&out[..n]);
        Ok(n)
    }
}
