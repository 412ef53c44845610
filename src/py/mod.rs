//! The Python binding, the only place that uses pyo3. It converts Python values to types of the core.

mod allocator;
mod arrow;
mod chat;
mod constants;
mod errors;
mod format;
mod function;
mod gate;
mod inspect_options;
mod lint;
mod load;
mod plan;
mod reader;
mod report;
mod rows;
mod shards;
mod stdin;
mod text_function;
mod tokenizer;
mod writer;

use pyo3::prelude::*;

/// The compiled module `fastprep._fastprep`.
#[pymodule(gil_used = false)]
fn _fastprep(module: &Bound<'_, PyModule>) -> PyResult<()> {
    allocator::offer_free_memory();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("DEBUG_BUILD", cfg!(debug_assertions))?;
    module.add("PLAN_VERSION", crate::plan::PLAN_VERSION)?;
    constants::add(module)?;
    module.add_class::<plan::PyPlan>()?;
    module.add_class::<format::PyPromptFormat>()?;
    module.add_class::<chat::PyChatFormat>()?;
    module.add_class::<tokenizer::PyTokenizer>()?;
    module.add_class::<load::PyTokenRows>()?;
    module.add_class::<load::PyPermutation>()?;
    module.add_class::<shards::PyShards>()?;
    module.add_class::<rows::PyRows>()?;
    module.add_class::<text_function::PyTextFunction>()?;
    module.add_function(wrap_pyfunction!(shards::manifest, module)?)?;
    module.add_function(wrap_pyfunction!(plan::verify, module)?)?;
    module.add_function(wrap_pyfunction!(plan::findings, module)?)?;
    module.add_function(wrap_pyfunction!(plan::inspect_findings, module)?)?;
    module.add_function(wrap_pyfunction!(plan::reasons, module)?)?;
    module.add_function(wrap_pyfunction!(lint::lint, module)?)?;
    module.add_function(wrap_pyfunction!(lint::lint_targets, module)?)?;
    Ok(())
}
