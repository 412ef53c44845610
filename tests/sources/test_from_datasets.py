"""`from_datasets`: data sets of the package `datasets`, with their order, splits and streams."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny import column, refused, rows

import fastprep as fp

datasets = pytest.importorskip("datasets")

ROWS = [{"q": f"question {i}", "n": i, "tags": ["a"] * (i % 3), "none": None} for i in range(300)]


@pytest.fixture
def data() -> Any:
    features = datasets.Features(
        {
            "q": datasets.Value("string"),
            "n": datasets.Value("int32"),
            "tags": datasets.List(datasets.Value("string")),
            "none": datasets.Value("string"),
        }
    )
    return datasets.Dataset.from_list(ROWS, features=features)


def test_rows_and_types_come_through(data: Any) -> None:
    plan = fp.from_datasets(data)
    assert rows(plan) == ROWS
    assert "reads 4 of 4 columns: q str, n int32, tags list<str>, none str" in plan.explain()


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.shuffle(seed=3),
        lambda data: data.select([5, 2, 2, 299, 0]),
        lambda data: data.select(range(10, 20)),
        lambda data: data.sort("n", reverse=True),
        lambda data: data.shuffle(seed=1).select(range(7)),
        lambda data: datasets.concatenate_datasets([data, data.select([3])]).shuffle(seed=2),
        lambda data: data.select([]),
        lambda data: data.with_format("numpy", columns=["n"]),
        lambda data: data.filter(lambda row: row["n"] % 2 == 0),
    ],
    ids=["shuffle", "select", "range", "sort", "both", "concatenated", "none", "format", "filter"],
)
def test_the_order_of_select_and_shuffle_is_honoured(change: Any, data: Any, tmp_path: Path) -> None:
    # From the disk, the table has several record batches.
    data.save_to_disk(tmp_path / "d", num_shards=7)
    for source in (data, datasets.load_from_disk(str(tmp_path / "d"))):
        changed = change(source)
        expected = changed.with_format(None).to_list()
        assert fp.from_datasets(changed).collect().to_pylist() == expected


def test_it_is_read_again_and_has_a_digest(data: Any) -> None:
    shuffled = data.shuffle(seed=3)
    plan = fp.from_datasets(shuffled, name="mine")
    assert rows(plan) == rows(plan)
    digest = json.loads(plan.to_json())["source"]["digest"]
    assert digest == json.loads(fp.from_arrow(shuffled.with_format("arrow")[:]).to_json())["source"]["digest"]
    for inputs in ({"mine": shuffled}, {digest: shuffled}, shuffled):
        assert rows(fp.Pipeline.from_json(plan.to_json(), inputs=inputs)) == rows(plan)
    assert rows(pickle.loads(pickle.dumps(plan))) == rows(plan)


def test_the_splits_of_a_dict_are_kept(data: Any, tmp_path: Path) -> None:
    splits = datasets.DatasetDict(test=data.select(range(4)), train=data.shuffle(seed=1).select(range(20)))
    plan = fp.from_datasets(splits)
    assert "splits train, test as column split" in plan.explain()
    assert column(plan.select("split"), "split") == ["test"] * 4 + ["train"] * 20
    plan.drop("none").sink_arrow(tmp_path / "out")
    out = fp.load(tmp_path / "out")
    assert {name: out[name].to_arrow()["n"].to_pylist() for name in out} == {
        "train": splits["train"]["n"][:],
        "test": [0, 1, 2, 3],
    }
    with refused(fp.PlanError, "in_splits", "."):
        plan.split(valid=0.1, by="q").explain()
    assert json.loads(plan.to_json())["source"]["digest"]
    again = fp.Pipeline.from_json(plan.to_json(), inputs={"<datasets>": splits})
    assert rows(again) == rows(plan)


def test_splits_that_do_not_fit_together_are_refused(data: Any) -> None:
    other = datasets.DatasetDict(train=data, test=data.rename_column("q", "other"))
    with refused(fp.PlanError, "bad_option", "the splits `train` and `test` have different columns or types"):
        fp.from_datasets(other)
    own = datasets.DatasetDict(train=data.rename_column("q", "split"))
    with refused(fp.PlanError, "bad_option", "the rows already have a column `split`"):
        fp.from_datasets(own)


def test_an_iterable_data_set_is_streamed_once_a_run(data: Any) -> None:
    taken = []

    def generate() -> Iterator[dict[str, Any]]:
        for row in ROWS:
            taken.append(row["n"])
            yield row

    stream = datasets.IterableDataset.from_generator(generate)
    plan = fp.from_datasets(stream)
    assert rows(plan) == ROWS
    assert rows(plan) == ROWS
    assert column(plan.head(2), "n") == [0, 1]
    assert "digest" not in json.loads(plan.to_json())["source"]
    typed = data.to_iterable_dataset(num_shards=3).filter(lambda row: row["n"] > 250)
    assert rows(fp.from_datasets(typed)) == ROWS[251:]
    assert rows(fp.from_datasets(data.to_iterable_dataset(num_shards=3).select_columns(["n"]))) == [
        {"n": row["n"]} for row in ROWS
    ]


def test_columns_of_an_iterable_that_change_are_an_error() -> None:
    def generate(later: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for i in range(1_500):
            yield {"a": i, "b": None}
        yield later

    def stream(later: dict[str, Any]) -> Any:
        return datasets.IterableDataset.from_generator(generate, gen_kwargs={"later": later})

    assert column(fp.from_datasets(stream({"a": None, "b": None})), "a")[-1] is None
    with refused(fp.SourceError, "cannot_read", "the Arrow stream failed"):
        fp.from_datasets(stream({"a": "x", "b": None})).collect()
    with refused(fp.SourceError, "cannot_read", "the Arrow stream failed"):
        fp.from_datasets(stream({"a": 1, "c": 2})).collect()


def test_other_data_are_refused_with_the_way_in(data: Any) -> None:
    for other in ([{"a": 1}], "folder", datasets.DatasetDict()):
        with refused(fp.PlanError, "bad_option", "from_datasets: `data` must be a Dataset"):
            fp.from_datasets(other)
    for ours in (data, datasets.DatasetDict(train=data)):
        with refused(fp.PlanError, "bad_option", "from_arrow: `data` must have an Arrow stream; got Dataset") as e:
            fp.from_arrow(ours)
        assert "fastprep.from_datasets" in e.value.help


PEAK = """
import resource, sys
import datasets
import pyarrow as pa
import fastprep as fp

data = datasets.load_from_disk(sys.argv[1]).shuffle(seed=1)
fp.from_datasets(data.select(range(10))).collect()
before = pa.default_memory_pool().max_memory()
fp.from_datasets(data).sink_jsonl(sys.argv[2])
print(data.data.nbytes, pa.default_memory_pool().max_memory() - before)
"""


@pytest.mark.heavy
def test_a_shuffled_data_set_is_never_all_in_memory(tmp_path: Path) -> None:
    big = datasets.Dataset.from_dict({"t": [f"{i} " + "x" * 3_000 for i in range(200_000)]})
    big.save_to_disk(tmp_path / "d")
    args: list[Any] = [sys.executable, "-c", PEAK, tmp_path / "d", tmp_path / "out"]
    size, peak = map(int, subprocess.run(args, check=True, capture_output=True, text=True).stdout.split()[-2:])
    assert peak < size / 2, (size, peak)
