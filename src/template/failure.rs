//! Why a template cannot be compiled or rendered.

use std::fmt;

use minijinja::ErrorKind;

/// Why a template cannot be compiled, or a conversation not rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The template is not a Jinja template.
    Syntax(String),
    /// The template called `raise_exception` with this message.
    Raised(String),
    /// An operation of the template failed, as it fails in Python: an undefined value, a wrong type.
    Failed(String),
    /// The template did more work than a chat template needs, or nests too deeply.
    Limit(String),
    /// The template uses what is not supported here, and would work in Python.
    Unsupported(String),
    /// The template reads the clock, and no time was given.
    Clock,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Syntax(why) => write!(f, "the template has a syntax error: {why}"),
            Failure::Raised(message) => write!(f, "the template raised: {message}"),
            Failure::Failed(why) => write!(f, "the template failed: {why}"),
            Failure::Limit(why) => write!(f, "the template was stopped: {why}"),
            Failure::Unsupported(what) => write!(f, "the template uses {what}, which is not supported"),
            Failure::Clock => f.write_str("the template reads the clock"),
        }
    }
}

impl std::error::Error for Failure {}

/// The error of the engine that carries a failure.
pub(super) fn carry(failure: Failure) -> minijinja::Error {
    minijinja::Error::new(ErrorKind::InvalidOperation, failure.to_string()).with_source(failure)
}

/// An operation that fails in Python too.
pub(super) fn failed(why: impl Into<String>) -> minijinja::Error {
    carry(Failure::Failed(why.into()))
}

/// An operation that works in Python.
pub(super) fn unsupported(what: impl Into<String>) -> minijinja::Error {
    carry(Failure::Unsupported(what.into()))
}

/// The failure for an error of the engine.
pub(super) fn of_engine(error: &minijinja::Error) -> Failure {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(e) = next {
        if let Some(failure) = e.downcast_ref::<Failure>() {
            return failure.clone();
        }
        next = e.source();
    }
    let line = error.line().map_or(String::new(), |line| format!(" (line {line})"));
    let why = format!("{}{line}", error.detail().map_or_else(|| error.kind().to_string(), str::to_string));
    match error.kind() {
        ErrorKind::SyntaxError | ErrorKind::BadEscape => Failure::Syntax(why),
        ErrorKind::OutOfFuel => Failure::Limit("it took more steps than a chat template needs".to_string()),
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest => Failure::Unsupported(why),
        _ if why.contains("recursion limit") => Failure::Limit(why),
        _ if why.contains("plain object") => {
            Failure::Unsupported(format!("an operation that is not known: {why}"))
        }
        _ => Failure::Failed(why),
    }
}
