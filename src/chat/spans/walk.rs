//! Walks through a message, value by value, and tells the texts that somebody says from everything else.

use super::super::conversation::REASONING;
use crate::record::turns::SpanKind;
use crate::template::Data;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::chat) enum Kind {
    /// What is said.
    Content,
    /// What is thought before.
    Reasoning,
    /// The name of a called tool.
    Name,
    /// A text within the arguments of a call.
    Argument,
}

impl Kind {
    /// The kind of spans with such texts.
    pub(in crate::chat) fn of_span(self) -> SpanKind {
        match self {
            Kind::Content => SpanKind::Content,
            Kind::Reasoning => SpanKind::Reasoning,
            Kind::Name | Kind::Argument => SpanKind::Calls,
        }
    }
}

/// A step from a value to one within it.
#[derive(Debug, Clone, Copy)]
pub(in crate::chat) enum Step<'a> {
    /// Into a member of an object, by its number and its name.
    Member(usize, &'a str),
    /// Into an item of a list.
    Item(usize),
}

/// What is at a place.
#[derive(Debug, Clone, Copy)]
pub(in crate::chat) enum Seen<'a> {
    /// A text that somebody says.
    Leaf(Kind, &'a str),
    /// An object or a list begins, with this many values.
    Begin(u8, usize),
    /// The name of a member.
    Member(&'a str),
    /// Another value, as its kind and its text.
    Other(u8, &'a str),
}

/// Where in a message a value is.
#[derive(Clone, Copy)]
enum Area {
    Message,
    Content,
    Part,
    Reasoning,
    Calls,
    Call,
    Function,
    Name,
    Arguments,
    Elsewhere,
}

/// Calls `visit` with all that a message holds, in order.
pub(in crate::chat) fn walk<'a>(message: &'a Data, visit: &mut impl FnMut(Seen<'a>, &[Step<'a>])) {
    go(message, Area::Message, &mut Vec::new(), visit);
}

fn go<'a>(
    data: &'a Data,
    area: Area,
    path: &mut Vec<Step<'a>>,
    visit: &mut impl FnMut(Seen<'a>, &[Step<'a>]),
) {
    match data {
        Data::Null => visit(Seen::Other(b'0', ""), path),
        Data::Bool(on) => visit(Seen::Other(b'b', if *on { "true" } else { "false" }), path),
        Data::Number(text) => visit(Seen::Other(b'n', text), path),
        Data::Text(text) => {
            visit(kind(area).map_or(Seen::Other(b't', text), |kind| Seen::Leaf(kind, text)), path)
        }
        Data::List(items) => {
            visit(Seen::Begin(b'[', items.len()), path);
            for (i, item) in items.iter().enumerate() {
                path.push(Step::Item(i));
                go(item, item_of(area), path, visit);
                path.pop();
            }
        }
        Data::Map(members) => {
            visit(Seen::Begin(b'{', members.len()), path);
            for (at, (name, value)) in members.iter().enumerate() {
                visit(Seen::Member(name), path);
                path.push(Step::Member(at, name));
                go(value, member_of(area, name), path, visit);
                path.pop();
            }
        }
    }
}

fn kind(area: Area) -> Option<Kind> {
    match area {
        Area::Content => Some(Kind::Content),
        Area::Reasoning => Some(Kind::Reasoning),
        Area::Name => Some(Kind::Name),
        Area::Arguments => Some(Kind::Argument),
        _ => None,
    }
}

fn item_of(area: Area) -> Area {
    match area {
        Area::Content => Area::Part,
        Area::Calls => Area::Call,
        Area::Arguments => Area::Arguments,
        _ => Area::Elsewhere,
    }
}

fn member_of(area: Area, name: &str) -> Area {
    match (area, name) {
        (Area::Message, "content") | (Area::Part, "text") => Area::Content,
        (Area::Message, "tool_calls") => Area::Calls,
        (Area::Message, name) if REASONING.contains(&name) => Area::Reasoning,
        (Area::Call, "function") => Area::Function,
        (Area::Function, "name") => Area::Name,
        (Area::Function, "arguments") | (Area::Arguments, _) => Area::Arguments,
        _ => Area::Elsewhere,
    }
}
