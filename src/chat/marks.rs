//! What a template marks as generated (`{% generation %}`), compared with what is proven to train.

use super::roles::TrainedRole;
use super::spans::{Proof, is_assistant};
use super::training_row::region;
use super::{ChatFormat, Conversation};
use crate::template::MARKS;

/// A part of a text, in characters.
type Region = (usize, usize);

/// How the marks of a template differ from what is proven: each kind once, in alphabetical order. Empty where the template
/// has no marks.
///
/// - `after`: more is marked after a turn; `line_end`: that is white space;
/// - `prompt`: what the generation prompt writes is marked;
/// - `start`, `end`, `part`: this of a turn is not marked; `turn`: nothing of it;
/// - `other`: something else is marked;
/// - `other_text`: with the marks, the template prints another text.
pub(super) fn differences(
    format: &ChatFormat,
    conversation: &Conversation,
    proof: &Proof,
) -> Vec<&'static str> {
    let Some(rendered) = format.render_marked(conversation) else { return Vec::new() };
    let text = &proof.found.text;
    let Some(marked) = rendered.ok().and_then(|rendered| regions(&rendered, text)) else {
        return vec!["other_text"];
    };
    let answers = proof.turns.iter().filter(|turn| is_assistant(&conversation.messages[turn.turn]));
    let of_turn = |turn| region(proof, TrainedRole::Assistant, turn, false).ok();
    let all: Vec<Option<Region>> = answers.map(of_turn).collect();
    let ours: Vec<Region> = all.iter().copied().flatten().collect();
    let all_are_proven = ours.len() == all.len();
    let mut found = Vec::new();
    let (trains, is_marked) = (mask(text.len(), &ours), mask(text.len(), &marked));
    let mut at = 0;
    while at < text.len() {
        let here = (trains[at], is_marked[at]);
        let start = at;
        while at < text.len() && (trains[at], is_marked[at]) == here {
            at += 1;
        }
        let begins = |at: usize| ours.iter().any(|(from, _)| *from == at);
        let ends = |at: usize| ours.iter().any(|(_, to)| *to == at);
        let kind = match here {
            (true, false) if begins(start) && ends(at) => "turn",
            (true, false) if ends(at) => "end",
            (true, false) if begins(start) => "start",
            (true, false) => "part",
            (false, true) if begins(at) => "prompt",
            (false, true) if ends(start) && text[start..at].iter().all(|c| c.is_whitespace()) => "line_end",
            (false, true) if ends(start) => "after",
            // Marks of a turn about which nothing is proven.
            (false, true) if !all_are_proven => continue,
            (false, true) => "other",
            _ => continue,
        };
        if !found.contains(&kind) {
            found.push(kind);
        }
    }
    found.sort_unstable();
    found
}

/// The marked parts of a text, from a render with marks; none if that has another text.
fn regions(rendered: &str, text: &[char]) -> Option<Vec<Region>> {
    let (mut regions, mut open) = (Vec::new(), Vec::new());
    let mut at = 0;
    for c in rendered.chars() {
        if c == MARKS[0] {
            open.push(at);
        } else if c == MARKS[1] {
            regions.push((open.pop()?, at));
        } else if text.get(at) == Some(&c) {
            at += 1;
        } else {
            return None;
        }
    }
    (at == text.len() && open.is_empty()).then_some(regions)
}

fn mask(length: usize, regions: &[Region]) -> Vec<bool> {
    let mut mask = vec![false; length];
    for (start, end) in regions {
        mask[*start..*end].fill(true);
    }
    mask
}

#[cfg(test)]
mod tests {
    use crate::chat::{ChatFormat, ChatOptions, ChatRows, Conversation, TrainedTurns};

    const TALK: &str = r#"[{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"},
        {"role":"user","content":"Hi"},{"role":"assistant","content":"","weight":0}]"#;

    /// The marks of a row with this text in place of the loop over messages.
    fn marks(body: &str) -> Vec<&'static str> {
        let template = format!(
            "{{%- for m in messages %}}{{% if m.role == 'assistant' %}}{body}{{% else %}}<|{{{{ m.role }}}}|>\n{{{{ m.content }}}}<|end|>\n\
             {{% endif %}}{{% endfor %}}{{% if add_generation_prompt %}}<|assistant|>\n{{% endif %}}"
        );
        let format = ChatFormat::new(template, ChatOptions::default()).unwrap();
        let rows = ChatRows::new(format);
        let talk = Conversation::parse(TALK, None).unwrap();
        let row = rows.training_row(&talk, TrainedTurns::All).unwrap().unwrap();
        assert!(row.text.starts_with("<|user|>\nHi<|end|>\n<|assistant|>\nHo<|end|>"), "{}", row.text);
        row.marks
    }

    #[test]
    fn marks_are_compared_with_the_proof() {
        let (open, close) = ("{% generation %}", "{% endgeneration %}");
        for (body, kinds) in [
            (format!("<|assistant|>\n{open}{{{{ m.content }}}}<|end|>{close}\n\n"), &[][..]),
            ("<|assistant|>\n{{ m.content }}<|end|>\n".into(), &[]),
            (format!("<|assistant|>\n{open}{{{{ m.content }}}}<|end|>\n{close}"), &["line_end"]),
            (format!("{open}<|assistant|>\n{{{{ m.content }}}}<|end|>{close}\n\n"), &["prompt"]),
            (format!("<|assistant|>\n{open}{{{{ m.content }}}}{close}<|end|>\n"), &["end", "turn"]),
            (format!("<|assistant|>\n{open}{close}{{{{ m.content }}}}<|end|>\n"), &["turn"]),
        ] {
            assert_eq!(marks(&body), kinds, "{body}");
        }
    }
}
