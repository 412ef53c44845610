//! Methods of `str`.

use minijinja::formatting::FormatStyle;
use minijinja::value::Value;
use minijinja::{Error, ErrorKind, State};

use crate::template::arguments::{bind, integer, optional_text, text};
use crate::template::failure::{failed, unsupported};
use crate::template::format::format;
use crate::template::python;

pub(super) fn call(state: &mut State, this: &str, name: &str, args: &[Value]) -> Result<Value, Error> {
    Ok(match name {
        "strip" | "lstrip" | "rstrip" => {
            let [characters] = bind(name, ["chars"], args)?;
            let characters = optional_text(name, characters.as_ref())?;
            Value::from(match name {
                "strip" => python::strip(this, characters),
                "lstrip" => python::strip_start(this, characters),
                _ => python::strip_end(this, characters),
            })
        }
        "split" | "rsplit" => {
            let [separator, most] = bind(name, ["sep", "maxsplit"], args)?;
            let separator = optional_text(name, separator.as_ref())?;
            let most = most.map_or(Ok(-1), |most| integer("maxsplit", &most))?;
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            let parts = if name == "split" {
                split(this, separator, most)?
            } else {
                split_end(this, separator, most)?
            };
            Value::from_iter(parts.into_iter().map(Value::from))
        }
        "startswith" | "endswith" => {
            let [affix] = bind(name, ["affix"], args)?;
            let affix = affix.ok_or_else(|| failed(format!("{name} takes a text")))?;
            let holds = |affix: &str| {
                if name == "startswith" { this.starts_with(affix) } else { this.ends_with(affix) }
            };
            Value::from(match affix.as_str() {
                Some(affix) => holds(affix),
                None if affix.is_tuple() => {
                    let mut any = false;
                    for affix in affix.try_iter()? {
                        any |= holds(text(name, &affix)?);
                    }
                    any
                }
                None => return Err(failed(format!("{name} takes a text, not {}", affix.kind()))),
            })
        }
        "replace" => {
            let [old, new, count] = bind(name, ["old", "new", "count"], args)?;
            let (Some(old), Some(new)) = (old, new) else { return Err(failed("replace takes two texts")) };
            let count = count.map_or(Ok(-1), |count| integer("count", &count))?;
            replace(state, this, text(name, &old)?, text(name, &new)?, count)?
        }
        "removeprefix" | "removesuffix" => {
            let [affix] = bind(name, ["affix"], args)?;
            let affix = affix.ok_or_else(|| failed(format!("{name} takes a text")))?;
            let affix = text(name, &affix)?;
            let rest =
                if name == "removeprefix" { this.strip_prefix(affix) } else { this.strip_suffix(affix) };
            Value::from(rest.unwrap_or(this))
        }
        "find" | "rfind" | "index" => {
            let [part] = bind(name, ["sub"], args)?;
            let part = part.ok_or_else(|| failed(format!("{name} takes a text")))?;
            let part = text(name, &part)?;
            let at = if name == "rfind" { this.rfind(part) } else { this.find(part) };
            match at {
                Some(at) => Value::from(this[..at].chars().count()),
                None if name == "index" => return Err(failed("the text is not in the text")),
                None => Value::from(-1),
            }
        }
        "count" => {
            let [part] = bind(name, ["sub"], args)?;
            let part = part.ok_or_else(|| failed("count takes a text"))?;
            Value::from(this.matches(text(name, &part)?).count())
        }
        "join" => {
            let [items] = bind(name, ["iterable"], args)?;
            let items = items.ok_or_else(|| failed("join takes texts"))?;
            let mut joined = String::new();
            for (i, item) in items.try_iter()?.enumerate() {
                if i > 0 {
                    state.consume_fuel(1 + this.len() as u64 / 64)?;
                    joined.push_str(this);
                }
                joined.push_str(text(name, &item)?);
            }
            Value::from(joined)
        }
        "format" => Value::from(format(FormatStyle::StrFormat, this, args)?),
        _ => {
            let [] = bind(name, [], args)?;
            plain(this, name)?
        }
    })
}

/// The methods without arguments.
fn plain(this: &str, name: &str) -> Result<Value, Error> {
    let all = |holds: fn(char) -> bool| Value::from(!this.is_empty() && this.chars().all(holds));
    Ok(match name {
        "lower" => Value::from(this.to_lowercase()),
        "upper" => Value::from(this.to_uppercase()),
        "capitalize" => Value::from(capitalize(this)),
        "title" => Value::from(title(this)),
        "splitlines" => Value::from_iter(python::split_lines(this, false).into_iter().map(Value::from)),
        "isspace" => all(python::is_space),
        "isalpha" => all(char::is_alphabetic),
        "isascii" => Value::from(this.is_ascii()),
        "islower" => {
            Value::from(this.chars().any(char::is_lowercase) && !this.chars().any(char::is_uppercase))
        }
        "isupper" => {
            Value::from(this.chars().any(char::is_uppercase) && !this.chars().any(char::is_lowercase))
        }
        "isdigit" | "isnumeric" | "isdecimal" | "isalnum" if !this.is_ascii() => {
            return Err(unsupported(format!("`.{name}()` of text beyond ASCII")));
        }
        "isdigit" | "isnumeric" | "isdecimal" => all(|c| c.is_ascii_digit()),
        "isalnum" => all(|c| c.is_ascii_alphanumeric()),
        "encode" | "casefold" | "center" | "expandtabs" | "ljust" | "partition" | "rjust" | "rpartition"
        | "swapcase" | "translate" | "zfill" | "format_map" | "isidentifier" | "isprintable" | "istitle"
        | "rindex" | "maketrans" => {
            return Err(unsupported(format!("the method `.{name}()` of text")));
        }
        _ => return Err(Error::from(ErrorKind::UnknownMethod)),
    })
}

/// At most `most` cuts, from the start.
fn split<'a>(this: &'a str, separator: Option<&str>, most: usize) -> Result<Vec<&'a str>, Error> {
    let Some(separator) = separator else {
        let mut parts = Vec::new();
        let mut rest = python::strip_start(this, None);
        while !rest.is_empty() {
            match rest.find(python::is_space) {
                Some(end) if parts.len() < most => {
                    parts.push(&rest[..end]);
                    rest = python::strip_start(&rest[end..], None);
                }
                _ => {
                    // Python keeps white space at the end after the last allowed cut.
                    parts.push(if parts.len() < most { python::strip_end(rest, None) } else { rest });
                    break;
                }
            }
        }
        return Ok(parts);
    };
    if separator.is_empty() {
        return Err(failed("the separator of split is empty"));
    }
    Ok(this.splitn(most.saturating_add(1), separator).collect())
}

/// At most `most` cuts, from the end.
fn split_end<'a>(this: &'a str, separator: Option<&str>, most: usize) -> Result<Vec<&'a str>, Error> {
    let Some(separator) = separator else {
        if most == usize::MAX {
            return split(this, None, most);
        }
        return Err(unsupported("`.rsplit()` at white space with a limit"));
    };
    if separator.is_empty() {
        return Err(failed("the separator of rsplit is empty"));
    }
    let mut parts: Vec<&str> = this.rsplitn(most.saturating_add(1), separator).collect();
    parts.reverse();
    Ok(parts)
}

/// Replaces the first `count` occurrences; all if it is negative.
pub(in crate::template) fn replace(
    state: &mut State,
    this: &str,
    old: &str,
    new: &str,
    count: i64,
) -> Result<Value, Error> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let matches = if old.is_empty() { this.len() + 1 } else { this.len() / old.len() };
    state.consume_fuel((matches.min(count) as u64).saturating_mul(new.len() as u64) / 64)?;
    Ok(Value::from(if count == usize::MAX { this.replace(old, new) } else { this.replacen(old, new, count) }))
}

/// The first character in upper case, all others in lower case.
pub(in crate::template) fn capitalize(this: &str) -> String {
    let mut characters = this.chars();
    let Some(first) = characters.next() else { return String::new() };
    let mut out = String::with_capacity(this.len());
    title_case(first, &mut out);
    out.push_str(&characters.as_str().to_lowercase());
    out
}

/// `str.title`: the first of each run of letters in upper case.
fn title(this: &str) -> String {
    let mut out = String::with_capacity(this.len());
    let mut inside = false;
    for c in this.chars() {
        if inside {
            out.extend(c.to_lowercase());
        } else {
            title_case(c, &mut out);
        }
        inside = c.is_lowercase() || c.is_uppercase();
    }
    out
}

/// Upper case of a first letter: of several characters only the first is a capital (`ß` gives `Ss`).
fn title_case(c: char, out: &mut String) {
    let mut upper = c.to_uppercase();
    out.extend(upper.next());
    out.extend(upper.flat_map(char::to_lowercase));
}
