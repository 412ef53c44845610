//! `+`: marked text escapes what it is joined to, and lists have a limited length.
//!
//! The engine joins lists without a copy and without counting steps, so that a list that is doubled a few times would
//! fill the memory.

use minijinja::value::{Rest, Value};
use minijinja::{Environment, Error, State};

use super::failure::{Failure, carry, failed};
use super::joins::PLUS;
use super::markup::escape;

/// Lists are not joined to longer ones.
const ITEMS: usize = 4_000_000;

pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_function(PLUS, sum);
}

/// The sum of all operands.
pub(super) fn sum(state: &mut State, operands: Rest<Value>) -> Result<Value, Error> {
    let mut operands = operands.0.into_iter();
    let first = operands.next().unwrap_or_default();
    operands.try_fold(first, |sum, operand| plus(state, sum, operand))
}

fn plus(state: &mut State, a: Value, b: Value) -> Result<Value, Error> {
    let marked = a.is_safe() || b.is_safe();
    let (Some(x), Some(y)) = (a.as_str(), b.as_str()) else {
        if marked {
            return Err(failed(format!("tried to use + of {} and {}", a.kind(), b.kind())));
        }
        let items = a.len().unwrap_or(0).saturating_add(b.len().unwrap_or(0));
        if items > ITEMS {
            return Err(carry(Failure::Limit(format!("a list has more than {ITEMS} items"))));
        }
        // The engine copies the items once in 32 times.
        state.consume_fuel(1 + items as u64 / 32)?;
        return state.env().compile_expression("a + b")?.eval(Value::from_pairs([("a", a), ("b", b)]));
    };
    state.consume_fuel(1 + (x.len() + y.len()) as u64 / 64)?;
    if !marked {
        return Ok(Value::from(format!("{x}{y}")));
    }
    let escaped = |value: &Value, text: &str| if value.is_safe() { text.to_string() } else { escape(text) };
    Ok(Value::from_safe_string(escaped(&a, x) + &escaped(&b, y)))
}
