//! `+` and `~` as the engine takes them.
//!
//! In templates that use the filter `safe` they must treat marked text as Python does. In others, only sums that may
//! be of lists become calls, which limit the length of the list.

use super::quoted::string_end;

/// The function that `+` becomes.
pub(super) const PLUS: &str = "__plus";

/// Words of Jinja that end an operand.
const WORDS: [&str; 14] = [
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "else",
    "elif",
    "for",
    "recursive",
    "set",
    "call",
    "with",
    "filter",
];

/// Whether a template uses the filter, by its name after `|` or as a text for `map`.
pub(super) fn are_marked(source: &str) -> bool {
    source.match_indices("safe").any(|(at, _)| source[..at].trim_end().ends_with(['|', '\'', '"']))
}

/// The tag with `a + b` as a call; if text may be `marked`, all of them, and with `a ~ '' ~ b` for `a ~ b`, which is
/// text without a mark.
pub(super) fn rewrite(tag: &str, marked: bool) -> String {
    if !tag.contains(['+', '~']) {
        return tag.to_string();
    }
    let marker = |b: Option<&u8>| usize::from(matches!(b, Some(b'-' | b'+')));
    let bytes = tag.as_bytes();
    let start = 2 + marker(bytes.get(2));
    let end = tag.len().saturating_sub(2);
    let end = end - marker(bytes[..end].last());
    match (tag.get(..start), tag.get(start..end), tag.get(end..)) {
        (Some(open), Some(inside), Some(close)) => format!("{open}{}{close}", expression(inside, marked)),
        _ => tag.to_string(),
    }
}

fn expression(text: &str, marked: bool) -> String {
    let mut out = String::new();
    let mut sum = Sum { marked, ..Sum::default() };
    let mut at = 0;
    while at < text.len() {
        let end = token_end(text, at);
        let token = &text[at..end];
        match token.as_bytes()[0] {
            b'+' | b'-' if sum.ends_in_operand() => sum.rest.push((token == "+", String::new())),
            b'~' if marked => sum.last().push_str("~ '' ~"),
            b',' | b':' | b'=' | b'<' | b'>' | b'!' => {
                sum.finish(&mut out);
                out.push_str(token);
            }
            b'(' | b'[' | b'{' => {
                let closed = token.len() > 1 && token.ends_with([')', ']', '}']);
                let inner = &token[1..token.len() - usize::from(closed)];
                let joined = format!(
                    "{}{}{}",
                    &token[..1],
                    expression(inner, marked),
                    &token[token.len() - usize::from(closed)..]
                );
                sum.last().push_str(&joined);
            }
            _ if WORDS.contains(&token) && !sum.last().ends_with('.') => {
                sum.finish(&mut out);
                out.push_str(token);
            }
            _ => sum.last().push_str(token),
        }
        at = end;
    }
    sum.finish(&mut out);
    out
}

/// The end of the token at an offset: a string, a word, a bracket with what it holds, or one character.
fn token_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80;
    match bytes[at] {
        quote @ (b'\'' | b'"') => string_end(text, at, quote),
        b if is_word(b) => (at..bytes.len()).find(|&i| !is_word(bytes[i])).unwrap_or(bytes.len()),
        b'(' | b'[' | b'{' => {
            let (mut end, mut open) = (at, 0usize);
            while end < bytes.len() {
                match bytes[end] {
                    quote @ (b'\'' | b'"') => {
                        end = string_end(text, end, quote);
                        continue;
                    }
                    b'(' | b'[' | b'{' => open += 1,
                    b')' | b']' | b'}' => open -= 1,
                    _ => {}
                }
                end += 1;
                if open == 0 {
                    break;
                }
            }
            end
        }
        _ => at + 1,
    }
}

/// The operands of `+` and `-`, each but the first with whether it is added.
#[derive(Default)]
struct Sum {
    marked: bool,
    first: String,
    rest: Vec<(bool, String)>,
}

impl Sum {
    fn last(&mut self) -> &mut String {
        self.rest.last_mut().map_or(&mut self.first, |(_, operand)| operand)
    }

    /// Whether a sign here stands between two operands.
    fn ends_in_operand(&mut self) -> bool {
        let text = self.last().trim_end();
        !text.is_empty() && !text.ends_with(['*', '/', '%', '~', '|'])
    }

    /// Appends the sum, and begins another.
    fn finish(&mut self, out: &mut String) {
        let (first, rest) = (std::mem::take(&mut self.first), std::mem::take(&mut self.rest));
        if !self.marked
            && [&first]
                .into_iter()
                .chain(rest.iter().map(|(_, operand)| operand))
                .any(|operand| is_literal(operand))
        {
            out.push_str(&first);
            rest.iter().for_each(|(plus, operand)| out.extend([if *plus { "+" } else { "-" }, operand]));
            return;
        }
        let (mut sum, mut added) = (first, Vec::new());
        for (plus, operand) in rest {
            if plus {
                added.push(operand);
            } else {
                sum = format!("{} -{operand}", call(sum, &mut added));
            }
        }
        out.push_str(&call(sum, &mut added));
    }
}

/// Whether an operand is a text or a number that the template holds, and so no list.
fn is_literal(operand: &str) -> bool {
    let operand = operand.trim();
    match operand.as_bytes() {
        [quote @ (b'\'' | b'"'), ..] => string_end(operand, 0, *quote) == operand.len(),
        digits => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
    }
}

/// The sum with what is added to it.
fn call(sum: String, added: &mut Vec<String>) -> String {
    if added.is_empty() {
        return sum;
    }
    let operands = added.drain(..).map(|operand| format!(",{operand}")).collect::<String>();
    format!(" {PLUS}({sum}{operands}) ")
}

#[cfg(test)]
mod tests {
    use super::{are_marked, rewrite};

    #[test]
    fn finds_the_filter() {
        for source in ["{{ a|safe }}", "{{ a | tojson | safe }}", "{{ a|map('safe') }}"] {
            assert!(are_marked(source), "{source}");
        }
        assert!(!are_marked("{{ a }} is safe"));
    }

    #[test]
    fn rewrites_sums_and_joined_text() {
        for (tag, rewritten) in [
            ("{{- a + b -}}", "{{-  __plus( a , b )  -}}"),
            ("{{ a }}", "{{ a }}"),
            ("{{ -1 - +2 }}", "{{ -1 - +2 }}"),
            ("{{a ~ b}}", "{{a ~ '' ~ b}}"),
            ("{% if x == a+b*-c and y.in + 1 %}", "{% if x == __plus( a,b*-c )  and __plus( y.in , 1 ) %}"),
            ("{{ f(a + 'x + y', k=b - c + d) }}", "{{ f( __plus(a , 'x + y') , k= __plus(b  - c , d) ) }}"),
        ] {
            let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join("");
            assert_eq!(plain(&rewrite(tag, true)), plain(rewritten), "{tag}");
        }
        for (tag, rewritten) in [
            ("{{ a + 'x' ~ b }}", "{{ __plus(a, 'x' ~ b) }}"),
            ("{{ a + 'x' + b - 1 }}", "{{ a + 'x' + b - 1 }}"),
            ("{{ f(a + [b]) }}", "{{ f( __plus(a , [b]) ) }}"),
        ] {
            assert_eq!(rewrite(tag, false).replace(' ', ""), rewritten.replace(' ', ""));
        }
    }

    #[test]
    fn takes_any_text() {
        for tag in
            ["{{", "{%-", "{{ ( + [", "{{ ) + ) }}", "{{+}}", "{{ 'é\\", "{%é + ü%}", "{{ a + }}", "{{ (é"]
        {
            rewrite(tag, true);
        }
    }
}
