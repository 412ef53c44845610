//! A row as a dialect reads it: turns with roles, texts and tool calls.

use std::borrow::Cow;

use crate::record::turns::Branch;
use crate::word::Word;

/// Who speaks in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Instructions.
    System,
    /// Instructions of the developer, which some models tell from those of the system.
    Developer,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// The result of a tool that the model called.
    Tool,
}

impl Role {
    /// The role's name.
    pub fn name(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::Developer => "developer",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        }
    }
}

impl Word for Role {
    const ALL: &'static [Self] = &[Role::System, Role::Developer, Role::User, Role::Assistant, Role::Tool];

    fn name(self) -> &'static str {
        Role::name(self)
    }
}

/// What a text of a turn is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    /// What is said.
    Text,
    /// What the model thinks before it answers.
    Reasoning,
}

/// A text of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said<'a> {
    /// What the text is.
    pub kind: TextKind,
    /// The text.
    pub text: Cow<'a, str>,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call<'a> {
    /// The id that the result refers to.
    pub id: Option<Cow<'a, str>>,
    /// The tool's name.
    pub name: Cow<'a, str>,
    /// The arguments, as JSON text.
    pub arguments: Option<Cow<'a, str>>,
}

/// A turn of a dialogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn<'a> {
    /// Who speaks.
    pub role: Role,
    /// Which of the row's dialogues it belongs to.
    pub branch: Branch,
    /// The texts, in order.
    pub texts: Vec<Said<'a>>,
    /// The calls of tools, in order.
    pub calls: Vec<Call<'a>>,
    /// The name of the speaker or of the tool.
    pub name: Option<Cow<'a, str>>,
    /// For the result of a tool: the id of the call.
    pub call_id: Option<Cow<'a, str>>,
    /// The factor of the turn in the loss; none if the data says nothing.
    pub weight: Option<f64>,
    /// The JSON of the message in the data, where it is one in the form of OpenAI's API.
    pub given: Option<&'a str>,
}

impl<'a> Turn<'a> {
    /// A turn without texts.
    pub(super) fn new(role: Role) -> Self {
        let (texts, calls) = (Vec::new(), Vec::new());
        let branch = Branch::Main;
        Turn { role, branch, texts, calls, name: None, call_id: None, weight: None, given: None }
    }

    /// A turn of one text.
    pub(super) fn said(role: Role, text: impl Into<Cow<'a, str>>) -> Self {
        let mut turn = Turn::new(role);
        turn.say(TextKind::Text, text);
        turn
    }

    /// Adds a text.
    pub(super) fn say(&mut self, kind: TextKind, text: impl Into<Cow<'a, str>>) {
        self.texts.push(Said { kind, text: text.into() });
    }

    /// The same turn in another branch.
    pub(super) fn within(mut self, branch: Branch) -> Self {
        self.branch = branch;
        self
    }
}

/// A row as a dialect reads it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dialogue<'a> {
    /// The turns, those of `chosen` and `rejected` after the others.
    pub turns: Vec<Turn<'a>>,
    /// The tools that the model may call, as JSON text.
    pub tools: Option<Cow<'a, str>>,
    /// Whether the answer is a good one, if the row says so.
    pub label: Option<bool>,
    /// Whether the row has what tells its dialect from more general ones.
    pub distinctive: bool,
}

impl<'a> Dialogue<'a> {
    /// A dialogue of these turns.
    pub(super) fn new(turns: Vec<Turn<'a>>) -> Self {
        Dialogue { turns, tools: None, label: None, distinctive: true }
    }
}
