//! The proof: two renders agree completely, but that one has stand-ins for characters of the data.

use std::collections::HashMap;

use super::escape::forms;
use super::stand_in::Table;

/// Where a character of a render comes from: the number of a text and the offset in it; none for the template's own.
pub(in crate::chat) type Origin = Option<(usize, usize)>;

/// Steps for each character before two renders count as different: escapes that could be read in several ways are tried.
const STEPS: usize = 16;

/// The origin of each character of `text`, or none where the renders do not agree.
pub(super) fn align(text: &[char], tainted: &[char], table: &Table) -> Option<Vec<Origin>> {
    let mut origins: Vec<Origin> = Vec::with_capacity(text.len());
    let mut known: HashMap<char, Vec<Vec<char>>> = HashMap::new();
    let mut untried: Vec<(usize, usize, usize, Vec<usize>)> = Vec::new();
    let (mut i, mut j) = (0, 0);
    let mut choices: Option<Vec<usize>> = None;
    let mut steps = STEPS * (text.len() + tainted.len()) + 1000;
    loop {
        steps = steps.checked_sub(1)?;
        let agree = match tainted.get(j) {
            None if i == text.len() => return Some(origins),
            None => false,
            Some(c) => match table.get(c) {
                None => {
                    let same = text.get(i) == Some(c);
                    if same {
                        origins.push(None);
                        (i, j) = (i + 1, j + 1);
                    }
                    same
                }
                Some(place) => {
                    let mut lengths =
                        choices.take().unwrap_or_else(|| matching(place.c, &text[i..], &mut known));
                    let length = (!lengths.is_empty()).then(|| lengths.remove(0));
                    if let Some(length) = length {
                        if !lengths.is_empty() {
                            untried.push((i, j, origins.len(), lengths));
                        }
                        origins.extend(std::iter::repeat_n(Some((place.leaf, place.offset)), length));
                        (i, j) = (i + length, j + 1);
                    }
                    length.is_some()
                }
            },
        };
        if !agree {
            let (at, tainted_at, length, lengths) = untried.pop()?;
            (i, j) = (at, tainted_at);
            origins.truncate(length);
            choices = Some(lengths);
        }
    }
}

/// The lengths of the forms of a character that a text begins with.
fn matching(c: char, text: &[char], known: &mut HashMap<char, Vec<Vec<char>>>) -> Vec<usize> {
    if (c.is_ascii_alphanumeric() || c == ' ') && text.first() == Some(&c) {
        return vec![1];
    }
    let forms =
        known.entry(c).or_insert_with(|| forms(c).iter().map(|form| form.chars().collect()).collect());
    forms.iter().filter(|form| text.starts_with(form)).map(Vec::len).collect()
}
