//! The ranks of rows in a shuffle. The order of the rows is the order of their ranks. Copies of a row have other ranks.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Place, Places};
use crate::error::{Error, Result};
use crate::hash;

/// Ranks rows by their place: hash(seed, number of the source in the plan, the file's name below the folder that its
/// pattern names, row). Files of a source that have the same name are numbered in order, and the number is hashed
/// too. The rank of a copy is a hash of the row's rank and of the number of the copy.
#[derive(Debug, Clone)]
pub struct FileRanks(Arc<Vec<u64>>);

impl FileRanks {
    /// `files` gives source and name of each file, in the order of their numbers. A source in memory is one file
    /// without a name.
    pub(crate) fn new<'n>(files: impl Iterator<Item = (u32, &'n str)>, seed: u64) -> Self {
        let mut seen: HashMap<(u32, &str), u32> = HashMap::new();
        let seed_of = |(source, name)| {
            let nth = seen.entry((source, name)).or_insert(0);
            *nth += 1;
            hash::file_seed(source, name, *nth - 1, seed)
        };
        FileRanks(Arc::new(files.map(seed_of).collect()))
    }

    /// The rank of each row.
    ///
    /// # Errors
    /// `Internal`, for a row of an unknown file.
    pub(crate) fn ranks(&self, places: &Places) -> Result<Vec<u64>> {
        (0..places.rows.len()).map(|i| self.rank(places.at(i))).collect()
    }

    fn rank(&self, place: Place) -> Result<u64> {
        let seed = self.0.get(place.file as usize);
        let seed = seed.ok_or_else(|| Error::internal("a row of an unknown file reached a shuffle"))?;
        let rank = hash::shuffle_rank(place.row, *seed);
        // The row itself has the rank that it had before there were copies.
        Ok(if place.copy == 0 { rank } else { hash::shuffle_rank(place.copy, rank) })
    }
}
