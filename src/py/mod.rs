//! The binding: the only place that names pyo3. Loose Python values are made precise at the door.

mod arrow;
mod constants;
mod errors;
mod format;
mod function;
mod gate;
mod load;
mod plan;
mod reader;
mod shards;
mod stdin;
mod tokenizer;

use mimalloc::MiMalloc;
use pyo3::prelude::*;

/// Arrow buffers are large and short-lived: the system's allocator gives each back to the kernel, and the next one is
/// zeroed page by page again.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The compiled module `fastprep._fastprep`.
#[pymodule(gil_used = false)]
fn _fastprep(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("DEBUG_BUILD", cfg!(debug_assertions))?;
    module.add("PLAN_VERSION", crate::plan::PLAN_VERSION)?;
    constants::add(module)?;
    module.add_class::<plan::PyPlan>()?;
    module.add_class::<format::PyPromptFormat>()?;
    module.add_class::<tokenizer::PyTokenizer>()?;
    module.add_class::<load::PyTokenRows>()?;
    module.add_class::<load::PyPermutation>()?;
    module.add_class::<shards::PyShards>()?;
    module.add_function(wrap_pyfunction!(shards::manifest, module)?)?;
    module.add_function(wrap_pyfunction!(plan::verify, module)?)?;
    module.add_function(wrap_pyfunction!(plan::findings, module)?)?;
    module.add_function(wrap_pyfunction!(plan::reasons, module)?)?;
    Ok(())
}
