//! Personal data and secrets in text: e-mail addresses, phone numbers, payment cards, bank accounts, keys.
//!
//! One file for each kind. A kind is found by its form and its check digits, so that what is found is most often right;
//! a name or a street has no form, and is not searched for.

mod bytes;
mod detector;
mod email;
mod iban;
mod kind;
mod number;
mod numbers;
mod payment_card;
mod phone;
mod secret;
#[cfg(test)]
mod tests;
mod url;

pub(crate) use detector::{Detector, Found};
pub(crate) use kind::Kind;
