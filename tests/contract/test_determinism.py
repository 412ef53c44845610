"""Promise 2: the same input and plan give the same bytes, however many threads, however large the batches."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from common import data_files, steps_add_up, verify, written

import fastprep as fp

TOKENIZER = Path(__file__).parents[2] / "examples" / "tokenizer"
WORDS = "refund order late parcel invoice login password reset thanks café 語 😀".split()
BAD_LINES = ['{"q": "cut off', "[1, 2]", '{"q": 3, "a": "a number", "lang": "en"}', '{"q": "\\ud800", "a": "lone"}', ""]


def make_rows(count: int, seed: int) -> list[dict[str, Any]]:
    """Rows of which some are duplicates, blank, foreign, too long, collide or hold a control token."""
    random_ = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for i in range(count):
        question, answer = (random_.choices(WORDS, k=random_.randint(0, most)) for most in (12, 30))
        answer += random_.choices(["", "\n##\n", "\n###\nx", "<|endoftext|>"], weights=[17, 1, 1, 1])
        row: dict[str, Any] = {"id": i, "q": " ".join(question), "a": "\n".join(answer)}
        row["lang"] = random_.choice(["en", "en", "de", "xx"])
        if rows and random_.random() < 0.2:
            earlier = random_.choice(rows)
            row |= {"q": earlier["q"], "a": earlier["a"]}
        rows.append(row | {"score": random_.random(), "tags": random_.choices(WORDS, k=2)})
    return rows


ROWS = make_rows(1_500, seed=3)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files of JSON lines, bad ones among them."""
    folder = tmp_path_factory.mktemp("raw")
    lines = [json.dumps(row, ensure_ascii=i % 2 == 0) for i, row in enumerate(ROWS)]
    for i, bad in enumerate(BAD_LINES):
        lines.insert(i * 211, bad)
    (folder / "a.jsonl").write_text("\n".join(lines[:1_000]) + "\n", "utf-8")
    (folder / "b.jsonl").write_text("\r\n".join(lines[1_000:]), "utf-8")
    return folder


def plan(source: fp.Pipeline) -> fp.Pipeline:
    return in_order(source).shuffle(seed=7)


def in_order(source: fp.Pipeline) -> fp.Pipeline:
    return (
        source.filter(pl.col("lang") != "xx")
        .validate(not_blank="a", max_chars={"a": 170})
        .format(fp.PromptFormat("{q}", completion="{a}"))
        .dedup()
        .split(valid=0.1, test=0.05, seed=7, report_by="lang")
        .tokenize(TOKENIZER, max_length=160)
    )


def publish(pipeline: fp.Pipeline, out: Path, **options: Any) -> dict[str, bytes]:
    """Runs with shards small enough to be several; gives all files, hidden ones too."""
    report = pipeline.sink(out, formats=("arrow", "jsonl"), shard_bytes=40_000, **options)
    steps_add_up(report.to_dict())
    assert verify(out)["problems"] == []
    return written(out)


def assert_same(files: dict[str, bytes], expected: dict[str, bytes]) -> None:
    assert list(files) == list(expected)
    for name, content in files.items():
        assert content == expected[name], f"{name} differs"


@pytest.fixture(scope="module")
def expected(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return publish(plan(fp.scan_jsonl(source)), tmp_path_factory.mktemp("once") / "out")


def test_the_plan_meets_every_kind_of_row(source: Path, tmp_path: Path) -> None:
    report = plan(fp.scan_jsonl(source)).sink(tmp_path / "out", formats=("arrow",), shard_bytes=40_000)
    assert set(report.reasons) == {
        "bad_json", "not_an_object", "wrong_type", "filtered", "blank_field", "too_many_chars", "empty_prompt",
        "separator_collision", "stop_collision", "special_token_in_text", "duplicate", "too_long",
    }  # fmt: skip
    assert len(fp.load(tmp_path / "out")["train"].shards) > 1


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("rows", [1, 3, 65_536])
def test_threads_and_rows_of_a_batch_do_not_show(
    source: Path, expected: dict[str, bytes], threads: int, rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTPREP_BATCH_ROWS", str(rows))
    assert_same(publish(plan(fp.scan_jsonl(source)), tmp_path / "out", threads=threads), expected)


@pytest.mark.parametrize("size", [1, 100, 4_096, 1 << 26])
def test_bytes_of_a_batch_do_not_show(
    source: Path, expected: dict[str, bytes], size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTPREP_BATCH_BYTES", str(size))
    assert_same(publish(plan(fp.scan_jsonl(source)), tmp_path / "out", threads=2), expected)


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_compressed_shards_are_the_same_too(
    source: Path, compression: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(name: str, threads: int) -> dict[str, bytes]:
        return publish(plan(fp.scan_jsonl(source)), tmp_path / name, threads=threads, compression=compression)

    whole = run("whole", 1)
    monkeypatch.setenv("FASTPREP_BATCH_ROWS", "3")
    assert_same(run("pieces", 7), whole)


def test_where_the_folder_is_and_what_it_held_do_not_show(
    source: Path, expected: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "other" / "name"
    publish(plan(fp.scan_jsonl(source).head(50)), out)
    assert_same(publish(plan(fp.scan_jsonl(source)), out, overwrite=True), expected)
    monkeypatch.chdir(source)
    assert_same(publish(plan(fp.scan_jsonl(["b.jsonl", "a.jsonl"])), tmp_path / "out"), expected)


@pytest.mark.parametrize("n", [1, 2, 400, 401, 402, 5_000])
def test_a_head_gives_the_same_files_wherever_reading_stops(
    source: Path, n: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = plan(fp.scan_jsonl(source).head(n)) if n > 2 else fp.scan_jsonl(source).head(n)
    runs = []
    for threads, rows in [(1, 65_536), (7, 1), (2, 3)]:
        monkeypatch.setenv("FASTPREP_BATCH_ROWS", str(rows))
        runs.append(publish(pipeline, tmp_path / str(rows), threads=threads))
    assert_same(runs[1], runs[0])
    assert_same(runs[2], runs[0])


def test_rejects_behind_a_head_are_in_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('bad\n{"q": "a"}\nbad\n{"q": "b"}\nbad\n[]\n')
    for rows in ("1", "2", "65536"):
        monkeypatch.setenv("FASTPREP_BATCH_ROWS", rows)
        for n in (1, 2):
            out = tmp_path / f"{rows}-{n}"
            fp.scan_jsonl(path).head(n).sink_jsonl(out, max_rejects=n)
            assert (out / "rejects.jsonl").read_bytes().count(b"\n") == n
            assert written(out) == written(tmp_path / f"1-{n}")


def test_rows_are_the_same_from_json_lines_parquet_and_arrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.Table.from_pylist(ROWS)
    jsonl, parquet = tmp_path / "rows.jsonl", tmp_path / "rows.parquet"
    jsonl.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    pq.write_table(table, parquet, row_group_size=337)
    columns = ["id", "q", "a", "lang", "score"]
    sources = {
        "jsonl": lambda: fp.scan_jsonl(jsonl),
        "records": lambda: fp.from_records(ROWS),
        "parquet": lambda: fp.scan_parquet(parquet),
        "arrow": lambda: fp.from_arrow(table),
        "batches": lambda: fp.from_arrow(table.to_reader(max_chunksize=101)),
        "polars": lambda: fp.from_arrow(pl.DataFrame(ROWS)),
    }
    shards = {}
    for (name, make), rows in zip(sources.items(), [65_536, 3, 50, 1, 7, 1_000], strict=True):
        monkeypatch.setenv("FASTPREP_BATCH_ROWS", str(rows))
        publish(in_order(make().select(columns)), tmp_path / name, threads=3)
        files = data_files(tmp_path / name)
        # Rejects and duplicates name the place, which differs by source, as the order of a shuffle does.
        shards[name] = {f: content for f, content in files.items() if not f.endswith(("rejects.jsonl", "cates.jsonl"))}
        assert {"keys.arrow"} < set(shards[name])
    for name in sources:
        assert_same(shards[name], shards["jsonl"])


def test_nothing_of_the_machine_is_in_the_files(source: Path, expected: dict[str, bytes]) -> None:
    whole = b"".join(expected.values())
    for trace in [str(source), str(Path.home()), str(Path(__file__).parent)]:
        assert trace == "/" or trace.encode() not in whole
