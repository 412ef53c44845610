//! What looks like a control token: `<|im_end|>`, `</s>`, `[/INST]`, `[|endofturn|]`, `|END|`.

use crate::template::is_space;

/// The first control token at or after an offset: where it begins and ends.
pub(super) fn find(text: &[char], from: usize) -> Option<(usize, usize)> {
    (from..text.len()).find_map(|at| Some((at, at + length(&text[at..])?)))
}

/// The length of the token that a text begins with.
fn length(text: &[char]) -> Option<usize> {
    let run = |from: usize, most: usize, holds: fn(char) -> bool| {
        text.iter().skip(from).take(most).take_while(|c| holds(**c)).count()
    };
    let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
    match text {
        ['<', ..] => {
            let inner = run(1, 40, |c| c != '<' && c != '>' && !is_space(c));
            (inner > 0 && text.get(inner + 1) == Some(&'>')).then_some(inner + 2)
        }
        ['[', '|', ..] => {
            let inner = run(2, 30, |c| c != '|' && c != ']');
            (inner > 0 && text[inner + 2..].starts_with(&['|', ']'])).then_some(inner + 4)
        }
        ['[', 'e', '~', '[', ..] => Some(4),
        ['[', ..] => {
            let slash = usize::from(text.get(1) == Some(&'/'));
            let inner = run(1 + slash, 20, is_name);
            (inner >= 2 && text.get(1 + slash + inner) == Some(&']')).then_some(inner + slash + 2)
        }
        ['|', ..] => {
            let inner = run(1, 20, is_name);
            (inner >= 2 && text.get(inner + 1) == Some(&'|')).then_some(inner + 2)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn finds_control_tokens() {
        for (text, token) in [
            ("a <|im_end|>\n", Some("<|im_end|>")),
            ("< a></s>", Some("</s>")),
            ("[INST] x", Some("[INST]")),
            ("[a] [/INST]", Some("[/INST]")),
            ("[|endofturn|]", Some("[|endofturn|]")),
            ("a|END|", Some("|END|")),
            ("[e~[", Some("[e~[")),
            ("a < b > c [x] |y|", None),
        ] {
            let characters: Vec<char> = text.chars().collect();
            let found =
                find(&characters, 0).map(|(start, end)| characters[start..end].iter().collect::<String>());
            assert_eq!(found.as_deref(), token, "{text}");
        }
    }
}
