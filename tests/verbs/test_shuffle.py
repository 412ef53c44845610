"""`shuffle`: all rows in an order that the seed decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny import column, records, refused

import fastprep as fp

PLAN = records(*({"i": str(i)} for i in range(200)))
ORDER = [str(i) for i in range(200)]


def test_every_row_is_there_once_in_another_order() -> None:
    shuffled = column(PLAN.shuffle(seed=1), "i")
    assert shuffled != ORDER
    assert sorted(shuffled, key=int) == ORDER


def test_the_seed_decides_the_order_and_the_threads_do_not() -> None:
    first = PLAN.shuffle(seed=1)
    assert first.collect(threads=1) == first.collect(threads=4)
    assert column(first, "i") == column(PLAN.shuffle(seed=1), "i")
    assert column(first, "i") != column(PLAN.shuffle(seed=2), "i")


def test_rows_mix_across_the_whole_input() -> None:
    shuffled = [int(i) for i in column(PLAN.shuffle(), "i")]
    assert 60 < sum(shuffled[:100]) / 100 < 140


def test_shards_hold_equal_numbers_give_or_take_one(tmp_path: Path) -> None:
    PLAN.shuffle().split(valid=0.3, by="i").sink_arrow(tmp_path / "out", shard_bytes=150)
    data = fp.load(tmp_path / "out")
    for split in data:
        sizes = [s["rows"] for s in data.manifest["shards"] if s["split"] == split]
        assert len(sizes) > 2
        assert max(sizes) - min(sizes) <= 1


def test_passes_rows_on_in_the_report(tmp_path: Path) -> None:
    steps = PLAN.shuffle().sink_arrow(tmp_path / "out").to_dict()["steps"]
    assert steps[-1] == {"step": "shuffle", "rows_in": 200, "rows_out": 200, "removed": {}}


@pytest.mark.parametrize("seed", [-1, 1 << 64, 1.5, "x"])
def test_a_seed_is_a_whole_number(seed: object) -> None:
    with refused(fp.PlanError, "bad_option", "shuffle: seed="):
        PLAN.shuffle(seed=seed)  # type: ignore[arg-type]


def test_a_chain_has_one_shuffle() -> None:
    with refused(fp.PlanError, "bad_chain", "shuffle: the chain has one already"):
        PLAN.shuffle().shuffle(seed=2)


@pytest.mark.parametrize(("verb", "options"), [("dedup", {"on": "i"}), ("dedup", {}), ("head", {"n": 3})])
def test_steps_that_ask_for_the_first_rows_come_before(verb: str, options: dict[str, Any]) -> None:
    with refused(fp.PlanError, "bad_chain", f"{verb}: the rows are shuffled already") as e:
        getattr(PLAN.shuffle(), verb)(**options)
    assert f"put {verb} before shuffle" in e.value.help
