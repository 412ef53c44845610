//! What fuzzing has found worth keeping, once more.

use std::fs;
use std::path::Path;

#[path = "../../fuzz/checks/prepared.rs"]
mod prepared;

#[test]
fn manifests_and_shards_of_the_corpus_are_read_or_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/prepared");
    let mut files = 0;
    for entry in fs::read_dir(corpus).unwrap() {
        prepared::check(&fs::read(entry.unwrap().path()).unwrap());
        files += 1;
    }
    assert!(files > 700, "{files}");
}
