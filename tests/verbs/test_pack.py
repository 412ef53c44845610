"""`pack`: every row is in one pack, whole and with its own labels, and packs are full."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from common import data_files, verify
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import PAIR, jsonl, records, refused

import fastprep as fp

TOKENS = ("input_ids", "labels", "segment_lengths", "segment_kinds")
WORDS = "what is the capital of france paris".split()


def texts(count: int, seed: int = 0, longest: int = 20) -> list[dict[str, Any]]:
    random_ = random.Random(seed)

    def some() -> str:
        return " ".join(random_.choices(WORDS, k=random_.randint(1, longest)))

    return [{"prompt": f"{some()} {i}", "completion": some(), "row_weight": i % 3 / 2} for i in range(count)]


def plan(rows: list[dict[str, Any]], tokenizer: Path, max_length: int = 64) -> fp.Pipeline:
    return records(*rows).format(PAIR).tokenize(tokenizer, max_length=max_length)


def documents(packs: list[dict[str, Any]]) -> Counter[str]:
    """The rows of packs, taken apart again."""
    found = []
    for pack in packs:
        assert sum(pack["seq_lengths"]) == len(pack["input_ids"]) == len(pack["labels"])
        at = segment = 0
        for length in pack["seq_lengths"]:
            first, covered = segment, 0
            while covered < length:
                covered += pack["segment_lengths"][segment]
                segment += 1
            assert covered == length
            weights = pack.get("segment_weights", [1.0] * segment)[first:segment]
            columns = [pack["input_ids"][at : at + length], pack["labels"][at : at + length]]
            columns += [pack["segment_lengths"][first:segment], pack["segment_kinds"][first:segment], weights]
            found.append(str(columns))
            at += length
        assert segment == len(pack["segment_kinds"])
    return Counter(found)


def plain(rows: list[dict[str, Any]]) -> Counter[str]:
    found = []
    for row in rows:
        weights = [row.get("row_weight", 1.0)] * len(row["segment_kinds"])
        found.append(str([row[name] for name in TOKENS] + [weights]))
    return Counter(found)


@given(rows=st.integers(1, 80), seed=st.integers(0, 9), room=st.sampled_from([64, 65, 200, 4000]))
@settings(max_examples=25, deadline=None)
def test_every_row_is_in_one_pack_whole(tokenizer_folder: Path, rows: int, seed: int, room: int) -> None:
    tokenized = plan(texts(rows, seed), tokenizer_folder)
    packs = tokenized.pack(max_length=room, seed=seed).collect().to_pylist()
    assert documents(packs) == plain(tokenized.collect().to_pylist())
    assert max(len(pack["input_ids"]) for pack in packs) <= room
    assert set(packs[0]) == {*TOKENS, "segment_weights", "seq_lengths"}


def test_packs_are_as_few_as_the_slow_way_makes(tokenizer_folder: Path) -> None:
    tokenized = plan(texts(300), tokenizer_folder)
    spaces: list[int] = []
    for length in sorted((len(row["input_ids"]) for row in tokenized.collect().to_pylist()), reverse=True):
        fitting = [i for i, space in enumerate(spaces) if space >= length]
        best = min(fitting, key=lambda i: spaces[i], default=len(spaces))
        spaces += [64] if best == len(spaces) else []
        spaces[best] -= length
    packs = tokenized.pack().collect().to_pylist()
    assert sorted(64 - len(pack["input_ids"]) for pack in packs) == sorted(spaces)


def test_the_report_accounts_for_every_token(tokenizer_folder: Path, tmp_path: Path) -> None:
    report = plan(texts(200), tokenizer_folder).split(valid=0.2, seed=1).pack().sink_arrow(tmp_path / "out").to_dict()
    packing, data = report["packing"], fp.load(tmp_path / "out")
    assert packing["documents"] == report["rows"]["read"] - report["rows"]["rejected"]
    assert packing["tokens"] == report["tokens"]["total"] == sum(split.tokens for split in data.values())
    assert sum(split.trained_tokens for split in data.values()) == report["tokens"]["trained"]
    assert packing["packs"] == report["rows"]["written"] == sum(len(split) for split in data.values())
    assert packing["fill"] == packing["tokens"] / (64 * packing["packs"])
    assert report["steps"][-1] == {
        "step": "pack",
        "rows_in": packing["documents"],
        "rows_out": packing["packs"],
        "removed": {},
    }


def test_splits_are_packed_each_by_itself_and_keys_stay(tokenizer_folder: Path, tmp_path: Path) -> None:
    rows = texts(120)
    chain = records(*rows).format(PAIR).dedup().split(valid=0.3, seed=1).tokenize(tokenizer_folder, max_length=200)
    chain.sink_arrow(tmp_path / "plain")
    chain.pack(max_length=300).sink_arrow(tmp_path / "packed")
    before, after = fp.load(tmp_path / "plain"), fp.load(tmp_path / "packed")
    assert list(after) == ["train", "valid"]
    for split in before:
        packs = after[split].to_arrow().to_pylist()
        assert documents(packs) == plain(before[split].to_arrow().to_pylist())
    assert verify(tmp_path / "packed")["problems"] == []
    # A later run finds every row of the packs.
    again = records(*rows, {"prompt": "new", "completion": "paris"}).format(PAIR).dedup(against=[tmp_path / "packed"])
    assert again.collect().num_rows == 1


def test_threads_change_no_byte_and_the_seed_the_order(tokenizer_folder: Path, tmp_path: Path) -> None:
    tokenized = plan(texts(400), tokenizer_folder)
    files = []
    for i, (threads, seed) in enumerate([(1, 0), (3, 0), (1, 1)]):
        tokenized.pack(seed=seed).sink_arrow(tmp_path / str(i), threads=threads, shard_bytes=9_000)
        files.append(data_files(tmp_path / str(i)))
        assert len(files[-1]) > 2
    assert files[0] == files[1] != files[2]
    orders = [[pack["input_ids"] for pack in tokenized.pack(seed=seed).collect().to_pylist()] for seed in (0, 1)]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def test_rows_weigh_as_before(tokenizer_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    tokenized = plan(texts(60), tokenizer_folder)
    tokenized.sink_arrow(tmp_path / "plain")
    tokenized.pack().sink_arrow(tmp_path / "packed")
    sums = []
    for name in ("plain", "packed"):
        data = fp.load(tmp_path / name)
        collate = data.collator(layout="flat", prompt_loss_weight=0.5, weighted=True)
        batch = collate(data["train"].to_torch().__getitems__(range(len(data["train"]))))
        sums.append((float(batch["loss_weights"].sum()), int((batch["labels"] != -100).sum())))
    assert sums[0] == sums[1]


def test_what_cannot_be_packed_is_refused(tokenizer_folder: Path) -> None:
    rows = records(*texts(5)).format(PAIR)
    with refused(fp.PlanError, "bad_max_length", "no token ids"):
        rows.pack().explain()
    with refused(fp.PlanError, "bad_max_length", "rows have no limit of tokens"):
        rows.tokenize(tokenizer_folder).pack(max_length=64).explain()
    with refused(fp.PlanError, "bad_max_length", "must be 64 or more, as rows have up to 64 tokens; got 63"):
        rows.tokenize(tokenizer_folder, max_length=64).pack(max_length=63).explain()
    packed = rows.tokenize(tokenizer_folder, max_length=64).pack()
    later = [lambda: packed.dedup(on="input_ids"), lambda: packed.split(valid=0.1), lambda: packed.drop("seq_lengths")]
    for step in later:
        with refused(fp.PlanError, "bad_chain", "already packed") as e:
            step()
        assert "only filter, head and shuffle may come after it" in e.value.help
    assert "PACK         best fit decreasing, max_length=64; order by seed=0  [barrier]" in packed.explain()
    assert "leaves out prompt, completion" in packed.explain()


def test_steps_after_it_take_packs(tokenizer_folder: Path, tmp_path: Path) -> None:
    pl = pytest.importorskip("polars", reason="polars is not installed")
    tokenized = plan(texts(200), tokenizer_folder)
    packs = tokenized.pack(seed=3).collect().to_pylist()
    assert tokenized.pack(seed=3).head(4).collect().to_pylist() == packs[:4]
    full = tokenized.pack(seed=3).filter(pl.col("seq_lengths").list.len() > 1)
    assert full.collect().to_pylist() == [pack for pack in packs if len(pack["seq_lengths"]) > 1]
    again = tokenized.pack(seed=3).shuffle(seed=4).collect().to_pylist()
    assert again != packs
    assert sorted(map(str, again)) == sorted(map(str, packs))
    report = tokenized.pack(seed=3).head(4).sink_arrow(tmp_path / "out").to_dict()
    assert report["packing"]["packs"] == len(packs)
    assert report["packing"]["documents"] == len(tokenized.collect())
    assert report["rows"]["written"] == 4
    assert report["steps"][-1]["removed"]["past_head"]["count"] == len(packs) - 4
    assert len(fp.load(tmp_path / "out")["train"].to_arrow()) == 4


def test_packs_come_in_the_order_in_which_a_shuffle_puts_their_first_rows(tokenizer_folder: Path) -> None:
    tokenized = plan(texts(150), tokenizer_folder)
    shuffled = [str(row["input_ids"]) for row in tokenized.shuffle(seed=3).collect().to_pylist()]
    rows = [str(row["input_ids"]) for row in tokenized.collect().to_pylist()]
    assert len(set(rows)) == len(rows)
    places = []
    for pack in tokenized.pack(seed=3).collect().to_pylist():
        ends = list(itertools.accumulate(pack["seq_lengths"]))
        own = [str(pack["input_ids"][start:end]) for start, end in zip([0, *ends], ends, strict=False)]
        # Its rows keep their order.
        assert [rows.index(row) for row in own] == sorted(rows.index(row) for row in own)
        places.append(shuffled.index(own[0]))
    assert places == sorted(places)


def test_the_command_packs(tokenizer_folder: Path, tmp_path: Path) -> None:
    source = jsonl(tmp_path / "in.jsonl", texts(50))
    command = [sys.executable, "-m", "fastprep", "prepare", str(source), "--out", str(tmp_path / "out"), "--json"]
    command += ["--tokenizer", str(tokenizer_folder), "--max-length", "300", "--pack"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["packing"]["documents"] == 50


@pytest.mark.parametrize("columns", [["input_ids", "labels"], ["input_ids"], [*TOKENS[:1], *TOKENS[2:]]])
def test_packs_have_the_columns_that_were_selected(tokenizer_folder: Path, columns: list[str]) -> None:
    tokenized = plan(texts(60), tokenizer_folder)
    whole = tokenized.pack().collect()
    packs = tokenized.select(columns).pack().collect()
    assert packs.column_names == [*columns, "seq_lengths"]
    assert packs == whole.select(packs.column_names)


def test_labels_of_ones_own_stay(tokenizer_folder: Path) -> None:
    pl = pytest.importorskip("polars", reason="polars is not installed")
    tokenized = plan(texts(60), tokenizer_folder)
    packs = tokenized.with_columns(labels=pl.col("input_ids")).pack().collect()
    assert packs["labels"] == packs["input_ids"]
    # The same by their names alone: two columns exchanged.
    swapped = {"input_ids": "x", "labels": "input_ids", "segment_lengths": "segment_lengths"}
    renamed = tokenized.rename(swapped).rename({"x": "labels"}).pack().collect()
    whole = tokenized.pack().collect()
    assert (renamed["labels"], renamed["input_ids"]) == (whole["input_ids"], whole["labels"])


def lists(*values: float, of: str = "UInt8") -> Any:
    pl = pytest.importorskip("polars", reason="polars is not installed")
    return pl.concat_list(*(pl.lit(value).cast(getattr(pl, of)) for value in values))


@pytest.mark.parametrize("batch_rows", ["1", "65536"])
def test_rows_that_do_not_fit_together_are_refused(
    tokenizer_folder: Path, batch_rows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pl = pytest.importorskip("polars", reason="polars is not installed")
    monkeypatch.setenv("FASTPREP_BATCH_ROWS", batch_rows)
    tokenized = plan(texts(60), tokenizer_folder)
    col, some = pl.col, pl.col("input_ids").list.len() % 4 == 3
    uneven: list[tuple[dict[str, Any], str]] = [
        ({"labels": col("labels").list.head(2)}, "`labels` of a row covers 2 tokens"),
        ({"segment_lengths": col("segment_lengths") + 1}, "`segment_lengths` of a row covers"),
        ({"segment_lengths": pl.concat_list(pl.lit(-1), col("segment_lengths").list.sum() + 1)}, "`segment_lengths`"),
        # What one row has too few, another one has too many: a pack of both looks right.
        ({"segment_kinds": pl.when(some).then(lists(2)).otherwise(lists(1, 2, 1))}, "`segment_kinds` of a row covers"),
        ({"segment_weights": lists(1, 2, 3, of="Float32")}, "`segment_weights` of a row covers 3 segments"),
        ({"input_ids": pl.concat_list(*[col("input_ids")] * 65)}, "must have 1 to 64 tokens"),
        ({"input_ids": col("input_ids").list.head(0)}, "a row must have 1 to 64 tokens; got 0"),
    ]
    for columns, message in uneven:
        with refused(fp.DataError, "uneven_row", message):
            tokenized.with_columns(**columns).pack().collect()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"labels": pl.lit(1)}, "`labels` must hold lists of Int32"),
        ({"labels": col("labels").cast(pl.List(pl.Float64)) + 0.7}, "`labels` must hold lists of Int32"),
        ({"labels": pl.concat_list(pl.lit(None, pl.Int32))}, "without nulls"),
        ({"row_weight": pl.lit("heavy")}, "a number of 0 or more"),
        ({"row_weight": pl.lit(-2.0)}, "a number of 0 or more"),
        ({"row_weight": pl.lit(float("nan"))}, "a number of 0 or more"),
    ]
    for columns, message in wrong:
        with refused(fp.DataError, "wrong_type", message):
            tokenized.with_columns(**columns).pack().collect()
    with refused(fp.ColumnError, "missing_column", "`segment_lengths`, which `row_weight` needs"):
        tokenized.select("input_ids", "labels", "row_weight").pack().collect()


def test_weights_of_segments_come_from_the_source(tokenizer_folder: Path) -> None:
    kind = pa.list_(pa.float32())
    column = pa.array([[None, 9.0], [1.0, 2.0], [3.0, 4.0]], kind)
    rows = pa.table({"prompt": ["x", "a b", "c"], "completion": ["x", "d", "e f"], "segment_weights": column})
    # The null is of a row that is cut off.
    tokenized = fp.from_arrow(rows.slice(1)).format(PAIR).tokenize(tokenizer_folder, max_length=64)
    packs = tokenized.pack().collect().to_pylist()
    assert documents(packs) == Counter(
        str([row[name] for name in TOKENS] + [row["segment_weights"]]) for row in tokenized.collect().to_pylist()
    )
    assert sorted(packs[0]["segment_weights"]) == [1.0, 2.0, 3.0, 4.0]
    uneven = pa.array([[1.0], [3.0, 4.0, 5.0]], kind)
    with refused(fp.DataError, "uneven_row", "`segment_weights` of a row covers 1 segments, the row has 2"):
        other = rows.slice(1).set_column(2, "segment_weights", uneven)
        fp.from_arrow(other).format(PAIR).tokenize(tokenizer_folder, max_length=64).pack().collect()
