//! The roles whose turns train.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::record::turns::Role;
use crate::template::Data;
use crate::word::{self, Word};

/// A role whose turns may train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainedRole {
    /// Instructions, also those of the developer.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// The result of a tool.
    Tool,
}

impl Word for TrainedRole {
    const ALL: &'static [Self] =
        &[TrainedRole::System, TrainedRole::User, TrainedRole::Assistant, TrainedRole::Tool];

    fn name(self) -> &'static str {
        match self {
            TrainedRole::System => "system",
            TrainedRole::User => "user",
            TrainedRole::Assistant => "assistant",
            TrainedRole::Tool => "tool",
        }
    }
}

impl TrainedRole {
    /// The role of a message; none for one that is none of these.
    pub(super) fn of(message: &Data) -> Option<Self> {
        match message.get("role").and_then(Data::text)? {
            "system" | "developer" => Some(TrainedRole::System),
            "user" => Some(TrainedRole::User),
            "assistant" => Some(TrainedRole::Assistant),
            "tool" | "function" => Some(TrainedRole::Tool),
            _ => None,
        }
    }

    /// The role of a span.
    pub(super) fn of_spans(self) -> Role {
        match self {
            TrainedRole::System => Role::System,
            TrainedRole::User => Role::User,
            TrainedRole::Assistant => Role::Assistant,
            TrainedRole::Tool => Role::Tool,
        }
    }
}

/// The roles whose turns train: by default that of the assistant alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles([bool; 4]);

impl Default for Roles {
    fn default() -> Self {
        Roles::of(&[TrainedRole::Assistant])
    }
}

impl Roles {
    /// These roles.
    pub fn of(roles: &[TrainedRole]) -> Self {
        let mut chosen = [false; 4];
        roles.iter().for_each(|role| chosen[*role as usize] = true);
        Roles(chosen)
    }

    /// Whether the turns of a role train.
    pub(super) fn has(self, role: TrainedRole) -> bool {
        self.0[role as usize]
    }

    /// Whether a message is a turn of one of them.
    pub(super) fn have(self, message: &Data) -> bool {
        TrainedRole::of(message).is_some_and(|role| self.has(role))
    }

    /// The roles, in the order of their words.
    pub(crate) fn all(self) -> impl Iterator<Item = TrainedRole> {
        TrainedRole::ALL.iter().copied().filter(move |role| self.has(*role))
    }
}

impl Serialize for Roles {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.all().map(TrainedRole::name))
    }
}

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        word::list::deserialize(from).map(|roles: Vec<TrainedRole>| Roles::of(&roles))
    }
}
