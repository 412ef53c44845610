use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;

use super::*;
use crate::artifact;
use crate::cancel::Cancel;
use crate::store::Faults;
use crate::write::tests::{Text, base, batch, options, publish, push, rows, tree};
use crate::write::{ShardSink, SinkOptions};

const OLD: usize = 60;
const NEW: usize = 90;

fn run(out: &Path, count: usize, store: Files) -> Result<Manifest> {
    let schema = rows(0, 1, Text::View).schema();
    publish(SinkOptions { shard_bytes: 1_500, ..options(out, schema) }, store, count, 40, Text::View)
}

/// The rows of the data set in the folder, which must be complete; `None` if there is none. Outdated rejects beside
/// the manifest are allowed: the next run replaces them.
fn seen(out: &Path) -> Option<u64> {
    let manifest = artifact::open(&Files::local(), out).ok()?;
    let mut report = artifact::verify(&Files::local(), out, &Cancel::default()).unwrap();
    report.problems.retain(|p| p.file != REJECTS);
    assert_eq!(report.problems, vec![]);
    assert_eq!(report.rows, manifest.splits.iter().map(|s| s.rows).sum::<u64>());
    Some(report.rows)
}

/// What is in the output folder before: it does not exist, an older data set, the same data set.
fn starts() -> [Option<usize>; 3] {
    [None, Some(OLD), Some(NEW)]
}

fn prepared(before: Option<usize>) -> (tempfile::TempDir, PathBuf, BTreeMap<String, Vec<u8>>) {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("deep/out");
    if let Some(count) = before {
        run(&out, count, Files::local()).unwrap();
    }
    let files = tree(dir.path());
    (dir, out, files)
}

#[test]
fn a_crash_at_any_call_leaves_the_old_data_set_or_the_new_one() {
    let fresh = tempfile::tempdir().unwrap();
    run(&fresh.path().join("deep/out"), NEW, Files::local()).unwrap();
    let wanted = tree(fresh.path());
    for before in starts() {
        let (mut k, mut saw_new) = (0, false);
        loop {
            let (dir, out, _) = prepared(before);
            let done = run(&out, NEW, Faults::stopped_at(k).files());
            let rows = seen(&out);
            assert!(rows == before.map(|n| n as u64) || rows == Some(NEW as u64), "call {k}: {rows:?}");
            saw_new |= rows == Some(NEW as u64);
            assert!(!saw_new || rows == Some(NEW as u64), "call {k}: the commit was undone");
            run(&out, NEW, Files::local()).unwrap_or_else(|e| panic!("after call {k}: {e}"));
            let left = tree(dir.path());
            assert!(left == wanted, "after call {k}: {:?}", left.keys().collect::<Vec<_>>());
            if done.is_ok() {
                break;
            }
            k += 1;
        }
        assert!(k > 40, "only {k} calls");
    }
}

/// Publishes rows, and a report that has their number.
fn run_with_report(out: &Path, count: usize, report: bool, store: Files) -> Result<Manifest> {
    let schema = rows(0, 1, Text::View).schema();
    let mut sink = ShardSink::open(SinkOptions { report, ..options(out, schema) }, store)?;
    push(&mut sink, batch(rows(0, count, Text::View), 0))?;
    if report {
        let [json, markdown, html] = ["json", "md", "html"].map(|form| format!("{count} {form}\n"));
        sink.add_report(ReportFiles { json, markdown, html })?;
    }
    sink.commit(base())
}

#[test]
fn a_report_is_published_replaced_and_removed_with_its_data_set() {
    for (old, new) in [(true, true), (true, false), (false, true)] {
        let fresh = tempfile::tempdir().unwrap();
        run_with_report(&fresh.path().join("out"), NEW, new, Files::local()).unwrap();
        let wanted = tree(fresh.path());
        assert_eq!(wanted.keys().filter(|name| name.contains("report.")).count(), if new { 4 } else { 0 });
        for k in 0.. {
            let dir = tempfile::tempdir().unwrap();
            let out = dir.path().join("out");
            run_with_report(&out, OLD, old, Files::local()).unwrap();
            let done = run_with_report(&out, NEW, new, Faults::stopped_at(k).files());
            run_with_report(&out, NEW, new, Files::local()).unwrap();
            let left = tree(dir.path());
            assert!(left == wanted, "{old} {new} after call {k}: {:?}", left.keys().collect::<Vec<_>>());
            if done.is_ok() {
                break;
            }
        }
    }
}

#[test]
fn a_report_replaces_no_files_of_others() {
    for before in [None, Some(OLD)] {
        let (dir, out, _) = prepared(before);
        fs::create_dir_all(&out).unwrap();
        fs::write(out.join(REPORT_PAGE), "mine").unwrap();
        let files = tree(dir.path());
        let e = run_with_report(&out, NEW, true, Files::local()).err().unwrap();
        assert_eq!((e.class(), e.code()), (Class::Publish, "not_ours"));
        assert!(tree(dir.path()) == files);
        run_with_report(&out, NEW, false, Files::local()).unwrap();
        assert_eq!(fs::read_to_string(out.join(REPORT_PAGE)).unwrap(), "mine");
    }
}

#[test]
fn a_report_that_was_changed_is_a_problem() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    run_with_report(&out, NEW, true, Files::local()).unwrap();
    let problems = || artifact::verify(&Files::local(), &out, &Cancel::default()).unwrap().problems;
    assert_eq!(problems(), vec![]);
    fs::remove_file(out.join(REPORT)).unwrap();
    assert_eq!(problems()[0].file, REPORT);
}

#[test]
fn a_full_disk_is_an_error_and_changes_nothing() {
    for before in starts() {
        let mut k = 0;
        let mut errors = 0;
        loop {
            let (dir, out, files) = prepared(before);
            let faults = Faults::failing_at(k, ErrorKind::StorageFull);
            let done = run(&out, NEW, faults.files());
            let calls = faults.calls();
            match done {
                Ok(_) => assert_eq!(seen(&out), Some(NEW as u64), "call {k}"),
                Err(e) => {
                    errors += 1;
                    assert_eq!((e.class(), e.code()), (Class::Publish, "disk_full"), "call {k}: {e}");
                    assert!(e.get_help().is_some() && e.get_path().is_some());
                    if e.message().starts_with("the data set is published") {
                        assert_eq!(seen(&out), Some(NEW as u64), "call {k}");
                    } else {
                        let left = tree(dir.path());
                        assert!(left == files, "call {k}: {:?}", left.keys().collect::<Vec<_>>());
                    }
                }
            }
            if calls <= k {
                break;
            }
            k += 1;
        }
        assert!(errors > 30, "only {errors} errors");
    }
}

#[test]
fn a_cancelled_run_leaves_nothing() {
    for before in starts() {
        let (dir, out, files) = prepared(before);
        let schema = rows(0, 1, Text::View).schema();
        let mut sink = ShardSink::open(options(&out, schema), Files::local()).unwrap();
        push(&mut sink, batch(rows(0, 500, Text::View), 0)).unwrap();
        drop(sink);
        assert!(tree(dir.path()) == files);
    }
}

#[test]
fn too_many_rejects_publish_only_them() {
    for before in starts() {
        let (dir, out, files) = prepared(before);
        let schema = rows(0, 1, Text::View).schema();
        let mut sink = ShardSink::open(options(&out, schema), Files::local()).unwrap();
        push(&mut sink, batch(rows(0, 500, Text::View), 0)).unwrap();
        let path = sink.abandon_with_rejects().unwrap();
        assert_eq!(path, dir.path().join("deep/out.rejects.jsonl"));
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 5);
        fs::remove_file(path).unwrap();
        let mut left = tree(dir.path());
        if before.is_none() {
            left.remove("deep/");
        }
        assert!(left == files, "{:?}", left.keys().collect::<Vec<_>>());
    }
}

#[test]
fn one_run_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let first = Publisher::open(dir.path(), false, Files::local()).unwrap();
    assert_eq!(Publisher::open(dir.path(), true, Files::local()).err().unwrap().code(), "locked");
    assert!(first.staging().exists());
    drop(first);
    assert!(Publisher::open(dir.path(), false, Files::local()).is_ok());
    assert!(tree(dir.path()).is_empty());
}

#[test]
fn files_of_others_are_neither_replaced_nor_removed() {
    // Files in the folder; the codes without and with overwrite.
    type Case = (&'static [(&'static str, &'static str)], &'static str, &'static str);
    let cases: [Case; 7] = [
        (&[], "", ""),
        (&[("notes.txt", "x")], "exists", ""),
        (&[("rejects.jsonl", "x")], "exists", "not_ours"),
        (&[("data/x.bin", "x")], "exists", "not_ours"),
        (&[("manifest.json", "{}")], "not_ours", "not_ours"),
        (&[("manifest.json", "{\"manifest_version\": 99}")], "not_ours", "not_ours"),
        // Files of a run that crashed while writing.
        (
            &[(".staging-1/train-00000.arrow", "x"), (".fastprep.lock", ""), ("manifest.json.tmp", "{\"man")],
            "",
            "",
        ),
    ];
    for (files, without, with) in cases {
        for (overwrite, code) in [(false, without), (true, with)] {
            let dir = tempfile::tempdir().unwrap();
            for (name, text) in files {
                let path = dir.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            let before = tree(dir.path());
            let done = Publisher::open(dir.path(), overwrite, Files::local()).and_then(|p| p.commit(base()));
            assert_eq!(done.as_ref().err().map_or("", Error::code), code, "{files:?} {done:?}");
            let after = tree(dir.path());
            let ours = |n: &str| n.split('/').next().is_some_and(is_temporary);
            for (name, bytes) in before.iter().filter(|(n, _)| done.is_err() || !ours(n)) {
                assert_eq!(after.get(name), Some(bytes), "{name}");
            }
        }
    }
}

#[test]
fn overwriting_keeps_files_of_others() {
    let (_dir, out, _) = prepared(Some(OLD));
    let old = artifact::open(&Files::local(), &out).unwrap();
    fs::write(out.join("notes.txt"), "mine").unwrap();
    fs::write(out.join(&old.data).join("cache.bin"), "mine").unwrap();
    run(&out, NEW, Files::local()).unwrap();
    let generation = tree(&out.join(&old.data));
    assert_eq!(generation.keys().collect::<Vec<_>>(), ["cache.bin"]);
    assert_eq!(fs::read_to_string(out.join("notes.txt")).unwrap(), "mine");
}

#[test]
fn publishing_the_same_again_repairs_a_damaged_data_set() {
    let (dir, out, files) = prepared(Some(NEW));
    let manifest = artifact::open(&Files::local(), &out).unwrap();
    let shard = out.join(&manifest.data).join(&manifest.shards[0].name);
    fs::write(&shard, "damaged").unwrap();
    fs::remove_file(out.join(&manifest.data).join(&manifest.shards[1].name)).unwrap();
    run(&out, NEW, Files::local()).unwrap();
    assert!(tree(dir.path()) == files);
}

#[cfg(unix)]
#[test]
fn the_target_of_a_link_is_not_removed() {
    let dir = tempfile::tempdir().unwrap();
    let (out, elsewhere) = (dir.path().join("out"), dir.path().join("elsewhere"));
    fs::create_dir_all(&out).unwrap();
    fs::create_dir_all(&elsewhere).unwrap();
    fs::write(elsewhere.join("precious"), "x").unwrap();
    std::os::unix::fs::symlink(&elsewhere, out.join(".staging-1")).unwrap();
    run(&out, NEW, Files::local()).unwrap();
    assert_eq!(fs::read_to_string(elsewhere.join("precious")).unwrap(), "x");
    assert_eq!(seen(&out), Some(NEW as u64));
}

#[test]
fn runs_that_need_the_same_new_parent_do_not_collide() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let parent = dir.path().join(format!("{round}/deep"));
        let open = |name: &str| Publisher::open(&parent.join(name), false, Files::local());
        let both = std::thread::scope(|scope| {
            let first = scope.spawn(|| open("a").and_then(|p| p.commit(base())));
            let second = open("b").and_then(|p| p.commit(base()));
            (first.join().unwrap(), second)
        });
        both.0.unwrap();
        both.1.unwrap();
    }
}
