//! Every character's class: characters that no set of a pattern tells apart have one class together.

use super::charset::{CharSet, MAX};

/// Most classes there can be; the last value is left for "the text is over".
pub(crate) const MAX_CLASSES: usize = 63;

const PAGE: usize = 256;

/// Where the class depends on more than the first byte.
const LONG: u8 = u8::MAX;

/// Class by code point, in two levels: equal pages are held once.
pub(crate) struct Classes {
    /// By lead byte, for the characters of one byte; else [`LONG`].
    lead: [u8; 256],
    page_of: Vec<u16>,
    pages: Vec<[u8; PAGE]>,
    /// For each class the sets that hold its characters, a bit a set.
    members: Vec<u64>,
}

impl Classes {
    /// The classes that these sets make; none where there are too many sets or classes.
    pub(crate) fn new(sets: &[CharSet]) -> Option<Self> {
        if sets.len() > 64 {
            return None;
        }
        let mut borders: Vec<(u32, usize)> = Vec::new();
        for (i, set) in sets.iter().enumerate() {
            borders.extend(set.ranges().iter().flat_map(|&(start, end)| [(start, i), (end + 1, i)]));
        }
        borders.sort_unstable();
        let mut members: Vec<u64> = Vec::new();
        let mut classes = vec![0u8; MAX as usize + 1];
        let (mut signature, mut start) = (0u64, 0u32);
        for &(border, set) in borders.iter().chain([&(MAX + 1, usize::MAX)]) {
            if border > start {
                let class = members.iter().position(|&m| m == signature).unwrap_or_else(|| {
                    members.push(signature);
                    members.len() - 1
                });
                if class >= MAX_CLASSES {
                    return None;
                }
                classes[start as usize..border as usize].fill(class as u8);
                start = border;
            }
            if set < 64 {
                signature ^= 1 << set;
            }
        }
        let mut lead = [LONG; 256];
        lead[..128].copy_from_slice(&classes[..128]);
        let (mut page_of, mut pages) = (Vec::with_capacity(classes.len() / PAGE), Vec::<[u8; PAGE]>::new());
        let mut seen = hashbrown::HashMap::new();
        for page in classes.as_chunks::<PAGE>().0 {
            page_of.push(*seen.entry(*page).or_insert_with(|| {
                pages.push(*page);
                (pages.len() - 1) as u16
            }));
        }
        Some(Classes { lead, page_of, pages, members })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether a class is of a set, by its index.
    pub(crate) fn is_in(&self, class: usize, set: usize) -> bool {
        self.members[class] >> set & 1 == 1
    }

    /// The class of the character that begins at `at`, and its bytes; `text` is UTF-8.
    #[inline]
    pub(crate) fn at(&self, text: &[u8], at: usize) -> (u8, usize) {
        let lead = text[at];
        let class = self.lead[usize::from(lead)];
        if class != LONG {
            return (class, 1);
        }
        let (code, bytes) = decode(text, at, lead);
        (self.of(code), bytes)
    }

    /// Classes of single bytes instead, each by the character that stands for it.
    pub(crate) fn of_bytes(mut self, char_of: &[char; 256]) -> Self {
        self.lead = char_of.map(|c| self.of(c as u32));
        self
    }

    /// The class of a code point.
    #[inline]
    pub(crate) fn of(&self, code: u32) -> u8 {
        let page = self.page_of.get(code as usize / PAGE).map_or(0, |&page| page as usize);
        self.pages[page][code as usize % PAGE]
    }
}

/// The code point of more than one byte at `at`.
#[inline]
fn decode(text: &[u8], at: usize, lead: u8) -> (u32, usize) {
    let next = |i: usize| text.get(at + i).map_or(0, |&b| u32::from(b & 0x3f));
    let lead = u32::from(lead);
    if lead < 0xe0 {
        ((lead & 0x1f) << 6 | next(1), 2)
    } else if lead < 0xf0 {
        ((lead & 0xf) << 12 | next(1) << 6 | next(2), 3)
    } else {
        ((lead & 7) << 18 | next(1) << 12 | next(2) << 6 | next(3), 4)
    }
}
