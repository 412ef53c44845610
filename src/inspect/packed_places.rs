//! Places of rows in 8 bytes.

use crate::record::Place;

/// The number of low bits for the row; the other bits are for the file.
const ROW_BITS: u32 = 40;

/// What is not in the number of a place.
#[derive(Default)]
pub(super) struct PackedPlaces {
    /// For each file so far, whether its rows are its lines.
    has_lines: Vec<bool>,
}

impl PackedPlaces {
    /// The number of a place.
    pub(super) fn number(&mut self, place: Place) -> u64 {
        let file = place.file as usize;
        if self.has_lines.len() <= file {
            self.has_lines.resize(file + 1, false);
        }
        self.has_lines[file] = place.line == Some(place.row + 1);
        u64::from(place.file) << ROW_BITS | place.row & ((1 << ROW_BITS) - 1)
    }

    /// The place of a number.
    pub(super) fn place(&self, number: u64) -> Place {
        let (file, row) = ((number >> ROW_BITS) as u32, number & ((1 << ROW_BITS) - 1));
        let has_lines = self.has_lines.get(file as usize).is_some_and(|lines| *lines);
        Place { file, row, line: has_lines.then_some(row + 1), byte: None, copy: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_known_by_its_number() {
        let mut places = PackedPlaces::default();
        for line in [None, Some(4)] {
            let place = Place { file: u32::from(line.is_some()), row: 3, line, byte: None, copy: 0 };
            let number = places.number(place);
            assert_eq!(places.place(number), place);
        }
    }
}
