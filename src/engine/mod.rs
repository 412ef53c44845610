//! Runs resolved plans on worker threads. This is the only place that creates threads.

mod barrier_sink;
mod batch_history;
pub mod collect;
pub(crate) mod inspect;
mod interrupt;
pub(crate) mod lint;
mod own_threads;
mod pass;
mod pass_stages;
pub mod publish;
mod queues;
mod ranges;
mod report;
mod resources;
pub(crate) mod result_errors;
mod run;
mod run_pass;
mod run_plan;
mod sources;
mod station;
mod stream;
mod task;
mod text_functions;
pub(crate) mod tokenize_columns;
mod unfinished_sink;

pub(crate) use interrupt::{Interrupted, interruptible};
pub(crate) use own_threads::is_of_a_run;
pub use pass::{FINDINGS, Pass, PassOptions, Stage, UNCOUNTED};
pub use resources::Resources;
pub use run_pass::run_pass;
pub(crate) use stream::Stream;
pub(crate) use text_functions::TextFunction;
