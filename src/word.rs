//! Options that are one of a few words: for users, in errors, and in the JSON of a plan.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::did_you_mean;

/// An option that is one of a few words.
pub(crate) trait Word: Copy + 'static {
    /// All of them, in the order in which errors name them.
    const ALL: &'static [Self];

    /// As users write it.
    fn name(self) -> &'static str;
}

/// The value of a word.
///
/// # Errors
/// The words there are.
pub(crate) fn find<T: Word>(given: &str) -> Result<T, String> {
    let known: Vec<(&str, T)> = T::ALL.iter().map(|word| (word.name(), *word)).collect();
    one_of(given, &known)
}

/// The value of one of these words.
///
/// # Errors
/// The words there are.
pub(crate) fn one_of<T: Copy>(given: &str, known: &[(&str, T)]) -> Result<T, String> {
    known.iter().find(|(name, _)| *name == given).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let meant = did_you_mean(given, names.iter().copied());
        format!("{given:?} is none of {}{meant}", names.join(", "))
    })
}

/// For `#[serde(with = "crate::word")]`.
pub(crate) fn serialize<T: Word, S: Serializer>(word: &T, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(word.name())
}

/// For `#[serde(with = "crate::word")]`.
pub(crate) fn deserialize<'de, T: Word, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    find(&String::deserialize(from)?).map_err(D::Error::custom)
}

/// For `#[serde(with = "crate::word::optional")]`: null is none.
pub(crate) mod optional {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Word, find};
    use serde::de::Error as _;

    /// The word, or null.
    pub(crate) fn serialize<T: Word, S: Serializer>(word: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        word.map(Word::name).serialize(to)
    }

    /// The word, or none.
    pub(crate) fn deserialize<'de, T: Word, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
        let given = Option::<String>::deserialize(from)?;
        given.map(|given| find(&given).map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Policy;

    #[test]
    fn a_word_is_found_or_the_error_names_those_there_are() {
        assert_eq!(find("drop"), Ok(Policy::Drop));
        let e = find::<Policy>("rejct").unwrap_err();
        assert_eq!(e, "\"rejct\" is none of reject, drop, raise; did you mean `reject`?");
    }
}
