//! Where each character of a render comes from.

use std::collections::{HashMap, HashSet};

use super::align::{Origin, align};
use super::escape::unescaped;
use super::leaf::Leaf;
use super::render::Render;
use super::stand_in::{Edges, MARK, Place, Table, VARIANTS, Words, bare, occurrences, replaced};
use crate::chat::roles::Roles;
use crate::template::{Data, Failure, is_space};

/// The characters of a render, with what is proven about them.
#[derive(Debug)]
pub(in crate::chat) struct Provenance {
    /// The characters.
    pub(in crate::chat) text: Vec<char>,
    /// Where each comes from.
    pub(in crate::chat) origins: Vec<Origin>,
    /// The texts of the messages.
    pub(in crate::chat) leaves: Vec<Leaf>,
    /// For each of them, its characters in the render: where each is, and its offset in the text.
    pub(in crate::chat) places: Vec<Vec<(usize, usize)>>,
    /// Whether the whole render is proven, or single texts of the assistant.
    pub(in crate::chat) whole: bool,
    /// Texts whose place is not known.
    pub(in crate::chat) lost: HashSet<usize>,
    /// Texts that have white space at an edge of which nobody can say whose it is.
    pub(in crate::chat) unclear: HashSet<usize>,
    /// Whether stand-ins were printed as `repr` of Python.
    pub(in crate::chat) repr: bool,
}

impl Provenance {
    /// The message that character `at` comes from; none for what the template writes.
    pub(in crate::chat) fn message(&self, at: usize) -> Option<usize> {
        self.origins.get(at)?.map(|(leaf, _)| self.leaves[leaf].message)
    }
}

/// Proves as much as can be.
///
/// # Errors
/// The conversation cannot be rendered.
pub(super) fn origins(render: &Render, messages: &[Data]) -> Result<Provenance, Failure> {
    let text: Vec<char> = render.text(messages, render.prompt)?.chars().collect();
    let leaves = Leaf::all(messages);
    let all: Vec<usize> = (0..leaves.len()).collect();
    let own: Vec<usize> =
        all.iter().copied().filter(|n| is_assistant(&messages[leaves[*n].message])).collect();
    for (chosen, whole) in [(&all, true), (&own, false)] {
        if let Some(found) = try_variants(render, messages, &text, &leaves, chosen) {
            let Tried { origins, lost, unclear, repr } = found;
            let places = places(&origins, leaves.len());
            return Ok(Provenance { text, origins, leaves, places, whole, lost, unclear, repr });
        }
    }
    let mut origins = vec![None; text.len()];
    let (mut lost, mut unclear, mut repr) = (HashSet::new(), HashSet::new(), false);
    for n in own {
        match try_variants(render, messages, &text, &leaves, &[n]) {
            Some(found) => {
                origins.iter_mut().zip(found.origins).for_each(|(origin, one)| *origin = origin.or(one));
                lost.extend(found.lost);
                unclear.extend(found.unclear);
                repr |= found.repr;
            }
            None => {
                lost.insert(n);
            }
        }
    }
    let places = places(&origins, leaves.len());
    Ok(Provenance { text, origins, leaves, places, whole: false, lost, unclear, repr })
}

/// The characters of each of so many texts.
fn places(origins: &[Origin], texts: usize) -> Vec<Vec<(usize, usize)>> {
    let mut places = vec![Vec::new(); texts];
    for (at, origin) in origins.iter().enumerate() {
        if let Some((leaf, offset)) = origin {
            places[*leaf].push((at, *offset));
        }
    }
    places
}

/// Whether a message is of the assistant.
pub(in crate::chat) fn is_assistant(message: &Data) -> bool {
    message.get("role").and_then(Data::text) == Some("assistant")
}

struct Tried {
    origins: Vec<Origin>,
    lost: HashSet<usize>,
    unclear: HashSet<usize>,
    repr: bool,
}

fn try_variants(
    render: &Render,
    messages: &[Data],
    text: &[char],
    leaves: &[Leaf],
    chosen: &[usize],
) -> Option<Tried> {
    'variants: for variant in VARIANTS {
        let mut origins: Vec<Origin> = vec![None; text.len()];
        let mut replaced_offsets: HashMap<usize, HashSet<usize>> = HashMap::new();
        let mut repr = false;
        for pass in 0.. {
            let tainted = replaced(messages, leaves, chosen, variant, render.words(variant.words), pass);
            let Ok(other) = render.text(&tainted.messages, render.prompt) else { continue 'variants };
            let Some(found) = align(text, &unescaped(&other), &tainted.table) else { continue 'variants };
            origins.iter_mut().zip(found).for_each(|(origin, found)| *origin = origin.or(found));
            for place in tainted.table.values() {
                replaced_offsets.entry(place.leaf).or_default().insert(place.offset);
            }
            repr |= other.contains("\\U000f");
            if !tainted.more {
                break;
            }
        }
        let mut unclear = HashSet::new();
        if variant != VARIANTS[0] {
            fill(text, &mut origins, messages, leaves);
            if variant.edges != Edges::Replaced {
                grow_edges(render, messages, text, &mut origins, leaves, &replaced_offsets, &mut unclear);
            }
        }
        // Of a text that was kept as a whole, nothing is known.
        let is_kept = |n: &usize| {
            let text = leaves[*n].text(messages);
            !text.chars().all(is_space) && !replaced_offsets.contains_key(n)
        };
        let lost = chosen.iter().copied().filter(is_kept).collect();
        return Some(Tried { origins, lost, unclear, repr });
    }
    None
}

/// Gives kept characters between two known ones of a text their place, where text and render agree.
fn fill(text: &[char], origins: &mut [Origin], messages: &[Data], leaves: &[Leaf]) {
    let known: Vec<(usize, usize, usize)> =
        origins.iter().enumerate().filter_map(|(at, origin)| origin.map(|(leaf, k)| (at, leaf, k))).collect();
    for pair in known.windows(2) {
        let ((p, leaf, k), (q, leaf2, k2)) = (pair[0], pair[1]);
        if leaf != leaf2 || k2 <= k + 1 || q <= p + 1 {
            continue;
        }
        let source = leaves[leaf].text(messages).chars().skip(k + 1).take(k2 - k - 1);
        let stand_ins = '\u{f1000}'..='\u{10fffd}';
        let table: Table = stand_ins
            .zip(source.enumerate())
            .map(|(stand_in, (x, c))| (stand_in, Place { leaf, offset: k + 1 + x, c }))
            .collect();
        let mut tainted: Vec<char> = table.keys().copied().collect();
        tainted.sort_unstable();
        if let Some(gap) = align(&text[p + 1..q], &tainted, &table) {
            origins[p + 1..q].copy_from_slice(&gap);
        }
    }
}

/// Gives kept characters before the first and after the last known one of a text their place, if the render grows there
/// when they are doubled.
fn grow_edges(
    render: &Render,
    messages: &[Data],
    text: &[char],
    origins: &mut [Origin],
    leaves: &[Leaf],
    replaced: &HashMap<usize, HashSet<usize>>,
    unclear: &mut HashSet<usize>,
) {
    let mut present: Vec<usize> = origins.iter().flatten().map(|(leaf, _)| *leaf).collect();
    present.sort_unstable();
    present.dedup();
    for n in present {
        let source: Vec<char> = leaves[n].text(messages).chars().collect();
        let is_own = |origin: &Origin| origin.is_some_and(|(leaf, _)| leaf == n);
        let (Some(first), Some(last)) = (origins.iter().position(is_own), origins.iter().rposition(is_own))
        else {
            continue;
        };
        for before in [true, false] {
            let p = if before { first } else { last };
            let Some((_, k)) = origins[p] else { continue };
            let rest = if before { 0..k } else { k + 1..source.len() };
            let is_replaced = |x: usize| replaced.get(&n).is_some_and(|offsets| offsets.contains(&x));
            if rest.is_empty() || rest.clone().any(is_replaced) {
                continue;
            }
            for taken in 0..rest.len() {
                let (offset, cut) =
                    if before { (k - 1 - taken, k - taken) } else { (k + 1 + taken, k + 1 + taken) };
                let c = source[offset];
                let at = if before { p.checked_sub(taken + 1) } else { Some(p + taken + 1) };
                let Some(at) = at.filter(|at| text.get(*at) == Some(&c) && origins[*at].is_none()) else {
                    break;
                };
                let got = with_inserted(render, messages, &leaves[n], &source, cut, c);
                let grown = text[..at].iter().chain([&c]).chain(&text[at..]);
                if !got.as_ref().is_some_and(|got| got.iter().eq(grown)) {
                    if got.is_none_or(|got| got != text) {
                        unclear.insert(n);
                    }
                    break;
                }
                origins[at] = Some((n, offset));
            }
        }
    }
}

/// The render with a character inserted into a text.
fn with_inserted(
    render: &Render,
    messages: &[Data],
    leaf: &Leaf,
    source: &[char],
    at: usize,
    c: char,
) -> Option<Vec<char>> {
    let mut longer = messages.to_vec();
    leaf.put(&mut longer, source[..at].iter().chain([&c]).chain(&source[at..]).collect());
    Some(unescaped(&render.text(&longer, render.prompt).ok()?))
}

/// The texts of these roles for which a mark inserted inside does not make the render grow just there.
pub(super) fn contradicted(
    render: &Render,
    messages: &[Data],
    roles: Roles,
    found: &Provenance,
) -> HashSet<usize> {
    let tests = insertions(render, messages, roles, found);
    // All at once, in the middle of each: that nearly always holds.
    let middles: Vec<(usize, usize, usize)> =
        tests.iter().filter_map(|(n, places)| places.first().map(|(k, p)| (*n, *k, *p))).collect();
    if grows(render, messages, found, &middles) {
        return HashSet::new();
    }
    let holds = |(n, places): &&(usize, Vec<(usize, usize)>)| {
        places.iter().any(|(k, p)| grows(render, messages, found, &[(*n, *k, *p)]))
    };
    tests.iter().filter(|test| !holds(test)).map(|(n, _)| *n).collect()
}

/// For each text of these roles, up to three offsets within it where a mark may be inserted, and their places in the
/// render: the one in the middle first.
fn insertions(
    render: &Render,
    messages: &[Data],
    roles: Roles,
    found: &Provenance,
) -> Vec<(usize, Vec<(usize, usize)>)> {
    let mut places: HashMap<(usize, usize), Vec<usize>> = HashMap::new();
    for (at, origin) in found.origins.iter().enumerate() {
        if let Some(origin) = origin {
            places.entry(*origin).or_default().push(at);
        }
    }
    let mut tests = Vec::new();
    for (n, leaf) in found.leaves.iter().enumerate() {
        if !roles.have(&messages[leaf.message]) {
            continue;
        }
        let body: Vec<char> = leaf.text(messages).chars().collect();
        let (start, end) = bare(&body);
        let marks = occurrences(&body, render.words(Words::All));
        let is_inner = |k: usize| (start..end).contains(&k) && !marks.contains(&k);
        let inner: Vec<(usize, usize)> = (1..body.len())
            .filter(|k| is_inner(*k) && is_inner(*k - 1))
            .filter_map(|k| match (places.get(&(n, k - 1)), places.get(&(n, k))) {
                (Some(before), Some(at)) if at.len() == 1 && before.last() == Some(&(at[0] - 1)) => {
                    Some((k, at[0]))
                }
                _ => None,
            })
            .collect();
        if let (Some(first), Some(last)) = (inner.first(), inner.last()) {
            tests.push((n, vec![inner[inner.len() / 2], *first, *last]));
        }
    }
    tests
}

/// Whether the render grows by a mark at each of the places, and nowhere else, when one is inserted in each of the texts:
/// their numbers, the offsets in them, and the places.
fn grows(
    render: &Render,
    messages: &[Data],
    found: &Provenance,
    insertions: &[(usize, usize, usize)],
) -> bool {
    let mut longer = messages.to_vec();
    let mut marks: Vec<usize> = Vec::new();
    for (n, k, p) in insertions {
        let text = found.leaves[*n].text(messages);
        let at = text.char_indices().nth(*k).map_or(text.len(), |(at, _)| at);
        found.leaves[*n].put(&mut longer, format!("{}{MARK}{}", &text[..at], &text[at..]));
        marks.push(*p);
    }
    marks.sort_unstable();
    let Ok(got) = render.text(&longer, render.prompt) else { return false };
    let mut grown = Vec::with_capacity(found.text.len() + marks.len());
    let mut start = 0;
    for p in marks {
        grown.extend_from_slice(&found.text[start..p]);
        grown.push(MARK);
        start = p;
    }
    grown.extend_from_slice(&found.text[start..]);
    unescaped(&got) == grown
}
