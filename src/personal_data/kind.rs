//! The kinds of personal data.

use crate::word::Word;

/// A kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// The number of a payment card.
    Card,
    /// An international bank account number.
    Iban,
    /// A key, a token or a password.
    Secret,
}

impl Kind {
    /// What takes its place in a redacted text.
    pub(crate) fn placeholder(self) -> &'static str {
        match self {
            Kind::Email => "[EMAIL]",
            Kind::Phone => "[PHONE]",
            Kind::Card => "[CARD]",
            Kind::Iban => "[IBAN]",
            Kind::Secret => "[SECRET]",
        }
    }
}

impl Word for Kind {
    const ALL: &'static [Self] = &[Kind::Email, Kind::Phone, Kind::Card, Kind::Iban, Kind::Secret];

    fn name(self) -> &'static str {
        match self {
            Kind::Email => "email",
            Kind::Phone => "phone",
            Kind::Card => "card",
            Kind::Iban => "iban",
            Kind::Secret => "secret",
        }
    }
}
