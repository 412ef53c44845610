"""What this version publishes is what earlier ones published, file by file, and their folders can still be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import golden
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from common import json_lines, steps_add_up, table_rows, verify
from golden_input import LATER, RAW

import fastprep as fp

pytestmark = pytest.mark.batches

# Every folder that is kept, of all versions.
KEPT = sorted(manifest.parent for manifest in golden.PUBLISHED.glob("*/*/manifest.json"))

WITH_JSONL = [folder for folder in KEPT if any(folder.glob("data/*/*-of-*.jsonl*"))]
WITH_KEYS = [folder for folder in KEPT if folder.name in golden.KEYED]

Rows = list[dict[str, Any]]


def label(folder: Path) -> str:
    return f"{folder.parent.name}-{folder.name}"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All plans, published by this version."""
    out = tmp_path_factory.mktemp("golden")
    names = [name for name, _ in golden.publish(out)]
    assert names == list(golden.PLANS)
    return out


def rows_of_shards(folder: Path) -> dict[str, dict[str, Rows]]:
    """Rows by format and split, read without fastprep from the files that the manifest names."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    found: dict[str, dict[str, Rows]] = {}
    for entry in manifest["shards"]:
        content = golden.plain(folder / manifest["data"] / entry["name"])
        if entry["format"] == "arrow":
            rows = table_rows(pa.ipc.open_file(content).read_all())
        elif entry["format"] == "parquet":
            rows = table_rows(pq.read_table(pa.BufferReader(content)))
        else:
            rows = [json.loads(line) for line in content.decode("utf-8-sig").removesuffix("\n").split("\n")]
        found.setdefault(entry["format"], {}).setdefault(entry["split"], []).extend(rows)
    return found


@pytest.mark.parametrize("name", golden.PLANS)
def test_a_plan_publishes_the_files_that_it_published_before(name: str, published: Path) -> None:
    before = golden.kept(name)
    assert before is not None, "keep it: python tests/support/golden.py"
    expected, found = golden.content(before), golden.content(published / name)
    assert list(found) == list(expected)
    for file in expected:
        assert found[file] == expected[file], f"{file} differs"


@pytest.mark.parametrize("name", ["shuffle", "shuffle_splits", "pack", "pack_longer", "whole"])
def test_the_third_version_changed_the_order_of_a_shuffle_alone(name: str) -> None:
    first, third = (rows_of_shards(golden.PUBLISHED / version / name) for version in "13")
    assert first != third
    for format, splits in first.items():
        for split, rows in splits.items():
            assert sorted(map(json.dumps, rows)) == sorted(map(json.dumps, third[format][split]))


def test_every_verb_is_in_a_plan_that_is_kept() -> None:
    steps = {step["step"] for folder in KEPT for step in fp.load(folder).manifest["report"]["steps"]}
    no_steps = {"pipe", "explain", "schema", "dialect", "preview", "inspect", "to_json", "from_json", "collect"}
    no_steps |= {"to_polars", "to_lazyframe", "sink", "sink_arrow", "sink_jsonl", "sink_parquet", "sink_chat"}
    assert {name for name in dir(fp.Pipeline) if not name.startswith("_")} - no_steps <= steps


@pytest.mark.parametrize("name", golden.PLANS)
def test_every_row_is_accounted_for(name: str, published: Path) -> None:
    report = fp.load(published / name).manifest["report"]
    if report["packing"] is None:
        steps_add_up(report)


@pytest.mark.parametrize("folder", KEPT, ids=label)
def test_a_kept_folder_is_sound_and_is_loaded_with_its_rows(folder: Path) -> None:
    assert verify(folder)["problems"] == []
    shards = rows_of_shards(folder)
    data = fp.load(folder)
    assert list(data) == [split["name"] for split in data.manifest["splits"]]
    for split in data.manifest["splits"]:
        assert {len(by_split[split["name"]]) for by_split in shards.values()} == {split["rows"]}
        if "arrow" in shards:
            rows = shards["arrow"][split["name"]]
            assert table_rows(data[split["name"]].to_arrow()) == rows
            lists = ("input_ids", "prompt_ids", "chosen_ids", "rejected_ids", "completion_ids")
            assert sum(len(row.get(name, [])) for row in rows for name in lists) == split["tokens"]
    assert len(json_lines(folder / "rejects.jsonl")) == data.manifest["report"]["rows"]["rejected"]


@pytest.mark.parametrize("folder", WITH_JSONL, ids=label)
def test_a_kept_folder_is_a_source_of_its_rows_and_their_splits(folder: Path) -> None:
    found: dict[str, Rows] = {}
    for row in table_rows(fp.scan_jsonl(folder).collect()):
        found.setdefault(row.pop("split"), []).append(row)
    assert found == rows_of_shards(folder)["jsonl"]


@pytest.mark.parametrize("folder", WITH_KEYS, ids=label)
def test_rows_of_a_kept_folder_count_as_seen(folder: Path, tmp_path: Path) -> None:
    chain = golden.KEYED[folder.name]
    report = chain(fp.scan_jsonl([LATER, RAW]), against=folder).sink_jsonl(tmp_path / "out")
    later = rows_of_shards(tmp_path / "out")["jsonl"]["train"]
    # Of the input from which the folder was made no row is left; of the later file those that it did not hold.
    fresh = [row for row in json_lines(LATER) if row["id"] >= (100 if by_id(folder) else 200)]
    assert [row["id"] for row in later] == [row["id"] for row in fresh]
    before = fp.load(folder).manifest["report"]["rows"]
    assert report.reasons["duplicate_against"] == before["written"] + before["duplicate"] + 8 - len(fresh)
    assert "duplicate" not in report.reasons


def by_id(folder: Path) -> bool:
    """Whether a folder's keys hold the id, which differs in the later file."""
    return folder.name in ("dedup_raw", "dedup_on")
