//! The strings of an Arrow array, read without copying.

use arrow::array::{Array, AsArray, LargeStringArray, StringArray, StringViewArray};
use arrow::datatypes::DataType;

/// An array of strings in any of Arrow's layouts.
#[derive(Clone, Copy)]
pub(super) enum Strings<'a> {
    View(&'a StringViewArray),
    Small(&'a StringArray),
    Large(&'a LargeStringArray),
}

impl<'a> Strings<'a> {
    /// None where the array holds something else.
    pub(crate) fn new(array: &'a dyn Array) -> Option<Self> {
        match array.data_type() {
            DataType::Utf8View => Some(Strings::View(array.as_string_view())),
            DataType::Utf8 => Some(Strings::Small(array.as_string())),
            DataType::LargeUtf8 => Some(Strings::Large(array.as_string())),
            _ => None,
        }
    }

    /// The text of row `i`; none for null.
    pub(crate) fn get(self, i: usize) -> Option<&'a str> {
        match self {
            Strings::View(a) => a.is_valid(i).then(|| a.value(i)),
            Strings::Small(a) => a.is_valid(i).then(|| a.value(i)),
            Strings::Large(a) => a.is_valid(i).then(|| a.value(i)),
        }
    }

    /// The size of row `i` in bytes; any number where the row is null.
    pub(crate) fn bytes(self, i: usize) -> usize {
        match self {
            Strings::View(a) => a.views().get(i).map_or(0, |&view| (view & 0xffff_ffff) as usize),
            Strings::Small(a) => usize::try_from(a.value_length(i)).unwrap_or(0),
            Strings::Large(a) => usize::try_from(a.value_length(i)).unwrap_or(0),
        }
    }
}
