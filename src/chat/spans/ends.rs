//! The tokens that end the turns of each role, learnt when they are first needed.

use std::sync::OnceLock;

use super::end_token::{EndTokens, learn};
use crate::chat::ChatFormat;
use crate::chat::roles::TrainedRole;

/// The tokens that end the turns of each role, in one format.
#[derive(Debug, Default)]
pub(in crate::chat) struct Ends([OnceLock<EndTokens>; 4]);

impl Ends {
    /// Those of a role.
    pub(in crate::chat) fn of(&self, format: &ChatFormat, role: TrainedRole) -> &EndTokens {
        self.0[role as usize].get_or_init(|| learn(format, role))
    }
}
