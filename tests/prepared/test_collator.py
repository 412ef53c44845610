"""``data.collator()`` against a slow reference, and what it refuses."""

from __future__ import annotations

import itertools
import pickle
import warnings
from pathlib import Path
from typing import Any

import pytest
from published import PAD, Row, make_rows, pack, publish, token_weights

import fastprep as fp

torch = pytest.importorskip("torch", reason="torch is not installed")
from fastprep.torch.collator import Collator  # noqa: E402  # needs torch

ROWS = make_rows(41, seed=3)
WEIGHTED = make_rows(23, seed=4, weighted=True)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> fp.PreparedData:
    return fp.load(publish(tmp_path_factory.mktemp("plain") / "out", {"train": ROWS}))


@pytest.fixture(scope="module")
def weighted(tmp_path_factory: pytest.TempPathFactory) -> fp.PreparedData:
    return fp.load(publish(tmp_path_factory.mktemp("weighted") / "out", {"train": WEIGHTED}))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"prompt_loss_weight": 0.25},
        {"prompt_loss_weight": 1},
        {"pad_to_multiple_of": 16},
        {"padding_side": "left", "pad_token_id": 7, "prompt_loss_weight": 0.5},
        {"padding_side": "left", "pad_to_multiple_of": 8},
    ],
)
@pytest.mark.parametrize("batch", [1, 4, 100])
def test_collator_is_the_slow_reference(
    data: fp.PreparedData, weighted: fp.PreparedData, options: dict[str, Any], batch: int
) -> None:
    for prepared, rows in ((data, ROWS), (weighted, WEIGHTED)):
        collate = pickle.loads(pickle.dumps(prepared.collator(**options, weighted=True)))
        dataset = prepared["train"].to_torch()
        for start in range(0, len(rows), batch):
            some = range(start, min(start + batch, len(rows)))
            wanted = _reference([rows[i] for i in some], **options)
            _same_batch(collate([dataset[i] for i in some]), wanted)
            _same_batch(collate([rows[i] for i in some]), wanted)


def test_labels_without_prompt_loss_are_those_stored(data: fp.PreparedData) -> None:
    batch = data.collator()(data["train"].to_torch().__getitems__(range(41)))
    assert [label for label in batch["labels"].flatten().tolist() if label != -100] == [
        label for row in ROWS for label in row["labels"] if label != -100
    ]
    assert int((batch["loss_weights"] > 0).sum()) == data["train"].trained_tokens


def test_rows_without_segments_are_weighted_by_their_labels(data: fp.PreparedData) -> None:
    bare = [{name: row[name] for name in ("input_ids", "labels")} for row in ROWS]
    _same_batch(data.collator()(bare), data.collator()(ROWS))
    with pytest.raises(fp.ColumnError, match="WeightedTrainer"):
        data.collator(prompt_loss_weight=0.1, weighted=True)(bare)


@pytest.mark.parametrize("layout", ["padded", "flat"])
@pytest.mark.parametrize("as_lists", [False, True])
def test_unasked_for_weights_completions_alone_are_trained(
    weighted: fp.PreparedData, layout: Any, as_lists: bool
) -> None:
    rows = WEIGHTED if as_lists else weighted["train"].to_torch().__getitems__(range(23))
    with pytest.warns(UserWarning, match="prompt_loss_weight=0.5 has no effect"):
        unasked = weighted.collator(prompt_loss_weight=0.5, layout=layout)(rows)
    asked = weighted.collator(layout=layout, weighted=True)(rows)
    _same_batch(*({name: one for name, one in batch.items() if torch.is_tensor(one)} for batch in (unasked, asked)))
    # Who reads the weights without asking has the loss of completions: prompts are in neither sum.
    assert ((unasked["loss_weights"] > 0) == (unasked["labels"] != -100)).all()


def test_weights_that_nothing_asks_for_are_warned_about_once(data: fp.PreparedData, weighted: fp.PreparedData) -> None:
    def warned(prepared: fp.PreparedData, rows: Any, **options: Any) -> list[str]:
        collate = prepared.collator(**options)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(3):
                collate(rows)
        return [str(one.message) for one in caught]

    plain = [{name: row[name] for name in ("input_ids", "labels")} for row in WEIGHTED]
    ones = [row | {"segment_weights": [1.0, 1.0, 1.0, 0.0]} for row in WEIGHTED]
    assert warned(data, ROWS) == warned(weighted, ones) == []
    assert warned(data, ROWS, prompt_loss_weight=0.5, weighted=True) == warned(weighted, WEIGHTED, weighted=True) == []
    for found, text in (
        (warned(data, ROWS, prompt_loss_weight=0.5), "prompt_loss_weight=0.5 has no effect"),
        (warned(weighted, WEIGHTED), "weights are off"),
        (warned(weighted, weighted["train"].to_torch().__getitems__(range(23))), "weights are off"),
        (warned(weighted, plain), "but a row has none"),
    ):
        assert len(found) == 1
        assert text in found[0]
        assert "WeightedTrainer" in found[0]
        assert "weighted=True" in found[0]


def test_rows_without_the_weights_or_boundaries_of_their_folder_are_refused(
    weighted: fp.PreparedData, tmp_path: Path
) -> None:
    def without(rows: list[Row], *names: str) -> list[Row]:
        return [{name: value for name, value in row.items() if name not in names} for row in rows]

    with pytest.raises(fp.ColumnError, match="WeightedTrainer") as caught:
        weighted.collator(weighted=True)(without(WEIGHTED, "segment_weights"))
    assert caught.value.column == "segment_weights"
    packed = fp.load(publish(tmp_path / "packed", {"train": pack(ROWS)}))
    for asked in (False, True):
        with pytest.raises(fp.ColumnError, match=r"remove_unused_columns=False.*layout=\"flat\"") as caught:
            packed.collator(weighted=asked)(without(pack(ROWS), "seq_lengths", "segment_lengths", "segment_kinds"))
        assert (caught.value.code, caught.value.column) == ("missing_column", "seq_lengths")


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_first_token_of_a_row_is_not_trained_from_padding(data: fp.PreparedData, side: Any) -> None:
    """With padding before a row, its first token would count in a loss over shifted labels."""
    rows = [{"input_ids": list(range(2, 2 + n)), "labels": list(range(2, 2 + n))} for n in (3, 5)]
    batch = data.collator(padding_side=side)(rows)
    assert int((batch["labels"][:, 1:] != -100).sum()) == int((batch["loss_weights"][:, 1:] > 0).sum()) == 2 + 4


def test_empty_rows_are_padding(data: fp.PreparedData) -> None:
    empty: Row = {"input_ids": [], "labels": [], "segment_lengths": [], "segment_kinds": []}
    batch = data.collator()([empty, ROWS[0]])
    assert batch["attention_mask"].sum(1).tolist() == [0, len(ROWS[0]["input_ids"])]
    assert data.collator()([empty])["labels"].shape == (1, 0)


@pytest.mark.parametrize("name", ["segment_lengths", "segment_kinds", "input_ids"])
def test_rows_cut_in_part_are_refused(data: fp.PreparedData, name: str) -> None:
    with pytest.raises(fp.DataError, match="at row 2") as caught:
        data.collator()([ROWS[0], ROWS[1] | {name: ROWS[1][name][:-1]}, ROWS[2]])
    assert caught.value.row == 1


@pytest.mark.parametrize(
    "options",
    [
        {"prompt_loss_weight": -0.1},
        {"prompt_loss_weight": 1.01},
        {"prompt_loss_weight": float("nan")},
        {"pad_to_multiple_of": 0},
        {"pad_token_id": -1},
        {"padding_side": "middle"},
    ],
)
def test_collator_options_are_checked(data: fp.PreparedData, options: dict[str, Any]) -> None:
    with pytest.raises(fp.PlanError, match=next(iter(options))):
        data.collator(**options)


def test_an_empty_batch_is_refused(data: fp.PreparedData) -> None:
    with pytest.raises(fp.DataError, match="at least one row"):
        data.collator()([])


@pytest.mark.parametrize(
    ("tokenizer", "padding"),
    [
        ({"pad_token_id": 9, "eos_token_id": 8}, 9),
        ({"pad_token_id": 0, "eos_token_id": 8}, 0),
        ({"pad_token_id": None, "eos_token_id": 8}, 8),
        ({}, 0),
        (None, 0),
    ],
)
def test_padding_is_the_tokenizers(tmp_path: Path, tokenizer: dict[str, Any] | None, padding: int) -> None:
    known = None if tokenizer is None else {"digest": "00", "vocab_size": 64} | tokenizer
    folder = publish(tmp_path / "out", {"train": ROWS[:2]}, tokenizer=known)
    assert fp.load(folder).collator().pad_token_id == padding
    assert fp.load(folder).collator(pad_token_id=3).pad_token_id == 3


def test_packed_rows_are_not_padded(tmp_path: Path) -> None:
    data = fp.load(publish(tmp_path / "packed", {"train": pack(ROWS)}))
    assert data.collator().layout == "flat"
    with pytest.raises(fp.PlanError, match="packed"):
        data.collator(layout="padded")
    with pytest.raises(fp.PlanError, match="packed"):
        Collator()(data["train"].to_torch().__getitems__([0]))


@pytest.mark.parametrize(
    "options",
    [{}, {"prompt_loss_weight": 0.25}, {"pad_to_multiple_of": 64, "pad_token_id": 5}, {"prompt_loss_weight": 1}],
)
@pytest.mark.parametrize("batch", [1, 4, 100])
def test_flat_batches_are_the_slow_reference(
    weighted: fp.PreparedData, tmp_path: Path, options: dict[str, Any], batch: int
) -> None:
    packed = fp.load(publish(tmp_path / "packed", {"train": pack(ROWS)}))
    for prepared, rows in ((weighted, WEIGHTED), (packed, pack(ROWS))):
        collate = prepared.collator(layout="flat", **options, weighted=True)
        dataset = prepared["train"].to_torch()
        for start in range(0, len(rows), batch):
            some = range(start, min(start + batch, len(rows)))
            wanted = _flat_reference([rows[i] for i in some], **options)
            for batch_rows in (dataset.__getitems__(some), [dataset[i] for i in some], [rows[i] for i in some]):
                found = collate(batch_rows)
                plain = ("max_length_q", "max_length_k", "use_cache")
                assert {name: found.pop(name) for name in plain} == {name: wanted[name] for name in plain}
                _same_batch(found, {name: wanted[name] for name in wanted if name not in plain})


@pytest.mark.parametrize("layout", ["padded", "flat"])
def test_fillers_weigh_nothing(weighted: fp.PreparedData, layout: Any) -> None:
    rows = weighted["train"].to_torch()
    collate = weighted.collator(layout=layout, pad_token_id=9, prompt_loss_weight=0.5, weighted=True)
    batch = collate(rows.numbered([4, -1, 2]))
    alone = collate(rows.numbered([4, 2]))
    assert batch["loss_weights"].sum() == alone["loss_weights"].sum()
    assert (batch["labels"] != -100).sum() == (alone["labels"] != -100).sum()
    only = collate(rows.numbered([-1]))
    assert (only["input_ids"].tolist(), only["labels"].tolist()) == ([[9]], [[-100]])
    assert rows.numbered([-1])[0]["labels"].tolist() == [-100]


def test_a_column_row_weight_weighs_the_row(tmp_path: Path) -> None:
    factors = [0.0, 0.5, 2.0]
    rows = [row | {"row_weight": factors[i % 3]} for i, row in enumerate(WEIGHTED)]
    data = fp.load(publish(tmp_path / "out", {"train": rows}))
    collate = data.collator(prompt_loss_weight=0.5, weighted=True)
    batch = collate(data["train"].to_torch().__getitems__(range(len(rows))))
    for weights, row in zip(batch["loss_weights"], rows, strict=True):
        wanted = [weight * row["row_weight"] for weight in token_weights(row, 0.5)]
        wanted[0] = 0.0
        assert weights.tolist()[: len(wanted)] == wanted
    _same_batch(collate(rows), batch)
    assert data["train"].to_torch()[1]["row_weight"].tolist() == [0.5]


@pytest.mark.parametrize("factor", [-1.0, float("nan"), None])
def test_a_row_weight_is_a_number_of_0_or_more(tmp_path: Path, factor: float | None) -> None:
    rows = [ROWS[0] | {"row_weight": 1.0}, ROWS[1] | {"row_weight": factor}]
    data = fp.load(publish(tmp_path / "out", {"train": rows}))
    with pytest.raises(fp.DataError, match="row_weight"):
        data["train"].to_torch()[0]


def _same_batch(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert list(found) == list(wanted)
    for name, tensor in wanted.items():
        assert found[name].dtype == tensor.dtype, name
        assert torch.equal(found[name], tensor), name


def _flat_reference(
    rows: list[Row], prompt_loss_weight: float = 0.0, pad_to_multiple_of: int = 1, pad_token_id: int = PAD
) -> dict[str, Any]:
    ids: list[int] = []
    positions: list[int] = []
    weights: list[float] = []
    borders = [0]
    for row in rows:
        ids += row["input_ids"]
        weights += token_weights(row, prompt_loss_weight)
        for length in row.get("seq_lengths", [len(row["input_ids"])]):
            weights[borders[-1]] = 0.0
            positions += range(length)
            borders.append(borders[-1] + length)
    if padding := -len(ids) % pad_to_multiple_of:
        ids += [pad_token_id] * padding
        weights += [0.0] * padding
        positions += range(padding)
        borders.append(borders[-1] + padding)
    longest = max(end - start for start, end in itertools.pairwise(borders))
    labels = [token if weight > 0 else -100 for token, weight in zip(ids, weights, strict=True)]
    return {
        "input_ids": torch.tensor([ids]),
        "position_ids": torch.tensor([positions]),
        "labels": torch.tensor([labels]),
        "loss_weights": torch.tensor([weights]),
        "cu_seq_lens_q": torch.tensor(borders, dtype=torch.int32),
        "cu_seq_lens_k": torch.tensor(borders, dtype=torch.int32),
        "max_length_q": longest,
        "max_length_k": longest,
        "use_cache": False,
    }


def _reference(
    rows: list[Row],
    prompt_loss_weight: float = 0.0,
    pad_to_multiple_of: int | None = None,
    pad_token_id: int = PAD,
    padding_side: str = "right",
) -> dict[str, Any]:
    width = max(len(row["input_ids"]) for row in rows)
    while width % (pad_to_multiple_of or 1):
        width += 1
    batch: dict[str, list[Any]] = {"input_ids": [], "attention_mask": [], "labels": [], "loss_weights": []}
    for row in rows:
        ids, weights = row["input_ids"], token_weights(row, prompt_loss_weight)
        weights[0] = 0.0
        labels = [token if weight > 0 else -100 for token, weight in zip(ids, weights, strict=True)]
        columns = ((ids, pad_token_id), ([1] * len(ids), 0), (labels, -100), (weights, 0.0))
        for name, (values, padding) in zip(batch, columns, strict=True):
            fill = [padding] * (width - len(values))
            batch[name].append(fill + values if padding_side == "left" else values + fill)
    dtypes = (torch.int64, torch.int64, torch.int64, torch.float32)
    return {name: torch.tensor(batch[name], dtype=dtype) for name, dtype in zip(batch, dtypes, strict=True)}
