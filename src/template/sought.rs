//! Which texts in the expressions of a template may decide something by what the data says.
//!
//! What is printed, names a member, or is compared with a role decides nothing of that kind. All others may.

/// Functions, methods and filters whose texts are names or are printed.
const INERT: [&str; 8] =
    ["default", "dict", "get", "join", "namespace", "raise_exception", "range", "strftime_now"];

/// Whether the text in `start..end` of a tag may be looked for in the data. `open` has the offsets of the brackets that
/// are open there.
pub(super) fn is_sought(tag: &str, start: usize, end: usize, open: &[usize]) -> bool {
    let before = tag[2..start].trim_start_matches(['-', '+']).trim();
    let after = tag[end..].trim_start();
    let bracket = open.last().map(|at| tag.as_bytes()[*at]);
    let is_member = bracket == Some(b'[')
        && before.ends_with('[')
        && after.starts_with(']')
        && is_operand(before[..before.len() - 1].trim_end());
    let is_name = bracket == Some(b'{') && after.starts_with(':');
    if is_member || is_name || compares_role(before, after) {
        return false;
    }
    let inert = open.iter().all(|at| match tag.as_bytes()[*at] {
        b'(' => is_inert(tag[2..*at].trim_end()),
        bracket => bracket == b'{',
    });
    let joins = before.ends_with(['+', '~']) || after.starts_with(['+', '~']);
    let prints = tag.starts_with("{{") && (before.is_empty() || last_word(before) == "else");
    let is_argument = open.last().is_some_and(|at| !last_word(tag[2..*at].trim_end()).is_empty());
    !(inert && (joins || prints || is_argument))
}

/// Whether what is before a bracket makes it group an expression, or hold arguments that decide nothing.
fn is_inert(before: &str) -> bool {
    let word = last_word(before);
    INERT.contains(&word) || !is_operand(before)
}

/// Whether a text ends in a value, so that a bracket after it is a call or an index.
fn is_operand(before: &str) -> bool {
    let keywords = ["and", "elif", "else", "if", "in", "is", "not", "or", "return", "set"];
    match before.chars().next_back() {
        Some(')' | ']' | '\'' | '"') => true,
        _ => !last_word(before).is_empty() && !keywords.contains(&last_word(before)),
    }
}

fn last_word(text: &str) -> &str {
    let rest = text.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
    &text[rest.len()..]
}

/// Whether the text is compared with the role of a message.
fn compares_role(before: &str, after: &str) -> bool {
    let left = before.strip_suffix("==").or_else(|| before.strip_suffix("!="));
    let left = left.map(|left| left.trim_end().trim_end_matches([']', '\'', '"']));
    if left.is_some_and(|left| last_word(left) == "role") {
        return true;
    }
    let right = after.strip_prefix("==").or_else(|| after.strip_prefix("!="));
    let end = |c: char| !(c.is_alphanumeric() || "_.[]'\"".contains(c));
    let operand = right.map(str::trim_start).and_then(|right| right.split(end).next());
    operand.is_some_and(|operand| last_word(operand.trim_end_matches([']', '\'', '"'])) == "role")
}
