//! A compiled template, and its rendering.

use std::sync::{Arc, OnceLock};

use minijinja::value::Value;
use minijinja::{Environment, UndefinedBehavior};

use super::blind::{self, Known};
use super::clock::Clock;
use super::failure::{Failure, of_engine};
use super::{filters, globals, methods, plus, predicates, print, source};

/// Steps that a render may take before it is stopped: far more than a chat template needs, done in a fraction of a second.
/// The engine counts one for each operation, and one for each 64 bytes that it writes or copies.
const FUEL: u64 = 4_000_000;

/// Further steps for each byte of the values.
const FUEL_PER_BYTE: u64 = 8;

/// How deeply macros, loops and scopes may nest.
const RECURSION: usize = 400;

const NAME: &str = "template";

/// A compiled template.
#[derive(Debug)]
pub struct Template {
    environment: Environment<'static>,
    constants: Vec<String>,
    sought: Vec<String>,
    now: Option<Clock>,
    /// The source with checks, made when it is first needed.
    checked: OnceLock<Option<String>>,
}

impl Template {
    /// Compiles a template. `now` is the time that `strftime_now` reads.
    ///
    /// # Errors
    /// [`Failure::Syntax`].
    pub fn new(text: &str, now: Option<Clock>) -> Result<Self, Failure> {
        Template::compile(source::prepare(text), now)
    }

    /// Compiles a template whose `{% generation %}` blocks print [`source::MARKS`] at their start and their end.
    ///
    /// # Errors
    /// [`Failure::Syntax`].
    pub fn with_marks(text: &str, now: Option<Clock>) -> Result<Self, Failure> {
        Template::compile(source::prepare_marked(text), now)
    }

    fn compile(prepared: source::Source, now: Option<Clock>) -> Result<Self, Failure> {
        let mut environment = environment(now)?;
        environment.add_template_owned(NAME, prepared.text).map_err(|e| of_engine(&e))?;
        let (constants, sought) = (prepared.constants, prepared.sought);
        Ok(Template { environment, constants, sought, now, checked: OnceLock::new() })
    }

    /// The template that renders without looking into texts, of which this is known; none if it cannot be made.
    pub(crate) fn blind(&self, known: Known) -> Option<Self> {
        let checked = self.checked.get_or_init(|| {
            let template = self.environment.get_template(NAME).ok()?;
            blind::source(template.source(), self.environment.syntax())
        });
        let mut environment = environment(self.now).ok()?;
        blind::add(&mut environment, Arc::new(known));
        environment.add_template_owned(NAME, checked.clone()?).ok()?;
        let (constants, sought) = (Vec::new(), Vec::new());
        Some(Template { environment, constants, sought, now: self.now, checked: OnceLock::from(None) })
    }

    /// The texts in the template's expressions, the longest first.
    pub fn constants(&self) -> &[String] {
        &self.constants
    }

    /// Those texts that the template may look for in texts of the data.
    pub fn sought(&self) -> &[String] {
        &self.sought
    }

    /// Renders the template with these variables; `bytes` is about their size.
    ///
    /// # Errors
    /// Every [`Failure`].
    pub(crate) fn render(&self, variables: Value, bytes: usize) -> Result<String, Failure> {
        let mut environment = self.environment.clone();
        environment.set_fuel(Some(FUEL + FUEL_PER_BYTE * bytes as u64));
        let template = environment.get_template(NAME).map_err(|e| of_engine(&e))?;
        template.render(variables).map_err(|e| of_engine(&e))
    }
}

/// What a template finds.
fn environment(now: Option<Clock>) -> Result<Environment<'static>, Failure> {
    let mut environment = Environment::empty();
    let mut syntax = environment.syntax().to_builder();
    // The source has lost the line end that Jinja removes.
    let syntax = syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax.map_err(|e| of_engine(&e))?);
    environment.set_undefined_behavior(UndefinedBehavior::Lenient);
    environment.set_recursion_limit(RECURSION);
    environment.set_formatter(print::formatter);
    environment.set_unknown_method_callback(methods::call);
    filters::add(&mut environment);
    predicates::add(&mut environment);
    globals::add(&mut environment, now);
    plus::add(&mut environment);
    Ok(environment)
}
