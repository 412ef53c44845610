//! Classes of characters: characters that are in the same sets of a pattern have the same class.

use super::charset::{CharSet, MAX};

/// The maximum of classes. One more value is needed for the end of the text.
pub(crate) const MAX_CLASSES: usize = 63;

const PAGE: usize = 256;

/// In place of a class: the character has more than one byte.
const LONG: u8 = u8::MAX;

/// Classes by code point, in two levels. Equal pages are stored once.
pub(crate) struct Classes {
    /// The class of each character of one byte; [`LONG`] for other lead bytes.
    lead: [u8; 256],
    page_of: Vec<u16>,
    pages: Vec<[u8; PAGE]>,
    /// For each class, a bit for each set that holds its characters.
    members: Vec<u64>,
}

impl Classes {
    /// The classes of these sets; none where there are too many sets or classes.
    pub(crate) fn new(sets: &[CharSet]) -> Option<Self> {
        if sets.len() > 64 {
            return None;
        }
        let mut bounds: Vec<(u32, usize)> = Vec::new();
        for (i, set) in sets.iter().enumerate() {
            bounds.extend(set.ranges().iter().flat_map(|&(start, end)| [(start, i), (end + 1, i)]));
        }
        bounds.sort_unstable();
        let mut members: Vec<u64> = Vec::new();
        let mut classes = vec![0u8; MAX as usize + 1];
        let (mut signature, mut start) = (0u64, 0u32);
        for &(bound, set) in bounds.iter().chain([&(MAX + 1, usize::MAX)]) {
            if bound > start {
                let class = members.iter().position(|&m| m == signature).unwrap_or_else(|| {
                    members.push(signature);
                    members.len() - 1
                });
                if class >= MAX_CLASSES {
                    return None;
                }
                classes[start as usize..bound as usize].fill(class as u8);
                start = bound;
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

    /// The number of classes.
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether the characters of a class are in a set.
    pub(crate) fn is_in(&self, class: usize, set: usize) -> bool {
        self.members[class] >> set & 1 == 1
    }

    /// The class of the character at `offset`, and its length in bytes. `text` is UTF-8.
    #[inline]
    pub(crate) fn class_at(&self, text: &[u8], offset: usize) -> (u8, usize) {
        let lead = text[offset];
        let class = self.lead[usize::from(lead)];
        if class != LONG {
            return (class, 1);
        }
        let (code, bytes) = decode(text, offset, lead);
        (self.class(code), bytes)
    }

    /// Classes of single bytes instead, each the class of the character that stands for the byte.
    pub(crate) fn over_bytes(mut self, char_of: &[char; 256]) -> Self {
        self.lead = char_of.map(|c| self.class(c as u32));
        self
    }

    /// The class of a code point.
    #[inline]
    pub(crate) fn class(&self, code: u32) -> u8 {
        let page = self.page_of.get(code as usize / PAGE).map_or(0, |&page| page as usize);
        self.pages[page][code as usize % PAGE]
    }
}

/// Decodes the character of more than one byte at `offset`: its code point and its length.
#[inline]
fn decode(text: &[u8], offset: usize, lead: u8) -> (u32, usize) {
    let next = |i: usize| text.get(offset + i).map_or(0, |&b| u32::from(b & 0x3f));
    let lead = u32::from(lead);
    if lead < 0xe0 {
        ((lead & 0x1f) << 6 | next(1), 2)
    } else if lead < 0xf0 {
        ((lead & 0xf) << 12 | next(1) << 6 | next(2), 3)
    } else {
        ((lead & 7) << 18 | next(1) << 12 | next(2) << 6 | next(3), 4)
    }
}
