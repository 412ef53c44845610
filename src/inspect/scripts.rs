//! The script that a row is written in.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Scripts, with the ranges of their letters. Japanese is Han with Kana.
const RANGES: &[(&str, &[(u32, u32)])] = &[
    (
        "Latin",
        &[
            (0x41, 0x5a),
            (0x61, 0x7a),
            (0xaa, 0xaa),
            (0xba, 0xba),
            (0xc0, 0xd6),
            (0xd8, 0xf6),
            (0xf8, 0x2b8),
            (0x1e00, 0x1eff),
            (0x2c60, 0x2c7f),
            (0xa722, 0xa7ff),
            (0xfb00, 0xfb06),
            (0xff21, 0xff3a),
            (0xff41, 0xff5a),
        ],
    ),
    ("Cyrillic", &[(0x400, 0x52f), (0x1c80, 0x1c8f), (0x2de0, 0x2dff), (0xa640, 0xa69f)]),
    ("Han", &[(0x3005, 0x3007), (0x3400, 0x4dbf), (0x4e00, 0x9fff), (0xf900, 0xfaff), (0x20000, 0x3ffff)]),
    (KANA, &[(0x3041, 0x309f), (0x30a1, 0x30fa), (0x30fc, 0x30ff), (0x31f0, 0x31ff), (0xff66, 0xff9d)]),
    ("Hangul", &[(0x1100, 0x11ff), (0x3131, 0x318e), (0xa960, 0xa97c), (0xac00, 0xd7fb)]),
    (
        "Arabic",
        &[
            (0x620, 0x64a),
            (0x66e, 0x6d3),
            (0x6d5, 0x6ff),
            (0x750, 0x77f),
            (0x8a0, 0x8ff),
            (0xfb50, 0xfdff),
            (0xfe70, 0xfefc),
        ],
    ),
    ("Devanagari", &[(0x900, 0x963), (0x971, 0x97f), (0xa8e0, 0xa8ff)]),
    ("Thai", &[(0xe01, 0xe3a), (0xe40, 0xe4e)]),
    ("Greek", &[(0x370, 0x373), (0x376, 0x37d), (0x386, 0x3ff), (0x1f00, 0x1fff)]),
    ("Hebrew", &[(0x5d0, 0x5f2), (0xfb1d, 0xfb4f)]),
    ("Bengali", &[(0x980, 0x9e3), (0x9f0, 0x9f1)]),
    ("Gurmukhi", &[(0xa01, 0xa5e), (0xa70, 0xa75)]),
    ("Gujarati", &[(0xa81, 0xae3), (0xaf9, 0xaff)]),
    ("Oriya", &[(0xb01, 0xb63), (0xb71, 0xb71)]),
    ("Tamil", &[(0xb82, 0xbd7)]),
    ("Telugu", &[(0xc00, 0xc63)]),
    ("Kannada", &[(0xc80, 0xce3)]),
    ("Malayalam", &[(0xd00, 0xd63), (0xd7a, 0xd7f)]),
    ("Sinhala", &[(0xd81, 0xddf)]),
    ("Lao", &[(0xe81, 0xece), (0xedc, 0xedf)]),
    ("Tibetan", &[(0xf00, 0xf00), (0xf40, 0xfbc)]),
    ("Myanmar", &[(0x1000, 0x103f), (0x1050, 0x108f)]),
    ("Georgian", &[(0x10a0, 0x10ff), (0x1c90, 0x1cbf), (0x2d00, 0x2d2d)]),
    ("Ethiopic", &[(0x1200, 0x135a), (0x1380, 0x138f)]),
    ("Khmer", &[(0x1780, 0x17d3)]),
    ("Mongolian", &[(0x1820, 0x18aa)]),
    ("Armenian", &[(0x531, 0x587)]),
];

/// The names of the scripts.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    RANGES.iter().map(|(name, _)| *name)
}

/// The script of most letters of a text; none without letters.
pub(super) fn script_of(text: &str) -> Option<&'static str> {
    let mut letters = Letters::default();
    letters.add(text);
    letters.script().map(script_name)
}

/// The name of a script by its number.
fn script_name(script: usize) -> &'static str {
    RANGES.get(script).map_or("other", |(name, _)| name)
}

const KANA: &str = "Japanese";
/// The number of scripts; one more is for letters of all others.
const KNOWN: usize = RANGES.len();
const OTHER: usize = KNOWN;
const LATIN: usize = 0;
const HAN: usize = 2;
const JAPANESE: usize = 3;

/// The letters of a row by script.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letters([u64; KNOWN + 1]);

impl Default for Letters {
    fn default() -> Self {
        Letters([0; KNOWN + 1])
    }
}

impl Letters {
    pub(super) fn add(&mut self, text: &str) {
        if text.is_ascii() {
            self.0[LATIN] += text.bytes().filter(u8::is_ascii_alphabetic).count() as u64;
            return;
        }
        let mut last = LATIN;
        for c in text.chars() {
            let code = u32::from(c);
            if code < 0x80 {
                self.0[LATIN] += u64::from(c.is_ascii_alphabetic());
            } else if is_in(code, last) {
                self.0[last] += 1;
            } else if let Some(script) = (0..KNOWN).find(|script| is_in(code, *script)) {
                self.0[script] += 1;
                last = script;
            } else if c.is_alphabetic() {
                self.0[OTHER] += 1;
            }
        }
    }

    /// The script of most letters; none without letters. Han is Japanese where there is a Kana for each ten of both.
    fn script(mut self) -> Option<usize> {
        if self.0[JAPANESE] * 10 >= self.0[JAPANESE] + self.0[HAN] && self.0[JAPANESE] > 0 {
            self.0[JAPANESE] += self.0[HAN];
            self.0[HAN] = 0;
        }
        let (script, letters) =
            self.0.iter().enumerate().max_by_key(|(i, n)| (**n, std::cmp::Reverse(*i)))?;
        (*letters > 0).then_some(script)
    }
}

fn is_in(code: u32, script: usize) -> bool {
    RANGES[script].1.iter().any(|(first, last)| (*first..=*last).contains(&code))
}

/// Rows by the script of most of their letters. Merging is commutative.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scripts(BTreeMap<Option<usize>, u64>);

impl Scripts {
    pub(super) fn add(&mut self, letters: Letters) {
        *self.0.entry(letters.script()).or_default() += 1;
    }

    pub(super) fn merge(&mut self, other: Scripts) {
        other.0.into_iter().for_each(|(script, n)| *self.0.entry(script).or_default() += n);
    }

    /// The scripts with their rows, the most frequent first.
    pub(super) fn ranked(&self) -> Vec<(&'static str, u64)> {
        let name = |script: &Option<usize>| match script {
            None => "no letters",
            Some(script) => script_name(*script),
        };
        let mut ranked: Vec<_> = self.0.iter().map(|(script, n)| (name(script), *n)).collect();
        ranked.sort_by(|(a, n), (b, m)| m.cmp(n).then(a.cmp(b)));
        ranked
    }

    pub(super) fn to_json(&self) -> Value {
        self.ranked().iter().map(|(script, rows)| json!({"script": script, "rows": rows})).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_script_of_most_of_its_letters() {
        let of = |texts: &[&str]| {
            let mut letters = Letters::default();
            texts.iter().for_each(|text| letters.add(text));
            let mut scripts = Scripts::default();
            scripts.add(letters);
            scripts.ranked()[0].0
        };
        assert_eq!(of(&["Größe 12"]), "Latin");
        assert_eq!(of(&["12 + 3", "…"]), "no letters");
        assert_eq!(of(&["ab", "привет"]), "Cyrillic");
        assert_eq!(of(&["これは日本語の文章です"]), "Japanese");
        assert_eq!(of(&["这是中文，中国人写的"]), "Han");
        assert_eq!(of(&["สวัสดี ok"]), "Thai");
        assert_eq!(of(&["ᚠᚢᚦ"]), "other");
        assert_eq!(of(&["ab", "гд"]), "Latin");
    }

    #[test]
    fn no_range_is_in_two_scripts() {
        let mut all: Vec<(u32, u32)> = RANGES.iter().flat_map(|(_, ranges)| ranges.iter().copied()).collect();
        all.sort_unstable();
        assert!(all.iter().all(|(first, last)| first <= last));
        assert!(all.windows(2).all(|pair| pair[0].1 < pair[1].0));
        assert_eq!([RANGES[LATIN].0, RANGES[HAN].0, RANGES[JAPANESE].0], ["Latin", "Han", KANA]);
    }
}
