"""Files, disks and processes that fail: a clear error, nothing published, memory within bounds."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from common import json_lines, shared, verify, written

import fastprep as fp

FORMAT = fp.PromptFormat("{prompt}", completion="{completion}")
LINE = '{{"prompt": "p{0}", "completion": "c{0}"}}\n'
MEGA = 1 << 20


def python(code: str, *args: Any, stdin: int | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs code in a process of its own; its arguments are `sys.argv[1:]`."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [*options.pop("before", ()), sys.executable, "-c", code, *map(str, args)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, stdin=stdin, **options)


# -- lines that are too long to hold ---------------------------------------------------------------

MEASURED = """
import json, resource, sys
import fastprep as fp
source, out, limit = sys.argv[1:]
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
options = {"max_line_bytes": int(limit)} if limit != "default" else {}
plan = fp.scan_jsonl(source, **options).format(fp.PromptFormat("{prompt}", completion="{completion}"))
report = plan.sink_jsonl(out, threads=2).to_dict()
print(json.dumps({"rows": report["rows"], "reasons": report["reasons"], "grown": peak() - before}))
"""
LONG = 300 * MEGA


def check_long_line(printed: subprocess.CompletedProcess[str], out: Path, limit: int, most: int) -> None:
    assert printed.returncode == 0, printed.stderr
    result = json.loads(printed.stdout)
    assert {code: r["count"] for code, r in result["reasons"].items()} == {"line_too_long": 1}
    assert result["rows"]["written"] == 2
    assert result["grown"] < most
    [reject] = json_lines(out / "rejects.jsonl")
    assert (reject["code"], reject["line"], reject["row"]) == ("line_too_long", 2, 1)
    assert reject["detail"] == f"the line has {LONG} bytes, max_line_bytes allows {limit}"
    assert len(reject["record"]) == 64 << 10


@pytest.mark.parametrize(("limit", "most"), [("default", 200 * MEGA), (str(MEGA), 64 * MEGA)])
def test_a_line_of_300_mb_on_standard_input_is_not_held_whole(limit: str, most: int, tmp_path: Path) -> None:
    read, write = os.pipe()
    feeder = subprocess.Popen([sys.executable, "-c", FEED, LINE.format(0), LINE.format(1), str(LONG)], stdout=write)
    os.close(write)
    printed = python(MEASURED, "-", tmp_path / "out", limit, stdin=read)
    os.close(read)
    feeder.wait()
    check_long_line(printed, tmp_path / "out", 64 * MEGA if limit == "default" else int(limit), most)


FEED = """
import sys
first, last, size = sys.argv[1:]
sys.stdout.write(first)
for _ in range(int(size) >> 20):
    sys.stdout.write("a" * (1 << 20))
sys.stdout.write("\\n" + last)
"""


@pytest.mark.parametrize("kind", ["sparse", "gzip", "zstd"])
def test_a_line_of_300_mb_in_a_file_is_not_held_whole(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    first, last = LINE.format(0).encode(), LINE.format(1).encode()
    if kind == "sparse":
        with path.open("wb") as file:
            file.write(first)
            file.seek(LONG, os.SEEK_CUR)
            file.write(b"\n" + last)
    else:
        with pa.output_stream(str(path), compression=kind) as stream:
            stream.write(first)
            for _ in range(LONG // MEGA):
                stream.write(b"a" * MEGA)
            stream.write(b"\n" + last)
        assert path.stat().st_size < 2 * MEGA
    printed = python(MEASURED, path, tmp_path / "out", "default")
    check_long_line(printed, tmp_path / "out", 64 * MEGA, 200 * MEGA)


# -- Parquet ---------------------------------------------------------------------------------------

EACH = """
import json, shutil, sys
import fastprep as fp
for path in sys.argv[2:]:
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    try:
        outcome = fp.scan_parquet(path).sink_arrow(sys.argv[1]).rows["written"]
    except fp.FastprepError as error:
        outcome = [type(error).__name__, error.code, error.path, error.help]
    print(json.dumps([path, outcome]), flush=True)
"""


def test_damaged_parquet_gives_a_clear_error_or_all_rows_never_a_panic(tmp_path: Path) -> None:
    with tarfile.open(shared("adversarial/parquet-testing.tar.gz")) as tar:
        tar.extractall(tmp_path, filter="data")
    # One file holds strings of a gigabyte, which takes long and proves nothing more.
    paths = sorted(p for p in tmp_path.rglob("*.parquet*") if "large_string_map" not in p.name)
    assert len(paths) > 90
    done = python(EACH, tmp_path / "out", *paths)
    assert (done.returncode, done.stderr) == (0, "")
    outcomes = dict(json.loads(line) for line in done.stdout.splitlines())
    assert list(outcomes) == [str(p) for p in paths]
    for path, outcome in outcomes.items():
        if isinstance(outcome, int):
            # pyarrow refuses one file that arrow-rs reads.
            assert "incorrect_map_schema" in path or outcome == pq.read_table(path).num_rows, path
        elif outcome[1] == "no_rows":
            assert pq.read_table(path).num_rows == 0
        else:
            assert outcome[:3] == ["SourceError", "corrupt_parquet", path]
            assert outcome[3]
    damaged = [path for path, outcome in outcomes.items() if "bad_data" in path and isinstance(outcome, list)]
    assert len(damaged) == 7


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    path = tmp_path / "rows.parquet"
    rows = [{"prompt": f"p{i}", "completion": f"c{i}"} for i in range(6)]
    pq.write_table(pa.Table.from_pylist(rows), path, compression="none", store_schema=False)
    return path


def test_a_footer_that_denies_rows_loses_none_in_silence(parquet: Path, tmp_path: Path) -> None:
    # num_rows, a zigzag varint, before the list of one row group.
    claims, denies = b"\x16\x0c\x19\x1c", b"\x16\x00\x19\x1c"
    content = parquet.read_bytes()
    assert content.count(claims) == 1
    parquet.write_bytes(content.replace(claims, denies))
    with pytest.raises(fp.SourceError, match="row group 0: of 6 rows 0 could be read") as caught:
        fp.scan_parquet(parquet).sink_arrow(tmp_path / "out")
    assert (caught.value.code, (tmp_path / "out").exists()) == ("corrupt_parquet", False)


def test_every_cut_of_a_parquet_file_is_an_error(parquet: Path, tmp_path: Path) -> None:
    content = parquet.read_bytes()
    for size in range(0, len(content), 7):
        parquet.write_bytes(content[:size])
        with pytest.raises(fp.SourceError) as caught:
            fp.scan_parquet(parquet).sink_arrow(tmp_path / "out")
        assert caught.value.path == str(parquet)
        assert not (tmp_path / "out").exists()


# -- inputs that change under the run --------------------------------------------------------------


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    for name in "abc":
        (folder / f"{name}.jsonl").write_text("".join(LINE.format(f"{name}{i}") for i in range(50)))
    return folder


def test_an_input_that_vanished_since_explain_is_named(raw: Path, tmp_path: Path) -> None:
    pipeline = fp.scan_jsonl([raw / "a.jsonl", raw / "b.jsonl"]).format(FORMAT)
    pipeline.explain()
    (raw / "b.jsonl").unlink()
    with pytest.raises(fp.SourceError) as caught:
        pipeline.sink_arrow(tmp_path / "out")
    assert caught.value.path == str(raw / "b.jsonl")
    assert caught.value.help
    assert not (tmp_path / "out").exists()


def remove(path: Path) -> None:
    path.unlink()


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def make_broken_gzip(path: Path) -> None:
    path.write_bytes(b"\x1f\x8b\x08\x00broken")


@pytest.mark.parametrize(
    ("change", "code"),
    [(remove, "vanished"), (make_folder, "not_a_file"), (make_pipe, "not_a_file"), (make_broken_gzip, "corrupt_gzip")],
)
@pytest.mark.parametrize("over", ["nothing", "older data"])
def test_an_input_that_changes_during_the_run_publishes_nothing(
    change: Callable[[Path], None], code: str, over: str, raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One thread and one row a batch: the first row is through before the last file is opened.
    monkeypatch.setenv("FASTPREP_BATCH_ROWS", "1")
    out = tmp_path / "out"
    if over == "older data":
        fp.scan_jsonl(raw).format(FORMAT).sink_arrow(out)
    before = written(out)
    changed = []

    def meddle(frame: pl.DataFrame) -> pl.DataFrame:
        if len(frame) and not changed:
            change(raw / "c.jsonl")
            changed.append(True)
        return frame

    pipeline = fp.scan_jsonl(raw).map_batches(meddle, name="meddle").format(FORMAT)
    with pytest.raises(fp.SourceError) as caught:
        pipeline.sink_arrow(out, overwrite=True, threads=1)
    assert (caught.value.code, caught.value.path) == (code, str(raw / "c.jsonl"))
    assert caught.value.help
    assert (written(out), out.exists()) == (before, over != "nothing")


def test_an_input_that_is_replaced_before_it_is_opened_is_recorded_as_it_was_read(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTPREP_BATCH_ROWS", "1")
    replaced = []

    def meddle(frame: pl.DataFrame) -> pl.DataFrame:
        if len(frame) and not replaced:
            (raw / "c.jsonl").write_text(LINE.format("new"))
            replaced.append(True)
        return frame

    out = tmp_path / "out"
    fp.scan_jsonl(raw).map_batches(meddle, name="meddle").format(FORMAT).sink_arrow(out, threads=1)
    manifest = fp.load(out).manifest
    assert manifest["inputs"][2]["bytes"] == len(LINE.format("new"))
    assert manifest["splits"][0]["rows"] == 101


# -- outputs that cannot be written ----------------------------------------------------------------


def publish(raw: Path, out: Path) -> fp.Report:
    return fp.scan_jsonl(raw).format(FORMAT).shuffle().sink(out, formats=("arrow", "jsonl"), overwrite=True)


def test_a_file_in_the_way_is_named(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(fp.PublishError) as caught:
            publish(raw, out)
        assert str(tmp_path / "file") in str(caught.value.path)
        assert caught.value.help
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc")
def test_a_folder_that_cannot_be_made_is_an_error(raw: Path) -> None:
    with pytest.raises(fp.PublishError, match="cannot create the folder"):
        publish(raw, Path("/proc/fastprep-out"))


PUBLISH = """
import json, os, resource, signal, sys
import fastprep as fp
raw, out, limit, user = sys.argv[1:]
if int(limit):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
if int(user):
    os.setgroups([]), os.setgid(int(user)), os.setuid(int(user))
plan = fp.scan_jsonl(raw).format(fp.PromptFormat("{prompt}", completion="{completion}")).dedup().shuffle()
try:
    plan.sink(out, formats=("arrow", "jsonl"), overwrite=True)
except fp.PublishError as error:
    print(json.dumps([error.code, error.path, error.help, str(error)]))
else:
    print(json.dumps(["published"]))
"""


def publish_apart(raw: Path, out: Path, limit: int = 0, user: int = 0, **options: Any) -> list[Any]:
    done = python(PUBLISH, raw, out, limit, user, **options)
    assert (done.returncode, done.stderr) == (0, "")
    result: list[Any] = json.loads(done.stdout)
    return result


def test_a_read_only_folder_is_refused(raw: Path, tmp_path: Path) -> None:
    # Nothing is read-only to root: the process becomes nobody after its imports.
    user = 65_534 if os.getuid() == 0 else 0
    if user:
        for parent in [tmp_path, *tmp_path.parents[:2]]:
            parent.chmod(0o755)
    out = tmp_path / "out"
    publish(raw, out)
    before = written(out)
    for locked in (out, tmp_path):
        locked.chmod(0o555)
    try:
        for target in (out, tmp_path / "new"):
            code, path, help_, message = publish_apart(raw, target, user=user)
            assert (code, help_) == ("read_only", "choose a folder to which you have permission to write")
            assert str(target) in path
            assert "Permission denied" in message
    finally:
        for locked in (out, tmp_path):
            locked.chmod(0o755)
    assert written(out) == before
    assert not (tmp_path / "new").exists()


def test_a_file_size_limit_at_any_byte_publishes_nothing_or_all(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    fp.scan_jsonl(raw).head(3).format(FORMAT).sink_arrow(out)
    before = written(out)
    publish(raw, tmp_path / "whole")
    largest = max(len(content) for content in written(tmp_path / "whole").values())
    for limit in (1, 100, 1_000, largest // 2, largest - 1):
        code, path, help_, message = publish_apart(raw, out, limit)
        assert code == "cannot_write"
        assert Path(path).is_relative_to(out)
        assert help_
        assert "File too large" in message
        assert written(out) == before
    assert publish_apart(raw, out, 10 * largest) == ["published"]
    assert verify(out)["problems"] == []


def test_a_full_disk_is_named(raw: Path, tmp_path: Path) -> None:
    mount = 'mount -t tmpfs -o size=$1 none "$2" && shift 2 && exec "$@"'
    disk = tmp_path / "disk"
    disk.mkdir()
    if not _can_mount(mount, disk):
        pytest.skip("needs the right to mount a small file system in a namespace of its own")
    for size in ("8k", "16k"):
        before = ["unshare", "--mount", "sh", "-c", mount, "sh", size, str(disk)]
        code, path, help_, message = publish_apart(raw, disk / "out", before=before)
        assert (code, "No space left on device" in message) == ("disk_full", True)
        assert Path(path).is_relative_to(disk)
        assert help_ == "free space or write to another disk, then run again"


@functools.cache
def _can_mount(mount: str, disk: Path) -> bool:
    if not shutil.which("unshare"):
        return False
    tried = subprocess.run(["unshare", "--mount", "sh", "-c", mount, "sh", "8k", disk, "true"], capture_output=True)
    return tried.returncode == 0
