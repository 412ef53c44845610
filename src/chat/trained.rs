//! Which turns of a conversation train.

use crate::word::Word;

/// Which turns of the roles that train do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainedTurns {
    /// Each.
    All,
    /// The last one.
    Last,
}

impl Word for TrainedTurns {
    const ALL: &'static [Self] = &[TrainedTurns::All, TrainedTurns::Last];

    fn name(self) -> &'static str {
        match self {
            TrainedTurns::All => "all",
            TrainedTurns::Last => "last",
        }
    }
}

/// Which turns of a conversation train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trained {
    /// Those that the user has chosen.
    Turns(TrainedTurns),
    /// Each from the message with this number on, counted from 0.
    From(usize),
}

impl From<TrainedTurns> for Trained {
    fn from(turns: TrainedTurns) -> Self {
        Trained::Turns(turns)
    }
}

impl Trained {
    /// Whether the turn of message number `turn` trains; `last` is the last turn of the roles that train.
    pub(super) fn trains(self, turn: usize, last: Option<usize>) -> bool {
        match self {
            Trained::Turns(TrainedTurns::All) => true,
            Trained::Turns(TrainedTurns::Last) => Some(turn) == last,
            Trained::From(first) => turn >= first,
        }
    }

    /// Bytes that tell it from the others.
    pub(super) fn bytes(self) -> [u8; 9] {
        let (kind, number) = match self {
            Trained::Turns(turns) => (turns as u8, 0),
            Trained::From(first) => (u8::MAX, first as u64),
        };
        let mut bytes = [kind; 9];
        bytes[1..].copy_from_slice(&number.to_le_bytes());
        bytes
    }
}
