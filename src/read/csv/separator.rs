//! Finds the separator of a file by its content.

use super::borders::{Borders, Spot};
use super::fields::split;
use super::records::records;
use super::syntax::{Syntax, is_blank, without_line_end};

/// The separators that are searched for.
pub(super) const SEPARATORS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// What the start of a file says about its separator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The separator: more than half of the records have as many fields as the first one, two or more.
    Separator(u8),
    /// The first record has none of the separators.
    OneColumn,
    /// Several separators fit equally well, or none of those in the first record fits.
    Unclear,
    /// There is no record.
    Nothing,
}

/// How a separator divides the records.
#[derive(Debug, Clone, Copy, Default)]
struct Fit {
    /// The number of fields of the first record.
    fields: usize,
    /// How many records have as many fields.
    alike: usize,
    records: usize,
}

/// Finds the separator by the start of a file, in UTF-8 and without a byte order mark. `is_whole` says that the file
/// ends there.
pub(super) fn find(head: &[u8], is_whole: bool, quote: Option<u8>) -> Found {
    let fits = SEPARATORS
        .into_iter()
        .filter(|&separator| quote != Some(separator))
        .map(|separator| (separator, fit(head, is_whole, Syntax { separator, quote })));
    let fits: Vec<(u8, Fit)> = fits.filter(|(_, fit)| fit.records > 0).collect();
    if fits.is_empty() {
        return Found::Nothing;
    }
    if fits.iter().all(|(_, fit)| fit.fields < 2) {
        return Found::OneColumn;
    }
    let likely: Vec<_> =
        fits.iter().filter(|(_, fit)| fit.fields > 1 && 2 * fit.alike > fit.records).collect();
    let share = |fit: &Fit| fit.alike as f64 / fit.records as f64;
    let best = likely.iter().map(|(_, fit)| share(fit)).fold(0.0, f64::max);
    let mut best = likely.iter().filter(|(_, fit)| share(fit) >= best);
    match (best.next(), best.next()) {
        (Some((separator, _)), None) => Found::Separator(*separator),
        _ => Found::Unclear,
    }
}

/// Why the separator of such a file is unclear, if the first record has only one of the separators: a quoted field that
/// does not end, or the first record of another length.
pub(super) fn fault(head: &[u8], is_whole: bool, quote: Option<u8>) -> Option<String> {
    let candidates = SEPARATORS.into_iter().filter(|&separator| quote != Some(separator));
    let mut able =
        candidates.filter(|&separator| fit(head, is_whole, Syntax { separator, quote }).fields > 1);
    let (Some(separator), None) = (able.next(), able.next()) else { return None };
    let (syntax, mut ends, mut fields) = (Syntax { separator, quote }, Vec::new(), Vec::new());
    let mut borders = Borders::new(syntax, Spot { byte: 0, line: 1 });
    borders.find(head, 0, &mut ends);
    let shown = char::from(separator);
    if is_whole {
        ends.push(borders.end(head.len()));
        if let Some(open) = borders.open() {
            return Some(format!("the quote on line {} opens a field that does not end", open.line));
        }
    }
    let (mut line, mut first) = (1, None);
    for (record, end) in records(head, &ends).zip(&ends) {
        if !is_blank(record) && split(without_line_end(record), syntax, &mut fields).is_ok() {
            let expected = *first.get_or_insert(fields.len());
            if fields.len() != expected {
                let found = fields.len();
                return Some(format!(
                    "with {shown:?} the record on line {line} has {found} of {expected} fields"
                ));
            }
        }
        line = end.next_line(line);
    }
    None
}

/// Whether a text begins with two or more records, all with the same number of fields, of which there are two or more.
pub(super) fn is_csv(head: &[u8], is_whole: bool) -> bool {
    let mut fits = SEPARATORS.into_iter().map(|separator| {
        let fit = fit(head, is_whole, Syntax { separator, quote: Some(b'"') });
        fit.fields > 1 && fit.records > 1 && fit.alike == fit.records
    });
    !head.contains(&0) && fits.any(|fits| fits)
}

fn fit(head: &[u8], is_whole: bool, syntax: Syntax) -> Fit {
    let mut borders = Borders::new(syntax, Spot { byte: 0, line: 1 });
    let mut ends = Vec::new();
    borders.find(head, 0, &mut ends);
    // Of the first record, the beginning is enough.
    if is_whole || ends.is_empty() {
        ends.push(borders.end(head.len()));
    }
    let (mut found, mut fields) = (Fit::default(), Vec::new());
    for record in records(head, &ends) {
        if is_blank(record) {
            continue;
        }
        let divided = split(without_line_end(record), syntax, &mut fields).is_ok();
        // A first record that is not well formed has its own error, as the header.
        if found.records == 0 && divided {
            found.fields = fields.len();
        }
        found.records += 1;
        found.alike += usize::from(divided && fields.len() == found.fields);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_in_a_file_of_few_lines_is_named() {
        for (text, expected) in [
            ("a,b\n1,2\n3,\"x\n4,5\n", Some("the quote on line 3 opens a field that does not end")),
            ("a,b\n\"x\n4\n", Some("the quote on line 2 opens a field that does not end")),
            ("a,b,c\n1,2\n", Some("with ',' the record on line 2 has 2 of 3 fields")),
            ("\na\tb\n1\n", Some("with '\\t' the record on line 3 has 1 of 2 fields")),
            ("a,b;c\n1\n", None),
            ("a\nb,c\n", None),
        ] {
            assert_eq!(fault(text.as_bytes(), true, Some(b'"')).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn the_separator_is_the_one_that_gives_records_one_number_of_fields() {
        for (text, expected) in [
            ("a,b\n1,2\n", Found::Separator(b',')),
            ("a\tb\n1,5\t2\n1,5,6\t3", Found::Separator(b'\t')),
            ("a;b;c\r\n1,5;2;3\r\n", Found::Separator(b';')),
            ("a|b\nx, y|z\n", Found::Separator(b'|')),
            ("\n\n\"a,b\";c\n1;2\n", Found::Separator(b';')),
            ("a,b\n\"1;2\n;;3\",4\n", Found::Separator(b',')),
            ("a;b,c\n1;2\n3;4,5\n6;7\n8;9\n", Found::Separator(b';')),
            // A record of ten is damaged.
            (&format!("a,b\n{}1\n", "1,2\n".repeat(9)), Found::Separator(b',')),
            ("a,b;c\n1,2;3\n", Found::Unclear),
            ("Hello, world\nthis is\ntext\n", Found::Unclear),
            ("text\nHello, world\n", Found::OneColumn),
            ("a", Found::OneColumn),
            ("", Found::Nothing),
            ("\r\n\n", Found::Nothing),
        ] {
            assert_eq!(find(text.as_bytes(), true, Some(b'"')), expected, "{text:?}");
        }
        // The last record may be cut anywhere, but the first counts.
        assert_eq!(find(b"a,b\n1", false, Some(b'"')), Found::Separator(b','));
        assert_eq!(find(b"a,b", false, Some(b'"')), Found::Separator(b','));
        assert_eq!(find(b"a,'b\n'c;d,e\n1,2\n", true, Some(b'\'')), Found::OneColumn);
        assert_eq!(find(b"a,b\r1,2\r", true, Some(b'"')), Found::OneColumn);
        assert_eq!(find(b"\"a\tb\n\"1\t2\"\n", true, None), Found::Separator(b'\t'));
    }
}
