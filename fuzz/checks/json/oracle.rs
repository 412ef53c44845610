//! The expected results, by serde_json.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A key and its value, each as its JSON text.
pub type Member<'a> = (&'a str, &'a str);

/// The members of an object in their order, repeated keys included.
struct Members<'a>(Vec<Member<'a>>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            members.push((key.get(), value.get()));
        }
        Ok(Members(members))
    }
}

/// Whether the text is JSON, at any depth.
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The members of an object; `None` if the text is not an object.
pub fn members(text: &str) -> Option<Vec<Member<'_>>> {
    serde_json::from_str::<Members<'_>>(text).ok().map(|members| members.0)
}

/// The text of a JSON string; `None` if it has a lone surrogate, which is not a character.
pub fn string(raw: &str) -> Option<String> {
    serde_json::from_str(raw).ok()
}

/// The maximum depth of nested arrays and objects. Brackets in strings do not count.
pub fn depth(text: &str) -> usize {
    let (mut open, mut most, mut in_string, mut escaped) = (0usize, 0, false, false);
    for b in text.bytes() {
        match b {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => open += 1,
            b']' | b'}' if !in_string => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// The value of a 64-bit integer; `None` for any other JSON.
///
/// By design: `-0` is the integer 0. serde_json parses it as a float, since integers have no negative zero.
pub fn int64(raw: &str) -> Option<i64> {
    if raw == "-0" { Some(0) } else { serde_json::from_str(raw).ok() }
}

/// The value of a number within the range of floats; `None` for any other JSON.
///
/// By design: the nearest float, as in the standard library. serde_json may differ in the last bits.
pub fn float64(raw: &str) -> Option<f64> {
    let is_number = raw.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    raw.parse().ok().filter(|value: &f64| is_number && value.is_finite())
}

/// The same, but `None` for a whole number that no float represents: `m · 2^k` with an odd `m` above 2⁵³.
pub fn exact_float64(raw: &str) -> Option<f64> {
    let value = float64(raw)?;
    let digits = raw.strip_prefix('-').unwrap_or(raw).as_bytes();
    if !digits.iter().all(u8::is_ascii_digit) {
        return Some(value);
    }
    let mut digits: Vec<u8> = digits.iter().map(|d| d - b'0').collect();
    while digits.last().is_some_and(|last| last % 2 == 0) && digits.iter().any(|&d| d > 0) {
        let mut rest = 0;
        for digit in &mut digits {
            let both = rest * 10 + *digit;
            (*digit, rest) = (both / 2, both % 2);
        }
    }
    let odd = digits.iter().try_fold(0u64, |n, &d| n.checked_mul(10)?.checked_add(d.into()));
    odd.filter(|&odd| odd < 1 << 53).map(|_| value)
}
