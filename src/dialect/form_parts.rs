//! Parts of written conversations that all forms have.

use std::collections::VecDeque;

use super::dialogue::{Call, Dialogue, Role, TextKind, Turn};

/// A row as it is written: the JSON of each column by its name.
pub type Written = Vec<(&'static str, Option<String>)>;

/// Separates the texts of a message where its content is one text.
pub(super) const BETWEEN_TEXTS: &str = "\n\n";

/// What is said in a turn.
pub(super) fn texts<'t>(turn: &'t Turn<'_>) -> impl Iterator<Item = &'t str> {
    of_kind(turn, TextKind::Text)
}

/// What the model thinks.
pub(super) fn reasoning(turn: &Turn<'_>) -> Option<String> {
    let thoughts: Vec<&str> = of_kind(turn, TextKind::Reasoning).collect();
    (!thoughts.is_empty()).then(|| thoughts.join(BETWEEN_TEXTS))
}

fn of_kind<'t>(turn: &'t Turn<'_>, kind: TextKind) -> impl Iterator<Item = &'t str> {
    turn.texts.iter().filter(move |said| said.kind == kind).map(|said| said.text.as_ref())
}

/// The weight that is written. Where none can be, that of the turn must be what is trained without it.
pub(super) fn weight(turn: &Turn<'_>, has_weights: bool) -> Result<Option<&'static str>, String> {
    let Some(weight) = turn.weight else { return Ok(None) };
    let is_answer = turn.role == Role::Assistant;
    match (is_answer, weight) {
        (true, 1.0) if has_weights => Ok(Some("1")),
        (true, 0.0) if has_weights => Ok(Some("0")),
        (true, 1.0) | (false, 0.0) => Ok(None),
        (true, _) if has_weights => Err(format!("its weight {weight} is neither 0 nor 1")),
        (true, _) => Err(format!("its weight {weight} would be ignored")),
        (false, _) => Err(format!("its weight is {weight}, and only answers are trained")),
    }
}

/// The ids of the calls of a dialogue, and which results they have.
#[derive(Clone)]
pub(super) struct CallIds {
    /// Whether each call has an id, and each result names one.
    is_each: bool,
    /// The ids of the data.
    given: Vec<String>,
    made: usize,
    /// The ids of calls without a result.
    open: VecDeque<String>,
    /// The id of each call, and the tool that is called.
    tools: Vec<(String, String)>,
}

impl CallIds {
    /// The ids of the data; with `is_each`, calls without one get one.
    pub(super) fn new(dialogue: &Dialogue<'_>, is_each: bool) -> Self {
        let calls = dialogue.turns.iter().flat_map(|turn| &turn.calls);
        let given = calls.filter_map(|call| call.id.as_deref().map(String::from)).collect();
        CallIds { is_each, given, made: 0, open: VecDeque::new(), tools: Vec::new() }
    }

    /// A new id, of nine letters and digits.
    fn new_id(&mut self) -> String {
        loop {
            self.made += 1;
            let id = format!("call{:05}", self.made);
            if !self.given.contains(&id) {
                return id;
            }
        }
    }

    /// The id of a call.
    pub(super) fn called(&mut self, call: &Call<'_>) -> Option<String> {
        let given = call.id.as_deref().map(String::from);
        let id = if given.is_none() && self.is_each { Some(self.new_id()) } else { given };
        if let Some(id) = &id {
            self.open.push_back(id.clone());
            self.tools.push((id.clone(), call.name.to_string()));
        }
        id
    }

    /// The tool that a call with this id calls.
    pub(super) fn tool(&self, id: &str) -> Option<&str> {
        self.tools.iter().rfind(|(known, _)| known == id).map(|(_, name)| name.as_str())
    }

    /// The id of the call that a result answers: the one that it names, or else the first without a result.
    pub(super) fn answered(&mut self, named: Option<&str>) -> Result<Option<String>, String> {
        let id = match named {
            Some(named) => Some(named.to_string()),
            None if self.is_each => self.open.front().cloned(),
            None => return Ok(None),
        };
        let id = id.ok_or("it is the result of a tool that was not called")?;
        self.open.retain(|open| *open != id);
        Ok(Some(id))
    }
}
