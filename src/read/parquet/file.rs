//! An opened Parquet file, and how its rows are cut into sections.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use parquet::file::metadata::{ParquetOffsetIndex, RowGroupMetaData};

use super::footer::Footer;
use crate::read::Limits;

/// Uncompressed bytes of a section, at least, but for the last one of a row group. Smaller in unit tests, whose files
/// are small.
pub(super) const SECTION_BYTES: usize = if cfg!(test) { 2 << 10 } else { 8 << 20 };

/// How many times larger a section is if it is not known where pages begin: it decompresses the pages at its two ends,
/// and its neighbours decompress them again. This is many times the usual size of a page (1 MiB).
const WITHOUT_PAGES: usize = 4;

/// What the sections of a file share.
pub(super) struct File {
    /// Its number among the files of the source.
    pub(super) number: usize,
    pub(super) path: PathBuf,
    pub(super) footer: Footer,
    /// Where pages begin, if the file says so. It decides where sections begin, and nothing else: one that is wrong costs
    /// time, and changes no row.
    pub(super) pages: Option<ParquetOffsetIndex>,
    /// The columns of each lane.
    pub(super) lanes: Arc<[SchemaRef]>,
    pub(super) limits: Limits,
}

/// The rows and columns of a section.
#[derive(Clone)]
pub(super) struct Extent {
    /// The index of the row group.
    pub(super) group: usize,
    /// The index of the lane.
    pub(super) lane: usize,
    /// The rows within the row group.
    pub(super) rows: Range<u64>,
    /// Uncompressed bytes, about.
    pub(super) bytes: usize,
}

impl File {
    /// How a row group is cut, earlier rows first.
    pub(super) fn extents(&self, group: usize) -> Vec<Extent> {
        let stored = self.footer.metadata.row_group(group);
        let mut all = Vec::new();
        for lane in 0..self.lanes.len() {
            let bytes_per_row = self.bytes_per_row(stored, lane);
            let starts = self.starts(group, lane, bytes_per_row);
            let ends = starts.iter().skip(1).copied().chain([rows_of(stored)]);
            all.extend(starts.iter().zip(ends).map(|(&start, end)| {
                let rows = usize::try_from(end - start).unwrap_or(usize::MAX);
                Extent { group, lane, rows: start..end, bytes: rows.saturating_mul(bytes_per_row) }
            }));
        }
        all.sort_by_key(|extent| extent.rows.start);
        all
    }

    /// Rows of a record batch of a row group: about the bytes of a batch, over all lanes.
    pub(super) fn batch_rows(&self, group: usize) -> usize {
        let stored = self.footer.metadata.row_group(group);
        let lanes = 0..self.lanes.len();
        let bytes = lanes.map(|lane| self.bytes_per_row(stored, lane)).fold(0, usize::saturating_add);
        self.limits.rows_of(bytes)
    }

    /// The indices of the columns of a lane within the file; the columns that it lacks are left out.
    pub(super) fn roots(&self, lane: usize) -> Vec<usize> {
        let index = |name: &String| self.footer.schema.index_of(name).ok();
        self.lanes[lane].fields().iter().filter_map(|field| index(field.name())).collect()
    }

    /// The first rows of the sections of a lane, within the row group: at pages of its largest column.
    fn starts(&self, group: usize, lane: usize, bytes_per_row: usize) -> Vec<u64> {
        let stored = self.footer.metadata.row_group(group);
        let rows = rows_of(stored);
        let each = (SECTION_BYTES / bytes_per_row).max(1) as u64;
        let largest = self.leaves(lane).max_by_key(|&leaf| stored.column(leaf).uncompressed_size());
        let pages = self.pages.as_ref().zip(largest).and_then(|(index, leaf)| index.get(group)?.get(leaf));
        let Some(pages) = pages else {
            return (0..rows).step_by(each as usize * WITHOUT_PAGES).collect();
        };
        let mut starts: Vec<u64> = (0..rows.min(1)).collect();
        for page in pages.page_locations() {
            let page = u64::try_from(page.first_row_index).unwrap_or(0);
            if starts.last().is_some_and(|last| page >= last + each) && page < rows {
                starts.push(page);
            }
        }
        starts
    }

    /// Uncompressed bytes of a row in the columns of a lane, at least one.
    fn bytes_per_row(&self, group: &RowGroupMetaData, lane: usize) -> usize {
        let sizes = self.leaves(lane).map(|leaf| group.column(leaf).uncompressed_size().max(0));
        let bytes = sizes.fold(0, i64::saturating_add);
        usize::try_from(bytes / group.num_rows().max(1)).unwrap_or(usize::MAX).max(1)
    }

    /// The stored columns of a lane; a column with nested values has several.
    fn leaves(&self, lane: usize) -> impl Iterator<Item = usize> {
        let schema = self.footer.metadata.file_metadata().schema_descr();
        let roots = self.roots(lane);
        (0..schema.num_columns()).filter(move |&leaf| roots.contains(&schema.get_column_root_idx(leaf)))
    }
}

/// The number of rows of a row group.
pub(super) fn rows_of(group: &RowGroupMetaData) -> u64 {
    group.num_rows().max(0) as u64
}
