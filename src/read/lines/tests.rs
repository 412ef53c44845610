use std::io::Write;

use super::*;
use crate::hash::Checksum;
use crate::read::testing::{gzip, local};

fn limits(batch_bytes: usize, batch_rows: usize, max_line_bytes: usize) -> Limits {
    Limits { batch_bytes, batch_rows, max_line_bytes }
}

fn source(bytes: &[u8], limits: Limits) -> LinesSource {
    LinesSource::from_reader(Box::new(std::io::Cursor::new(bytes.to_vec())), STDIN, limits, Cancel::default())
}

/// File, row, offset and text (of a long line, the start) of every line; checks the size of chunks.
fn lines(mut source: LinesSource, limits: Limits) -> Vec<(u32, u64, u64, Vec<u8>)> {
    let mut out = Vec::new();
    while let Some(piece) = source.next().unwrap() {
        match piece.text {
            Text::Whole(text) => {
                let whole = text.split_inclusive(|&b| b == b'\n');
                let mut offset = piece.byte;
                let mut rows = 0;
                for line in whole {
                    out.push((piece.file, piece.first_row + rows, offset, line.to_vec()));
                    offset += line.len() as u64;
                    rows += 1;
                }
                assert!((1..=limits.batch_rows as u64).contains(&rows));
            }
            Text::LongLine { head, bytes } => {
                assert!(bytes > limits.max_line_bytes as u64);
                assert_eq!(head.len() as u64, bytes.min(LONG_LINE_HEAD as u64));
                out.push((piece.file, piece.first_row, piece.byte, head));
            }
        }
    }
    out
}

#[test]
fn every_line_is_read_once_for_any_batch_size() {
    let text = b"one\n\r\n\nfour is a longer line\nfive\n\xff\nseven without end";
    for ended in [&text[..], &[text, &b"\n"[..]].concat()] {
        let mut expected = Vec::new();
        let mut offset = 0;
        for (row, line) in ended.split_inclusive(|&b| b == b'\n').enumerate() {
            expected.push((0, row as u64, offset, line.to_vec()));
            offset += line.len() as u64;
        }
        for batch_bytes in [1, 2, 3, 5, 7, 20, 1000] {
            for batch_rows in [1, 3, 100] {
                let limits = limits(batch_bytes, batch_rows, 1000);
                assert_eq!(lines(source(ended, limits), limits), expected, "{limits:?}");
            }
        }
    }
}

#[test]
fn a_byte_order_mark_is_skipped_and_counts_in_offsets() {
    for batch_bytes in [1, 100] {
        let limits = limits(batch_bytes, 100, 100);
        let found = lines(source(b"\xef\xbb\xbf{}\n{}\n", limits), limits);
        assert_eq!(found, [(0, 0, 3, b"{}\n".to_vec()), (0, 1, 6, b"{}\n".to_vec())]);
        assert!(lines(source(b"\xef\xbb\xbf", limits), limits).is_empty());
        assert!(lines(source(b"", limits), limits).is_empty());
        assert_eq!(lines(source(b"\n", limits), limits).len(), 1);
    }
}

#[test]
fn of_long_lines_the_start_is_kept_and_other_lines_are_read() {
    let long = vec![b'x'; 200_000];
    for tail in [&b""[..], b"\n", b"\nafter\n"] {
        let text = [b"before\n", &long[..], tail].concat();
        for batch_bytes in [1, 10, 1000, 100_000] {
            let limits = limits(batch_bytes, 10, 50_000);
            let found = lines(source(&text, limits), limits);
            assert_eq!(found[0].3, b"before\n");
            assert_eq!((found[1].1, found[1].2), (1, 7));
            assert_eq!(found[1].3, &long[..LONG_LINE_HEAD]);
            if tail.len() > 1 {
                assert_eq!(found[2], (0, 2, 200_008, b"after\n".to_vec()));
            }
            assert_eq!(found.len(), if tail.len() > 1 { 3 } else { 2 });
        }
    }
}

#[test]
fn compressed_files_read_as_plain_ones_and_their_stored_bytes_are_hashed() {
    let folder = tempfile::tempdir().unwrap();
    let text: Vec<u8> = (0..5000).flat_map(|i| format!("{{\"n\":{i}}}\n").into_bytes()).collect();
    let (a, b) = text.split_at(12_345);
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
    // Recognised by content, not by name; several members and frames, one of them empty.
    let stored = [
        ("plain.gz", text.clone()),
        ("members.jsonl", [gzip(a), gzip(b""), gzip(b)].concat()),
        ("frames.jsonl", [&b"\x50\x2a\x4d\x18\x02\0\0\0ab"[..], &zstd(a), &zstd(b)].concat()),
        ("empty", Vec::new()),
    ];
    let mut files = Vec::new();
    for (name, bytes) in &stored {
        let path = folder.path().join(name);
        std::fs::File::create(&path).unwrap().write_all(bytes).unwrap();
        files.push(local(path, name));
    }
    let limits = limits(1000, 100, 1000);
    let source = LinesSource::from_files(files.clone(), limits, Cancel::default());
    let inputs = source.inputs();
    let found = lines(source, limits);
    for file in 0..3 {
        let content: Vec<u8> = found.iter().filter(|l| l.0 == file).flat_map(|l| l.3.clone()).collect();
        assert!(content == text, "file {file}");
    }
    let unread = Inputs::from_files(&files).list(&Cancel::default()).unwrap();
    assert_eq!(inputs.list(&Cancel::default()).unwrap(), unread);
    for (input, (name, bytes)) in unread.iter().zip(&stored) {
        let mut sum = Checksum::default();
        sum.update(bytes);
        assert_eq!((input.name.as_str(), input.bytes), (*name, bytes.len() as u64));
        assert_eq!(input.xxh3, Some(sum.hex()));
    }
}

/// Reads to the end or to the first error, and returns its code.
fn code(mut source: LinesSource) -> &'static str {
    loop {
        match source.next() {
            Ok(Some(_)) => {}
            Ok(None) => return "fine",
            Err(e) => return e.code(),
        }
    }
}

#[test]
fn damaged_and_foreign_inputs_are_errors() {
    let text = b"{\"a\":\"some text\"}\n".repeat(500);
    let (gz, zst) = (gzip(&text), zstd::encode_all(&text[..], 1).unwrap());
    let mut flipped = gz.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xff;
    let cases: &[(&[u8], &str)] = &[
        (&gz[..gz.len() - 1], "corrupt_gzip"),
        (&gz[..3], "corrupt_gzip"),
        (&flipped, "corrupt_gzip"),
        (&[&gz[..], b"garbage"].concat(), "corrupt_gzip"),
        (&zst[..zst.len() - 1], "corrupt_zstd"),
        (&[&zst[..], b"garbage"].concat(), "corrupt_zstd"),
        (b"BZh91AY", "unsupported_format"),
        (b"PAR1....", "unsupported_format"),
        (b"\xff\xfe{\0}\0", "unsupported_format"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(code(source(bytes, Limits::default())), *expected);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| local(folder.path().join(name), name);
    let read = |f| code(LinesSource::from_files(vec![f], Limits::default(), Cancel::default()));
    assert_eq!(read(file("gone.jsonl")), "vanished");
    assert_eq!(read(file("")), "not_a_file");
    #[cfg(unix)]
    assert_eq!(read(local("/dev/null", "null")), "not_a_file");
}
