//! Options whose value is one of a few words, as users write them and as the JSON of a plan holds them.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::did_you_mean;

/// An option whose value is one of a few words.
pub(crate) trait Word: Copy + 'static {
    /// All values, in the order in which errors list them.
    const ALL: &'static [Self];

    /// The word for the value.
    fn name(self) -> &'static str;
}

/// The value of a word.
///
/// # Errors
/// As [`one_of`].
pub(crate) fn find<T: Word>(given: &str) -> Result<T, String> {
    let known: Vec<(&str, T)> = T::ALL.iter().map(|word| (word.name(), *word)).collect();
    one_of(given, &known)
}

/// The value of the word `given`, out of these words and their values.
///
/// # Errors
/// The end of a message that begins with the option: "must be one of …; got …".
pub(crate) fn one_of<T: Copy>(given: &str, known: &[(&str, T)]) -> Result<T, String> {
    known.iter().find(|(name, _)| *name == given).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let meant = did_you_mean(given, names.iter().copied());
        format!("must be one of {}; got {given:?}{meant}", names.join(", "))
    })
}

/// For `#[serde(with = "crate::word")]`.
pub(crate) fn serialize<T: Word, S: Serializer>(word: &T, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(word.name())
}

pub(crate) fn deserialize<'de, T: Word, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    find(&String::deserialize(from)?).map_err(D::Error::custom)
}

/// For `#[serde(with = "crate::word::optional")]`: null is `None`.
pub(crate) mod optional {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Word, find};
    use serde::de::Error as _;

    pub(crate) fn serialize<T: Word, S: Serializer>(word: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        word.map(Word::name).serialize(to)
    }

    pub(crate) fn deserialize<'de, T: Word, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
        let given = Option::<String>::deserialize(from)?;
        given.map(|given| find(&given).map_err(D::Error::custom)).transpose()
    }
}

/// For `#[serde(with = "crate::word::list")]`: several words.
pub(crate) mod list {
    use super::{Deserialize, Deserializer, Serializer, Word, find};
    use serde::de::Error as _;

    pub(crate) fn serialize<T: Word, S: Serializer>(words: &[T], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(words.iter().map(|word| word.name()))
    }

    pub(crate) fn deserialize<'de, T: Word, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
        let given = Vec::<String>::deserialize(from)?;
        given.iter().map(|given| find(given).map_err(D::Error::custom)).collect()
    }
}

/// For `#[serde(with = "crate::word::optional_list")]`: several words, or null.
pub(crate) mod optional_list {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Word, find};
    use serde::de::Error as _;

    pub(crate) fn serialize<T: Word, S: Serializer>(
        words: &Option<Vec<T>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let names = words.as_ref().map(|words| words.iter().map(|word| word.name()).collect::<Vec<_>>());
        names.serialize(to)
    }

    pub(crate) fn deserialize<'de, T: Word, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Vec<T>>, D::Error> {
        let given = Option::<Vec<String>>::deserialize(from)?;
        let words =
            |given: Vec<String>| given.iter().map(|given| find(given).map_err(D::Error::custom)).collect();
        given.map(words).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Policy;

    #[test]
    fn finds_a_word_or_lists_the_known_words() {
        assert_eq!(find("drop"), Ok(Policy::Drop));
        let e = find::<Policy>("rejct").unwrap_err();
        assert_eq!(e, "must be one of reject, drop, raise; got \"rejct\"; did you mean `reject`?");
    }
}
