"""Loaders of others over our rows: torchdata's StatefulDataLoader and accelerate, within their limits."""

from __future__ import annotations

import warnings
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from published import make_rows, numbers_of, publish

import fastprep as fp

torch = pytest.importorskip("torch", reason="torch is not installed")
ROWS = make_rows(41, seed=3)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> fp.Split:
    return fp.load(publish(tmp_path_factory.mktemp("loader") / "out", {"train": ROWS}))["train"]


def as_it_is(batch: Any) -> Any:
    return batch


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", ["batches", "rows"])
def test_stateful_data_loader_resumes(split: fp.Split, workers: int, kind: str) -> None:
    torchdata = pytest.importorskip("torchdata.stateful_dataloader", reason="torchdata is not installed")

    def loader() -> Any:
        if kind == "rows":
            return torchdata.StatefulDataLoader(
                split.to_torch(), batch_size=3, shuffle=True, collate_fn=numbers_of, num_workers=workers
            )
        batches = split.loader(numbers_of, batch_size=3, seed=2).dataset
        return torchdata.StatefulDataLoader(batches, batch_size=None, collate_fn=as_it_is, num_workers=workers)

    first = loader()
    torch.manual_seed(0)
    passing = iter(first)
    done = list(islice(passing, 5))
    state = first.state_dict()
    rest = list(passing)
    assert sorted(row for batch in done + rest for row in batch) == list(range(41))
    resumed = loader()
    resumed.load_state_dict(state)
    assert list(resumed) == rest
    assert len(list(resumed)) == 14


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_begin_again_and_go_on_from_a_state_in_a_stateful_data_loader(split: fp.Split, workers: int) -> None:
    torchdata = pytest.importorskip("torchdata.stateful_dataloader", reason="torchdata is not installed")
    batches = split.loader(numbers_of, batch_size=3, seed=2).dataset
    loader = torchdata.StatefulDataLoader(batches, batch_size=None, collate_fn=as_it_is, num_workers=workers)
    wanted = list(split.loader(numbers_of, batch_size=3, seed=2))
    next(iter(loader))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        done = list(islice(loader, 5))
        state = loader.state_dict()
    # Workers end with their pass: those of the next have not seen it.
    assert len([one for one in caught if "starts again" in str(one.message)]) == (workers == 0)
    assert sorted(done) == sorted(wanted[:5])
    loader.load_state_dict(state)
    assert sorted(list(loader)) == sorted(wanted[5:])
    assert sorted(list(loader)) == sorted(wanted)


def test_accelerate_leaves_the_loader_alone(split: fp.Split) -> None:
    accelerate = pytest.importorskip("accelerate", reason="accelerate is not installed")
    loader = split.loader(numbers_of, batch_size=3)
    assert accelerate.Accelerator(cpu=True).prepare(loader) is loader


def test_a_data_loader_of_accelerate_has_every_row(split: fp.Split, tmp_path: Path) -> None:
    accelerate = pytest.importorskip("accelerate", reason="accelerate is not installed")
    data = fp.load(publish(tmp_path / "out", {"train": ROWS}))
    loader = torch.utils.data.DataLoader(
        data["train"].to_torch(), batch_size=4, shuffle=True, collate_fn=data.collator()
    )
    prepared = accelerate.Accelerator(cpu=True).prepare(loader)
    assert sum(int(batch["attention_mask"].sum()) for batch in prepared) == data["train"].tokens
