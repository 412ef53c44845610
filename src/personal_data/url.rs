//! URLs: numbers within them are ids, and what stands before their `@` is a password.

/// What is known of the run of visible ASCII characters that ends at a position. White space, quotes, brackets and
/// characters outside ASCII end a run.
///
/// Positions are asked for in increasing order, so that each byte is looked at once, however long a run is.
#[derive(Debug, Default)]
pub(super) struct UrlRun {
    /// The position.
    end: usize,
    start: usize,
    /// Where the authority begins: after the last `://`.
    authority: Option<usize>,
    /// The first `:` after it.
    colon: Option<usize>,
    /// Whether a `/` is after it, and whether a `?` or a `#` is.
    has_slash: bool,
    has_query: bool,
}

impl UrlRun {
    /// Whether the byte at `at` is part of a URL.
    pub(super) fn is_within(&mut self, text: &[u8], at: usize) -> bool {
        self.go_to(text, at);
        self.authority.is_some() || text[self.start..at].starts_with(b"www.")
    }

    /// The start of the password, if the `@` at `at` ends the user and the password of a URL:
    /// `scheme://user:password@host`.
    pub(super) fn password_start(&mut self, text: &[u8], at: usize) -> Option<usize> {
        self.go_to(text, at);
        let (authority, colon) = (self.authority?, self.colon?);
        (!self.has_slash && colon > authority && colon + 1 < at).then_some(colon + 1)
    }

    /// Whether the `@` at `at` ends the user of a URL.
    pub(super) fn ends_user(&mut self, text: &[u8], at: usize) -> bool {
        self.go_to(text, at);
        self.authority.is_some() && !self.has_slash && !self.has_query
    }

    fn go_to(&mut self, text: &[u8], at: usize) {
        if at < self.end {
            *self = UrlRun::default();
        }
        let is_part = |byte: &u8| byte.is_ascii_graphic() && !b"\"'<>()[]{}`,".contains(byte);
        let added = text[self.end..at].iter().rev().take_while(|byte| is_part(byte)).count();
        looked_at(added);
        let first = at - added;
        if first > self.end || self.end == 0 {
            *self = UrlRun { start: first, ..UrlRun::default() };
        }
        for i in first..at {
            match text[i] {
                b'/' if i >= self.start + 2 && text[i - 2..i] == *b":/" => {
                    (self.authority, self.colon) = (Some(i + 1), None);
                    (self.has_slash, self.has_query) = (false, false);
                }
                b'/' => self.has_slash = true,
                b'?' | b'#' => self.has_query = true,
                b':' if self.colon.is_none() && self.authority.is_some() => self.colon = Some(i),
                _ => {}
            }
        }
        self.end = at;
    }
}

#[cfg(not(test))]
fn looked_at(_: usize) {}

#[cfg(test)]
use work::looked_at;

/// Counts the bytes that are looked at.
#[cfg(test)]
pub(super) mod work {
    use std::cell::Cell;

    thread_local! {
        static BYTES: Cell<usize> = const { Cell::new(0) };
    }

    pub(in crate::personal_data) fn looked_at(bytes: usize) {
        BYTES.set(BYTES.get() + bytes);
    }

    /// The bytes since the last call.
    pub(in crate::personal_data) fn taken() -> usize {
        BYTES.replace(0)
    }
}
