//! Checks that an Arrow IPC file or stream of any bytes is read or refused without a panic, that every value that is
//! read is valid, and that the parts of a file have the rows of the whole.

use std::cell::LazyCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::Array;
use fastprep::cancel::Cancel;
use fastprep::error::Result;
use fastprep::flow::Scan;
use fastprep::plan::SourceSpec;
use fastprep::read::ipc::format::Ipc;
use fastprep::read::{ColumnKind, Limits, ReadColumn};
use fastprep::store::Files;

/// The most rows that are read: a file may claim billions of rows without content.
const ROWS: usize = 2_000;

thread_local! {
    /// The file that holds the input.
    static PATH: LazyCell<PathBuf> = LazyCell::new(|| {
        let name = format!("fastprep-fuzz-{}-{:?}", std::process::id(), std::thread::current().id());
        let shared = PathBuf::from("/dev/shm");
        if shared.is_dir() { shared } else { std::env::temp_dir() }.join(name)
    });
}

/// The place of each row, and the content of each batch; `None` if there are too many.
fn rows(mut scan: Box<dyn Scan>) -> Result<Option<(Vec<String>, String)>> {
    let (mut places, mut content) = (Vec::new(), String::new());
    while let Some(chunk) = scan.next()? {
        let batch = chunk.decode(&mut Default::default())?;
        if places.len() + batch.records.num_rows() > ROWS {
            return Ok(None);
        }
        for column in batch.records.columns() {
            column.to_data().validate_full().unwrap();
        }
        for i in 0..batch.records.num_rows() {
            places.push(format!("{:?}", batch.places.at(i)));
            content.push_str(&format!("{:?}", batch.records.slice(i, 1).columns()));
        }
    }
    Ok(Some((places, content)))
}

/// Checks one input.
pub fn check(data: &[u8]) {
    let path = PATH.with(|path| PathBuf::clone(path));
    fs::write(&path, data).unwrap();
    let done = read(&path);
    fs::remove_file(&path).unwrap();
    if let Err(e) = done {
        assert!(e.code() != "internal", "{e}");
    }
}

fn read(path: &Path) -> Result<()> {
    let (cancel, limits) = (Cancel::default(), Limits { batch_rows: 7, ..Limits::default() });
    let spec = SourceSpec::Files { format: Arc::new(Ipc {}), inputs: vec![path.to_path_buf()] };
    let found = spec.resolve(&Files::local(), &cancel)?;
    let columns = found.columns.iter();
    let columns: Vec<_> = columns.map(|c| ReadColumn::new(c.name.clone(), ColumnKind::Json)).collect();
    let whole = rows(found.open(&columns, limits, true, &cancel)?.scan)?;
    let Some((places, content)) = whole else { return Ok(()) };
    let (mut part_places, mut part_content) = (Vec::new(), String::new());
    for part in found.parts(1, &cancel)? {
        let scan = found.open_part(&part, &columns, limits, &cancel)?.scan;
        if let Some((mut places, content)) = rows(scan)? {
            part_places.append(&mut places);
            part_content += &content;
        }
    }
    assert_eq!(part_places, places);
    assert!(part_content == content);
    Ok(())
}
