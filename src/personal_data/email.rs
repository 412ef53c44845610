//! E-mail addresses.

use std::ops::Range;

use super::url::UrlRun;

/// Domains that are reserved for examples (RFC 2606).
const EXAMPLES: [&str; 3] = ["example.com", "example.net", "example.org"];
const EXAMPLE_ENDS: [&str; 3] = ["example", "invalid", "test"];

/// Passes the range of each address to `take`.
pub(super) fn find(text: &str, take: &mut dyn FnMut(Range<usize>)) {
    let bytes = text.as_bytes();
    let mut url = UrlRun::default();
    for at in memchr::memchr_iter(b'@', bytes) {
        let start = local_start(text, at);
        let Some(end) = domain_end(bytes, at + 1) else { continue };
        let local = &text[start..at];
        let domain = &text[at + 1..end];
        // `git@host:path` names a repository, `user@host` in a URL an account.
        let mut is_account = || local == "git" || url.ends_user(bytes, at);
        if !local.is_empty() && !is_account() && !is_example(domain) && !is_image_size(domain) {
            take(start..end);
        }
    }
}

/// The start of the part before `@`: letters of Latin script, digits, and `._%+-` within.
fn local_start(text: &str, at: usize) -> usize {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || (c < '\u{250}' && c.is_alphabetic());
    let mut start = at;
    for (i, c) in text[..at].char_indices().rev().take(64) {
        match c {
            '.' if i + 1 == at || text.as_bytes()[i + 1] == b'.' => break,
            _ if is_letter(c) || c == '_' => start = i,
            // Part of the address only after a letter.
            '.' | '%' | '+' | '-' => {}
            _ => break,
        }
    }
    start
}

/// The end of a domain: labels with dots between them, the last of at least two letters.
fn domain_end(bytes: &[u8], start: usize) -> Option<usize> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'.';
    let length = bytes[start..].iter().take(255).take_while(|byte| is_part(byte)).count();
    let mut domain = &bytes[start..start + length];
    if let Some(dots) = memchr::memmem::find(domain, b"..") {
        domain = &domain[..dots];
    }
    while let Some(b'.' | b'-') = domain.last() {
        domain = &domain[..domain.len() - 1];
    }
    let mut labels = domain.rsplit(|byte| *byte == b'.');
    let last = labels.next()?;
    let is_top = last.len() >= 2 && (last.iter().all(u8::is_ascii_alphabetic) || last.starts_with(b"xn--"));
    let mut others = labels.peekable();
    let has_others = others.peek().is_some();
    let are_labels = others.all(|label| {
        !label.is_empty() && !label.starts_with(b"-") && !label.ends_with(b"-") && label.len() <= 63
    });
    // A letter outside ASCII, `_` or `@` goes on: it is no domain.
    let end = start + domain.len();
    let goes_on = bytes.get(end).is_some_and(|byte| *byte == b'_' || *byte == b'@');
    (is_top && has_others && are_labels && !goes_on).then_some(end)
}

/// Whether a domain is reserved for examples.
pub(super) fn is_example(domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    let is_below =
        |end: &str| domain.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    EXAMPLES.iter().chain(&EXAMPLE_ENDS).any(|end| is_below(end))
}

/// Whether it is the end of the name of an image: `icon@2x.png`.
fn is_image_size(domain: &str) -> bool {
    let digits = domain.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0 && domain[digits..].starts_with("x.")
}
