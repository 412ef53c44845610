"""``Split.loader``: every row once over ranks, workers and epochs, and a cursor that resumes at the next unread row."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from published import make_rows, numbers_of, publish

import fastprep as fp

torch = pytest.importorskip("torch", reason="torch is not installed")
from fastprep._fastprep import FILLER, Permutation  # noqa: E402
from fastprep.torch.epoch_order import EpochOrder, Share  # noqa: E402  # needs torch

ROWS = make_rows(41, seed=3)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> fp.Split:
    return fp.load(publish(tmp_path_factory.mktemp("loader") / "out", {"train": ROWS}))["train"]


def epoch_of(split: fp.Split, **options: Any) -> list[list[int]]:
    return list(split.loader(numbers_of, **options))


# --- the order


@given(st.integers(0, 3000), st.integers(0, 2**64 - 1), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_a_permutation_has_every_row_once(rows: int, seed: int, epoch: int) -> None:
    order = Permutation(rows, seed, epoch).take(0, rows, 1)
    assert sorted(order) == list(range(rows))


def test_grouped_rows_are_of_about_one_length_and_still_shuffled() -> None:
    random = np.random.default_rng(0)
    lengths = random.integers(1, 1000, 4000)

    def length(numbers: list[int]) -> list[int]:
        return lengths[numbers].tolist()

    order = EpochOrder(4000, 1, 0, block=8, lengths=length).take(0, 4000)
    assert sorted(order) == list(range(4000))
    assert order != EpochOrder(4000, 1, 1, block=8, lengths=length).take(0, 4000)
    blocks = lengths[np.array(order)].reshape(-1, 8)
    padding = (blocks.max(1, keepdims=True) - blocks).sum() / blocks.sum()
    assert padding < 0.05
    means = blocks.mean(1)
    assert abs(np.corrcoef(means[:-1], means[1:])[0, 1]) < 0.2


# --- exactly once


@given(
    rows=st.integers(0, 60),
    world=st.integers(1, 5),
    batch=st.integers(1, 7),
    seed=st.none() | st.integers(0, 99),
    grouped=st.booleans(),
    drop=st.booleans(),
    data=st.data(),
)
@settings(max_examples=200, deadline=None)
def test_ranks_share_an_epoch_exactly_once(
    rows: int, world: int, batch: int, seed: int | None, grouped: bool, drop: bool, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, rows))
    order = EpochOrder(rows, seed, 0, block=3, lengths=(lambda n: [i % 5 for i in n]) if grouped else None)
    shares = [Share(order, start, batch, rank, world, drop) for rank in range(world)]
    batches = [list(share.batches()) for share in shares]
    assert len({len(own) for own in batches}) == 1
    assert all(len(one) == len(other) for own in batches for one, other in zip(own, batches[0], strict=True))
    seen = [row for own in batches for rows_ in own for row in rows_]
    assert seen.count(FILLER) == shares[0].fillers < world
    seen = [row for row in seen if row != FILLER]
    wanted = order.take(start, rows)
    assert len(seen) + shares[0].dropped == len(wanted)
    assert sorted(seen) == sorted(wanted[: len(seen)])
    assert drop or len(seen) == len(wanted)


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("group_by_length", [False, True])
def test_workers_change_nothing(split: fp.Split, workers: int, group_by_length: bool) -> None:
    options: dict[str, Any] = {"batch_size": 4, "group_by_length": group_by_length, "rank": 1, "world_size": 2}
    loader = split.loader(numbers_of, num_workers=workers, **options)
    alone = split.loader(numbers_of, **options)
    for _ in range(2):
        assert len(loader) == 6
        assert list(loader) == list(alone)


def test_epochs_have_orders_of_their_own(split: fp.Split) -> None:
    loader = split.loader(numbers_of, batch_size=5)
    epochs = [[row for batch in loader for row in batch] for _ in range(3)]
    assert all(Counter(epoch) == Counter(range(41)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert loader.epoch == 3
    assert [row for batch in split.loader(numbers_of, batch_size=5, seed=None) for row in batch] == list(range(41))


def test_short_ranks_get_fillers_and_dropping_is_counted(split: fp.Split) -> None:
    loaders = [split.loader(numbers_of, batch_size=4, rank=rank, world_size=3) for rank in range(3)]
    last = [list(loader)[-1] for loader in loaders]
    assert [len(batch) for batch in last] == [2, 2, 2]
    assert sum(batch.count(-1) for batch in last) == 1
    assert split.loader(numbers_of, batch_size=4, rank=0, world_size=3).fillers == 1
    dropping = split.loader(numbers_of, batch_size=4, rank=0, world_size=3, drop_last=True)
    assert (dropping.dropped, dropping.fillers, len(dropping), len(list(dropping))) == (5, 0, 3, 3)


# --- the cursor


@pytest.mark.parametrize("group_by_length", [False, True])
@pytest.mark.parametrize("drop_last", [False, True])
def test_resumes_at_every_step(split: fp.Split, group_by_length: bool, drop_last: bool) -> None:
    options: dict[str, Any] = {"batch_size": 6, "group_by_length": group_by_length, "drop_last": drop_last, "seed": 5}
    whole = split.loader(numbers_of, **options)
    wanted = [list(whole) for _ in range(2)]
    for done in range(len(wanted[0]) + 1):
        first = split.loader(numbers_of, **options)
        state = first.state_dict()
        for _ in islice(first, done):
            state = first.state_dict()
        resumed = split.loader(numbers_of, **options)
        resumed.load_state_dict(json.loads(json.dumps(state)))
        assert len(resumed) == len(wanted[0]) - done
        assert [list(resumed), list(resumed)] == [wanted[0][done:], wanted[1]]


@given(
    steps=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(0, 4)), min_size=1, max_size=4),
    grouped=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_resumes_with_other_ranks_and_batches(
    split: fp.Split, steps: list[tuple[int, int, int]], grouped: bool
) -> None:
    """Runs of (ranks, rows of a batch, steps) one after another see each row once, in the epoch's order."""
    seen: list[int] = []
    state = None
    for i, (world, batch, most) in enumerate(steps):
        last = i == len(steps) - 1
        states = []
        parts = []
        for rank in range(world):
            loader = split.loader(numbers_of, batch_size=batch, rank=rank, world_size=world, group_by_length=grouped)
            if state is not None:
                loader.load_state_dict(state)
            states.append(loader.state_dict())
            own = []
            for rows in loader:
                own.append(rows)
                states[-1] = loader.state_dict()
                if len(own) == most and not last:
                    break
            if most == 0 and not last:
                own, states[-1] = [], states[-1] if state is None else state
            parts.append(own)
        if most == 0 and not last:
            continue
        assert all(one == states[0] for one in states)
        state = states[0]
        seen += [row for step in zip(*parts, strict=True) for rows in step for row in rows if row != -1]
    assert Counter(seen) == Counter(range(41))


@pytest.mark.parametrize(("before", "after"), [(0, 2), (2, 0), (2, 1)])
def test_resumes_with_other_workers(split: fp.Split, before: int, after: int) -> None:
    wanted = epoch_of(split, batch_size=3)
    loader = split.loader(numbers_of, batch_size=3, num_workers=before)
    for _ in islice(loader, 5):
        state = loader.state_dict()
    resumed = split.loader(numbers_of, batch_size=3, num_workers=after)
    resumed.load_state_dict(state)
    assert list(resumed) == wanted[5:]


# --- passes that are left, and passes at once


def passes(split: fp.Split, workers: int = 0, **options: Any) -> tuple[Any, list[list[list[int]]]]:
    """A loader, and the batches of its first three epochs."""
    whole = split.loader(numbers_of, batch_size=3, **options)
    return split.loader(numbers_of, batch_size=3, num_workers=workers, **options), [list(whole) for _ in range(3)]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_pass_that_was_left_begins_again_with_one_warning(split: fp.Split, workers: int) -> None:
    loader, wanted = passes(split, workers)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        next(iter(loader))
        assert list(islice(loader, 4)) == wanted[0][:4]
        assert len(loader) == 14
        assert [list(loader), list(loader)] == wanted[:2]
        next(iter(loader))
        assert list(loader) == wanted[2]
    [warning] = [one for one in caught if "starts again" in str(one.message)]
    assert "after 1 of 14 batches" in str(warning.message)
    assert "load_state_dict" in str(warning.message)
    assert warning.filename == __file__


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loaded_cursor_is_where_passes_begin_until_the_epoch_is_over(split: fp.Split, workers: int) -> None:
    loader, wanted = passes(split, workers)
    list(islice(loader, 5))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loader.load_state_dict(loader.state_dict())
        assert len(loader) == 9
        assert list(islice(loader, 2)) == wanted[0][5:7]
    with pytest.warns(UserWarning, match="after 2 of 9 batches"):
        assert list(loader) == wanted[0][5:]
    assert [list(loader), loader.epoch] == [wanted[1], 2]


@pytest.mark.parametrize("count", ["all", "zip"])
def test_a_loop_that_counts_batches_ends_the_epoch(split: fp.Split, count: str) -> None:
    loader, wanted = passes(split)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for epoch in range(2):
            if count == "all":
                found = list(islice(loader, len(loader)))
            else:
                found = [batch for _, batch in zip(range(14), loader, strict=False)]
            assert found == wanted[epoch]
            assert loader.state_dict()["start"] == 41
        assert list(loader) == wanted[2]


def test_a_cursor_is_behind_the_batch_that_came_last_of_any_iterator(split: fp.Split) -> None:
    loader, wanted = passes(split)
    training = iter(loader)
    found = [next(training) for _ in range(5)]
    with pytest.warns(UserWarning, match="starts again"):
        assert next(iter(loader)) == wanted[0][0]
    assert loader.state_dict()["start"] == 3
    found.append(next(training))
    assert loader.state_dict()["start"] == 18
    assert found + list(training) == wanted[0]
    assert loader.state_dict() == split.loader(numbers_of, batch_size=3).state_dict() | {"epoch": 1}
    assert list(loader) == wanted[1]


def test_two_iterators_end_one_epoch(split: fp.Split) -> None:
    loader, wanted = passes(split)
    with pytest.warns(UserWarning, match="starts again"):
        assert list(zip(loader, loader, strict=True)) == list(zip(wanted[0], wanted[0], strict=True))
    assert (loader.epoch, list(loader)) == (1, wanted[1])


def test_an_iterator_of_an_epoch_that_was_left_moves_no_cursor(split: fp.Split) -> None:
    loader, wanted = passes(split)
    old = iter(loader)
    next(old)
    loader.set_epoch(2)
    assert next(old) == wanted[0][1]
    assert (loader.epoch, loader.state_dict()["start"]) == (2, 0)
    assert list(old) == wanted[0][2:]
    assert (loader.epoch, list(loader)) == (2, wanted[2])


def test_set_epoch_names_the_next_pass_and_leaves_a_cursor(split: fp.Split) -> None:
    loader, wanted = passes(split)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for epoch in (2, 0, 1):
            loader.set_epoch(epoch)
            assert list(loader) == wanted[epoch]
        loader.set_epoch(1)
        list(islice(loader, 5))
        state = loader.state_dict()
        resumed = split.loader(numbers_of, batch_size=3)
        resumed.load_state_dict(state)
        resumed.set_epoch(1)
        assert list(resumed) == wanted[1][5:]
    for epoch in (-1, 1.5, True, "1"):
        with pytest.raises(fp.PlanError, match="epoch"):
            loader.set_epoch(epoch)


@pytest.mark.filterwarnings("ignore:the last pass was left")
@given(
    moves=st.lists(st.tuples(st.sampled_from(["pass", "peek", "go on", "save and load", "epoch"]), st.integers(1, 15))),
    drop_last=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_every_pass_is_of_its_epoch_from_its_cursor(
    split: fp.Split, moves: list[tuple[str, int]], drop_last: bool
) -> None:
    """Against a model: the epoch, the batches before a pass, and those that the last iterator has had."""
    loader, _ = passes(split, drop_last=drop_last)
    reference = split.loader(numbers_of, batch_size=3, drop_last=drop_last)
    epoch = start = had = 0
    iterator: Any = None
    for move, count in moves:
        reference.set_epoch(epoch)
        wanted = list(reference)
        if move == "epoch":
            loader.set_epoch(count)
            if count != epoch:
                epoch, start, had, iterator = count, 0, 0, None
            continue
        if move == "save and load":
            fresh = split.loader(numbers_of, batch_size=3, drop_last=drop_last)
            fresh.load_state_dict(json.loads(json.dumps(loader.state_dict())))
            loader, start, had, iterator = fresh, start + had, 0, None
            continue
        if move != "go on" or iterator is None:
            if start + had == len(wanted) and had:
                epoch, start, had = epoch + 1, 0, 0
                reference.set_epoch(epoch)
                wanted = list(reference)
            iterator, had = iter(loader), 0
        found = list(iterator) if move == "pass" else list(islice(iterator, count))
        left = wanted[start + had :]
        assert found == (left if move == "pass" else left[:count])
        had += len(found)
        if move == "pass" or len(found) < count:
            epoch, start, had, iterator = epoch + 1, 0, 0, None
        assert loader.epoch == epoch


def test_a_cursor_of_other_rows_is_refused(split: fp.Split) -> None:
    state = split.loader(numbers_of, batch_size=3).state_dict()
    for change in ({"rows": 40}, {"seed": 1}, {"step": 2}):
        with pytest.raises(fp.PlanError, match="cursor") as caught:
            split.loader(numbers_of, batch_size=3).load_state_dict(state | change)
        assert caught.value.code == "other_cursor"


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"rank": 0}, {"world_size": 2}, {"rank": 2, "world_size": 2}])
def test_options_are_checked(split: fp.Split, options: dict[str, Any]) -> None:
    with pytest.raises(fp.PlanError):
        split.loader(numbers_of, **({"batch_size": 1} | options))


def test_batches_reach_the_loop_as_tensors(split: fp.Split, tmp_path: Path) -> None:
    data = fp.load(publish(tmp_path / "out", {"train": ROWS}))
    for workers in (0, 2):
        for layout in ("padded", "flat"):
            collate = data.collator(layout=layout)
            loader = data["train"].loader(collate, batch_size=8, num_workers=workers)
            labels = [batch["labels"] for batch in loader]
            assert sum(int((one != -100).sum()) for one in labels) == data["train"].trained_tokens
