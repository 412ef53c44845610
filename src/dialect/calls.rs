//! Calls of tools, as the dialects write them.

use std::borrow::Cow;

use super::dialogue::Call;
use crate::json::Json;

/// What a call must be.
pub(super) const CALL: &str = "a call of a tool, an object with a name";

/// The calls of an array of OpenAI's: each an object with a function, or with the name itself.
pub(super) fn of_list<'a>(list: Json<'a>) -> Result<Vec<Call<'a>>, String> {
    let elements = list.elements().ok_or_else(|| list.describe())?;
    elements.into_iter().map(|call| of_object(call).ok_or_else(|| call.describe())).collect()
}

/// A call: an object with `name` and `arguments`, perhaps within `function`.
pub(super) fn of_object<'a>(call: Json<'a>) -> Option<Call<'a>> {
    let [id, function] = call.fields(["id", "function"])?;
    let inner = function.filter(|function| function.kind == crate::json::Kind::Object).unwrap_or(call);
    let [name, arguments, parameters, input] = inner.fields(["name", "arguments", "parameters", "input"])?;
    Some(Call {
        id: id.and_then(Json::string),
        name: name?.string()?,
        arguments: arguments.or(parameters).or(input).map(json_text),
    })
}

/// The calls that a text holds as JSON: one, or a list.
pub(super) fn of_text<'a>(text: Cow<'a, str>) -> Option<Vec<Call<'a>>> {
    match text {
        Cow::Borrowed(text) => parse(text),
        Cow::Owned(text) => Some(parse(&text)?.into_iter().map(owned).collect()),
    }
}

fn parse(text: &str) -> Option<Vec<Call<'_>>> {
    let json = Json::parse(text)?;
    match json.elements() {
        Some(_) => of_list(json).ok().filter(|calls| !calls.is_empty()),
        None => Some(vec![of_object(json)?]),
    }
}

fn owned(call: Call<'_>) -> Call<'static> {
    let keep = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    Call { id: call.id.map(keep), name: keep(call.name), arguments: call.arguments.map(keep) }
}

/// JSON text: that of the value, or the text of a string, which holds JSON itself.
pub(super) fn json_text<'a>(value: Json<'a>) -> Cow<'a, str> {
    value.string().unwrap_or(Cow::Borrowed(value.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_the_same_json_text_whether_a_string_or_an_object() {
        let list = Json::parse(
            r#"[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\": 1}"}},{"name":"g","arguments":{"x": 1}}]"#,
        );
        let calls = of_list(list.unwrap()).unwrap();
        let shown: Vec<_> =
            calls.iter().map(|c| (c.id.as_deref(), c.name.as_ref(), c.arguments.as_deref())).collect();
        assert_eq!(shown, [(Some("a"), "f", Some("{\"x\": 1}")), (None, "g", Some("{\"x\": 1}"))]);
    }

    #[test]
    fn a_text_may_hold_one_call_or_several() {
        let count = |text: &str| of_text(Cow::Borrowed(text)).map(|calls| calls.len());
        assert_eq!(count(r#"{"name":"f","arguments":{}}"#), Some(1));
        assert_eq!(count(r#"[{"name":"f"},{"name":"g"}]"#), Some(2));
        assert_eq!(of_text(Cow::Owned(r#"{"name":"f"}"#.to_string())).unwrap()[0].name, "f");
        for bad in ["", "f()", "[]", "{}", r#"{"name":1}"#, r#"[{"name":"f"},3]"#] {
            assert_eq!(count(bad), None, "{bad}");
        }
    }
}
