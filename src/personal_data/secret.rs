//! Keys, tokens and passwords: by the start that their makers have given them, and the characters after it.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem;

use super::bytes::is_word;
use super::email;
use super::url::UrlRun;
use crate::error::{Error, Result};

/// The form of a secret.
struct Form {
    start: &'static str,
    rest: Rest,
}

/// What follows the start.
enum Rest {
    /// So many characters of `A-Z a-z 0-9`, or more.
    Letters(usize),
    /// So many characters of `A-Z 0-9`, no more.
    Capitals(usize),
    /// So many characters of `A-Z a-z 0-9 _ -`, or more.
    Url(usize),
    /// The same, with a digit and a letter, since words follow this start too.
    Mixed(usize),
    /// Two more parts after dots: a token of JSON.
    Jwt,
    /// A key in lines of base64.
    PrivateKey,
    /// A password before the `@` of a URL.
    Password,
}

const FORMS: [Form; 28] = [
    form("AKIA", Rest::Capitals(16)),
    form("ASIA", Rest::Capitals(16)),
    form("ghp_", Rest::Letters(36)),
    form("gho_", Rest::Letters(36)),
    form("ghu_", Rest::Letters(36)),
    form("ghs_", Rest::Letters(36)),
    form("ghr_", Rest::Letters(36)),
    form("github_pat_", Rest::Url(60)),
    form("glpat-", Rest::Url(20)),
    form("xoxb-", Rest::Mixed(20)),
    form("xoxp-", Rest::Mixed(20)),
    form("xoxa-", Rest::Mixed(20)),
    form("xoxs-", Rest::Mixed(20)),
    form("AIza", Rest::Url(35)),
    form("sk-", Rest::Mixed(32)),
    form("sk_live_", Rest::Letters(24)),
    form("rk_live_", Rest::Letters(24)),
    form("sk_test_", Rest::Letters(24)),
    form("rk_test_", Rest::Letters(24)),
    form("whsec_", Rest::Letters(32)),
    form("hf_", Rest::Letters(34)),
    form("npm_", Rest::Letters(36)),
    form("pypi-AgE", Rest::Url(50)),
    form("dop_v1_", Rest::Letters(64)),
    form("SG.", Rest::Url(22)),
    form("eyJ", Rest::Jwt),
    form("-----BEGIN ", Rest::PrivateKey),
    form("://", Rest::Password),
];

const fn form(start: &'static str, rest: Rest) -> Form {
    Form { start, rest }
}

/// Finds the starts of all forms.
pub(super) fn starts() -> Result<AhoCorasick> {
    let search =
        AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(FORMS.iter().map(|f| f.start));
    search.map_err(|e| Error::internal("the starts of secrets cannot be searched for").source(e))
}

/// Passes the range of each secret to `take`.
pub(super) fn find(starts: &AhoCorasick, text: &str, take: &mut dyn FnMut(Range<usize>)) {
    let bytes = text.as_bytes();
    let (mut end, mut url) = (0, UrlRun::default());
    for start in starts.find_iter(bytes) {
        let Some(form) = FORMS.get(start.pattern().as_usize()) else { continue };
        let goes_on =
            start.start() > 0 && (is_word(bytes[start.start() - 1]) || bytes[start.start() - 1] == b'-');
        let is_free = start.start() >= end && (!goes_on || matches!(form.rest, Rest::Password));
        if let Some(range) = is_free.then(|| secret(&form.rest, bytes, start.range(), &mut url)).flatten() {
            end = range.end;
            take(range);
        }
    }
}

/// The secret after this start.
fn secret(rest: &Rest, text: &[u8], start: Range<usize>, url: &mut UrlRun) -> Option<Range<usize>> {
    let at = start.end;
    let length = |is_part: fn(u8) -> bool| text[at..].iter().take_while(|byte| is_part(**byte)).count();
    let end = match rest {
        Rest::Letters(least) => {
            let length = length(|byte| byte.is_ascii_alphanumeric());
            (length >= *least).then_some(at + length)
        }
        Rest::Capitals(exactly) => {
            let length = length(is_word);
            let is_capital = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
            (length == *exactly && text[at..at + length].iter().all(is_capital)).then_some(at + length)
        }
        Rest::Url(least) => {
            let length = length(is_url);
            (length >= *least).then_some(at + length)
        }
        Rest::Mixed(least) => {
            let length = length(is_url);
            let part = &text[at..at + length];
            let is_mixed = part.iter().any(u8::is_ascii_digit) && part.iter().any(u8::is_ascii_alphabetic);
            (length >= *least && is_mixed).then_some(at + length)
        }
        Rest::Jwt => jwt_end(text, at),
        Rest::PrivateKey => private_key_end(text, at),
        Rest::Password => {
            let length = text[at..]
                .iter()
                .take(512)
                .position(|byte| !byte.is_ascii_graphic() || b"/\"'<>@".contains(byte))?;
            let end = (text[at + length] == b'@').then_some(at + length)?;
            let host = &text[end + 1..];
            let is_host = |byte: &u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
            let host = &host[..host.iter().take(255).take_while(|byte| is_host(byte)).count()];
            let is_example = std::str::from_utf8(host).is_ok_and(email::is_example);
            return url.password_start(text, end).filter(|_| !is_example).map(|start| start..end);
        }
    };
    end.map(|end| start.start..end)
}

fn is_url(byte: u8) -> bool {
    is_word(byte) || byte == b'-'
}

/// The end of a token of JSON: two objects and a signature in base64, with dots between them.
fn jwt_end(text: &[u8], at: usize) -> Option<usize> {
    let part = |from: usize| from + text[from..].iter().take_while(|byte| is_url(**byte)).count();
    let header = part(at);
    let claims = text[header..].strip_prefix(b".eyJ").map(|_| part(header + 4))?;
    let signature = text[claims..].strip_prefix(b".").map(|_| part(claims + 1))?;
    (signature - claims > 16).then_some(signature)
}

/// The end of a private key: that of its last line, or of its base64 if it was cut.
fn private_key_end(text: &[u8], at: usize) -> Option<usize> {
    const MOST_BYTES: usize = 16 << 10;
    const LEAST_BASE64: usize = 64;
    let rest = &text[at..text.len().min(at + MOST_BYTES)];
    let title = memmem::find(rest, b"-----")?;
    if title > 40 || memmem::find(&rest[..title], b"PRIVATE KEY").is_none() {
        return None;
    }
    let body = title + 5;
    // Line ends may be written as `\n`.
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\\ \r\n\t:,-".contains(byte);
    let length = memmem::find(&rest[body..], b"-----END ")
        .unwrap_or_else(|| rest[body..].iter().take_while(|byte| is_part(byte)).count());
    let base64 = rest[body..body + length].iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    if base64 < LEAST_BASE64 {
        return None;
    }
    let end = body + length;
    let last =
        rest[end..].strip_prefix(b"-----END ").and_then(|last| Some(9 + memmem::find(last, b"-----")? + 5));
    Some(at + end + last.unwrap_or(0))
}
