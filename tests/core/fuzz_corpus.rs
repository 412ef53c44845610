//! Runs the checks of the fuzz targets on the kept inputs in `fuzz/corpus`.

use std::fs;
use std::path::{Path, PathBuf};

use fastprep::plan::Step;
use serde_json::Value;

#[path = "../../fuzz/checks/chat.rs"]
mod chat;
#[path = "../../fuzz/checks/csv.rs"]
mod csv;
#[path = "../../fuzz/checks/dialect.rs"]
mod dialect;
#[path = "../../fuzz/checks/ids.rs"]
mod ids;
#[path = "../../fuzz/checks/ipc.rs"]
mod ipc;
#[path = "../../fuzz/checks/json.rs"]
mod json;
#[path = "../../fuzz/checks/lint.rs"]
mod lint;
#[path = "../../fuzz/checks/plan.rs"]
mod plan;
#[path = "../../fuzz/checks/prepared.rs"]
mod prepared;
#[path = "../../fuzz/checks/rows.rs"]
mod rows;

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target)
}

/// Checks each file of a target's corpus; returns how many there are.
fn replay(target: &str, check: fn(&[u8])) -> usize {
    let files = fs::read_dir(corpus(target)).unwrap();
    files.map(|file| check(&fs::read(file.unwrap().path()).unwrap())).count()
}

#[test]
fn ids_of_unusual_texts_equal_those_of_the_crate() {
    // There is no corpus for this target; the corpus for JSON has unusual texts.
    let files = replay("json", ids::check);
    assert!(files > 150, "{files}");
}

#[test]
fn json_lines_of_the_corpus_are_what_serde_json_reads() {
    let files = replay("json", json::check);
    assert!(files > 150, "{files}");
}

#[test]
fn json_arrays_of_the_corpus_are_what_serde_json_reads() {
    let files = replay("json_array", json::check_array) + replay("json", json::check_array);
    assert!(files > 150, "{files}");
}

#[test]
fn chat_templates_of_the_corpus_render_or_refuse_messages() {
    let files = replay("chat", chat::check);
    assert!(files > 20, "{files}");
}

#[test]
fn rows_of_the_corpora_are_read_or_refused_by_each_dialect() {
    let files = replay("dialect", dialect::check);
    assert!(files > 20, "{files}");
    replay("json", dialect::check);
}

#[test]
fn lines_of_the_corpora_are_looked_at_and_rows_are_written_as_they_are() {
    let files = replay("lint", lint::check);
    assert!(files > 4, "{files}");
    replay("dialect", lint::check);
    replay("json", lint::check);
}

#[test]
fn arrow_files_of_the_corpus_are_read_or_refused() {
    let files = replay("ipc", ipc::check);
    assert!(files > 35, "{files}");
}

#[test]
fn csv_of_the_corpus_is_what_a_reader_of_single_bytes_finds() {
    let files = replay("csv", csv::check);
    assert!(files > 40, "{files}");
}

#[test]
fn manifests_and_shards_of_the_corpus_are_read_or_refused() {
    let files = replay("prepared", prepared::check);
    assert!(files > 700, "{files}");
}

#[test]
fn plans_of_the_corpus_are_read_or_refused() {
    let files = replay("plan", plan::check);
    assert!(files > 400, "{files}");
}

#[test]
fn the_corpus_of_plans_has_a_file_for_each_verb_that_is_read() {
    for verb in Step::NAMES {
        let text = fs::read(corpus("plan").join(format!("{verb}.json"))).unwrap();
        let steps: Vec<Value> = serde_json::from_slice(&text).unwrap();
        let last = steps.into_iter().map(|step| Step::from_json(step).unwrap().name()).next_back();
        assert_eq!(last, Some(*verb));
    }
}
