//! The calls of a row, and the tools that it declares.

use std::borrow::Cow;

use super::row::{Match, Row};
use crate::json::{Json, Kind};

/// A tool that a row declares.
pub(super) struct Tool<'r> {
    name: Cow<'r, str>,
    /// The JSON schema of its arguments.
    parameters: Option<Json<'r>>,
}

/// The tools of a row; none if it declares none, or not as a list of objects with names.
pub(super) fn tools<'r>(row: &Row<'r>) -> Option<Vec<Tool<'r>>> {
    let declared = Json::parse(row.tools?)?.elements()?;
    let tools: Option<Vec<Tool<'_>>> = declared.into_iter().map(tool).collect();
    tools.filter(|tools| !tools.is_empty())
}

/// A tool, within `function` or by itself.
fn tool(declared: Json<'_>) -> Option<Tool<'_>> {
    let [function] = declared.fields(["function"])?;
    let inner = function.filter(|function| function.kind == Kind::Object).unwrap_or(declared);
    let [name, parameters] = inner.fields(["name", "parameters"])?;
    Some(Tool { name: name?.string()?, parameters })
}

/// The first call of a tool that the row does not declare.
pub(super) fn undefined(row: &Row<'_>) -> Option<Match> {
    if row.calls.is_empty() {
        return None;
    }
    let tools = tools(row)?;
    let is_declared = |name: usize| tools.iter().any(|tool| tool.name == row.texts[name].text);
    let call = row.calls.iter().find(|call| !is_declared(call.name))?;
    Some(Match::whole(row, call.name))
}

/// The first arguments that are no JSON object. Arguments without text are those of a tool without parameters.
pub(super) fn broken(row: &Row<'_>) -> Option<Match> {
    let is_broken = |text: &str| {
        let is_object = Json::parse(text.trim()).is_some_and(|json| json.kind == Kind::Object);
        !text.trim().is_empty() && !is_object
    };
    let mut arguments = row.calls.iter().filter_map(|call| call.arguments);
    let broken = arguments.find(|text| is_broken(row.texts[*text].text))?;
    Some(Match::whole(row, broken))
}

/// The first arguments that do not fit the schema of their tool.
pub(super) fn misfit(row: &Row<'_>) -> Option<Match> {
    if row.calls.is_empty() {
        return None;
    }
    let tools = tools(row)?;
    let call = row.calls.iter().find(|call| {
        let tool = tools.iter().find(|tool| tool.name == row.texts[call.name].text);
        let schema = tool.and_then(|tool| tool.parameters);
        let text = call.arguments.map_or("", |text| row.texts[text].text.trim());
        let arguments = Json::parse(if text.is_empty() { "{}" } else { text });
        let arguments = arguments.filter(|arguments| arguments.kind == Kind::Object);
        schema.zip(arguments).is_some_and(|(schema, arguments)| !fits(arguments, schema, 0))
    })?;
    Some(Match::whole(row, call.arguments.unwrap_or(call.name)))
}

/// How deep a schema is followed.
const DEPTH: usize = 20;

/// Whether a value fits a JSON schema, by what is certain: `type`, `enum`, `required`, `properties` and `items`. A member
/// that `properties` does not name does not fit, unless the schema says more about further ones.
fn fits(value: Json<'_>, schema: Json<'_>, depth: usize) -> bool {
    let names = ["type", "enum", "required", "properties", "items", "additionalProperties"];
    let Some([kind, choices, required, properties, items, further]) = schema.fields(names) else {
        return true;
    };
    if depth > DEPTH {
        return true;
    }
    if kind.is_some_and(|kind| !has_other(schema) && !is_of(value, kind)) {
        return false;
    }
    let choices = choices.and_then(Json::elements);
    if choices.is_some_and(|choices| !choices.iter().any(|choice| same(*choice, value))) {
        return false;
    }
    if let Some(members) = value.members() {
        let has = |name: &str| members.iter().any(|(key, _)| key == name);
        let required = required.and_then(Json::elements).unwrap_or_default();
        let required: Vec<_> = required.iter().filter_map(|name| name.string()).collect();
        if required.iter().any(|name| !has(name)) {
            return false;
        }
        let Some(properties) = properties.and_then(Json::members).filter(|p| !p.is_empty()) else {
            return true;
        };
        let allows_further = further.is_some_and(|further| further.text != "false");
        return members.iter().all(|(key, value)| match properties.iter().find(|(name, _)| name == key) {
            // A value that may be left out is often null instead.
            Some(_) if value.kind == Kind::Null && !required.contains(key) => true,
            Some((_, schema)) => fits(*value, *schema, depth + 1),
            None => allows_further || has_other(schema),
        });
    }
    match (value.elements(), items) {
        (Some(elements), Some(items)) => elements.iter().all(|element| fits(*element, items, depth + 1)),
        _ => true,
    }
}

/// Whether a schema has parts that are not looked at, which may allow more.
fn has_other(schema: Json<'_>) -> bool {
    let others = schema.fields(["anyOf", "oneOf", "allOf", "$ref", "patternProperties", "nullable"]);
    others.is_some_and(|others| others.iter().any(Option::is_some))
}

/// Whether a value is of a type, or of one of a list of types. Types that are not those of JSON schema are not looked at.
fn is_of(value: Json<'_>, kind: Json<'_>) -> bool {
    if let Some(kinds) = kind.elements() {
        return kinds.into_iter().any(|kind| is_of(value, kind));
    }
    match kind.string().as_deref() {
        Some("object") => value.kind == Kind::Object,
        Some("array") => value.kind == Kind::Array,
        Some("string") => value.kind == Kind::String,
        Some("boolean") => matches!(value.text, "true" | "false"),
        Some("null") => value.text == "null",
        Some("number") => value.number().is_some(),
        Some("integer") => value.number().is_some_and(|number| number.fract() == 0.0),
        _ => true,
    }
}

/// Whether two values are equal: texts and numbers by what they say.
fn same(one: Json<'_>, other: Json<'_>) -> bool {
    let text = one.kind == Kind::String && one.string() == other.string();
    let number = one.number().is_some() && one.number() == other.number();
    text || number || one.text == other.text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_schemas_or_not() {
        let schema = r#"{"type":"object","properties":{"n":{"type":"integer"},"s":{"type":["string","null"],"enum":["a","b",null]},
            "l":{"type":"array","items":{"type":"number"}},"x":{"anyOf":[{"type":"string"}],"type":"object"},"o":{"type":"dict"}},
            "required":["n"]}"#;
        for (arguments, is_fit) in [
            (r#"{"n":1}"#, true),
            (r#"{"n":1.0,"s":"\u0061","l":[1,2.5],"x":"t","o":3}"#, true),
            (r#"{"n":1,"s":null,"l":null}"#, true),
            (r#"{"s":"a"}"#, false),
            (r#"{"n":null}"#, false),
            (r#"{"n":1.5}"#, false),
            (r#"{"n":"1"}"#, false),
            (r#"{"n":1,"s":"c"}"#, false),
            (r#"{"n":1,"l":["1"]}"#, false),
            (r#"{"n":1,"y":1}"#, false),
        ] {
            let value = Json::parse(arguments).unwrap();
            assert_eq!(fits(value, Json::parse(schema).unwrap(), 0), is_fit, "{arguments}");
            let open = schema.replacen("\"required\"", "\"additionalProperties\":{},\"required\"", 1);
            let is_open_fit = is_fit || arguments.contains("\"y\"");
            assert_eq!(fits(value, Json::parse(&open).unwrap(), 0), is_open_fit, "{arguments}");
        }
        let free = Json::parse(r#"{"type":"object","properties":{}}"#).unwrap();
        assert!(fits(Json::parse(r#"{"y":1}"#).unwrap(), free, 0));
    }
}
