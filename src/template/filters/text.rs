//! Filters of text.

use minijinja::formatting::FormatStyle;
use minijinja::value::{Rest, Value, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, State};

use crate::template::arguments::{bind, integer, optional_text, text as as_text};
use crate::template::failure::{failed, unsupported};
use crate::template::format::format;
use crate::template::markup::like;
use crate::template::methods::string;
use crate::template::print;
use crate::template::python;

type Args = Rest<ValueOrKwargs>;

pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_filter("trim", trim);
    environment.add_filter("string", |value: Value| Ok::<_, Error>(like(&value, print::text(&value)?)));
    environment
        .add_filter("safe", |value: Value| Ok::<_, Error>(Value::from_safe_string(print::text(&value)?)));
    environment.add_filter("upper", |value: Value| {
        Ok::<_, Error>(like(&value, print::text(&value)?.to_uppercase()))
    });
    environment.add_filter("lower", |value: Value| {
        Ok::<_, Error>(like(&value, print::text(&value)?.to_lowercase()))
    });
    environment.add_filter("capitalize", |value: Value| {
        Ok::<_, Error>(like(&value, string::capitalize(&print::text(&value)?)))
    });
    environment.add_filter("title", |value: Value| Ok::<_, Error>(title(&print::text(&value)?)));
    environment.add_filter("replace", replace);
    environment.add_filter("indent", indent);
    environment.add_filter("format", |value: Value, args: Args| {
        if value.is_safe() {
            return Err(unsupported("the filter `format` of text of the filter `safe`"));
        }
        format(FormatStyle::Printf, &print::text(&value)?, &args.into_values())
    });
    environment.add_filter("int", int);
    environment.add_filter("float", float);
    environment.add_filter("abs", |value: Value| match i64::try_from(value.clone()) {
        Ok(number) if value.is_integer() => Ok(Value::from(number.unsigned_abs())),
        _ => f64::try_from(value)
            .map(|number| Value::from(number.abs()))
            .map_err(|_| failed("abs takes a number")),
    });
    environment.add_filter("round", round);
}

fn trim(value: Value, args: Args) -> Result<Value, Error> {
    let [characters] = bind("trim", ["chars"], &args.into_values())?;
    let characters = optional_text("trim", characters.as_ref())?;
    let text = print::text(&value)?;
    Ok(like(&value, python::strip(&text, characters).to_string()))
}

/// Jinja's own `title`: capitals after white space, `-`, and opening brackets.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut first = true;
    for c in text.chars() {
        if first {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        first = python::is_space(c) || matches!(c, '-' | '(' | '{' | '[' | '<');
    }
    out
}

fn replace(state: &mut State, value: Value, args: Args) -> Result<Value, Error> {
    let [old, new, count] = bind("replace", ["old", "new", "count"], &args.into_values())?;
    let (Some(old), Some(new)) = (old, new) else { return Err(failed("replace takes two texts")) };
    let count = count.filter(|count| !count.is_none()).map_or(Ok(-1), |count| integer("count", &count))?;
    string::replace(state, &print::text(&value)?, &print::text(&old)?, &print::text(&new)?, count)
}

fn indent(value: Value, args: Args) -> Result<Value, Error> {
    let [width, first, blank] = bind("indent", ["width", "first", "blank"], &args.into_values())?;
    let width = width.unwrap_or_else(|| Value::from(4));
    let indention = match width.as_str() {
        Some(text) => text.to_string(),
        None => " ".repeat(usize::try_from(integer("indent", &width)?.clamp(0, 1000)).unwrap_or(0)),
    };
    let blank = blank.is_some_and(|on| on.is_true());
    let text = format!("{}\n", as_text("indent", &value)?);
    let lines = python::split_lines(&text, false);
    let mut out = String::new();
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        if (i > 0 && (blank || !line.is_empty())) || (i == 0 && first.as_ref().is_some_and(Value::is_true)) {
            out.push_str(&indention);
        }
        out.push_str(line);
    }
    Ok(like(&value, out))
}

fn int(value: Value, args: Args) -> Result<Value, Error> {
    let [default, base] = bind("int", ["default", "base"], &args.into_values())?;
    if base.is_some() {
        return Err(unsupported("the filter `int` with a base"));
    }
    let default = default.unwrap_or_else(|| Value::from(0));
    let whole =
        |float: f64| if float.is_finite() && float.abs() < 9e18 { Some(float.trunc() as i64) } else { None };
    Ok(match value.kind() {
        ValueKind::Bool => Value::from(i64::from(value.is_true())),
        ValueKind::Number if value.is_integer() => value,
        ValueKind::Number => f64::try_from(value).ok().and_then(whole).map_or(default, Value::from),
        ValueKind::String => {
            let text = python::strip(value.as_str().unwrap_or_default(), None);
            if text.contains('_') {
                return Err(unsupported("the filter `int` of text with `_`"));
            }
            let parsed = text.parse::<i64>().ok();
            parsed.or_else(|| text.parse::<f64>().ok().and_then(whole)).map_or(default, Value::from)
        }
        _ => default,
    })
}

fn float(value: Value, args: Args) -> Result<Value, Error> {
    let [default] = bind("float", ["default"], &args.into_values())?;
    let parsed = match value.kind() {
        ValueKind::Bool => Some(if value.is_true() { 1.0 } else { 0.0 }),
        ValueKind::Number => f64::try_from(value).ok(),
        ValueKind::String => python::strip(value.as_str().unwrap_or_default(), None).parse().ok(),
        _ => None,
    };
    Ok(parsed.map_or_else(|| default.unwrap_or_else(|| Value::from(0.0)), Value::from))
}

/// Only to whole numbers, halves to the even one: further digits need Python's decimal arithmetic.
fn round(value: Value, args: Args) -> Result<Value, Error> {
    let [precision, method] = bind("round", ["precision", "method"], &args.into_values())?;
    let precision = precision.map_or(Ok(0), |precision| integer("precision", &precision))?;
    let number = f64::try_from(value).map_err(|_| failed("round takes a number"))?;
    let rounded = match method.as_ref().map_or(Some("common"), |method| method.as_str()) {
        Some("common") => number.round_ties_even(),
        Some("ceil") => number.ceil(),
        Some("floor") => number.floor(),
        _ => return Err(failed("round knows `common`, `ceil` and `floor`")),
    };
    if precision != 0 {
        return Err(unsupported("the filter `round` with a precision"));
    }
    Ok(Value::from(rounded))
}
