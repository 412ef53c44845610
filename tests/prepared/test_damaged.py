"""Prepared folders that are damaged or hostile: an error that names the file; no crash, no panic, no bare error."""

from __future__ import annotations

import copy
import json
import os
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from published import make_rows, publish, rewrite

import fastprep as fp
from fastprep import _fastprep

TOKENIZER = str(Path(__file__).parents[2] / "examples" / "tokenizer")
FORMAT = fp.PromptFormat("{p}", completion="{c}")
ROWS = [
    {"p": f"question {i} é", "c": "yes" * (i % 5 + 1), "n": i, "deep": {"list": [i, None], "text": "ü" * (i % 3)}}
    for i in range(40)
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows of text, numbers, nested columns and ids, in two splits."""
    out = tmp_path_factory.mktemp("made") / "out"
    table = pa.Table.from_pylist(ROWS)
    plan = fp.from_arrow(table).format(FORMAT).dedup().split(valid=0.3, seed=1).tokenize(TOKENIZER, max_length=512)
    plan.sink(out, formats=["arrow", "jsonl"])
    return out


def copied(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "out", dirs_exist_ok=True))


# -- the manifest ----------------------------------------------------------------------------------


def test_a_manifest_that_leads_elsewhere_is_refused_by_every_reader(made: Path, tmp_path: Path) -> None:
    out = copied(made, tmp_path)
    generation = next((out / "data").iterdir())
    shutil.copytree(generation, tmp_path / "elsewhere")
    for data in ("../elsewhere", str(tmp_path / "elsewhere"), "data/../../elsewhere", f"data/{generation.name}/"):
        rewrite(out, data=data)
        readers = [fp.load, _fastprep.verify, lambda path: fp.from_records([{"p": "x"}]).dedup(against=path).explain()]
        for reader in readers:
            with pytest.raises(fp.SourceError, match="data: ") as caught:
                reader(out)
            assert (caught.value.code, caught.value.path) == ("bad_manifest", str(out / "manifest.json"))


OTHERS = [None, True, -1, 1.5, 1 << 63, 1 << 70, "", "x", "../x", "\ud800", [], {}, [1], {"a": 1}, [[[]]]]


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value within a value."""
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*at, key))


def changed(manifest: Any, at: tuple[Any, ...], value: Any) -> Any:
    if not at:
        return value
    manifest = copy.deepcopy(manifest)
    holder = manifest
    for key in at[:-1]:
        holder = holder[key]
    if value is ...:
        del holder[at[-1]]
    else:
        holder[at[-1]] = value
    return manifest


def use(out: Path) -> None:
    """All that reads a manifest."""
    data = fp.load(out)
    repr(data)
    data.trl_args()
    data.collator()
    if data.format is not None:
        data.format.render_prompt(p="x")
    data.retokenize(TOKENIZER)
    for split in data.values():
        assert len(split) == len(split.to_arrow()) == len(split.to_torch())


def caught(out: Path) -> fp.FastprepError | None:
    try:
        use(out)
    except fp.FastprepError as error:
        return error
    return None


def test_a_changed_value_of_the_manifest_is_accepted_or_refused_by_its_field(made: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    out = copied(made, tmp_path)
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    manifest.pop("report")
    manifest["report"] = {}
    refused = 0
    for at in places(manifest):
        for value in [*OTHERS, ...] if at else OTHERS:
            (out / "manifest.json").write_text(json.dumps(changed(manifest, at, value)), "utf-8")
            error = caught(out)
            if isinstance(error, fp.SourceError):
                refused += 1
                assert str(error.path).startswith(str(out))
            elif error is not None:
                # The values make sense and do not suit: no ids, another format, a limit that is too small.
                assert at[0] in ("schema", "format", "tokenizer"), (at, value, error)
    assert refused > 500


@pytest.mark.parametrize(
    "text", [b"\xff\xfe{}", b"[" * 100_000, b'{"manifest_version":' + b"9" * 5000 + b"}", b"\xef\xbb\xbf{}"]
)
def test_text_that_json_readers_stumble_over_is_refused(made: Path, tmp_path: Path, text: bytes) -> None:
    out = copied(made, tmp_path)
    (out / "manifest.json").write_bytes(text)
    with pytest.raises(fp.SourceError) as caught:
        fp.load(out)
    assert caught.value.code in ("bad_manifest", "newer_manifest")


@pytest.mark.parametrize("plan", [{}, {"steps": [1]}, {"steps": [{"verb": "dedup"}]}])
def test_a_folder_of_conversations_whose_plan_is_damaged_is_not_tokenized_again(tmp_path: Path, plan: Any) -> None:
    chat = fp.ChatFormat.from_text("{% for m in messages %}<{{ m.role }}>{{ m.content }}</s>{% endfor %}")
    rows = [{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": a}]} for a in "abc"]
    fp.from_records(rows).format(chat).sink_arrow(tmp_path / "out")
    rewrite(tmp_path / "out", plan=plan)
    with pytest.raises(fp.SourceError, match="the plan has no") as caught:
        fp.load(tmp_path / "out").retokenize(TOKENIZER)
    assert (caught.value.code, caught.value.path) == ("bad_manifest", str(tmp_path / "out" / "manifest.json"))


# -- shards ----------------------------------------------------------------------------------------

READ = """
import json, sys
import pyarrow as pa
import fastprep as fp
TOKENIZER = sys.argv[1]

def arrow(out):
    for split in fp.load(out).values():
        table = split.to_arrow()
        try:
            table.validate(full=True)
        except pa.ArrowInvalid as error:
            # Text is not read when a shard is mapped.
            assert "UTF8" in str(error), error
        for name in table.column_names:
            try:
                table[name].to_pylist()
            except UnicodeDecodeError:
                pass

def polars(out):
    for split in fp.load(out).values():
        split.to_polars().rows()

def subsets(out):
    split = fp.load(out)["train"]
    split.subsets([5], by="n")[5].to_arrow()

def retokenize(out):
    fp.load(out).retokenize(TOKENIZER).collect()

def loader(out):
    data = fp.load(out)
    for batch in data["train"].loader(data.collator(), batch_size=4):
        pass

for path in sys.argv[2:]:
    for read in (arrow, polars, subsets, retokenize, loader):
        try:
            read(path)
            outcome = ["read"]
        except fp.FastprepError as error:
            outcome = [type(error).__name__, error.code, error.path]
        print(json.dumps([path, read.__name__, outcome]), flush=True)
"""


def read_apart(*folders: Path) -> list[tuple[Path, str, list[Any]]]:
    """What comes of reading each in a process of its own, which may neither crash nor complain."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", READ, TOKENIZER, *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, ""), lines[-1:]
    return [(Path(path), how, outcome) for path, how, outcome in lines]


def test_shards_with_changed_bytes_are_read_or_refused(made: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    random_ = random.Random(7)
    folders = []
    for number in range(150):
        out = Path(shutil.copytree(made, tmp_path / str(number)))
        shard = next(out.rglob("train-*.arrow"))
        content = bytearray(shard.read_bytes())
        for _ in range(random_.randint(1, 6)):
            content[random_.randrange(len(content))] = random_.choice([0, 1, 0x7F, 0x80, 0xFF, random_.randrange(256)])
        shard.write_bytes(content)
        folders.append(out)
    refused = 0
    for path, how, outcome in read_apart(made, *folders):
        if path == made:
            assert outcome == ["read"], how
        elif outcome != ["read"]:
            refused += 1
            kind, code, place = outcome
            # Values have no check but their sum: weights and kinds that cannot be are errors of the data.
            assert kind in ("SourceError", "DataError", "PlanError"), (path, how, outcome)
            if kind == "SourceError":
                assert code == "damaged_shard"
                assert place.startswith(str(path))
    assert refused > 100


GOOD = [0, 2, 2, 3]
WRONG = [[0, 2, 2, 9], [0, 3, 1, 3], [-1, 2, 2, 3], [2, 1, 2, 3], [0, 2, 2, 1 << 30]]
"""Offsets into three values."""


def packed(offsets: list[int]) -> bytes:
    return struct.pack("<4i", *offsets)


def lists(held: bytearray) -> pa.Table:
    """Lists over three values; their offsets can be changed after pyarrow has looked at them."""
    type_ = pa.list_(pa.field("item", pa.int32(), nullable=False))
    values = pa.array([1, 2, 3], pa.int32())
    return pa.table({"input_ids": pa.Array.from_buffers(type_, 3, [None, pa.py_buffer(held)], children=[values])})


@pytest.mark.parametrize("offsets", WRONG)
def test_offsets_that_lead_astray_are_refused_when_a_shard_is_mapped(tmp_path: Path, offsets: list[int]) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    rows = [{"input_ids": [1, 2]}, {"input_ids": []}, {"input_ids": [3]}]
    out = publish(tmp_path / "out", {"train": rows}, shards=1)
    split = fp.load(out)["train"]
    assert split.to_arrow().to_pylist() == rows
    [shard] = split.shards
    content = shard.read_bytes()
    assert content.count(packed(GOOD)) == 1
    shard.write_bytes(content.replace(packed(GOOD), packed(offsets)))
    split = fp.load(out)["train"]
    for read in (split.to_arrow, split.to_polars, split.to_datasets, lambda: split.to_torch()[0]):
        with pytest.raises(fp.SourceError, match="column `input_ids`") as caught:
            read()
        assert (caught.value.code, caught.value.path) == ("damaged_shard", str(shard))


def test_a_column_that_is_not_the_manifests_is_refused(tmp_path: Path) -> None:
    rows = make_rows(4, weighted=True)
    out = publish(tmp_path / "out", {"train": rows}, shards=1)
    [shard] = fp.load(out)["train"].shards
    shard.write_bytes(shard.read_bytes().replace(b"segment_weights", b"segment_weightz"))
    with pytest.raises(fp.SourceError, match=r"column 7 is `segment_weightz`.*the manifest says `segment_weights`"):
        fp.load(out)["train"].to_arrow()


def test_text_that_is_not_utf8_is_refused_where_it_is_trusted(tmp_path: Path) -> None:
    out = publish(tmp_path / "out", {"train": make_rows(4)}, shards=1)
    [shard] = fp.load(out)["train"].shards
    shard.write_bytes(shard.read_bytes().replace("✓".encode(), b"\xff\xff\xff"))
    split = fp.load(out)["train"]
    assert split.to_arrow().num_rows == 4
    with pytest.raises(fp.SourceError, match="column `id`"):
        split.to_polars()


@pytest.mark.parametrize("offsets", WRONG[1:4])
def test_arrow_data_of_another_library_are_proven_before_they_are_used(offsets: list[int]) -> None:
    held = bytearray(packed(GOOD))
    table = lists(held)
    assert _fastprep.TokenRows(table).lengths([0, 1, 2]) == [2, 0, 1]
    held[:] = packed(offsets)
    with pytest.raises(fp.SourceError, match="the Arrow data are damaged") as caught:
        _fastprep.TokenRows(table)
    assert (caught.value.code, caught.value.column) == ("corrupt_arrow", "input_ids")


def test_polars_frames_are_not_refused() -> None:
    assert len(_fastprep.TokenRows(pl.DataFrame({"input_ids": [[1, 2], [], [3]]}))) == 3
