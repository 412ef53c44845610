"""Folders that `save_to_disk` wrote: read in their order, with the splits of a dict."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tiny import column, refused, rows

import fastprep as fp

datasets = pytest.importorskip("datasets")

ROWS = [{"q": f"question {i}", "n": i} for i in range(100)]


@pytest.fixture
def data() -> Any:
    return datasets.Dataset.from_list(ROWS)


@pytest.fixture
def saved(data: Any, tmp_path: Path) -> Path:
    splits = datasets.DatasetDict(train=data, test=data.select([3, 1]))
    splits.save_to_disk(tmp_path / "saved", num_shards={"train": 3, "test": 1})
    return tmp_path / "saved"


def test_a_data_set_is_read_in_its_order(data: Any, tmp_path: Path) -> None:
    shuffled = data.shuffle(seed=1)
    shuffled.save_to_disk(tmp_path / "one", num_shards=4)
    for source in (fp.scan_ipc(tmp_path / "one"), fp.scan(tmp_path / "one")):
        assert rows(source) == shuffled.to_list()
    assert "SCAN_IPC     4 files" in fp.scan(tmp_path / "one").explain()


def test_the_files_of_state_json_are_read_in_its_order(data: Any, tmp_path: Path) -> None:
    folder = tmp_path / "one"
    data.save_to_disk(folder, num_shards=3)
    state = json.loads((folder / "state.json").read_text())
    shutil.copy(folder / "data-00001-of-00003.arrow", folder / "other.arrow")
    state["_data_files"] = [{"filename": f"data-0000{i}-of-00003.arrow"} for i in (2, 0)]
    (folder / "state.json").write_text(json.dumps(state))
    assert column(fp.scan_ipc(folder), "n") == [*range(67, 100), *range(34)]
    assert len(rows(fp.scan_ipc(str(folder / "*.arrow")))) == 133


def test_rows_of_a_dict_stay_in_their_splits(saved: Path, tmp_path: Path) -> None:
    plan = fp.scan(saved)
    assert "splits train, test as column split" in plan.explain()
    plan.sink_arrow(tmp_path / "out")
    out = fp.load(tmp_path / "out")
    assert {name: out[name].to_arrow()["n"].to_pylist() for name in out} == {"train": list(range(100)), "test": [3, 1]}
    with refused(fp.PlanError, "in_splits", "."):
        plan.split(valid=0.1, by="q").explain()
    assert len(plan.shuffle(seed=1).to_polars()) == 102
    assert rows(fp.scan_ipc(saved / "test")) == [ROWS[3], ROWS[1]]


def test_other_readers_find_no_rows_there(saved: Path) -> None:
    with refused(fp.SourceError, "not_found", "the folder has no files that match") as e:
        fp.scan_jsonl(saved).explain()
    assert "scan_ipc" in e.value.help


def test_a_damaged_folder_is_refused(saved: Path) -> None:
    state = saved / "train" / "state.json"
    whole = state.read_text()
    for text, why in [
        ("{", "EOF"),
        ("{}", "_data_files"),
        (whole.replace("data-00001", "../data-00001"), "is not a name within the folder"),
        (whole.replace("data-00001", "data-00009"), "it lists `data-00009-of-00003.arrow`, which is not there"),
        (whole.replace('"_split"', '"_indices_data_files": [{"filename": "i"}], "_split"'), "an order of their own"),
    ]:
        assert text != whole
        state.write_text(text)
        with refused(fp.SourceError, "bad_dataset", why):
            fp.scan_ipc(saved).explain()
    state.unlink()
    with refused(fp.SourceError, "bad_dataset", "the file does not exist"):
        fp.scan_ipc(saved).explain()


def test_a_file_that_was_cut_off_is_an_error(saved: Path) -> None:
    path = saved / "train" / "data-00002-of-00003.arrow"
    path.write_bytes(path.read_bytes()[:-8])
    with refused(fp.SourceError, "corrupt_ipc", "cut off"):
        fp.scan_ipc(saved).to_polars()
