//! Merges the symbols of one piece: always the pair of the lowest rank, of several the leftmost.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::pairs::Pairs;

/// For at most this many symbols the next merge is found by a linear search.
const SHORT: usize = 32;
const NONE: u32 = u32::MAX;

/// Buffers for pieces with many symbols, reused from piece to piece.
#[derive(Default)]
pub(crate) struct MergeScratch {
    symbols: Vec<Symbol>,
    queue: BinaryHeap<Reverse<(u32, u32, u32)>>,
}

#[derive(Clone, Copy)]
struct Symbol {
    /// `NONE` once the symbol was merged into the one before.
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
    // ranks[i] and merged[i]: rank and result of the pair that begins at i.
    let mut ranks = [NONE; SHORT];
    let mut merged = [0u32; SHORT];
    let look = |left: u32, right: u32| pairs.get(left, right).map_or((NONE, 0), |m| (m.rank, m.id));
    for i in 1..n {
        (ranks[i - 1], merged[i - 1]) = look(ids[i - 1], ids[i]);
    }
    while n > 1 {
        let (mut position, mut lowest) = (0, NONE);
        for (i, &rank) in ranks[..n - 1].iter().enumerate() {
            if rank < lowest {
                (position, lowest) = (i, rank);
            }
        }
        if lowest == NONE {
            break;
        }
        ids[position] = merged[position];
        ids.copy_within(position + 2..n, position + 1);
        ranks.copy_within(position + 1..n, position);
        merged.copy_within(position + 1..n, position);
        n -= 1;
        ranks[n - 1] = NONE;
        if position + 1 < n {
            (ranks[position], merged[position]) = look(ids[position], ids[position + 1]);
        }
        if position > 0 {
            (ranks[position - 1], merged[position - 1]) = look(ids[position - 1], ids[position]);
        }
    }
    out.extend(ids[..n].iter().map(|&id| id as i32));
}

/// The same with a priority queue, so that the time does not grow with the square of the number of symbols.
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
    while let Some(Reverse((rank, position, merged))) = queue.pop() {
        let left = symbols[position as usize];
        if left.id == NONE || left.next == NONE {
            continue;
        }
        let right = symbols[left.next as usize];
        // Either symbol may have been merged since the pair was queued.
        if pairs.get(left.id, right.id).is_none_or(|m| m.rank != rank) {
            continue;
        }
        symbols[left.next as usize].id = NONE;
        symbols[position as usize] = Symbol { id: merged, previous: left.previous, next: right.next };
        if right.next != NONE {
            symbols[right.next as usize].previous = position;
            if let Some(merge) = pairs.get(merged, symbols[right.next as usize].id) {
                queue.push(Reverse((merge.rank, position, merge.id)));
            }
        }
        if left.previous != NONE
            && let Some(merge) = pairs.get(symbols[left.previous as usize].id, merged)
        {
            queue.push(Reverse((merge.rank, left.previous, merge.id)));
        }
    }
    out.extend(symbols.iter().filter(|s| s.id != NONE).map(|s| s.id as i32));
}
