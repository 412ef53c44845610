//! Writes rows: shards and sidecars in a hidden folder, which is then published as a whole.

mod arrow;
mod checksummed_file;
pub mod collect;
mod cut;
mod format;
mod json_losses;
mod jsonl;
mod layout;
mod layout_stage;
mod lock;
mod options;
mod parquet;
pub mod publish;
mod ready_batch;
mod record_batches;
mod report_files;
mod shard;
mod sidecar;
mod sink;
mod stream;
#[cfg(test)]
mod tests;

pub(crate) use collect::Collect;
pub use format::Format;
pub(crate) use json_losses::JsonLossesStage;
pub use jsonl::Compression;
pub(crate) use layout_stage::LayoutStage;
pub(crate) use options::SinkOptions;
pub use report_files::{MakeReport, ReportFiles};
pub(crate) use sink::ShardSink;
pub(crate) use stream::{BatchSender, StreamedBatch};
