//! URLs: numbers within them are ids, and what stands before their `@` is a password.

use memchr::memmem;

/// How far back a URL is searched for.
const MOST_BYTES: usize = 2_048;

/// The start of the run of visible ASCII characters that ends at `at`. White space, quotes, brackets and characters outside
/// ASCII end it.
fn run_start(text: &[u8], at: usize) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_graphic() && !b"\"'<>()[]{}`,".contains(byte);
    let length =
        text[at.saturating_sub(MOST_BYTES)..at].iter().rev().take_while(|byte| is_part(byte)).count();
    at - length
}

/// Whether the byte at `at` is part of a URL.
pub(super) fn is_within(text: &[u8], at: usize) -> bool {
    let run = &text[run_start(text, at)..at];
    memmem::find(run, b"://").is_some() || run.starts_with(b"www.")
}

/// The start of the password, if the `@` at `at` ends the user and the password of a URL: `scheme://user:password@host`.
pub(super) fn password_start(text: &[u8], at: usize) -> Option<usize> {
    let start = run_start(text, at);
    let run = &text[start..at];
    let user = memmem::rfind(run, b"://")? + 3;
    let authority = &run[user..];
    let colon = memchr::memchr(b':', authority)?;
    let is_authority = !authority.contains(&b'/') && colon > 0 && colon + 1 < authority.len();
    is_authority.then_some(start + user + colon + 1)
}

/// Whether the `@` at `at` ends the user of a URL.
pub(super) fn ends_user(text: &[u8], at: usize) -> bool {
    let run = &text[run_start(text, at)..at];
    memmem::rfind(run, b"://").is_some_and(|scheme| !run[scheme + 3..].iter().any(|b| b"/?#".contains(b)))
}
