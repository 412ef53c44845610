"""The sinks: what a published folder holds, when one is refused, and what the report says."""

from __future__ import annotations

import gzip
import json
import re
import shlex
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from tiny import PAIR, as_nobody, closed_folder, jsonl, pairs, read_jsonl, records, refused, rejects, rows

import fastprep as fp

PLAN = pairs(*((f"question {i}", f"answer {i}") for i in range(9))).format(PAIR)
BAD = [("a", ""), ("b", " ")]
MIXED = pairs(("x", "y"), *BAD, ("z", "w")).format(PAIR)


def shards(folder: Path, suffix: str) -> list[Path]:
    return sorted(p for p in folder.glob(f"data/*/*{suffix}") if p.name.startswith(("train", "valid")))


def test_arrow_shards_open_everywhere(tmp_path: Path) -> None:
    PLAN.sink_arrow(tmp_path / "out")
    (shard,) = shards(tmp_path / "out", ".arrow")
    assert shard.name == "train-00000-of-00001.arrow"
    assert pl.read_ipc(shard).to_dicts() == rows(PLAN)
    assert pa.ipc.open_file(shard).schema.field("prompt").type == pa.string()
    assert fp.load(tmp_path / "out")["train"].to_arrow().to_pylist() == rows(PLAN)


@pytest.mark.parametrize(("compression", "suffix"), [(None, ".jsonl"), ("gzip", ".jsonl.gz"), ("zstd", ".jsonl.zst")])
def test_json_lines_round_trip(compression: Any, suffix: str, tmp_path: Path) -> None:
    report = PLAN.sink_jsonl(tmp_path / "out", compression=compression)
    (shard,) = shards(tmp_path / "out", suffix)
    assert rows(fp.scan_jsonl(shard)) == rows(PLAN)
    if compression == "gzip":
        assert gzip.decompress(shard.read_bytes()).count(b"\n") == 9
    assert report.to_dict()["splits"][0]["rows"] == 9


def test_json_lines_keep_the_order_of_columns_and_all_characters(tmp_path: Path) -> None:
    row = {"z": 'é\u2028\u0000"\\\n𝄞', "a": 1, "m": {"k": [1.0, None]}, "b": True}
    records(row).sink_jsonl(tmp_path / "out")
    (shard,) = shards(tmp_path / "out", ".jsonl")
    text = shard.read_text("utf-8")
    assert text.count("\n") == 1
    assert list(json.loads(text).items()) == list(row.items())
    assert "é" in text


def test_both_formats_come_of_one_pass(tmp_path: Path) -> None:
    once = fp.from_records(row for row in [{"a": "1"}, {"a": "2"}])
    once.split(valid=0.5, by="a", seed=1).sink(tmp_path / "out", formats=["arrow", "jsonl"], compression="zstd")
    names = {p.name for p in (tmp_path / "out").glob("data/*/*")}
    assert {name.split("-")[0] for name in shards_of(names)} <= {"train", "valid"}
    assert {name.split(".", 1)[1] for name in shards_of(names)} == {"arrow", "jsonl.zst"}
    assert json.loads(fp._fastprep.verify(tmp_path / "out"))["problems"] == []


def shards_of(names: set[str]) -> set[str]:
    return {name for name in names if "-of-" in name}


def test_shards_aim_at_a_size(tmp_path: Path) -> None:
    PLAN.sink_arrow(tmp_path / "out", shard_bytes=100)
    found = shards(tmp_path / "out", ".arrow")
    assert len(found) > 2
    assert [p.name for p in found] == [f"train-{i:05}-of-{len(found):05}.arrow" for i in range(len(found))]
    assert fp.load(tmp_path / "out")["train"].to_arrow().to_pylist() == rows(PLAN)


def test_a_folder_that_holds_something_is_refused_and_kept(tmp_path: Path) -> None:
    PLAN.sink_arrow(tmp_path / "out")
    before = (tmp_path / "out" / "manifest.json").read_bytes()
    with refused(fp.PublishError, "exists", r"the folder has a data set: train \(9 rows\)\n  at ") as e:
        MIXED.sink_arrow(tmp_path / "out")
    assert e.value.path == str(tmp_path / "out")
    assert isinstance(e.value, OSError)
    assert (tmp_path / "out" / "manifest.json").read_bytes() == before


def test_overwrite_replaces_the_data_set_whole(tmp_path: Path) -> None:
    MIXED.sink_jsonl(tmp_path / "out")
    PLAN.sink_arrow(tmp_path / "out", overwrite=True)
    assert len(fp.load(tmp_path / "out")["train"]) == 9
    assert shards(tmp_path / "out", ".jsonl") == []
    assert rejects(tmp_path / "out") == []
    assert len(list((tmp_path / "out" / "data").iterdir())) == 1


def test_files_of_others_are_never_removed(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "precious.txt").write_text("x")
    with refused(fp.PublishError, "exists", "the folder is not empty: it has `data`"):
        PLAN.sink_arrow(folder)
    with refused(fp.PublishError, "not_ours", "the folder has `data`, which fastprep did not write"):
        PLAN.sink_arrow(folder, overwrite=True)
    assert (folder / "data" / "precious.txt").read_text() == "x"
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "notes.txt").write_text("x")
    PLAN.sink_arrow(tmp_path / "beside", overwrite=True)
    assert (tmp_path / "beside" / "notes.txt").exists()


@pytest.mark.parametrize("most", [2, 100, 0.5, 1.0, None])
def test_as_many_rejects_as_are_allowed(most: float | None, tmp_path: Path) -> None:
    report = MIXED.sink_arrow(tmp_path / "out", max_rejects=most)
    assert report.rows["rejected"] == 2
    assert [r["row"] for r in rejects(tmp_path / "out")] == [1, 2]


@pytest.mark.parametrize(
    ("most", "allows"),
    [
        (0, "max_rejects=0 allows"),
        (1, "max_rejects=1 allows"),
        (0.4, r"max_rejects=0.4 \(0.4 of"),
        ("40%", r"max_rejects=0.4 \(0.4 of"),
    ],
)
def test_more_rejects_publish_nothing_but_themselves(most: float | str, allows: str, tmp_path: Path) -> None:
    with refused(fp.DataError, "too_many_rejects", f"2 of 4 rows were rejected, more than {allows}") as e:
        MIXED.sink_arrow(tmp_path / "out", max_rejects=most)
    assert "removed: 2 empty_completion" in str(e.value)
    assert not (tmp_path / "out").exists()
    assert e.value.path == str(tmp_path / "out.rejects.jsonl")
    assert [r["code"] for r in read_jsonl(tmp_path / "out.rejects.jsonl")] == ["empty_completion"] * 2


def test_a_result_without_rows_is_no_data_set(tmp_path: Path) -> None:
    for plan, says in (
        (records(), "the input has no rows; nothing was published"),
        (PLAN.filter(pl.lit(False)), r"no rows are left of the 9 read; removed: 9 filtered; nothing was published"),
        (pairs(*BAD).format(PAIR, on_collision="drop"), r"no rows are left of the 2 read; removed: 2 empty_completion"),
    ):
        with refused(fp.DataError, "no_rows", says) as e:
            plan.sink_arrow(tmp_path / "out")
        assert e.value.help
        assert not (tmp_path / "out").exists()
    # Only the last has rejects to keep.
    assert [p.name for p in tmp_path.iterdir()] == ["out.rejects.jsonl"]


def test_no_row_left_names_the_commonest_reason_and_its_fix(tokenizer_folder: Path, tmp_path: Path) -> None:
    rows = [{"q": "a", "a": "b<|endoftext|>"}] * 2 + [{"q": None, "a": "b"}]
    plan = records(*rows).format(fp.PromptFormat("{q}", completion="{a}"))
    with refused(fp.DataError, "no_rows", "no rows are left of the 3 read; removed: 2 special_token_in_text:") as e:
        plan.tokenize(tokenizer_folder).sink_arrow(tmp_path / "out")
    assert e.value.reason == "special_token_in_text:<|endoftext|>"
    assert 'stop="<|endoftext|>"' in e.value.help
    assert "the rejects are kept" in e.value.help
    with refused(fp.DataError, "no_rows", "removed: 1 missing_field:q") as e:
        records(rows[2]).format(fp.PromptFormat("{q}", completion="{a}")).sink_arrow(tmp_path / "out")
    assert "{#q}…{q}…{/q}" in e.value.help


def test_the_report_names_the_columns_that_are_to_blame(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", [{"q": "a", "a": "b"}, {"a": "b"}, {"q": "a"}, {"q": "a"}, {"q": 1, "a": "b"}])
    report = fp.scan_jsonl(path).format(fp.PromptFormat("{q}", completion="{a}")).sink_arrow(tmp_path / "out")
    assert report.to_dict()["reasons"] == {
        "missing_field": {
            "count": 3,
            "first": {"file": "x.jsonl", "row": 1, "line": 2},
            "columns": {"a": 2, "q": 1},
        },
        "wrong_type": {"count": 1, "first": {"file": "x.jsonl", "row": 4, "line": 5}, "columns": {"q": 1}},
    }
    assert "  -         3  missing_field:a,q  first: x.jsonl:2\n" in str(report)


def test_places_of_sources_without_lines_count_rows_from_1_for_people(tmp_path: Path) -> None:
    table = pairs(("x", "y"), ("a", "")).collect()
    report = fp.from_arrow(table, name="frame").format(PAIR).sink_arrow(tmp_path / "out")
    assert report.to_dict()["reasons"]["empty_completion"]["first"] == {"file": "frame", "row": 1, "line": None}
    assert "first: frame:2" in str(report)
    with refused(fp.DataError, "blank_field", "\n  at frame, row 2\n") as e:
        fp.from_arrow(table, name="frame").validate(not_blank="completion", on_invalid="raise").collect()
    assert (e.value.row, e.value.line) == (1, None)


def test_the_rate_is_in_rows_where_a_source_has_no_bytes(tmp_path: Path) -> None:
    made = fp.from_arrow(pairs(("x", "y")).collect()).format(PAIR).sink_arrow(tmp_path / "out")
    assert re.match(r"1 rows written of 1 read in .* s \([\d,]+ rows/s\)\n", str(made))
    numbers = made.to_dict()
    assert numbers["rows_per_s"] == pytest.approx(1 / numbers["seconds"])
    assert " s (3 MB/s)\n" in str(fp.Report(numbers | {"bytes_read": 1, "mb_per_s": 3.2}))
    assert " rows/s)\n" in str(fp.Report(numbers | {"bytes_read": 1, "mb_per_s": 0.9}))


def test_rejects_and_report_agree_at_every_step(tmp_path: Path) -> None:
    plan = pairs(("a", "b"), ("a", "b"), ("c", ""), ("d", "e"), ("f\n##\n", "##\n"), ("g", "h"), ("i", "j"))
    plan = plan.filter(pl.col("prompt") != "d").format(PAIR).dedup().validate(max_chars={"prompt": 5}).shuffle()
    report = plan.sink_arrow(tmp_path / "out").to_dict()
    steps = report["steps"]
    assert [s["step"] for s in steps] == ["from_records", "filter", "format", "dedup", "validate", "shuffle"]
    for step in steps:
        assert step["rows_in"] == step["rows_out"] + sum(r["count"] for r in step["removed"].values())
    assert [s["rows_in"] for s in steps[1:]] == [s["rows_out"] for s in steps[:-1]]
    totals = report["rows"]
    assert totals["read"] == steps[0]["rows_in"] == 7
    assert totals["written"] == steps[-1]["rows_out"] == sum(s["rows"] for s in report["splits"])
    assert totals["read"] == sum(n for name, n in totals.items() if name != "read")
    assert sum(r["count"] for r in report["reasons"].values()) == totals["read"] - totals["written"]
    assert len(rejects(tmp_path / "out")) == totals["rejected"]


def test_a_reject_says_what_where_and_why(tmp_path: Path) -> None:
    MIXED.sink_arrow(tmp_path / "out")
    first = rejects(tmp_path / "out")[0]
    assert list(first) == ["code", "file", "row", "line", "byte", "detail", "record"]
    assert first == {
        "code": "empty_completion", "file": "data", "row": 1, "line": 2, "byte": first["byte"],
        "detail": "the completion is blank", "record": {"prompt": "a", "completion": ""},
    }  # fmt: skip


def test_the_report_reads_well_and_names_the_next_command(tmp_path: Path) -> None:
    report = MIXED.sink_arrow(tmp_path / "out")
    text = str(report)
    assert text.startswith("2 rows written of 4 read in ")
    assert f"next: fastprep verify {tmp_path / 'out'}" in text
    assert report.reasons == {"empty_completion": 2}
    assert report.findings == {}
    assert json.loads(json.dumps(report.to_dict())) == report.to_dict()
    report.to_dict()["rows"]["read"] = 0
    assert report.rows["read"] == 4


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for target in (tmp_path / "file", tmp_path / "file" / "out"):
        with refused(fp.PublishError, "cannot_write", "cannot write to this folder\n  at .*file") as e:
            PLAN.sink_arrow(target)
        assert "is a file" in e.value.help
    assert (tmp_path / "file").read_text() == "x"


def test_a_folder_that_may_not_be_written_is_told() -> None:
    with closed_folder(mode=0o555) as folder:
        printed = as_nobody(f"fp.from_records([{{'a': 'x'}}]).sink_arrow({str(folder / 'out')!r})")
    assert f"PublishError: cannot create the folder\n  at {folder}/out\n" in printed
    assert "help: choose a folder to which you have permission to write" in printed


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"formats": ["arow"]}, '`formats` must be one of arrow, jsonl, parquet; got "arow"; did you mean `arrow`'),
        ({"formats": []}, "`formats` must not be empty"),
        ({"formats": ["arrow", "arrow"]}, "`formats` has arrow twice"),
        ({"formats": ["jsonl"], "compression": "bz2"}, '`compression` must be one of gzip, zstd; got "bz2"'),
        ({"max_rejects": -1}, "`max_rejects` must be a number of rows or a share; got -1"),
        ({"max_rejects": 1.5}, "`max_rejects` must be .* got 1.5"),
        ({"max_rejects": float("nan")}, "`max_rejects` must be .* got nan"),
        ({"max_rejects": "101%"}, "`max_rejects` must be .* got '101%'"),
        ({"shard_bytes": 0}, "`shard_bytes` must be at least 1; got 0"),
        ({"shard_bytes": -5}, "`shard_bytes` must be at least 1; got -5"),
        ({"threads": 0}, "`threads` must be at least 1; got 0"),
        ({"threads": "2"}, "`threads` must be a whole number; got '2'"),
    ],
)
def test_wrong_options_write_nothing(options: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(fp.PlanError, match=says) as e:
        PLAN.sink(tmp_path / "out", **{"formats": ["arrow"], **options})
    assert e.value.code in ("bad_option", "bad_sink")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["FASTPREP_THREADS", "FASTPREP_BATCH_ROWS", "FASTPREP_BATCH_BYTES"])
def test_a_knob_of_the_environment_must_be_a_number(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "many")
    with refused(fp.PlanError, "bad_option", f'`{name}` must be a number greater than 0; got "many"'):
        PLAN.collect()


def test_a_run_does_not_read_what_it_would_replace(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"prompt":"x","completion":"y"}\n')
    plan = fp.scan_jsonl(tmp_path).format(PAIR)
    plan.sink_jsonl(tmp_path / "out")
    before = (tmp_path / "out" / "manifest.json").read_bytes()
    with refused(fp.PublishError, "own_output", "the input `out/data/.*jsonl` belongs to the data set"):
        plan.sink_jsonl(tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "manifest.json").read_bytes() == before
    report = fp.scan_jsonl(tmp_path / "*.jsonl").format(PAIR).sink_jsonl(tmp_path / "out", overwrite=True)
    assert report.rows["read"] == 1


@pytest.mark.parametrize("name", ["out", "my out", "it's", "a$b", "-x", "~x", "new\nline", "é"])
def test_the_next_command_can_be_pasted_into_a_shell(name: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    *command, folder = shlex.split(PLAN.sink_arrow(name).to_dict()["next"])
    assert (command, Path(folder)) == (["fastprep", "verify"], Path(name))
