//! A chat format: a template, its special tokens, its variables, and its clock.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use minijinja::value::Value;
use serde::{Deserialize, Serialize};

use super::conversation::{Conversation, with_reasoning};
use super::folder;
use super::own_variables::FIXED;
use super::tool_arguments::ToolArguments;
use crate::error::{Class, Error, Result};
use crate::hash;
use crate::store::Files;
use crate::template::{Clock, Data, Failure, Known, MARKS, Template};
use crate::word;

/// What a format is made of beside its template.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChatOptions {
    /// Special tokens by the names of their variables, such as `bos_token`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub special_tokens: BTreeMap<String, String>,
    /// Further variables of the template, such as `enable_thinking`.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub template_kwargs: serde_json::Map<String, serde_json::Value>,
    /// The time that the template reads, such as `2025-03-14T15:09:26`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// How the template saw arguments of calls that are text in training.
    #[serde(default, with = "word", skip_serializing_if = "ToolArguments::is_default")]
    pub tool_arguments: ToolArguments,
}

/// The JSON form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    chat_template: String,
    #[serde(flatten)]
    options: ChatOptions,
}

/// A chat template that was compiled, with what it needs to render conversations.
#[derive(Debug)]
pub struct ChatFormat {
    source: String,
    options: ChatOptions,
    template: Template,
    /// The template with characters at its marks (`{% generation %}`); none if it has no marks.
    marked: Option<Template>,
    /// The variables that are the same for each conversation.
    variables: Vec<(Arc<str>, Value)>,
}

impl ChatFormat {
    /// The format of a template.
    ///
    /// # Errors
    /// `bad_chat_format`: the template has a syntax error, or an option is not valid.
    pub fn new(source: String, options: ChatOptions) -> Result<Self> {
        let now = options.now.as_deref().map(|now| {
            Clock::parse(now).ok_or_else(|| {
                bad(format!("`now` is a time such as 2025-03-14 or 2025-03-14T15:09:26, not `{now}`"))
            })
        });
        let now = now.transpose()?;
        let compiled = |template: Result<Template, Failure>| template.map_err(|e| bad(e.to_string()));
        let template = compiled(Template::new(&source, now))?;
        let has_marks = source.contains("endgeneration") && !source.contains(MARKS);
        let marked = has_marks.then(|| compiled(Template::with_marks(&source, now))).transpose()?;
        let mut variables = Vec::new();
        for (name, token) in &options.special_tokens {
            variables.push((Arc::from(name.as_str()), Value::from(token.as_str())));
        }
        for (name, value) in &options.template_kwargs {
            if FIXED.contains(&name.as_str()) {
                return Err(bad(format!("`{name}` is not a further variable of the template")));
            }
            variables.push((Arc::from(name.as_str()), Data::parse(&value.to_string())?.value()));
        }
        Ok(ChatFormat { source, options, template, marked, variables })
    }

    /// The format of a tokenizer folder or a template file; `name` chooses one of several templates. Special tokens of the
    /// options take the place of those that the folder names.
    ///
    /// # Errors
    /// `not_found`, `cannot_read`, or `bad_chat_format`.
    pub fn open(files: &Files, path: &Path, name: Option<&str>, mut options: ChatOptions) -> Result<Self> {
        let found = folder::read(files, path, name)?;
        let given = std::mem::replace(&mut options.special_tokens, found.tokens);
        options.special_tokens.extend(given);
        ChatFormat::new(found.template, options)
    }

    /// The format that `to_json` wrote.
    ///
    /// # Errors
    /// `bad_chat_format`.
    pub fn from_json(text: &str) -> Result<Self> {
        let form: Form =
            serde_json::from_str(text).map_err(|e| bad(format!("the JSON is no chat format: {e}")))?;
        ChatFormat::new(form.chat_template, form.options)
    }

    /// The format as JSON.
    ///
    /// # Errors
    /// None that a format can have.
    pub fn to_json(&self) -> Result<String> {
        let form = Form { chat_template: self.source.clone(), options: self.options.clone() };
        serde_json::to_string(&form).map_err(|e| Error::internal(format!("a chat format is no JSON: {e}")))
    }

    /// The template.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What the format is made of beside its template.
    pub fn options(&self) -> &ChatOptions {
        &self.options
    }

    /// The texts in the template's expressions, the longest first.
    pub(super) fn constants(&self) -> &[String] {
        self.template.constants()
    }

    /// Those that the template may look for in texts of the data.
    pub(super) fn sought(&self) -> &[String] {
        self.template.sought()
    }

    /// The token that begins texts, if the format names one.
    pub(super) fn bos(&self) -> Option<&str> {
        self.options.special_tokens.get("bos_token").map(String::as_str)
    }

    /// The token that ends texts, if the format names one.
    pub(crate) fn eos(&self) -> Option<&str> {
        self.options.special_tokens.get("eos_token").map(String::as_str)
    }

    /// The digest of the template's text: 32 hexadecimal digits.
    pub fn digest(&self) -> String {
        hash::digest_hex(self.source.as_bytes())
    }

    /// The text of a conversation; with the generation prompt at its end if asked for.
    ///
    /// # Errors
    /// `chat_not_rendered`: the template failed; `no_clock`: it reads the clock, and the format has no `now`.
    pub fn render(&self, conversation: &Conversation, generation_prompt: bool) -> Result<String> {
        self.render_messages(&conversation.messages, conversation, generation_prompt)
            .map_err(|e| not_rendered(&e))
    }

    /// The text of a conversation with [`MARKS`] where the template marks it; none if the template has no marks.
    pub(super) fn render_marked(&self, conversation: &Conversation) -> Option<Result<String, Failure>> {
        let template = self.marked.as_ref()?;
        Some(self.render_with(template, &conversation.messages, conversation, false))
    }

    /// The text of other messages with the tools and the variables of a conversation.
    pub(super) fn render_messages(
        &self,
        messages: &[Data],
        conversation: &Conversation,
        generation_prompt: bool,
    ) -> Result<String, Failure> {
        self.render_with(&self.template, messages, conversation, generation_prompt)
    }

    /// The template that renders without looking into texts of which this is known.
    pub(super) fn blind(&self, known: Known) -> Option<Template> {
        self.template.blind(known)
    }

    /// The text that a form of the template gives.
    pub(super) fn render_with(
        &self,
        template: &Template,
        messages: &[Data],
        conversation: &Conversation,
        generation_prompt: bool,
    ) -> Result<String, Failure> {
        let own = conversation.variables();
        let mut variables: Vec<(Value, Value)> = self
            .variables
            .iter()
            .filter(|(name, _)| !own.iter().any(|(other, _)| other == name))
            .map(|(name, value)| (Value::from(Arc::clone(name)), value.clone()))
            .collect();
        variables.extend(own.iter().map(|(name, value)| (Value::from(Arc::clone(name)), value.value())));
        let messages: Vec<Value> = messages.iter().map(|message| with_reasoning(message).value()).collect();
        variables.push((Value::from("messages"), Value::from(messages)));
        variables.push((Value::from("tools"), conversation.tools.value()));
        variables.push((Value::from("documents"), Value::from(())));
        variables.push((Value::from("add_generation_prompt"), Value::from(generation_prompt)));
        template.render(Value::from_pairs(variables), conversation.bytes)
    }
}

#[cold]
fn bad(message: String) -> Error {
    Error::new(Class::Plan, "bad_chat_format", message)
}

#[cold]
pub(super) fn not_rendered(failure: &Failure) -> Error {
    match failure {
        Failure::Clock => Error::new(Class::Plan, "no_clock", failure.to_string())
            .help("give the time that it reads: now=\"2025-03-14\""),
        _ => Error::new(Class::Data, "chat_not_rendered", failure.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHATML: &str = "{%- for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}\
                          {% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    fn rendered(template: &str, options: ChatOptions) -> Result<String> {
        let messages = r#"[{"role":"user","content":"Hi <b>"},{"role":"assistant","content":null}]"#;
        ChatFormat::new(template.to_string(), options)?.render(&Conversation::parse(messages, None)?, true)
    }

    #[test]
    fn renders_messages_and_the_generation_prompt() {
        let text =
            "<|im_start|>user\nHi <b><|im_end|>\n<|im_start|>assistant\n<|im_end|>\n<|im_start|>assistant\n";
        assert_eq!(rendered(CHATML, ChatOptions::default()).unwrap(), text);
    }

    #[test]
    fn variables_come_from_options() {
        let options =
            r#"{"special_tokens":{"bos_token":"<s>"},"template_kwargs":{"x":[1,null]},"now":"2025-03-14"}"#;
        let options: ChatOptions = serde_json::from_str(options).unwrap();
        let template = "{{ bos_token }}{{ x }}{{ strftime_now('%d %b') }}{{ tools is none }}";
        assert_eq!(rendered(template, options.clone()).unwrap(), "<s>[1, None]14 MarTrue");
        let format = ChatFormat::new(template.to_string(), options).unwrap();
        let again = ChatFormat::from_json(&format.to_json().unwrap()).unwrap();
        assert_eq!((again.options(), again.digest()), (format.options(), format.digest()));
    }

    #[test]
    fn errors_say_what_failed() {
        let code = |template: &str| rendered(template, ChatOptions::default()).unwrap_err().code();
        assert_eq!(code("{% if %}"), "bad_chat_format");
        assert_eq!(code("{{ strftime_now('%Y') }}"), "no_clock");
        for template in [
            "{{ raise_exception('no') }}",
            "{{ messages[5].role }}",
            "{{ messages|tojsonn }}",
            "{{ 1 + 'a' }}",
            "{% for x in none %}{% endfor %}",
            "{{ ('a'|safe).strip() }}",
            "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            "{% set n = namespace(x='aaaaaaaa') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
        ] {
            assert_eq!(code(template), "chat_not_rendered", "{template}");
        }
    }
}
