//! Reading where any one call fails: the result is an error with a code and a path, or the whole answer.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use fastprep::artifact::{self, Keys, Manifest, Shard};
use fastprep::cancel::Cancel;
use fastprep::dedup::Normalize;
use fastprep::engine::publish::sink;
use fastprep::error::{Error, Result};
use fastprep::plan::verbs::Dedup;
use fastprep::plan::{Plan, SourceSpec, Step, resolve};
use fastprep::read::jsonl::format::JsonLines;
use fastprep::read::parquet::format::Parquet;
use fastprep::read::{ColumnKind, Limits, ReadColumn};
use fastprep::store::{Faults, Files};
use fastprep::tokenizer::LoadedTokenizer;

use crate::support::{ONE_THREAD, chain, inputs, lines, run, scan, target, tree};

/// An error of the operating system, and one of another store.
const KINDS: [ErrorKind; 2] = [ErrorKind::PermissionDenied, ErrorKind::Other];

/// Runs `work` with each of its reading calls failing in turn; returns the number of calls.
fn fail_each_call<T: PartialEq + Debug>(what: &str, work: &dyn Fn(&Files) -> Result<T>) -> u64 {
    let whole = work(&Files::local()).unwrap();
    // A short read is not the end of a file.
    for bytes in [1, 7, 1000] {
        assert!(work(&Faults::short_reads(bytes).files()).unwrap() == whole, "{what}: {bytes} bytes a read");
    }
    let mut calls = 0;
    for kind in KINDS {
        let mut errors = 0;
        for k in 0.. {
            let faults = Faults::unreadable_at(k, kind);
            let done = work(&faults.files());
            if faults.calls() <= k {
                assert!(done.unwrap() == whole, "{what}");
                calls = k;
                break;
            }
            match done {
                Ok(answer) => assert!(answer == whole, "{what}: the error of call {k} was ignored"),
                Err(e) => {
                    errors += 1;
                    check_error(&e, &format!("{what}, call {k}"));
                }
            }
        }
        assert!(errors > 0, "{what}");
    }
    calls
}

fn check_error(e: &Error, what: &str) {
    const CODES: [&str; 8] = [
        "cannot_read",
        "cannot_write",
        "read_only",
        "missing_shard",
        "damaged_shard",
        "bad_keys",
        "not_ours",
        "tokenizer_unreadable",
    ];
    assert!(CODES.contains(&e.code()) && e.get_path().is_some(), "{what}: {} {e}", e.code());
}

/// All rows of a source, the number of rejects, and the inputs that were read.
fn rows(spec: &SourceSpec, store: &Files) -> Result<(RecordBatch, usize, Vec<(String, u64)>)> {
    let cancel = Cancel::default();
    let found = spec.resolve(store, &cancel)?;
    let column = |c: &fastprep::plan::source::SourceColumn| ReadColumn::new(c.name.clone(), ColumnKind::Json);
    let columns: Vec<ReadColumn> = found.columns.iter().map(column).collect();
    let limits = Limits { batch_rows: 7, batch_bytes: 600, ..Limits::default() };
    let mut opened = found.open(&columns, limits, true, &cancel)?;
    let (mut batches, mut rejects) = (Vec::new(), 0);
    while let Some(chunk) = opened.scan.next()? {
        let batch = chunk.decode(&mut Default::default())?;
        rejects += batch.rejects.len();
        batches.push(batch.records);
    }
    let read = opened.inputs.list(&cancel)?.into_iter().map(|input| (input.name, input.bytes));
    Ok((concat_batches(&batches[0].schema(), &batches).unwrap(), rejects, read.collect()))
}

fn write_gzip(path: &Path, text: &str) {
    let mut file = flate2::write::GzEncoder::new(File::create(path).unwrap(), flate2::Compression::fast());
    file.write_all(text.as_bytes()).unwrap();
    file.finish().unwrap();
}

fn write_parquet(path: &Path, count: usize) {
    let text: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..count).map(|i| format!("{i} {}", "x".repeat(i)))));
    let records = RecordBatch::try_from_iter([("text", text)]).unwrap();
    let properties =
        parquet::file::properties::WriterProperties::builder().set_max_row_group_row_count(Some(10)).build();
    let file = File::create(path).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, records.schema(), Some(properties)).unwrap();
    writer.write(&records).unwrap();
    writer.close().unwrap();
}

fn jsonl(inputs: Vec<PathBuf>) -> SourceSpec {
    SourceSpec::Files { format: Arc::new(JsonLines { max_line_bytes: 1 << 20 }), inputs }
}

#[test]
fn a_scan_returns_all_rows_or_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("raw");
    fs::create_dir_all(folder.join("inner")).unwrap();
    fs::write(folder.join("a.jsonl"), lines(0, 40)).unwrap();
    write_gzip(&folder.join("inner/b.jsonl.gz"), &lines(40, 60));
    fs::write(folder.join("inner/c.json.zst"), zstd::encode_all(lines(60, 80).as_bytes(), 1).unwrap())
        .unwrap();
    fs::write(folder.join("notes.rejects.jsonl"), "{\"code\":\"bad_json\"}\n").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("a.jsonl", folder.join("link.jsonl")).unwrap();
    let calls = fail_each_call("a folder", &|store| rows(&jsonl(vec![folder.clone()]), store));
    assert!(calls > 40, "{calls}");
    let globs = ["raw/*", "raw/**/*.gz", "raw/*/c.json.zst"].map(|glob| dir.path().join(glob));
    fail_each_call("globs", &|store| rows(&jsonl(globs.to_vec()), store));

    for (name, count) in [("x.parquet", 35), ("y.parquet", 5)] {
        write_parquet(&dir.path().join(name), count);
    }
    let spec = SourceSpec::Files { format: Arc::new(Parquet {}), inputs: vec![dir.path().to_path_buf()] };
    let calls = fail_each_call("Parquet", &|store| rows(&spec, store));
    assert!(calls > 20, "{calls}");
}

#[test]
fn a_published_folder_is_read_completely_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let raw = inputs(dir.path(), 60);
    let out = dir.path().join("all/out");
    fs::create_dir(dir.path().join("all")).unwrap();
    run(&chain(scan(raw)), &out, ONE_THREAD, Files::local()).unwrap();
    fail_each_call("a published folder", &|store| rows(&jsonl(vec![out.clone()]), store));
    fail_each_call("a folder of a published folder", &|store| {
        rows(&jsonl(vec![dir.path().join("all")]), store)
    });
    let all = vec![dir.path().join("all/*/data/*/*.jsonl*")];
    fail_each_call("its files by a glob", &|store| rows(&jsonl(all.clone()), store));
    fail_each_call("its keys", &|store| {
        Keys::open(store, &out, &Cancel::default())?.collect::<Result<Vec<_>>>()
    });
    fail_each_call("loading", &|store| load(store, &out));
    let calls = fail_each_call("verifying", &|store| {
        let report = artifact::verify(store, &out, &Cancel::default())?;
        match report.problems.first() {
            None => Ok(report),
            // A file that could not be read is a problem in the report.
            Some(problem) => {
                assert!(problem.what.contains("cannot be read"), "{problem:?}");
                Err(Error::new(fastprep::error::Class::Source, "cannot_read", "").path(&problem.file))
            }
        }
    });
    assert!(calls > 30, "{calls}");
}

fn load(store: &Files, out: &Path) -> Result<Vec<RecordBatch>> {
    let text = artifact::open_complete(store, out)?;
    let manifest: Manifest = artifact::open::parse(text.as_bytes(), out)?;
    let mut batches = Vec::new();
    for shard in manifest.shards.iter().filter(|shard| shard.format == "arrow") {
        let path = out.join(&manifest.data).join(&shard.name);
        batches.extend(Shard::map(store, &path, shard, &manifest.schema)?.batches);
    }
    Ok(batches)
}

#[test]
fn a_publish_reads_all_inputs_or_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (older, out) = (dir.path().join("older"), dir.path().join("out"));
    run(&chain(scan(inputs(dir.path(), 30))), &older, ONE_THREAD, Files::local()).unwrap();
    let plan = chain(scan(inputs(dir.path(), 60)));
    run(&plan, &out, ONE_THREAD, Files::local()).unwrap();
    let before = tree(&out);
    let against = against(&plan, &older);
    let whole = dir.path().join("whole");
    run(&against, &whole, ONE_THREAD, Files::local()).unwrap();
    let whole = tree(&whole);
    let mut errors = 0;
    for k in 0.. {
        let out = dir.path().join("again");
        crate::support::write_tree(&out, &before);
        let faults = Faults::unreadable_at(k, ErrorKind::Other);
        let store = faults.files();
        let resolved = resolve(&against, &store, &Cancel::default());
        let target = target(&out);
        let done = resolved.and_then(|plan| {
            sink(&plan, &target, ONE_THREAD, store, &Cancel::default(), &mut || false).map(|_| ())
        });
        let left = tree(&out);
        match done {
            Ok(()) => assert!(left == whole, "call {k}"),
            Err(e) => {
                errors += 1;
                // Files of a spill have no name; the error has a path nevertheless.
                check_error(&e, &format!("call {k}"));
                let published = e.message().starts_with("the data set is published");
                match published {
                    true => assert!(left["manifest.json"] == whole["manifest.json"], "call {k}"),
                    false => assert!(left == before, "call {k}: {e} {:?}", left.keys().collect::<Vec<_>>()),
                }
            }
        }
        fs::remove_dir_all(&out).unwrap();
        if faults.calls() <= k {
            assert!(errors > 60, "only {errors} errors of {k} calls");
            break;
        }
    }
}

/// The plan with `dedup` against an older folder.
fn against(plan: &Plan, older: &Path) -> Plan {
    let steps = plan.steps.iter().map(|step| match step.get::<Dedup>() {
        Some(dedup) => Step::from(Dedup {
            against: vec![older.to_path_buf()],
            normalize: Normalize::default(),
            ..dedup.clone()
        }),
        None => step.clone(),
    });
    Plan { steps: steps.collect(), ..plan.clone() }
}

#[test]
fn a_tokenizer_is_read_with_all_files_of_its_folder_or_refused() {
    let dir = tempfile::tempdir().unwrap();
    let json = r#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
        "pre_tokenizer":{"type":"Whitespace"},"post_processor":null,"decoder":null,
        "model":{"type":"WordLevel","vocab":{"a":0,"b":1,"[UNK]":2},"unk_token":"[UNK]"}}"#;
    fs::write(dir.path().join("tokenizer.json"), json).unwrap();
    fs::write(dir.path().join("tokenizer_config.json"), r#"{"eos_token":"b"}"#).unwrap();
    fs::write(dir.path().join("special_tokens_map.json"), r#"{"pad_token":"a"}"#).unwrap();
    for path in [dir.path().to_path_buf(), dir.path().join("tokenizer.json")] {
        let calls = fail_each_call("a tokenizer", &|store| {
            let loaded = LoadedTokenizer::from_store(store, &path)?;
            Ok((loaded.digest, loaded.eos_id, loaded.pad_id))
        });
        assert!(calls > 5, "{calls}");
    }
}
