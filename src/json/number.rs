//! The values of numbers.

/// The value of a [`Kind::Int`](super::Kind::Int); `None` if it does not fit 64 bits.
pub fn int64(raw: &[u8]) -> Option<i64> {
    std::str::from_utf8(raw).ok()?.parse().ok()
}

/// The value of a number as the nearest float; `None` if it is beyond the range of floats.
pub fn float64(raw: &[u8]) -> Option<f64> {
    std::str::from_utf8(raw).ok()?.parse().ok().filter(|v: &f64| v.is_finite())
}

/// Like [`float64`], but `None` for a whole number that no float represents exactly. Numbers with a fraction are
/// rounded.
pub fn exact_float64(raw: &[u8]) -> Option<f64> {
    // Whole numbers of this many digits are always exact. Longer ones are compared with the digits of the float. With
    // a precision, Rust writes all of them; without one, it writes zeros after the digits that identify the float.
    const EXACT_DIGITS: usize = 15;
    let whole = || raw.iter().all(|b| matches!(b, b'-' | b'0'..=b'9'));
    float64(raw)
        .filter(|value| raw.len() <= EXACT_DIGITS || !whole() || format!("{value:.0}").as_bytes() == raw)
}
