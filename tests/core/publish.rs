//! Publishing with injected faults: each call that changes a file fails in turn, or is the last one before a crash.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use fastprep::artifact::{self, Manifest};
use fastprep::cancel::Cancel;
use fastprep::engine::Resources;
use fastprep::error::Class;
use fastprep::plan::verbs::{Head, Shuffle};
use fastprep::plan::{Plan, Step};
use fastprep::store::{Faults, Files};

use crate::support::{ONE_THREAD, chain, inputs, names, run, scan, tree, write_tree};

type Tree = BTreeMap<String, Vec<u8>>;

/// An older data set, a newer one, and the plan of the newer one.
struct Case {
    _dir: tempfile::TempDir,
    plan: Plan,
    old: Tree,
    new: Tree,
}

impl Case {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let publish = |rows: usize| {
            let folder = dir.path().join(rows.to_string());
            let plan = chain(scan(inputs(&folder, rows)));
            run(&plan, &folder.join("out"), ONE_THREAD, Files::local()).unwrap();
            (plan, tree(&folder.join("out")))
        };
        let ((_, old), (plan, new)) = (publish(60), publish(140));
        for (name, files) in [("old", &old), ("new", &new)] {
            let count = |what: &str| files.keys().filter(|f| f.contains(what)).count();
            let wanted = ["train-00001", ".arrow", ".jsonl.zst", "duplicates.jsonl", "keys.arrow"];
            assert!(wanted.iter().all(|w| count(w) > 0) && count("valid-") > 1, "{name}: {:?}", names(files));
            assert!(!files["rejects.jsonl"].is_empty());
        }
        Case { _dir: dir, plan, old, new }
    }

    /// Reads the data set in the folder, which must be complete.
    fn read(out: &Path) -> Manifest {
        let manifest = artifact::open(&Files::local(), out).unwrap();
        let mut report = artifact::verify(&Files::local(), out, &Cancel::default()).unwrap();
        // The copy beside the manifest is written after the commit.
        report.problems.retain(|p| p.file != "rejects.jsonl");
        assert_eq!(report.problems, []);
        let splits: u64 = manifest.splits.iter().map(|s| s.rows).sum();
        assert_eq!(report.rows, splits, "rows of one format");
        manifest
    }

    /// Which of the two data sets the folder has; all files of its generation must be equal.
    fn seen(&self, out: &Path) -> &Tree {
        let manifest = Self::read(out);
        let now = tree(out);
        let set = [&self.old, &self.new].into_iter().find(|t| t["manifest.json"] == now["manifest.json"]);
        let set = set.expect("neither the old nor the new manifest");
        for (name, bytes) in set.iter().filter(|(n, _)| n.starts_with(&manifest.data)) {
            assert_eq!(now.get(name), Some(bytes), "{name}");
        }
        set
    }
}

#[test]
fn after_a_crash_at_any_call_the_folder_has_the_old_set_or_the_new_one() {
    let case = Case::new();
    let mut committed = false;
    for k in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        write_tree(&out, &case.old);
        let done = run(&case.plan, &out, ONE_THREAD, Faults::stopped_at(k).files());
        let is_new = case.seen(&out)["manifest.json"] == case.new["manifest.json"];
        assert!(is_new || !committed, "call {k}: the commit was undone");
        committed |= is_new;
        run(&case.plan, &out, ONE_THREAD, Files::local()).unwrap_or_else(|e| panic!("after call {k}: {e}"));
        let left = tree(&out);
        assert!(left == case.new, "after call {k}: {:?}", names(&left));
        if done.is_ok() {
            println!("{k} calls");
            assert!(k > 80, "only {k} calls");
            break;
        }
    }
    assert!(committed);
}

#[test]
fn without_disk_space_nothing_changes_and_the_error_has_help() {
    let case = Case::new();
    let mut errors = 0;
    for k in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        write_tree(&out, &case.old);
        let disk = Faults::failing_at(k, ErrorKind::StorageFull);
        match run(&case.plan, &out, ONE_THREAD, disk.files()) {
            Ok(_) => assert_eq!(names(case.seen(&out)), names(&case.new), "call {k}"),
            Err(e) => {
                errors += 1;
                assert_eq!((e.class(), e.code()), (Class::Publish, "disk_full"), "call {k}: {e}");
                assert!(e.get_help().is_some() && e.get_path().is_some(), "call {k}: {e}");
                if e.message().starts_with("the data set is published") {
                    assert_eq!(names(case.seen(&out)), names(&case.new), "call {k}");
                } else {
                    let left = tree(&out);
                    assert!(left == case.old, "call {k}: {:?}", names(&left));
                }
            }
        }
        if disk.calls() <= k {
            assert!(errors > 70, "only {errors} errors");
            break;
        }
    }
}

#[test]
fn without_disk_space_in_any_of_several_barriers_nothing_changes() {
    let dir = tempfile::tempdir().unwrap();
    let shuffled = |plan: Plan, seed| plan.push(Step::from(Shuffle { seed })).unwrap();
    let head = |plan: Plan| plan.push(Step::from(Head { rows: 12 })).unwrap();
    let plan = shuffled(head(chain(shuffled(scan(inputs(dir.path(), 30)), 3))), 4);
    let resources = Resources { shuffle_bytes: 1, ..ONE_THREAD };
    let out = dir.path().join("out");
    run(&plan, &out, resources, Files::local()).unwrap();
    let before = tree(&out);
    let mut errors = 0;
    for k in (0..).step_by(4) {
        let disk = Faults::failing_at(k, ErrorKind::StorageFull);
        if let Err(e) = run(&plan, &out, resources, disk.files()) {
            errors += 1;
            assert_eq!((e.class(), e.code()), (Class::Publish, "disk_full"), "call {k}: {e}");
            if !e.message().starts_with("the data set is published") {
                assert!(tree(&out) == before, "call {k}");
            }
        }
        if disk.calls() <= k {
            break;
        }
    }
    assert!(errors > 70, "only {errors} errors");
}

#[test]
fn a_first_publish_that_is_stopped_leaves_no_partial_data_set() {
    let case = Case::new();
    for k in (0..).step_by(3) {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("not/there/yet");
        let done = run(&case.plan, &out, ONE_THREAD, Faults::stopped_at(k).files());
        if let Ok(manifest) = artifact::open(&Files::local(), &out) {
            assert_eq!(Case::read(&out).data, manifest.data);
        }
        run(&case.plan, &out, ONE_THREAD, Files::local()).unwrap_or_else(|e| panic!("after call {k}: {e}"));
        assert!(tree(&out) == case.new, "after call {k}");
        if done.is_ok() {
            break;
        }
    }
}
