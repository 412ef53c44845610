//! What a text has in common with the one before it: a template's words, a system prompt, a whole field.
//!
//! Text is cut from left to right, and where a piece begins nothing before it matters any more. So the ids up to
//! such a place are those of the text before, if all bytes that were looked at on the way there are the same.

/// Texts that do not begin with as many equal bytes are not worth a look.
const HEAD: usize = 64;
/// Bytes of a text that are kept.
const KEPT: usize = 4096;

/// The last text of its kind, as far as it is kept, and its ids.
#[derive(Default)]
pub(crate) struct Repeated {
    /// The head of the last text, empty where it was shorter.
    head: Vec<u8>,
    /// The last text that began like the one before it.
    text: Vec<u8>,
    ids: Vec<i32>,
    places: Vec<Place>,
    /// Whether `ids` are those of the whole text.
    is_whole: bool,
}

/// Where a piece begins.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Its offset.
    at: usize,
    /// Ids before it.
    ids: usize,
    /// Bytes from the text's start that were looked at to get there.
    seen: usize,
}

impl Repeated {
    /// Whether the text begins like the last one.
    #[inline]
    pub(crate) fn begins_again(&mut self, text: &[u8]) -> bool {
        let head = text.get(..HEAD).unwrap_or_default();
        let again = !head.is_empty() && self.head == head;
        if !again {
            self.head.clear();
            self.head.extend_from_slice(head);
        }
        again
    }

    /// Appends the ids of what the text has in common with the one that is kept; says where it goes on.
    pub(crate) fn reuse(&mut self, text: &[u8], out: &mut Vec<i32>) -> usize {
        let equal = text.iter().zip(&self.text).take_while(|(a, b)| a == b).count();
        if self.is_whole && equal == text.len() && equal == self.text.len() {
            out.extend_from_slice(&self.ids);
            return text.len();
        }
        let usable = self.places.partition_point(|place| place.seen <= equal);
        self.places.truncate(usable);
        let Some(&Place { at, ids, .. }) = self.places.last() else { return 0 };
        out.extend_from_slice(&self.ids[..ids]);
        at
    }

    /// Notes a place, up to which `ids` ids were made of the text at hand and `seen` bytes looked at.
    #[inline]
    pub(crate) fn note(&mut self, at: usize, ids: usize, seen: usize) {
        if seen <= KEPT {
            self.places.push(Place { at, ids, seen });
        }
    }

    /// Keeps the text at hand and its ids.
    pub(crate) fn keep(&mut self, text: &[u8], ids: &[i32]) {
        self.is_whole = text.len() <= KEPT;
        let kept = if self.is_whole { ids.len() } else { self.places.last().map_or(0, |place| place.ids) };
        self.text.clear();
        self.text.extend_from_slice(&text[..text.len().min(KEPT)]);
        self.ids.clear();
        self.ids.extend_from_slice(&ids[..kept]);
    }
}
