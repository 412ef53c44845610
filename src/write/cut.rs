//! Decides where shards and record batches end: by the content of the rows alone, not by where batches end.

/// The most that a shard or a record batch holds. A single row always fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) rows: u64,
    /// Bytes of content of the rows.
    pub(crate) bytes: u64,
}

/// What a shard or a record batch holds so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fill {
    rows: u64,
    bytes: u64,
}

impl Fill {
    /// Adds as many of the next rows as fit, given their sizes. Returns how many: 0 if it is full.
    pub(crate) fn take(&mut self, sizes: &[u64], limit: Limit) -> usize {
        let mut taken = 0;
        for &size in sizes {
            if self.rows >= limit.rows || (self.rows > 0 && self.bytes + size > limit.bytes) {
                break;
            }
            self.rows += 1;
            self.bytes += size;
            taken += 1;
        }
        taken
    }

    /// Whether no row was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// How many rows were added.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_do_not_depend_on_batches() {
        let sizes: Vec<u64> = (0..200).map(|i| (i * 7919) % 23).chain([500, 1, 1]).collect();
        let limit = Limit { rows: 9, bytes: 60 };
        let cut = |chunk: usize| {
            let (mut fill, mut cuts, mut at) = (Fill::default(), vec![], 0);
            for arrived in sizes.chunks(chunk) {
                let mut rest = arrived;
                while !rest.is_empty() {
                    let n = fill.take(rest, limit);
                    if n == 0 {
                        cuts.push(at);
                        fill = Fill::default();
                    }
                    at += n;
                    rest = &rest[n..];
                }
            }
            cuts
        };
        let whole = cut(sizes.len());
        for chunk in [1, 2, 3, 7, 50] {
            assert_eq!(cut(chunk), whole);
        }
        let mut from = 0;
        for &to in &whole {
            let bytes: u64 = sizes[from..to].iter().sum();
            assert!(to > from && to - from <= 9 && (bytes <= 60 || to - from == 1));
            from = to;
        }
    }
}
