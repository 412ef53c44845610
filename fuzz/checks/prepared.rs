//! Checks that a manifest or a shard of any bytes is read or refused without a panic, and that what is read can be
//! used.

use std::path::Path;

use arrow::array::Array;
use arrow::buffer::Buffer;
use fastprep::artifact::Shard;
use fastprep::artifact::open::parse;
use fastprep::load::{Flat, Padded, TokenRows};

/// The most rows that are laid out: a file may claim billions of rows without content.
const ROWS: usize = 64;

fn manifest(text: &[u8]) {
    let Ok(manifest) = parse(text, Path::new("manifest.json")) else { return };
    // File names stay within the folder.
    assert!(manifest.data.starts_with("data/") && !manifest.data[5..].contains('/'));
    assert!(manifest.files().all(|file| !file.name.contains('/') && file.name != ".."));
    for split in &manifest.splits {
        let rows: u64 = manifest.shards_of(&split.name, "arrow").map(|shard| shard.rows).sum();
        assert!(rows == 0 || rows == split.rows);
    }
}

fn shard(file: &[u8]) {
    let Ok(shard) = Shard::parse(&Buffer::from(file)) else { return };
    for batch in &shard.batches {
        for column in batch.columns() {
            column.to_data().validate_full().unwrap();
        }
    }
    if let Ok(batches) = shard.with_text() {
        for batch in &batches {
            batch.columns().iter().for_each(|column| column.to_data().validate_full().unwrap());
        }
    }
    let Ok(rows) = TokenRows::new(&shard.batches) else { return };
    let numbers: Vec<i64> = (-1..rows.count().min(ROWS) as i64).collect();
    let pad = [0];
    let padded = Padded { prompt_loss_weight: 0.5, pad_id: 0, multiple: 8, left: true };
    if let Ok(shape) = padded.shape(rows.pick(&numbers, &pad).unwrap()) {
        drop(shape.fill(&mut vec![0; shape.bytes()]));
    }
    let flat = Flat { prompt_loss_weight: 0.5, pad_id: 0, multiple: 8 };
    if let Ok(shape) = flat.shape(rows.pick(&numbers, &pad).unwrap()) {
        drop(shape.fill(&mut vec![0; shape.bytes()]));
    }
}

/// Checks one input. Its first byte is `m` for a manifest or `s` for a shard.
pub fn check(data: &[u8]) {
    match data.split_first() {
        Some((b'm', text)) => manifest(text),
        Some((b's', file)) => shard(file),
        _ => {}
    }
}
