//! Whether a first column without a name holds the row numbers that pandas and R write.

use super::fields::{Field, split};
use super::syntax::{Syntax, is_blank, without_line_end};

/// The first of these values of the first column that is not the number of its row, counted from 0 or from 1. `fields` is the
/// number of fields of a whole record. Damaged records have no number that counts: after them the numbers go on from a
/// later one.
pub(super) fn first_other<'t>(
    records: impl Iterator<Item = &'t [u8]>,
    syntax: Syntax,
    fields: usize,
) -> Option<String> {
    let (mut next, mut after_damage, mut found) = (None, false, Vec::new());
    for record in records.filter(|record| !is_blank(record)).map(without_line_end) {
        if split(record, syntax, &mut found).is_err() || found.len() != fields {
            after_damage = true;
            continue;
        }
        let value = found.first().map_or(&[][..], |field: &Field| field.raw(record));
        let number = std::str::from_utf8(value).ok().and_then(|text| text.parse::<u64>().ok());
        let follows = |n: u64| match next {
            None => n < 2 || after_damage,
            Some(next) => n == next || after_damage && n > next,
        };
        match number.filter(|n| follows(*n)) {
            Some(number) => (next, after_damage) = (Some(number.saturating_add(1)), false),
            None => return Some(String::from_utf8_lossy(value).chars().take(40).collect()),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_numbers_are_counted_from_zero_or_one() {
        let other = |text: &'static str| {
            let records = text.split_inclusive('\n').map(str::as_bytes);
            first_other(records, Syntax { separator: b',', quote: Some(b'"') }, 2)
        };
        for text in ["", "0,a\n1,b\r\n\n2,c", "\"1\",a\n2,b\n", "0,a\n1,b,c\n2,d\n", "0,a\nx\ny\n7,d\n8,e\n"]
        {
            assert_eq!(other(text), None, "{text:?}");
        }
        for (text, expected) in [
            ("Hello,World\n", "Hello"),
            ("2,a\n3,b\n", "2"),
            ("1,a\n1,b\n", "1"),
            ("0,a\n2,b\n", "2"),
            ("0,a\n,b\n", ""),
            ("0,a\n1.0,b\n", "1.0"),
            ("-1,a\n", "-1"),
            ("0,a\n1,b\nx\n1,c\n", "1"),
        ] {
            assert_eq!(other(text).as_deref(), Some(expected), "{text:?}");
        }
    }
}
