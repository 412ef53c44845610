//! Parallel work on ranges of rows in memory. Workers take ranges in order, and results are in order.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::interrupt::{Interrupted, interruptible, panicked};
use super::resources::Resources;
use crate::cancel::Cancel;
use crate::error::{Error, Result};

/// Divides rows into ranges, each of about the size of a batch.
pub(crate) fn cut(rows: usize, resources: Resources, bytes: impl Fn(usize) -> usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let (mut start, mut held) = (0, 0);
    for row in 0..rows {
        held += bytes(row);
        if held >= resources.batch_bytes || row + 1 - start >= resources.batch_rows {
            ranges.push(start..row + 1);
            (start, held) = (row + 1, 0);
        }
    }
    if start < rows {
        ranges.push(start..rows);
    }
    ranges
}

/// Calls `work` for every part, and gives the results in order.
///
/// # Errors
/// That of the first part that fails; `Cancelled`.
pub(crate) fn each<P: Sync, T: Send>(
    parts: &[P],
    threads: usize,
    cancel: &Cancel,
    interrupted: Interrupted<'_>,
    work: impl Fn(&P) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let guarded = |part: &P| {
        catch_unwind(AssertUnwindSafe(|| work(part))).unwrap_or_else(|panic| Err(panicked(&panic)))
    };
    if let [part] = parts {
        return Ok(vec![guarded(part)?]);
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<T>)>> = Mutex::new(Vec::with_capacity(parts.len()));
    let claim = || {
        while let Some((i, part)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, parts.get(i)?)))
        {
            let outcome = guarded(part);
            if outcome.is_err() {
                // Parts that were taken before are finished, so that the first error is always the same.
                next.store(parts.len(), Ordering::Relaxed);
            }
            done.lock().unwrap_or_else(PoisonError::into_inner).push((i, outcome));
        }
    };
    interruptible(cancel, interrupted, || {
        std::thread::scope(|scope| {
            for _ in 1..threads.min(parts.len()) {
                scope.spawn(claim);
            }
            claim();
        });
        Ok(())
    })?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(i, _)| *i);
    let results: Vec<T> = done.into_iter().map(|(_, outcome)| outcome).collect::<Result<_>>()?;
    if results.len() < parts.len() {
        return Err(Error::internal("a worker was lost"));
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Class;

    fn resources(batch_bytes: usize, batch_rows: usize) -> Resources {
        Resources { threads: 3, batch_bytes, batch_rows, shuffle_bytes: 0 }
    }

    #[test]
    fn cuts_by_bytes_and_by_rows() {
        let cut = |bytes: &[usize], resources| cut(bytes.len(), resources, |i| bytes[i]);
        assert_eq!(cut(&[], resources(10, 10)), Vec::<Range<usize>>::new());
        assert_eq!(cut(&[4, 4, 4, 1, 99, 0], resources(10, 10)), [0..3, 3..5, 5..6]);
        assert_eq!(cut(&[0, 0, 0], resources(10, 2)), [0..2, 2..3]);
    }

    #[test]
    fn results_come_in_order_and_the_error_is_the_first() {
        let parts: Vec<u64> = (0..200).collect();
        let run = |fails: &(dyn Fn(u64) -> bool + Sync)| {
            each(&parts, 3, &Cancel::default(), &mut || false, |&part| match fails(part) {
                true => Err(Error::new(Class::Data, "bad", "bad").row(part)),
                false => Ok(part),
            })
        };
        assert_eq!(run(&|_| false).unwrap(), parts);
        for _ in 0..50 {
            assert_eq!(run(&|part| part % 10 == 7).unwrap_err().get_row(), Some(7));
        }
    }

    #[test]
    fn a_panic_is_an_error_and_an_interruption_stops() {
        let panics = |part: &u64| if *part == 3 { panic!("no") } else { Ok(*part) };
        for parts in [vec![3], (0..9).collect()] {
            let e = each(&parts, 2, &Cancel::default(), &mut || false, panics).unwrap_err();
            assert_eq!((e.class(), e.message()), (Class::Internal, "a worker panicked: no"));
        }
        let cancel = Cancel::default();
        let forever = |_: &u64| loop {
            cancel.check()?;
            std::thread::yield_now();
        };
        let e = each::<_, ()>(&[0, 1, 2], 2, &cancel, &mut || true, forever).unwrap_err();
        assert_eq!(e.class(), Class::Cancelled);
    }
}
