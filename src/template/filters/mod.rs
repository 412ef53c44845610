//! The filters of Jinja that chat templates use. A filter that is missing here is an error by name.

mod attribute;
mod select;
mod sequence;
mod sort;
mod text;

pub(super) use attribute::attribute;

use minijinja::Environment;

use super::to_json::to_json;

pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_filter("tojson", |value: minijinja::Value, args: minijinja::value::Rest<_>| {
        to_json(&value, &args.into_values())
    });
    text::add(environment);
    sequence::add(environment);
    select::add(environment);
    sort::add(environment);
}
