//! Dialogues in one text, each turn after `\n\nHuman: ` or `\n\nAssistant: `.

use super::dialogue::{Role, Turn};

const MARKS: [(&str, Role); 2] = [("\n\nHuman:", Role::User), ("\n\nAssistant:", Role::Assistant)];

/// The turns of a text; none if it does not begin with a mark.
pub(super) fn turns(text: &str) -> Option<Vec<Turn<'_>>> {
    let mut rest = text;
    let mut turns = Vec::new();
    while !rest.is_empty() {
        let (mark, role) = *MARKS.iter().find(|(mark, _)| rest.starts_with(mark))?;
        let body = &rest[mark.len()..];
        let end = MARKS.iter().filter_map(|(mark, _)| body.find(mark)).min().unwrap_or(body.len());
        let said = &body[..end];
        turns.push(Turn::said(role, said.strip_prefix(' ').unwrap_or(said)));
        rest = &body[end..];
    }
    (!turns.is_empty()).then_some(turns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_cut_at_its_marks() {
        let found = turns("\n\nHuman: a\n\nb\n\nAssistant:  c\n\nHuman:\n\nAssistant:").unwrap();
        let said: Vec<_> = found.iter().map(|turn| (turn.role, turn.texts[0].text.as_ref())).collect();
        let (user, model) = (Role::User, Role::Assistant);
        assert_eq!(said, [(user, "a\n\nb"), (model, " c"), (user, ""), (model, "")]);
        assert!(turns("Human: a").is_none() && turns("").is_none());
    }
}
