"""Pipelines, tokenizers and formats can be pickled: what they hold travels, and gives the same rows."""

from __future__ import annotations

import inspect
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pyarrow as pa
import pytest
from tiny import PAIR, jsonl, refused
from tokenizer_files import byte_characters

import fastprep as fp

tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")

DATA = [{"prompt": f"p{i % 7}", "completion": f"c{i}", "n": i, "lang": "en"} for i in range(40)]


CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def shout(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("completion").str.to_uppercase())


def byte_level() -> Any:
    characters = sorted(byte_characters())
    made = tokenizers.Tokenizer(tokenizers.models.BPE({c: i for i, c in enumerate(characters)}, []))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.add_special_tokens(["<|end|>"])
    made.encode_special_tokens = True
    return made


def start() -> fp.Pipeline:
    return fp.from_records(DATA)


def formatted() -> fp.Pipeline:
    return start().format(PAIR)


def tokenized() -> fp.Pipeline:
    return formatted().tokenize(byte_level(), max_length=64)


VERBS: dict[str, Callable[[], fp.Pipeline]] = {
    "from_records": start,
    "from_arrow": lambda: fp.from_arrow(pa.Table.from_pylist(DATA)),
    "from_datasets": lambda: fp.from_datasets(datasets.Dataset.from_list(DATA)),
    "concat": lambda: fp.concat({"all": start(), "few": start().head(3).drop("n")}, column="from").dedup(),
    "select": lambda: start().select("prompt", "completion"),
    "drop": lambda: start().drop("lang"),
    "with_row_index": lambda: start().with_row_index("row", 3),
    "read_as": lambda: start().read_as("pairs", columns={"prompt": "prompt"}),
    "rename": lambda: start().rename({"lang": "language"}),
    "filter": lambda: start().filter(pl.col("n") > 3, pl.col("lang").is_in(["en", "de"])),
    "with_columns": lambda: start().with_columns(m=pl.col("n") * 2, q=pl.col("prompt").str.len_chars()),
    "map_batches": lambda: start().map_batches(shout, name="shout", version="1"),
    "head": lambda: start().head(3),
    "pipe": lambda: start().pipe(lambda pipeline: pipeline.head(4)),
    "validate": lambda: start().validate(required=["prompt"], min_chars={"prompt": 2}, allowed={"lang": ["en"]}),
    "normalize": lambda: start().normalize("prompt", on=["user", "tool"], unicode=None),
    "strip_affix": lambda: start().strip_affix("completion", prefix="c"),
    "ensure_affix": lambda: start().ensure_affix(["prompt", "completion"], suffix="."),
    "redact": lambda: start().redact("prompt", kinds=["email", "card"]),
    "sample": lambda: start().sample(share=0.3, by="lang", seed=2),
    "resolve_conflicts": lambda: start().resolve_conflicts("most"),
    "balance": lambda: start().balance("lang", "oversample", seed=4),
    "mix": lambda: start().with_columns(source=pl.lit("a")).mix({"a": 1, "b": 0}, seed=4),
    "format": formatted,
    "format_chat": lambda: start().read_as("pairs").format(fp.ChatFormat.from_text(CHATML), train="last"),
    "dedup": lambda: formatted().dedup(normalize="case"),
    "split": lambda: formatted().split(valid=0.3, seed=3),
    "tokenize": tokenized,
    "shuffle": lambda: tokenized().shuffle(seed=5),
    "pack": lambda: tokenized().pack(seed=5),
    "write_as": lambda: start().read_as("pairs").write_as("trl"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_pipeline_gives_the_same_rows(verb: str) -> None:
    pipeline = VERBS[verb]()
    again = pickle.loads(pickle.dumps(pipeline))
    assert repr(again) == repr(pipeline)
    assert again.explain() == pipeline.explain()
    assert again.collect().equals(pipeline.collect())
    assert pickle.loads(pickle.dumps(again)).collect().equals(pipeline.collect())


def test_every_verb_is_tried() -> None:
    verbs = {
        name
        for name, method in inspect.getmembers(fp.Pipeline, inspect.isfunction)
        if not name.startswith("_") and method.__annotations__.get("return") == "Pipeline"
    }
    sources = {name for name in fp.__all__ if name.startswith(("scan", "from_"))}
    assert verbs - {"from_json"} <= set(VERBS)
    assert sources | {"concat"} <= {*VERBS, *FILES}


FILES = {
    "scan": "jsonl",
    "scan_csv": "csv",
    "scan_ipc": "arrow",
    "scan_json": "json",
    "scan_jsonl": "jsonl",
    "scan_parquet": "parquet",
}


@pytest.mark.parametrize("verb", FILES)
def test_files_are_pickled_as_their_paths(verb: str, tmp_path: Path) -> None:
    path = tmp_path / f"data.{FILES[verb]}"
    if FILES[verb] == "jsonl":
        jsonl(path, DATA)
    elif FILES[verb] == "csv":
        pl.DataFrame(DATA).write_csv(path)
    elif FILES[verb] == "json":
        path.write_text(json.dumps(DATA, indent=1))
    elif FILES[verb] == "arrow":
        pl.DataFrame(DATA).write_ipc(path)
    else:
        pl.DataFrame(DATA).write_parquet(path)
    pipeline = getattr(fp, verb)(path)
    pickled = pickle.dumps(pipeline)
    assert b"c39" not in pickled
    assert pickle.loads(pickled).collect().equals(pipeline.collect())
    path.unlink()
    with pytest.raises(fp.SourceError):
        pickle.loads(pickled).collect()


def test_another_process_runs_it(tmp_path: Path) -> None:
    (tmp_path / "plan.pickle").write_bytes(pickle.dumps(tokenized().split(valid=0.2).shuffle(seed=1)))
    code = "import pickle, sys; pickle.load(open(sys.argv[1], 'rb')).sink_arrow(sys.argv[2])"
    subprocess.run([sys.executable, "-c", code, tmp_path / "plan.pickle", tmp_path / "there"], check=True)
    tokenized().split(valid=0.2).shuffle(seed=1).sink_arrow(tmp_path / "here")
    assert fp.load(tmp_path / "there").manifest["data"] == fp.load(tmp_path / "here").manifest["data"]


def test_a_function_without_a_name_is_refused() -> None:
    plan = start().map_batches(lambda frame: frame, name="same", version="1")
    with refused(fp.PlanError, "cannot_pickle", "map_batches `same`: .*lambda"):
        pickle.dumps(plan)


def test_cloudpickle_takes_a_function_by_its_code() -> None:
    cloudpickle = pytest.importorskip("cloudpickle")
    plan = start().map_batches(lambda frame: frame.head(100), name="same", version="1")
    assert pickle.loads(cloudpickle.dumps(plan)).collect().equals(plan.collect())


@pytest.mark.parametrize(
    "source",
    [
        lambda: fp.from_records(iter(DATA)),
        lambda: fp.from_arrow(pa.Table.from_pylist(DATA).to_reader()),
        lambda: fp.scan_jsonl("-"),
    ],
)
def test_a_source_that_can_be_read_once_is_refused(source: Callable[[], fp.Pipeline]) -> None:
    with refused(fp.PlanError, "cannot_pickle", "can be read only once"):
        pickle.dumps(source().head(3))


def test_formats() -> None:
    chat = fp.ChatFormat.from_text("{{ messages }}", special_tokens={"bos_token": "<s>"}, now="2025-03-14")
    assert pickle.loads(pickle.dumps(chat)) == chat
    eos = fp.PromptFormat("{a}\n{#b}{b}{/b}", completion="{c}", separator="->", stop="<-", eos=True)
    assert pickle.loads(pickle.dumps(eos)) == eos


def test_tokenizers(tmp_path: Path) -> None:
    made = byte_level()
    in_memory = fp.Tokenizer(made)
    again = pickle.loads(pickle.dumps(in_memory))
    assert again.encode("a<|end|>") == in_memory.encode("a<|end|>") == made.encode("a<|end|>").ids
    assert repr(again) == repr(in_memory)
    path = tmp_path / "tokenizer.json"
    made.save(str(path))
    pickled = pickle.dumps(fp.Tokenizer(path))
    assert pickle.loads(pickled).encode("a<|end|>") == fp.Tokenizer(path).encode("a<|end|>")
    made.add_special_tokens(["<|more|>"])
    made.save(str(path))
    with refused(fp.TokenizerError, "tokenizer_changed", "have changed since"):
        pickle.loads(pickled)


def test_a_relative_path_is_pickled_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    byte_level().save(str(tmp_path / "tokenizer.json"))
    monkeypatch.chdir(tmp_path)
    pickled = pickle.dumps(fp.Tokenizer("tokenizer.json"))
    monkeypatch.chdir("/")
    assert pickle.loads(pickled).vocab_size == 257
