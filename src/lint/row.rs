//! A row as the checks see it.

use std::borrow::Cow;

use crate::json::{Json, Kind};

/// The members of an object, in order.
pub(super) type Members<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

/// The value of a key; of a repeated key the last. Null is absent.
pub(super) fn value<'a>(members: &Members<'a>, key: &str) -> Option<Json<'a>> {
    let found = members.iter().rfind(|(name, _)| name == key)?.1;
    (found.kind != Kind::Null).then_some(found)
}

/// A row of messages.
pub(super) struct Row<'a> {
    pub(super) members: Members<'a>,
    /// The members of its `input`; of a row that is no preference its own are meant.
    input: Option<Members<'a>>,
    /// Empty where `messages` is no list of messages.
    pub(super) messages: Vec<Message<'a>>,
    /// What is wrong with `messages`.
    pub(super) no_messages: Option<String>,
    /// The first message that is no object with a role.
    pub(super) no_role: Option<String>,
}

/// A message.
pub(super) struct Message<'a> {
    /// From 1.
    pub(super) number: usize,
    pub(super) role: Cow<'a, str>,
    pub(super) members: Members<'a>,
}

impl<'a> Row<'a> {
    /// The row of an object; `is_pair` says that it is a preference.
    pub(super) fn new(members: Members<'a>, is_pair: bool) -> Self {
        let input = is_pair.then(|| value(&members, "input").and_then(Json::members).unwrap_or_default());
        let mut row = Row { members, input, messages: Vec::new(), no_messages: None, no_role: None };
        let Some(list) = value(row.body(), "messages") else {
            row.no_messages = Some("it has no `messages`".into());
            return row;
        };
        let Some(elements) = list.elements() else {
            row.no_messages = Some(format!("`messages` is {}", list.describe()));
            return row;
        };
        if elements.is_empty() {
            row.no_messages = Some("`messages` is empty".into());
        }
        for (i, element) in elements.into_iter().enumerate() {
            let number = i + 1;
            let members = element.members();
            let role = members.as_ref().and_then(|members| value(members, "role")).and_then(Json::string);
            match (members, role) {
                (Some(members), Some(role)) => row.messages.push(Message { number, role, members }),
                (None, _) => {
                    row.no_role.get_or_insert_with(|| format!("message {number}: {}", element.describe()));
                }
                (Some(_), None) => {
                    row.no_role.get_or_insert_with(|| format!("message {number}: no `role` that is text"));
                }
            }
        }
        row
    }
}

impl<'a> Row<'a> {
    /// The members among which messages and tools are.
    pub(super) fn body(&self) -> &Members<'a> {
        self.input.as_ref().unwrap_or(&self.members)
    }

    /// Whether it is a preference.
    pub(super) fn is_pair(&self) -> bool {
        self.input.is_some()
    }
}

impl<'a> Message<'a> {
    pub(super) fn get(&self, key: &str) -> Option<Json<'a>> {
        value(&self.members, key)
    }

    /// What is wrong, with the number of the message.
    pub(super) fn says(&self, what: impl std::fmt::Display) -> String {
        format!("message {}: {what}", self.number)
    }
}
