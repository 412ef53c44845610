"""The hand-off to torch, transformers and TRL, proven by rows, label counts and gradients."""

from __future__ import annotations

import doctest
import itertools
import os
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from published import Row, make_rows, pack, publish, rewrite, token_weights, trained

import fastprep as fp
from fastprep import _fastprep

os.environ.setdefault("HF_HUB_OFFLINE", "1")
torch = pytest.importorskip("torch", reason="torch is not installed")
IDS = ("input_ids", "labels", "segment_lengths", "segment_kinds")
ROWS = make_rows(41, seed=3)
WEIGHTED = make_rows(23, seed=4, weighted=True)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> fp.PreparedData:
    return fp.load(publish(tmp_path_factory.mktemp("plain") / "out", {"train": ROWS, "valid": ROWS[:7]}))


@pytest.fixture(scope="module")
def weighted(tmp_path_factory: pytest.TempPathFactory) -> fp.PreparedData:
    return fp.load(publish(tmp_path_factory.mktemp("weighted") / "out", {"train": WEIGHTED}))


# --- to_torch


def test_rows_are_those_of_arrow_in_any_order(data: fp.PreparedData) -> None:
    rows = data["train"].to_torch()
    table = data["train"].to_arrow().select(IDS).to_pylist()
    assert len(rows) == len(table) == 41
    order = np.random.default_rng(0).permutation(41)
    assert [_listed(rows[i]) for i in order] == [table[i] for i in order]
    assert [_listed(row) for row in rows.__getitems__(list(order))] == [table[i] for i in order]
    assert list(rows.__getitems__([])) == []


def test_rows_are_int64_tensors(weighted: fp.PreparedData) -> None:
    row = weighted["train"].to_torch()[3]
    assert {name: tensor.dtype for name, tensor in row.items()} == dict.fromkeys(IDS, torch.int64) | {
        "segment_weights": torch.float32
    }
    assert row["segment_weights"].tolist() == WEIGHTED[3]["segment_weights"]


def test_indices_are_those_of_a_list(data: fp.PreparedData) -> None:
    rows = data["train"].to_torch()
    for index in (-1, -41, True, np.int64(5), np.uint8(40), np.True_, torch.tensor(2)):
        assert rows[index]["input_ids"].tolist() == ROWS[int(index)]["input_ids"]
    for index in (41, -42, 10**30):
        with pytest.raises(IndexError):
            rows[index]
    with pytest.raises(TypeError):
        rows[1.0]  # type: ignore[index]


@pytest.mark.parametrize(("start", "workers"), [("fork", 2), ("spawn", 1)])
def test_workers_read_the_same_rows(data: fp.PreparedData, start: str, workers: int) -> None:
    rows = data["train"].to_torch()
    assert rows[0]["input_ids"].tolist() == ROWS[0]["input_ids"]  # mapped here before the workers start
    for dataset in (rows, _ids_only(data)):
        loader = torch.utils.data.DataLoader(
            dataset, batch_size=5, num_workers=workers, multiprocessing_context=start, collate_fn=data.collator()
        )
        wanted = [data.collator()(ROWS[first : first + 5]) for first in range(0, len(ROWS), 5)]
        assert [_listed(batch) for batch in loader] == [_listed(batch) for batch in wanted]


def test_pickled_rows_are_paths(data: fp.PreparedData) -> None:
    rows = data["train"].to_torch()
    rows[0]
    assert len(pickle.dumps(rows)) < 1000
    assert _listed(pickle.loads(pickle.dumps(rows))[7]) == _listed(rows[7])


def test_another_process_maps_the_files_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    split = fp.load(publish(tmp_path / "out", {"train": ROWS}))["train"]
    rows = split.to_torch()
    first = _listed(rows[0])
    split.shards[0].unlink()
    assert _listed(rows[0]) == first
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(fp.SourceError):
        rows[0]


def test_rows_without_ids_are_refused(tmp_path: Path) -> None:
    text = fp.load(publish(tmp_path / "out", {"train": [{"prompt": "a", "completion": "b"}]}))
    for ask in (text["train"].to_torch, text.collator, text.trl_args):
        with pytest.raises(fp.ColumnError, match=r"no column `input_ids`; columns: prompt, completion"):
            ask()


def test_rows_that_vanished_are_noticed(tmp_path: Path) -> None:
    folder = publish(tmp_path / "out", {"train": ROWS})
    rows = fp.load(folder)["train"].to_torch()
    shards = fp.load(folder)["train"].shards
    shards[1].write_bytes(b"")
    with pytest.raises(fp.SourceError, match="it has 0 bytes, the manifest says"):
        rows[0]


def test_shards_with_other_rows_than_the_manifest_says_are_refused(tmp_path: Path) -> None:
    folder = publish(tmp_path / "out", {"train": ROWS})
    manifest = fp.load(folder).manifest
    manifest["splits"][0]["rows"] += 1
    manifest["shards"][0]["rows"] += 1
    rewrite(folder, splits=manifest["splits"], shards=manifest["shards"])
    with pytest.raises(fp.SourceError, match="it has 14 rows, the manifest says 15"):
        fp.load(folder)["train"].to_torch()[0]


@pytest.mark.parametrize("column", [pa.array([[1], None], pa.list_(pa.int32())), pa.array(["1", "2"])])
def test_a_column_of_ids_holds_lists_without_nulls(tmp_path: Path, column: pa.Array) -> None:
    path = tmp_path / "shard.arrow"
    table = pa.table({"input_ids": column})
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    from fastprep.torch.dataset import TorchRows  # needs torch

    type_name = "list<int32>" if pa.types.is_list(column.type) else "str"
    shards = _fastprep.Shards([(path, 2, path.stat().st_size)], [("input_ids", type_name)])
    with pytest.raises(fp.DataError, match="lists of Int32 without nulls"):
        TorchRows(shards, 2)[0]


# --- to_datasets


def test_datasets_maps_without_a_copy(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="datasets is not installed")
    split = fp.load(publish(tmp_path / "out", {"train": make_rows(2000, longest=200)}, batch_rows=100))["train"]
    files = sorted(tmp_path.rglob("*"))
    before = pa.total_allocated_bytes()
    dataset = split.to_datasets()
    assert pa.total_allocated_bytes() - before < dataset.data.nbytes / 100
    assert dataset.num_rows == 2000
    dataset.map(lambda row: {"length": len(row["input_ids"])})
    assert sorted(tmp_path.rglob("*")) == files


def test_datasets_has_the_rows_in_order(data: fp.PreparedData, weighted: fp.PreparedData) -> None:
    pytest.importorskip("datasets", reason="datasets is not installed")
    assert data["train"].to_datasets().to_list() == ROWS
    assert weighted["train"].to_datasets().to_list() == WEIGHTED
    prints = [one.to_datasets()._fingerprint for one in (data["train"], data["train"], data["valid"])]
    assert prints[0] == prints[1] != prints[2]


EDITS: list[Callable[[Any], Any]] = [
    lambda d: d,
    lambda d: d.remove_columns(["prompt", "id"]),
    lambda d: d.select_columns(["labels", "input_ids"]),
    lambda d: d.rename_column("completion", "answer").flatten(),
    lambda d: d.shuffle(seed=1).select(range(3, 30)),
    lambda d: d.select(range(5, 20)).skip(2),
    lambda d: d.shard(num_shards=3, index=1, contiguous=True),
    lambda d: d.filter(lambda row: len(row["labels"]) % 2 == 0),
    lambda d: d.add_column("number", list(range(len(d)))),
    lambda d: d.with_format("torch").remove_columns(["prompt", "completion", "id"]),
]


@pytest.mark.parametrize("edit", EDITS)
def test_pickled_datasets_are_paths_and_edits(data: fp.PreparedData, edit: Callable[[Any], Any]) -> None:
    pytest.importorskip("datasets", reason="datasets is not installed")
    edited = edit(data["train"].to_datasets())
    assert pickle.loads(pickle.dumps(edited)).with_format(None).to_list() == edited.with_format(None).to_list()


def test_a_pickled_datasets_holds_no_rows(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    split = fp.load(publish(tmp_path / "out", {"train": make_rows(2000, longest=200)}, batch_rows=100))["train"]
    dataset = split.to_datasets().remove_columns(["prompt"])
    doubled = datasets.concatenate_datasets([dataset, dataset])
    assert len(pickle.dumps(doubled)) < 100_000 < doubled.data.nbytes
    assert pickle.loads(pickle.dumps(doubled))[2007]["input_ids"] == dataset[7]["input_ids"]


@pytest.mark.parametrize("part", [False, True])
def test_datasets_of_packs_and_weights_are_warned_about(tmp_path: Path, weighted: fp.PreparedData, part: bool) -> None:
    pytest.importorskip("datasets", reason="datasets is not installed")
    packed = fp.load(publish(tmp_path / "packed", {"train": pack(ROWS)}))
    named = [r"remove_unused_columns=False.*layout=\"flat\".*SFTConfig\(\*\*data.trl_args\(\)\)", "WeightedTrainer"]
    for prepared, name in zip((packed, weighted), named, strict=True):
        split = prepared["train"].subsets([5])[5] if part else prepared["train"]
        with pytest.warns(UserWarning, match=name) as caught:
            split.to_datasets()
        assert [one.filename for one in caught] == [__file__]


def test_a_collator_of_others_is_warned_about_once(tmp_path: Path, data: fp.PreparedData) -> None:
    packed = fp.load(publish(tmp_path / "packed", {"train": pack(ROWS)}))
    for prepared, count in ((packed, 1), (data, 0)):
        for dataset in (prepared["train"].to_torch(), prepared["train"].loader(list, batch_size=4)):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                if isinstance(dataset, torch.utils.data.Dataset):
                    dataset = torch.utils.data.DataLoader(dataset, batch_size=4, collate_fn=list)
                for _ in range(2):
                    list(dataset)
            assert len([one for one in caught if "attend to each other" in str(one.message)]) == count
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = packed["train"].to_torch()
        rows[0]  # looking at a row is no training
        packed.collator()([rows[0], rows[1]])


# --- training


def test_the_loop_in_the_documentation_trains(
    data: fp.PreparedData, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(data.path.parent)
    model = _model()
    before = model.lm_head.weight.detach().clone()
    example = doctest.DocTestParser().get_doctest(fp.load.__doc__ or "", {"model": model}, "load", None, None)
    assert len(example.examples) >= 6
    results = doctest.DocTestRunner().run(example)
    assert results.failed == 0, capsys.readouterr().out
    assert not torch.equal(before, model.lm_head.weight)


def test_the_weighted_loss_has_the_gradient_of_single_rows(weighted: fp.PreparedData) -> None:
    cross_entropy = torch.nn.functional.cross_entropy
    model = _model().double()
    collate = weighted.collator(prompt_loss_weight=0.3, weighted=True)
    batch = collate(weighted["train"].to_torch().__getitems__(range(8)))
    weights, labels = batch.pop("loss_weights")[:, 1:].double(), batch.pop("labels")[:, 1:]
    logits = model(**batch, use_cache=False).logits[:, :-1]
    losses = cross_entropy(logits.transpose(1, 2), labels, reduction="none")
    ((weights * losses).sum() / weights.sum()).backward()
    found = [parameter.grad.clone() for parameter in model.parameters()]

    model.zero_grad()
    total, norm = torch.zeros((), dtype=torch.float64), 0.0
    for row in WEIGHTED[:8]:
        ids = torch.tensor([row["input_ids"]])
        log_probs = model(input_ids=ids, use_cache=False).logits.log_softmax(-1)
        for i, weight in enumerate(token_weights(row, 0.3)):
            if i > 0:
                total = total - np.float32(weight).item() * log_probs[0, i - 1, ids[0, i]]
                norm += np.float32(weight).item()
    (total / norm).backward()
    for one, parameter in zip(found, model.parameters(), strict=True):
        torch.testing.assert_close(one, parameter.grad, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", ["plain", "packed"])
def test_flat_documents_do_not_see_each_other(data: fp.PreparedData, tmp_path: Path, kind: str) -> None:
    prepared = data
    if kind == "packed":
        prepared = fp.load(publish(tmp_path / "packed", {"train": pack(ROWS)}))
    batch = prepared.collator(layout="flat", pad_to_multiple_of=16)(prepared["train"].to_torch().__getitems__([0, 1]))
    del batch["loss_weights"], batch["labels"]
    borders = batch["cu_seq_lens_q"].tolist()
    model = _model().double()
    for attention in ("eager", "sdpa"):
        model.set_attn_implementation(attention)
        logits = model(**batch).logits[0]
        for start, end in itertools.pairwise(borders):
            alone = model(input_ids=batch["input_ids"][:, start:end], use_cache=False).logits[0]
            torch.testing.assert_close(logits[start:end], alone, rtol=0, atol=1e-7)
        leaking = model(**batch | {"use_cache": True}).logits[0]
        assert (logits - leaking)[borders[1] :].abs().max() > 1e-5


@pytest.mark.heavy
@pytest.mark.parametrize("source", ["datasets", "torch", "our collator"])
def test_an_unmodified_trainer_trains_the_stored_labels(data: fp.PreparedData, tmp_path: Path, source: str) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    split, tokenizer = data["train"], _tokenizer()
    seen = _Seen()
    trainer = transformers.Trainer(
        model=seen.watch(_model()),
        args=transformers.TrainingArguments(**_training(tmp_path), per_device_train_batch_size=4),
        train_dataset=split.to_torch() if source == "torch" else split.to_datasets(),
        data_collator=data.collator() if source == "our collator" else transformers.DataCollatorForSeq2Seq(tokenizer),
        processing_class=tokenizer,
    )
    trainer.train()
    seen.check(split, ROWS)


@pytest.mark.heavy
def test_trl_trains_the_stored_labels(data: fp.PreparedData, tmp_path: Path) -> None:
    trl = pytest.importorskip("trl", reason="trl is not installed")
    seen = _Seen()
    args = trl.SFTConfig(**data.trl_args(), **_training(tmp_path), per_device_train_batch_size=4)
    model, dataset = seen.watch(_model()), data["train"].to_datasets()
    trl.SFTTrainer(model=model, args=args, train_dataset=dataset, processing_class=_tokenizer()).train()
    seen.check(data["train"], ROWS)


@pytest.mark.heavy
def test_trl_keeps_packed_documents_apart(tmp_path: Path) -> None:
    trl = pytest.importorskip("trl", reason="trl is not installed")
    packed = fp.load(publish(tmp_path / "packed", {"train": pack(ROWS)}))
    seen = _Seen()
    args = trl.SFTConfig(**packed.trl_args(), **_training(tmp_path), per_device_train_batch_size=2)
    model, dataset = seen.watch(_model()), packed["train"].to_datasets()
    trl.SFTTrainer(model=model, args=args, train_dataset=dataset, processing_class=_tokenizer()).train()
    assert seen.trained == packed["train"].trained_tokens
    starts = [int((positions == 0).sum()) for positions in seen.positions]
    assert sum(starts) == len(ROWS)


# --- helpers


class _Seen:
    """What reaches the model: labels that count towards the loss, and the rows' ids where they are padded."""

    def __init__(self) -> None:
        self.trained = 0
        self.rows: list[list[int]] = []
        self.positions: list[Any] = []

    def watch(self, model: Any) -> Any:
        model.register_forward_pre_hook(self._hook, with_kwargs=True)
        return model

    def _hook(self, _model: Any, _args: Any, batch: dict[str, Any]) -> None:
        self.trained += int((batch["labels"][..., 1:] != -100).sum())
        if "attention_mask" in batch:
            for ids, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True):
                self.rows.append(ids[mask == 1].tolist())
        else:
            self.positions.append(batch["position_ids"])

    def check(self, split: fp.Split, rows: list[Row]) -> None:
        assert self.trained == split.trained_tokens == trained(rows)
        assert sorted(self.rows) == sorted(row["input_ids"] for row in rows)


def _model() -> Any:
    pytest.importorskip("transformers", reason="transformers is not installed")
    from training import make_model

    return make_model()


def _tokenizer() -> Any:
    pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    pytest.importorskip("transformers", reason="transformers is not installed")
    from training import make_tokenizer

    return make_tokenizer()


def _training(folder: Path) -> dict[str, Any]:
    return {
        "output_dir": str(folder / "trained"),
        "num_train_epochs": 1,
        "use_cpu": True,
        "bf16": False,
        "report_to": [],
        "save_strategy": "no",
        "disable_tqdm": True,
    }


def _ids_only(data: fp.PreparedData) -> Any:
    pytest.importorskip("datasets", reason="datasets is not installed")
    return data["train"].to_datasets().select_columns(list(IDS))


def _listed(row: dict[str, Any]) -> Row:
    return {name: tensor.tolist() for name, tensor in row.items()}
