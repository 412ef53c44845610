//! `normalize`, `strip_affix`, `ensure_affix` and `redact`: steps that repair text.

mod affix;
mod json_tokens;
mod normalize;
mod redact;
mod stage;

pub(crate) use affix::{EnsureAffix, StripAffix};
pub(crate) use normalize::{NormalizeText, UnicodeForm};
pub(crate) use redact::Redact;
pub(crate) use stage::EditStage;
