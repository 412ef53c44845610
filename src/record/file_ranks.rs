//! The ranks of rows in a shuffle: what decides the order of all rows, each by itself.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Place, Places};
use crate::error::{Error, Result};
use crate::hash;

/// Ranks rows by where they came from: hash(seed, number of the source in the plan, the file's name below the folder that
/// its pattern names, row). Files of a source that share a name are numbered in their order, and
/// the number counts too.
#[derive(Debug, Clone)]
pub struct FileRanks(Arc<Vec<u64>>);

impl FileRanks {
    /// By this seed; of each file, in the order of their numbers, the source and the name. A source in memory is one file
    /// without a name.
    pub(crate) fn new<'n>(files: impl Iterator<Item = (u32, &'n str)>, seed: u64) -> Self {
        let mut met: HashMap<(u32, &str), u32> = HashMap::new();
        let seed_of = |(source, name)| {
            let nth = met.entry((source, name)).or_insert(0);
            *nth += 1;
            hash::file_seed(source, name, *nth - 1, seed)
        };
        FileRanks(Arc::new(files.map(seed_of).collect()))
    }

    /// The rank of each row.
    ///
    /// # Errors
    /// A row of a file that there is not.
    pub(crate) fn of(&self, places: &Places) -> Result<Vec<u64>> {
        (0..places.rows.len()).map(|i| self.rank(places.at(i))).collect()
    }

    fn rank(&self, place: Place) -> Result<u64> {
        let seed = self.0.get(place.file as usize);
        let seed = seed.ok_or_else(|| Error::internal("a row of no file reached a shuffle"))?;
        Ok(hash::shuffle_rank(place.row, *seed))
    }
}
