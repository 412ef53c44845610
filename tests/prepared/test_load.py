"""``fp.load``: what a prepared folder gives, and what it refuses."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from published import make_rows, publish, rewrite, trained

import fastprep as fp

TRAIN, VALID = make_rows(30, seed=1), make_rows(5, seed=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return publish(tmp_path / "out", {"train": TRAIN, "valid": VALID})


def test_is_a_mapping_of_splits_in_plan_order(folder: Path) -> None:
    data = fp.load(str(folder))
    assert list(data) == ["train", "valid"]
    assert [len(split) for split in data.values()] == [30, 5]
    assert data["train"].trained_tokens == trained(TRAIN)
    assert data.manifest == json.loads((folder / "manifest.json").read_text("utf-8"))
    assert "Split('train', rows=30" in repr(data)
    assert "test" not in data
    with pytest.raises(KeyError, match="splits: train, valid"):
        data["test"]


def test_shards_follow_the_manifest_alone(folder: Path) -> None:
    generation = folder / "data" / ("0123456789abcdef" * 2)
    (generation / "train-00003-of-00004.arrow").write_bytes(b"left by another generation")
    shards = fp.load(folder)["train"].shards
    assert [shard.name for shard in shards] == [f"train-0000{i}-of-00003.arrow" for i in range(3)]
    assert {shard.parent for shard in shards} == {generation}


def test_to_arrow_has_the_rows_in_order(folder: Path) -> None:
    data = fp.load(folder)
    assert data["train"].to_arrow().to_pylist() == TRAIN
    assert data["valid"].to_arrow().to_pylist() == VALID


def test_to_arrow_copies_nothing(tmp_path: Path) -> None:
    split = fp.load(publish(tmp_path / "out", {"train": make_rows(2000, longest=200)}, batch_rows=100))["train"]
    before = pa.total_allocated_bytes()
    table = split.to_arrow()
    assert table.nbytes > 1_000_000
    assert pa.total_allocated_bytes() - before < table.nbytes / 100


def test_to_polars_has_the_rows_in_order(folder: Path) -> None:
    pytest.importorskip("polars", reason="polars is not installed")
    assert fp.load(folder)["train"].to_polars().to_dicts() == TRAIN


def test_an_empty_split_is_a_split(tmp_path: Path) -> None:
    split = fp.load(publish(tmp_path / "out", {"train": TRAIN, "valid": []}))["valid"]
    assert (len(split), split.to_arrow().num_rows) == (0, 0)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"manifest_version": "1"}', '{"manifest_version": 1}'])
def test_a_damaged_manifest_is_refused(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text, "utf-8")
    _refused(folder, "bad_manifest", "manifest is damaged")


def test_a_newer_manifest_is_refused_whatever_else_it_holds(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"manifest_version": 3, "splits": "renamed"}', "utf-8")
    _refused(folder, "newer_manifest", "version 3 is newer than 2, the newest that this fastprep reads")


def test_a_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    _refused(tmp_path, "not_prepared", "not a prepared folder")
    _refused(tmp_path / "nowhere", "not_prepared", "the folder does not exist")


def test_a_missing_shard_is_refused(folder: Path) -> None:
    fp.load(folder)["valid"].shards[1].unlink()
    _refused(folder, "missing_shard", "cannot be read")


def test_a_truncated_shard_is_refused(folder: Path) -> None:
    shard = fp.load(folder)["valid"].shards[0]
    shard.write_bytes(shard.read_bytes()[:-1])
    _refused(folder, "damaged_shard", "bytes, the manifest says")


def test_shards_and_totals_must_agree(folder: Path) -> None:
    splits = fp.load(folder).manifest["splits"]
    splits[0]["rows"] += 1
    rewrite(folder, splits=splits)
    _refused(folder, "bad_manifest", "has 31 rows, but its shards have 30")


@pytest.mark.parametrize("path", [None, 3, ["out"]])
def test_a_path_is_a_path(path: Any) -> None:
    with pytest.raises(fp.PlanError, match="must be a path"):
        fp.load(path)


def test_a_format_that_cannot_be_is_refused_by_its_field(folder: Path) -> None:
    for recorded in (3, [], {"prompt": 1}, {"prompt": "{a", "completion": "b"}):
        rewrite(folder, format=recorded)
        data = fp.load(folder)
        with pytest.raises(fp.SourceError, match="format: ") as caught:
            data.format  # noqa: B018
        assert (caught.value.code, caught.value.path) == ("bad_manifest", str(folder / "manifest.json"))


def test_a_shard_that_is_no_arrow_file_is_refused_when_it_is_mapped(folder: Path) -> None:
    data = fp.load(folder)
    shard = data["train"].shards[1]
    shard.write_bytes(b"\0" * shard.stat().st_size)
    with pytest.raises(fp.SourceError) as caught:
        data["train"].to_arrow()
    assert (caught.value.code, caught.value.path) == ("damaged_shard", str(shard))


def test_a_folder_of_jsonl_has_no_rows_to_map(folder: Path) -> None:
    shards = [shard | {"format": "jsonl"} for shard in fp.load(folder).manifest["shards"]]
    rewrite(folder, shards=shards)
    split = fp.load(folder)["train"]
    assert len(split) == 30
    with pytest.raises(fp.SourceError, match="write the folder with sink_arrow"):
        split.to_arrow()


def test_trl_args_keep_rows_as_they_are(folder: Path) -> None:
    assert fp.load(folder).trl_args() == {
        "max_length": None,
        "packing": False,
        "padding_free": False,
        "dataset_kwargs": {"skip_prepare_dataset": True},
    }


def test_trl_args_of_packed_rows_keep_documents_apart(tmp_path: Path) -> None:
    packed = [row | {"seq_lengths": [len(row["input_ids"])]} for row in TRAIN]
    assert fp.load(publish(tmp_path / "out", {"train": packed})).trl_args()["padding_free"] is True


@pytest.mark.parametrize("missing", ["input_ids", "labels"])
def test_trl_args_refuse_rows_that_trl_would_tokenize_or_train_whole(tmp_path: Path, missing: str) -> None:
    rows = [{name: value for name, value in row.items() if name != missing} for row in TRAIN]
    with pytest.raises(fp.ColumnError, match=r"add \.tokenize\(") as caught:
        fp.load(publish(tmp_path / "out", {"train": rows})).trl_args()
    assert caught.value.column == missing


def test_format_is_that_of_the_plan(folder: Path) -> None:
    assert fp.load(folder).format is None
    made = fp.PromptFormat("{q}", completion="{a}", separator="\n->\n", stop=" END")
    rewrite(folder, format=json.loads(made.to_json()))
    assert fp.load(folder).format == made


@pytest.mark.parametrize(
    ("package", "extra", "ask"),
    [
        ("torch", "torch", lambda data: data["train"].to_torch()),
        ("torch", "torch", lambda data: data.collator()),
        ("datasets", "transformers", lambda data: data["train"].to_datasets()),
        ("polars", "polars", lambda data: data["train"].to_polars()),
    ],
)
def test_a_missing_peer_names_its_extra(
    folder: Path, monkeypatch: pytest.MonkeyPatch, package: str, extra: str, ask: Any
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModuleNotFoundError, match=rf"pip install 'fastprep\[{extra}\]'"):
        ask(fp.load(folder))


def test_loading_imports_no_peer(folder: Path) -> None:
    peers = ["torch", "transformers", "datasets", "trl", "polars", "pyarrow", "numpy"]
    code = f"import sys, fastprep; fastprep.load({str(folder)!r}); print([p for p in {peers} if p in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_environment())
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (fp.PlanError, ValueError),
        (fp.ColumnError, KeyError),
        (fp.SourceError, OSError),
        (fp.DataError, ValueError),
        (fp.TokenizerError, ValueError),
        (fp.PublishError, OSError),
        (fp.CallbackError, RuntimeError),
        (fp.InternalError, RuntimeError),
    ],
)
def test_errors_are_built_ins_with_a_place(error: type[fp.FastprepError], builtin: type[Exception]) -> None:
    parts = {"code": "slug", "path": "a.jsonl", "row": 2, "line": 3, "column": "x", "help": "do this"}
    made = error('bad\n"row"', **parts)  # type: ignore[arg-type]
    assert isinstance(made, builtin)
    for one in (made, pickle.loads(pickle.dumps(made))):
        assert str(one) == 'bad\n"row"'
        assert {name: getattr(one, name) for name in parts} == parts
    bare = error("bad", code="slug")
    assert (bare.path, bare.row, bare.line, bare.column, bare.help) == (None,) * 5


def _refused(folder: Path, code: str, message: str) -> None:
    with pytest.raises(fp.SourceError, match=message) as caught:
        fp.load(folder)
    assert caught.value.code == code
    assert caught.value.path is not None
    assert str(caught.value.help) in str(caught.value)


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


def test_a_data_set_that_was_replaced_since_it_was_loaded_says_so(tmp_path: Path) -> None:
    plan = fp.from_records([{"p": str(i), "c": "x"} for i in range(3)])
    plan.sink_arrow(tmp_path / "out")
    before = fp.load(tmp_path / "out")
    table = before["train"].to_arrow()
    plan.head(1).sink_arrow(tmp_path / "out", overwrite=True)
    assert table.num_rows == len(table.to_pylist()) == 3
    with pytest.raises(fp.SourceError, match="load it again") as caught:
        before["train"].to_arrow()
    assert caught.value.code == "missing_shard"
    assert fp.load(tmp_path / "out")["train"].to_arrow().num_rows == 1


def test_a_relative_path_still_leads_there_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fp.from_records([{"p": "x"}]).sink_arrow("out")
    data = fp.load("out")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert data["train"].to_arrow().to_pylist() == [{"p": "x"}]
