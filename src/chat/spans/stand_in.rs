//! Stand-ins: characters of the private planes and white space, in place of the characters of texts.

use std::collections::{HashMap, HashSet};

use super::leaf::Leaf;
use super::walk::{Kind, Seen, walk};
use crate::template::{Data, is_space};

/// White space that may stand for other white space at the edge of a text, which templates strip.
const SPACES: [char; 18] = [
    '\u{2000}', '\u{2001}', '\u{2002}', '\u{2003}', '\u{2004}', '\u{2005}', '\u{2006}', '\u{2007}',
    '\u{2008}', '\u{2009}', '\u{200a}', '\u{2028}', '\u{2029}', '\u{205f}', '\u{3000}', '\u{1680}',
    '\u{202f}', '\u{85}',
];

/// The first stand-in; those before it are marks.
const FIRST: char = '\u{f1000}';

/// How many stand-ins there are.
const PRIVATE: usize = 0xeffe + 0xfffe;

/// A mark that no text has.
pub(super) const MARK: char = '\u{f0ff0}';

/// What a stand-in stands for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) leaf: usize,
    pub(super) offset: usize,
    pub(super) c: char,
}

/// The stand-ins of a render.
pub(super) type Table = HashMap<char, Place>;

/// What happens to white space at the edges of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edges {
    /// It is replaced too.
    Replaced,
    /// Other white space stands for it in texts of the assistant; elsewhere it is kept.
    Spaces,
    Kept,
}

/// Which words of the template's expressions are kept in texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    None,
    /// Those that the template may look for.
    Sought,
    All,
}

/// How much of texts is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Variant {
    pub(super) edges: Edges,
    /// White space within texts is kept.
    pub(super) keeps_space: bool,
    pub(super) words: Words,
    /// Names of tools are kept.
    pub(super) keeps_names: bool,
}

const fn variant(edges: Edges, keeps_space: bool, words: Words, keeps_names: bool) -> Variant {
    Variant { edges, keeps_space, words, keeps_names }
}

/// The variants, from all to little replaced.
pub(super) const VARIANTS: [Variant; 8] = [
    variant(Edges::Replaced, false, Words::None, false),
    variant(Edges::Spaces, false, Words::None, false),
    variant(Edges::Kept, false, Words::None, false),
    variant(Edges::Spaces, false, Words::Sought, false),
    variant(Edges::Kept, true, Words::Sought, false),
    variant(Edges::Spaces, false, Words::All, false),
    variant(Edges::Kept, true, Words::All, false),
    variant(Edges::Kept, true, Words::All, true),
];

/// Whether no text of the messages may be taken for stand-ins.
pub(in crate::chat) fn are_free(messages: &[Data]) -> bool {
    let mut are_free = true;
    for message in messages {
        walk(message, &mut |seen, _| {
            if let Seen::Leaf(_, text) = seen {
                are_free &= is_free(text);
            }
        });
    }
    are_free
}

/// Whether a text has no character that may be a stand-in.
pub(in crate::chat) fn is_free(text: &str) -> bool {
    // Characters from U+C0000 begin with one of these bytes.
    memchr::memchr2(0xf3, 0xf4, text.as_bytes()).is_none() || !text.chars().any(|c| c >= '\u{f0000}')
}

/// Messages with stand-ins.
pub(super) struct Replaced {
    pub(super) messages: Vec<Data>,
    /// What the stand-ins stand for.
    pub(super) table: Table,
    /// Whether there are more characters to replace than stand-ins: another pass replaces those.
    pub(super) more: bool,
}

/// The messages with stand-ins in the chosen texts. There are about 127,000 stand-ins; of more characters, pass number
/// `pass` replaces its share. `words` are kept.
pub(super) fn replaced(
    messages: &[Data],
    leaves: &[Leaf],
    chosen: &[usize],
    variant: Variant,
    words: &[String],
    pass: usize,
) -> Replaced {
    let (mut out, mut table) = (messages.to_vec(), Table::new());
    let mut spaces = SPACES.into_iter().take(if pass == 0 { SPACES.len() } else { 0 });
    let mut private = (FIRST..='\u{ffffd}').chain('\u{100000}'..='\u{10fffd}');
    let mut before = pass * PRIVATE;
    let mut more = false;
    for &n in chosen {
        let leaf = &leaves[n];
        if variant.keeps_names && leaf.kind == Kind::Name {
            continue;
        }
        let text: Vec<char> = leaf.text(messages).chars().collect();
        let (start, end) = bare(&text);
        let edge = |k: usize| variant.edges != Edges::Replaced && !(start..end).contains(&k);
        let kept = occurrences(&text, words);
        let own = messages[leaf.message].get("role").and_then(Data::text) == Some("assistant");
        let mut replacement = String::new();
        for (offset, &c) in text.iter().enumerate() {
            let stand_in = if edge(offset) {
                if variant.edges == Edges::Spaces && own { spaces.next() } else { None }
            } else if kept.contains(&offset) || (variant.keeps_space && is_space(c)) {
                None
            } else if before > 0 {
                before -= 1;
                None
            } else {
                let next = private.next();
                more |= next.is_none();
                next
            };
            if let Some(stand_in) = stand_in {
                table.insert(stand_in, Place { leaf: n, offset, c });
            }
            replacement.push(stand_in.unwrap_or(c));
        }
        leaf.put(&mut out, replacement);
    }
    Replaced { messages: out, table, more }
}

/// Where a text begins and ends without the white space at its edges.
pub(super) fn bare(text: &[char]) -> (usize, usize) {
    let end = text.iter().rposition(|c| !is_space(*c)).map_or(0, |last| last + 1);
    (text.iter().position(|c| !is_space(*c)).unwrap_or(0), end)
}

/// The offsets of characters that belong to one of the words.
pub(super) fn occurrences(text: &[char], words: &[String]) -> HashSet<usize> {
    let mut found = HashSet::new();
    for word in words {
        let word: Vec<char> = word.chars().collect();
        for (at, window) in text.windows(word.len()).enumerate() {
            if window == word {
                found.extend(at..at + word.len());
            }
        }
    }
    found
}
