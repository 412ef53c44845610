//! The merges of one piece: always the pair of the lowest rank, the leftmost of equals.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::pairs::Pairs;

/// Up to so many symbols the next merge is found by looking at all of them.
const SHORT: usize = 32;
const NONE: u32 = u32::MAX;

/// Memory for pieces with many symbols, used again and again.
#[derive(Default)]
pub(crate) struct MergeScratch {
    symbols: Vec<Symbol>,
    queue: BinaryHeap<Reverse<(u32, u32, u32)>>,
}

#[derive(Clone, Copy)]
struct Symbol {
    /// `NONE` once it went into the one before.
    id: u32,
    previous: u32,
    next: u32,
}

/// Appends the ids of a piece whose symbols are `ids`.
pub(crate) fn merge(
    pairs: &Pairs,
    ids: impl ExactSizeIterator<Item = u32>,
    scratch: &mut MergeScratch,
    out: &mut Vec<i32>,
) {
    if ids.len() <= SHORT { short(pairs, ids, out) } else { long(pairs, ids, scratch, out) }
}

fn short(pairs: &Pairs, symbols: impl ExactSizeIterator<Item = u32>, out: &mut Vec<i32>) {
    let mut ids = [0u32; SHORT];
    let mut n = 0;
    for (slot, id) in ids.iter_mut().zip(symbols) {
        *slot = id;
        n += 1;
    }
    // ranks[i] and made[i]: of the pair that begins at i.
    let mut ranks = [NONE; SHORT];
    let mut made = [0u32; SHORT];
    let look = |left: u32, right: u32| pairs.get(left, right).map_or((NONE, 0), |m| (m.rank, m.id));
    for i in 1..n {
        (ranks[i - 1], made[i - 1]) = look(ids[i - 1], ids[i]);
    }
    while n > 1 {
        let (mut at, mut lowest) = (0, NONE);
        for (i, &rank) in ranks[..n - 1].iter().enumerate() {
            if rank < lowest {
                (at, lowest) = (i, rank);
            }
        }
        if lowest == NONE {
            break;
        }
        ids[at] = made[at];
        ids.copy_within(at + 2..n, at + 1);
        ranks.copy_within(at + 1..n, at);
        made.copy_within(at + 1..n, at);
        n -= 1;
        ranks[n - 1] = NONE;
        if at + 1 < n {
            (ranks[at], made[at]) = look(ids[at], ids[at + 1]);
        }
        if at > 0 {
            (ranks[at - 1], made[at - 1]) = look(ids[at - 1], ids[at]);
        }
    }
    out.extend(ids[..n].iter().map(|&id| id as i32));
}

/// The same with a queue, so that the time does not grow with the square of the symbols.
fn long(
    pairs: &Pairs,
    ids: impl ExactSizeIterator<Item = u32>,
    scratch: &mut MergeScratch,
    out: &mut Vec<i32>,
) {
    let MergeScratch { symbols, queue } = scratch;
    symbols.clear();
    queue.clear();
    for (i, id) in ids.enumerate() {
        let i = i as u32;
        symbols.push(Symbol { id, previous: i.wrapping_sub(1), next: i + 1 });
    }
    let n = symbols.len();
    if let Some(last) = symbols.last_mut() {
        last.next = NONE;
    }
    queue.extend((1..n).filter_map(|i| {
        let merge = pairs.get(symbols[i - 1].id, symbols[i].id)?;
        Some(Reverse((merge.rank, i as u32 - 1, merge.id)))
    }));
    while let Some(Reverse((rank, at, made))) = queue.pop() {
        let left = symbols[at as usize];
        if left.id == NONE || left.next == NONE {
            continue;
        }
        let right = symbols[left.next as usize];
        // Either may have grown since the pair was noted.
        if pairs.get(left.id, right.id).is_none_or(|m| m.rank != rank) {
            continue;
        }
        symbols[left.next as usize].id = NONE;
        symbols[at as usize] = Symbol { id: made, previous: left.previous, next: right.next };
        if right.next != NONE {
            symbols[right.next as usize].previous = at;
            if let Some(merge) = pairs.get(made, symbols[right.next as usize].id) {
                queue.push(Reverse((merge.rank, at, merge.id)));
            }
        }
        if left.previous != NONE
            && let Some(merge) = pairs.get(symbols[left.previous as usize].id, made)
        {
            queue.push(Reverse((merge.rank, left.previous, merge.id)));
        }
    }
    out.extend(symbols.iter().filter(|s| s.id != NONE).map(|s| s.id as i32));
}
