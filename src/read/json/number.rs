//! The values of numbers.

/// The value of a [`Kind::Int`](super::Kind::Int), where 64 bits hold it.
pub fn int64(raw: &[u8]) -> Option<i64> {
    std::str::from_utf8(raw).ok()?.parse().ok()
}

/// The value of a number, where it is not beyond what a float can hold.
pub fn float64(raw: &[u8]) -> Option<f64> {
    std::str::from_utf8(raw).ok()?.parse().ok().filter(|v: &f64| v.is_finite())
}

/// The value of a number, where a float holds it exactly; a number with a fraction counts as what a float makes of it.
pub fn exact_float64(raw: &[u8]) -> Option<f64> {
    // Fewer digits fit for sure. With a precision, Rust writes all digits of a float; without one, it writes zeros for
    // those that it needs not to tell the float from its neighbours.
    const FEW: usize = 15;
    let whole = || raw.iter().all(|b| matches!(b, b'-' | b'0'..=b'9'));
    float64(raw).filter(|value| raw.len() <= FEW || !whole() || format!("{value:.0}").as_bytes() == raw)
}
