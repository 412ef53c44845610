use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};

use super::*;

#[test]
fn a_file_is_written_and_read_from_any_offset() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    for files in [Files::local(), Faults::short_reads(2).files()] {
        files.write_file(&path, b"0123456789").unwrap();
        assert_eq!(files.read(&path).unwrap(), b"0123456789");
        let mut reader = files.open(&path).unwrap();
        assert_eq!(reader.seek(SeekFrom::End(-3)).unwrap(), 7);
        let mut other = reader.starting_at(4);
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"789");
        bytes.clear();
        other.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"456789");
        assert_eq!(other.seek(SeekFrom::Current(-4)).unwrap(), 6);
        assert_eq!(other.seek(SeekFrom::Current(-7)).unwrap_err().kind(), ErrorKind::InvalidInput);
        // Mapped, or read where the store maps nothing.
        assert_eq!(reader.map().unwrap().as_slice(), b"0123456789");
    }
}

#[test]
fn a_path_without_a_file_has_no_kind_and_is_not_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::local();
    let at = |name: &str| folder.path().join(name);
    files.write_file(&at("file"), b"x").unwrap();
    files.create_dir(&at("folder")).unwrap();
    assert_eq!(files.kind(&at("file")).unwrap(), Some(Kind::File));
    assert_eq!(files.kind(&at("folder")).unwrap(), Some(Kind::Folder));
    for nothing in ["gone", "file/inner", "zero\0byte", &"long".repeat(100)] {
        assert_eq!(files.kind(&at(nothing)).unwrap(), None, "{nothing:?}");
    }
    let mut names: Vec<_> = files.list(folder.path()).unwrap().map(|e| e.unwrap().name).collect();
    names.sort();
    assert_eq!(names, ["file", "folder"]);
    let refused = Faults::unreadable_at(0, ErrorKind::PermissionDenied).files();
    assert_eq!(refused.kind(&at("file")).unwrap_err().kind(), ErrorKind::PermissionDenied);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_have_targets() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::local();
    let at = |name: &str| folder.path().join(name);
    files.write_file(&at("file"), b"x").unwrap();
    std::os::unix::fs::symlink("file", at("link")).unwrap();
    std::os::unix::fs::symlink("gone", at("broken")).unwrap();
    assert_eq!(files.kind(&at("link")).unwrap(), Some(Kind::File));
    assert_eq!(files.kind(&at("broken")).unwrap(), None);
    assert_eq!(files.link_target(&at("broken")).unwrap(), Some("gone".into()));
    assert_eq!(files.link_target(&at("file")).unwrap(), None);
    assert_eq!(files.link_target(&at("nothing")).unwrap(), None);
    let same = |name: &str| files.metadata(&at(name)).unwrap().identity.unwrap();
    files.hard_link(&at("file"), &at("second")).unwrap();
    assert!(same("file") == same("second") && same("file") == same("link"));
    let entry = |name: &str| {
        let mut entries = files.list(folder.path()).unwrap().map(Result::unwrap);
        entries.find(|e| e.name == name).unwrap().kind
    };
    assert_eq!((entry("link"), entry("file")), (Kind::Link, Kind::File));
}

#[test]
fn a_file_without_a_name_is_read_back_and_a_failed_write_leaves_half() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = Files::local().create_nameless(folder.path()).unwrap();
    file.write_all(b"rows").unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let mut text = String::new();
    file.into_reader().read_to_string(&mut text).unwrap();
    assert_eq!(text, "rows");

    // Call 0 created the file.
    let faults = Faults::failing_at(1, ErrorKind::StorageFull);
    let path = folder.path().join("torn");
    assert_eq!(faults.files().write_file(&path, b"12345678").unwrap_err().code(), "disk_full");
    assert_eq!(std::fs::read(&path).unwrap(), b"1234");
    // Reading calls are not counted here.
    assert_eq!((faults.files().read(&path).unwrap().len(), faults.calls()), (4, 2));
}
