//! The brackets that are open: one bit each.

/// A stack of open brackets. It grows by a bit for each, so that deep nesting needs neither recursion nor much memory.
#[derive(Debug, Default)]
pub(super) struct Brackets {
    depth: usize,
    /// The innermost brackets, the last in the lowest bit; set for `{`.
    last: u64,
    /// The brackets further out, 64 each.
    outer: Vec<u64>,
}

impl Brackets {
    /// How many are open.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Opens one.
    pub(crate) fn push(&mut self, curly: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.last);
        }
        self.last = self.last << 1 | u64::from(curly);
        self.depth += 1;
    }

    /// Closes the innermost one, if it is of this kind. Returns whether it was.
    pub(crate) fn pop(&mut self, curly: bool) -> bool {
        if self.depth == 0 || self.innermost_is_curly() != curly {
            return false;
        }
        self.last >>= 1;
        self.depth -= 1;
        if self.depth.is_multiple_of(64) {
            self.last = self.outer.pop().unwrap_or_default();
        }
        true
    }

    /// Whether the innermost open bracket is `{`.
    pub(crate) fn innermost_is_curly(&self) -> bool {
        self.last & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closes_in_reverse_order_at_any_depth() {
        let kind = |i: usize| i * i % 7 < 3;
        for depth in [1, 2, 63, 64, 65, 127, 128, 129, 1000] {
            let mut brackets = Brackets::default();
            (0..depth).for_each(|i| brackets.push(kind(i)));
            assert_eq!(brackets.depth(), depth);
            for i in (0..depth).rev() {
                assert_eq!(brackets.innermost_is_curly(), kind(i));
                assert!(!brackets.pop(!kind(i)) && brackets.pop(kind(i)), "{i} of {depth}");
            }
            assert!(brackets.depth() == 0 && !brackets.pop(true) && !brackets.pop(false));
        }
    }
}
