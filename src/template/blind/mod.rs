//! A render that does not look into texts.
//!
//! Each text of the data is one character, its placeholder. Whatever the template does with it must either not depend on
//! the text, or be decided by what is known about it; anything else fails. So where a render succeeds, the template does
//! the same with all texts about which as much is known, and the placeholders in its output are where they are printed.
//!
//! The engine itself renders. Its operators are replaced by functions that check what they are given.

mod checks;
mod placeholder;
mod rewrite;
mod rules;

use std::sync::Arc;

use minijinja::Environment;
use minijinja::machinery::ast::Stmt;
use minijinja::machinery::parse;
use minijinja::syntax::SyntaxConfig;

pub(crate) use placeholder::{Form, placeholder};
pub(crate) use rules::Known;

/// The source of a template with checks; none if it cannot be checked.
pub(super) fn source(prepared: &str, syntax: &SyntaxConfig) -> Option<String> {
    if prepared.chars().any(placeholder::is_reserved) {
        return None;
    }
    let Ok(Stmt::Template(template)) = parse(prepared, "template", syntax.clone()) else { return None };
    rewrite::template(&template.children)
}

/// Adds the checks to the environment of a template.
pub(super) fn add(environment: &mut Environment<'static>, known: Arc<Known>) {
    checks::add(environment, known);
}

#[cfg(test)]
mod tests {
    use super::{Form, Known, placeholder};
    use crate::template::{Data, Template};

    /// What a template renders blind; none where it looks into a text. The first message says ` A `, the second `B`, which
    /// holds a line end.
    fn rendered(source: &str) -> Option<String> {
        let template = Template::new(source, None).unwrap();
        let known = Known {
            sought: template.sought().to_vec(),
            held: vec![0, template.sought().iter().position(|sought| sought == "\n").map_or(0, |i| 1 << i)],
        };
        let blind = template.blind(known)?;
        let [a, b] = [0, 1].map(|n| placeholder(n, Form::Plain).unwrap());
        let messages = format!(
            r#"[{{"role":"user","content":" {a} "}},{{"role":"assistant","content":"{b}","args":{{"x":"{b}","n":1}}}}]"#
        );
        let variables = minijinja::Value::from_pairs([("messages", Data::parse(&messages).unwrap().value())]);
        let text = blind.render(variables, 1000).ok()?;
        let json = [0, 1].map(|n| placeholder(n, Form::Json).unwrap());
        Some(text.replace(a, "A").replace(b, "B").replace(json[0], "JA").replace(json[1], "JB"))
    }

    #[test]
    fn texts_that_are_printed_keep_their_places() {
        for (source, text) in [
            ("{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}", "[user] A [assistant]B"),
            ("{{ messages[0].content|trim + '\\n' ~ messages[1]['content'].strip() }}", "A\nB"),
            ("{{ messages[0].content.lstrip('\\n ') }}|{{ messages[1].content.rstrip() }}", "A |B"),
            ("{{ messages[1].args|tojson }}", r#"{"x": "JB", "n": 1}"#),
            ("{{ messages[1].args|tojson(indent=1)|safe }}", "{\n \"x\": \"JB\",\n \"n\": 1\n}"),
            ("{% for k, v in messages[1].args|items %}{{ k }}={{ v }};{% endfor %}", "x=B;n=1;"),
            ("{% macro f(c, end='.') %}{{ c }}{{ end }}{% endmacro %}{{ f(messages[1].content) }}", "B."),
            ("{% set x %}<{{ messages[1].content }}>{% endset %}{{ x|trim }}", "<B>"),
            (
                "{% set ns = namespace(x='') %}{% for m in messages %}{% set ns.x = ns.x + m.content %}{% endfor %}{{ ns.x }}",
                " A B",
            ),
            ("{{ messages|map(attribute='content')|join('|') }}", " A |B"),
            ("{{ (messages|selectattr('role', 'equalto', 'user')|list)[0].content }}", " A "),
        ] {
            assert_eq!(rendered(source).as_deref(), Some(text), "{source}");
        }
    }

    #[test]
    fn what_is_known_of_a_text_decides() {
        for (condition, holds) in [
            ("messages[0].content", true),
            ("messages[0].content is string and messages[0].content is not none", true),
            ("messages[0].content is mapping or messages[0].name is defined", false),
            ("messages[0].content == 'x'", false),
            ("messages[0].content|length > 0 and messages[1].content|length >= 1", true),
            ("messages[0].content|length == 0", false),
            ("'</think>' in messages[0].content", false),
            ("'\\n' in messages[0].content", false),
            ("messages[0].content.strip().startswith('<t>')", false),
            ("messages[0].content.split('</think>')|length == 1", true),
            ("messages[0].content.find('zz') == -1", true),
            ("messages[1].content in ['a', 'b'] or messages[1].args.n > 1", false),
            ("messages[1].content == messages[1].args.x", true),
        ] {
            let source = format!("{{% if {condition} %}}yes{{% else %}}no{{% endif %}}");
            assert_eq!(rendered(&source).as_deref(), Some(if holds { "yes" } else { "no" }), "{condition}");
        }
    }

    #[test]
    fn looks_into_texts_fail() {
        for expression in [
            "messages[0].content|length",
            "messages[0].content|length > 1",
            "messages[0].content|upper",
            "messages[0].content[0]",
            "messages[0].content[:3]",
            "messages[0].content == messages[1].content",
            "messages[0].content < 'x'",
            "messages[0].content in messages[1].content",
            "'\\n' in messages[1].content",
            "messages[1].content.split('\\n')[0]",
            "messages[1].content.split()",
            "messages[1].content.count('\\n')",
            "messages[0].content.strip('x')",
            "messages[0].content|list",
            "messages[0].content|first",
            "messages[1].args",
            "messages[1].args ~ ''",
            "messages[1].args|string",
            "messages[1].args|tojson|tojson",
            "messages[1].args|tojson(ensure_ascii=true)",
            "messages[1].args|tojson(true)",
            "messages|map(attribute='content')|list",
            "messages|map(attribute='content')|map('length')|join",
            "messages|selectattr('content', 'eq', 'x')|list|length",
            "messages|sort(attribute='content')|length",
            "[messages[1].content].index('x')",
            "{messages[0].content: 1}|length",
            "messages[0].content * 2",
            "messages[0].content % 2",
            "'%s'|format(messages[0].content)",
            "'<b>'|safe + messages[0].content",
            "messages[0].content is upper",
            "messages[0].content.isdigit()",
            "messages[0][messages[0].content]",
            "1 if 'x' < messages[0].content < 'y' else 2",
        ] {
            assert_eq!(rendered(&format!("{{{{ {expression} }}}}")), None, "{expression}");
        }
        for source in [
            "{% for c in messages[0].content %}{{ c }}{% endfor %}",
            "{% set a, b = messages[0].content %}",
            "{% for a, b in [messages[0].content] %}{% endfor %}",
            "{% for m in messages if m.content|length < 9 %}{{ m.content }}{% endfor %}",
        ] {
            assert_eq!(rendered(source), None, "{source}");
        }
    }
}
