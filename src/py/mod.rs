//! The binding: the only place that names pyo3. Loose Python values are made precise at the door.

mod arrow;
mod errors;
mod format;
mod function;
mod gate;
mod plan;
mod reader;
mod tokenizer;

use pyo3::prelude::*;

/// The compiled module `fastprep._fastprep`.
#[pymodule(gil_used = false)]
fn _fastprep(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("DEBUG_BUILD", cfg!(debug_assertions))?;
    module.add_class::<plan::PyPlan>()?;
    module.add_class::<format::PyPromptFormat>()?;
    module.add_class::<tokenizer::PyTokenizer>()?;
    module.add_function(wrap_pyfunction!(plan::verify, module)?)?;
    module.add_function(wrap_pyfunction!(plan::reasons, module)?)?;
    Ok(())
}
