//! What all texts begin or end with.

/// The longest text that all texts so far begin and end with. Merging is commutative and associative.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Affixes {
    /// There were no texts.
    #[default]
    None,
    /// Prefix and suffix.
    Some(String, String),
}

/// The longest affix that is kept, in bytes.
const LONGEST: usize = 1_000;

impl Affixes {
    pub(crate) fn add(&mut self, text: &str) {
        match self {
            Affixes::None => {
                let (prefix, suffix) = (common_prefix(text, text), common_suffix(text, text));
                *self = Affixes::Some(prefix.into(), suffix.into());
            }
            Affixes::Some(prefix, suffix) => narrow(prefix, suffix, text, text),
        }
    }

    pub(crate) fn merge(&mut self, other: Affixes) {
        match (&mut *self, other) {
            (_, Affixes::None) => {}
            (Affixes::None, other) => *self = other,
            (Affixes::Some(prefix, suffix), Affixes::Some(p, s)) => narrow(prefix, suffix, &p, &s),
        }
    }

    /// The prefix; empty without texts.
    pub(crate) fn prefix(&self) -> &str {
        match self {
            Affixes::None => "",
            Affixes::Some(prefix, _) => prefix,
        }
    }

    /// The suffix; empty without texts.
    pub(crate) fn suffix(&self) -> &str {
        match self {
            Affixes::None => "",
            Affixes::Some(_, suffix) => suffix,
        }
    }
}

fn narrow(prefix: &mut String, suffix: &mut String, begins: &str, ends: &str) {
    if !begins.starts_with(prefix.as_str()) {
        prefix.truncate(common_prefix(prefix, begins).len());
    }
    if !ends.ends_with(suffix.as_str()) {
        *suffix = common_suffix(suffix, ends).into();
    }
}

fn common_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let same = a.bytes().zip(b.bytes()).take(LONGEST).take_while(|(a, b)| a == b).count();
    &a[..a.floor_char_boundary(same)]
}

fn common_suffix<'a>(a: &'a str, b: &str) -> &'a str {
    let same = a.bytes().rev().zip(b.bytes().rev()).take(LONGEST).take_while(|(a, b)| a == b).count();
    &a[a.ceil_char_boundary(a.len() - same)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affixes_end_between_characters_and_merge_in_any_order() {
        let of = |texts: &[&str]| {
            let mut affixes = Affixes::default();
            texts.iter().for_each(|text| affixes.add(text));
            affixes
        };
        let all = of(&["Q: é ->", "Q: è ->", "Q: x ->"]);
        assert_eq!((all.prefix(), all.suffix()), ("Q: ", " ->"));
        // é and à have the same first byte, and é and ũ the same last one.
        assert_eq!(of(&["é", "à"]).prefix(), "");
        assert_eq!(of(&["aé", "bũ"]).suffix(), "");
        for parts in [[&["Q: é ->"][..], &["Q: è ->", "Q: x ->"]], [&[], &["Q: x ->", "Q: è ->", "Q: é ->"]]]
        {
            for order in [[0, 1], [1, 0]] {
                let mut merged = Affixes::default();
                order.iter().for_each(|i| merged.merge(of(parts[*i])));
                assert_eq!(merged, all);
            }
        }
        assert_eq!((Affixes::None.prefix(), Affixes::None.suffix()), ("", ""));
    }
}
