//! Inputs that vanish, change, are truncated or cannot be read: the error is clear, and nothing is published.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use fastprep::cancel::Cancel;
use fastprep::engine::Resources;
use fastprep::engine::publish::sink;
use fastprep::error::{Class, Error};
use fastprep::plan::{Plan, resolve};
use fastprep::store::{Faults, Files};

use crate::engine::with_function;
use crate::support::{ONE_THREAD, chain, inputs, lines, names, run, scan, target, tree};

/// Runs a plan that must fail on top of an older data set, which must not change; returns the error.
fn refused(dir: &Path, plan: &Plan, resources: Resources) -> Error {
    let out = dir.join("out");
    run(&chain(scan(inputs(&dir.join("older"), 60))), &out, ONE_THREAD, Files::local()).unwrap();
    let before = tree(&out);
    let e = run(plan, &out, resources, Files::local()).unwrap_err();
    assert!(tree(&out) == before, "{e}: {:?}", names(&tree(&out)));
    e
}

fn check(e: &Error, code: &str, path: &Path) {
    assert_eq!((e.class(), e.code()), (Class::Source, code), "{e}");
    assert_eq!(e.get_path(), Some(path.display().to_string().as_str()), "{e}");
    assert!(e.get_help().is_some(), "{e}");
}

fn written(dir: &Path, name: &str, bytes: &[u8]) -> (PathBuf, Plan) {
    let path = dir.join(name);
    fs::write(&path, bytes).unwrap();
    let plan = chain(scan(vec![path.clone()]));
    (path, plan)
}

#[test]
fn an_input_that_vanishes_before_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let plan = chain(scan(inputs(dir.path(), 200)));
    let second = dir.path().join("in/b.jsonl");
    let resolved = resolve(&plan, &Files::local(), &Cancel::default()).unwrap();
    fs::remove_file(&second).unwrap();
    let out = dir.path().join("out");
    let never = &mut || false;
    let e =
        sink(&resolved, &target(&out), ONE_THREAD, Files::local(), &Cancel::default(), never).unwrap_err();
    check(&e, "vanished", &second);
    assert!(!out.exists());
}

#[test]
fn an_input_that_changes_while_it_is_read() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 3] = [
        ("grows", |path| {
            let mut file = File::options().append(true).open(path).unwrap();
            file.write_all(lines(0, 3).as_bytes()).unwrap();
        }),
        ("shrinks", |path| File::options().write(true).open(path).unwrap().set_len(20_000).unwrap()),
        ("is overwritten", |path| {
            let text = fs::read_to_string(path).unwrap().replace("answer", "ANSWER");
            let mut file = File::options().write(true).open(path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }),
    ];
    for (what, change) in changes {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("in.jsonl");
        fs::write(&path, lines(0, 3_000)).unwrap();
        let an_hour_ago = SystemTime::now() - Duration::from_secs(3_600);
        File::options().write(true).open(&path).unwrap().set_modified(an_hour_ago).unwrap();
        let changed = path.clone();
        let plan = with_function(&scan(vec![path.clone()]), move |call| {
            if call == 3 {
                change(&changed);
            }
            Ok(())
        });
        let e = refused(dir.path(), &chain(plan), ONE_THREAD);
        check(&e, "changed", &path);
        assert!(e.message().contains("changed while it was read"), "{what}: {e}");
    }
}

#[test]
fn an_input_that_is_replaced_while_it_is_read_is_read_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in.jsonl");
    let out = dir.path().join("out");
    fs::write(&path, lines(0, 3_000)).unwrap();
    let scan = scan(vec![path.clone()]);
    run(&chain(with_function(&scan, |_| Ok(()))), &out, ONE_THREAD, Files::local()).unwrap();
    let expected = tree(&out);
    let (from, to) = (dir.path().join("other.jsonl"), path);
    fs::write(&from, lines(50, 90)).unwrap();
    let plan = with_function(&scan, move |call| {
        if call == 3 {
            fs::rename(&from, &to).unwrap();
        }
        Ok(())
    });
    run(&chain(plan), &out, ONE_THREAD, Files::local()).unwrap();
    assert!(tree(&out) == expected);
}

/// Lines that compress badly, so that a cut is far after the part that is read to infer the columns.
fn noise() -> Vec<u8> {
    let mut state = 1u64;
    let mut text = String::new();
    for i in 0..20_000 {
        let mut words = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            words += &format!("{:016x} ", state >> 3);
        }
        text += &format!("{{\"instruction\":\"{words}\",\"input\":\"\",\"output\":\"{i}\"}}\n");
    }
    text.into_bytes()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstandard(text: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compressed_data_that_are_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let text = noise();
    let resources = Resources { batch_bytes: 100_000, batch_rows: 1_000, ..ONE_THREAD };
    let stored = [("gzip", "corrupt_gzip", gzip(&text)), ("zstd", "corrupt_zstd", zstandard(&text))];
    for (format, code, stored) in stored {
        assert!(stored.len() > 2 << 20, "{format}: {}", stored.len());
        // In the middle, within the last block, and within the checksum at the end.
        for end in [stored.len() / 2, stored.len() * 9 / 10, stored.len() - 3] {
            let (path, plan) = written(dir.path(), "cut.jsonl.x", &stored[..end]);
            let e = refused(dir.path(), &plan, resources);
            check(&e, code, &path);
        }
        let mut damaged = stored.clone();
        let middle = damaged.len() / 2;
        damaged[middle..middle + 64].iter_mut().for_each(|b| *b ^= 0x55);
        let (path, plan) = written(dir.path(), "damaged.jsonl.x", &damaged);
        let e = refused(dir.path(), &plan, resources);
        // Damaged data may decode to text that is not JSON. The checksum at the end then differs.
        check(&e, code, &path);
    }
}

#[cfg(unix)]
#[test]
fn an_input_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let (path, plan) = written(dir.path(), "secret.jsonl", lines(0, 50).as_bytes());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if File::open(&path).is_ok() {
        println!("not tested: this user can read every file");
        return;
    }
    check(&refused(dir.path(), &plan, ONE_THREAD), "cannot_read", &path);
}

#[test]
fn an_output_that_may_not_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let plan = chain(scan(inputs(dir.path(), 100)));
    for k in (0..).step_by(7) {
        let out = dir.path().join("new/out");
        let disk = Faults::failing_at(k, std::io::ErrorKind::PermissionDenied);
        match run(&plan, &out, ONE_THREAD, disk.files()) {
            Ok(_) => fs::remove_dir_all(dir.path().join("new")).unwrap(),
            Err(e) => {
                assert_eq!((e.class(), e.code()), (Class::Publish, "read_only"), "call {k}: {e}");
                assert!(e.get_help().is_some() && e.get_path().is_some());
                if e.message().starts_with("the data set is published") {
                    fs::remove_dir_all(dir.path().join("new")).unwrap();
                }
                assert!(!dir.path().join("new").exists(), "call {k}");
            }
        }
        if disk.calls() <= k {
            break;
        }
    }
}

#[test]
fn a_file_where_the_output_folder_should_be() {
    let dir = tempfile::tempdir().unwrap();
    let plan = chain(scan(inputs(dir.path(), 50)));
    let out = dir.path().join("out");
    fs::write(&out, "mine").unwrap();
    for out in [out.clone(), out.join("below")] {
        let e = run(&plan, &out, ONE_THREAD, Files::local()).unwrap_err();
        assert_eq!(e.class(), Class::Publish, "{e}");
        assert!(e.get_help().is_some() && e.get_path().is_some(), "{e}");
    }
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine");
}
