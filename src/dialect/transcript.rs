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
        turns.push(Turn::said(role, answer(said)));
        rest = &body[end..];
    }
    (!turns.is_empty()).then_some(turns)
}

/// The turns of a text that is a prompt, and whether it ends in the mark of the turn that the model is to say.
pub(super) fn prompt(text: &str) -> Option<(Vec<Turn<'_>>, bool)> {
    let mut turns = turns(text)?;
    let is_open = turns.last().is_some_and(|turn| {
        turn.role == Role::Assistant && turn.texts.iter().all(|said| said.text.trim().is_empty())
    });
    if is_open {
        turns.pop();
    }
    (!turns.is_empty()).then_some((turns, is_open))
}

/// What is said after a mark: without the space that follows the mark.
pub(super) fn answer(text: &str) -> &str {
    text.strip_prefix(' ').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_may_end_in_the_mark_of_its_answer() {
        let said = |text| {
            let (turns, is_open) = prompt(text)?;
            Some((turns.iter().map(|turn| turn.texts[0].text.to_string()).collect::<Vec<_>>(), is_open))
        };
        assert_eq!(said("\n\nHuman: a\n\nAssistant:"), Some((vec!["a".into()], true)));
        assert_eq!(said("\n\nHuman: a"), Some((vec!["a".into()], false)));
        assert_eq!(said("\n\nHuman: a\n\nAssistant: b"), Some((vec!["a".into(), "b".into()], false)));
        assert_eq!((said("\n\nAssistant:"), said("a")), (None, None));
        assert_eq!((answer(" a"), answer("  a"), answer("a")), ("a", " a", "a"));
    }

    #[test]
    fn a_transcript_is_cut_at_its_marks() {
        let found = turns("\n\nHuman: a\n\nb\n\nAssistant:  c\n\nHuman:\n\nAssistant:").unwrap();
        let said: Vec<_> = found.iter().map(|turn| (turn.role, turn.texts[0].text.as_ref())).collect();
        let (user, model) = (Role::User, Role::Assistant);
        assert_eq!(said, [(user, "a\n\nb"), (model, " c"), (user, ""), (model, "")]);
        assert!(turns("Human: a").is_none() && turns("").is_none());
    }
}
