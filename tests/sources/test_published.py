"""A folder that fastprep published, as a source: its shards, the splits of its rows, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tiny import PAIR, jsonl, rows

import fastprep as fp

ROWS = [{"prompt": f"p{i}", "completion": f"c{i}"} for i in range(200)]
BAD = [{"prompt": "no completion"}, {"prompt": "\n##\n", "completion": "x"}, *ROWS[:20]]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """JSON lines in three splits, with rejects and duplicates beside them."""
    raw = jsonl(tmp_path / "raw.jsonl", [*ROWS, *BAD])
    folder = tmp_path / "work" / "out"
    plan = fp.scan_jsonl(raw).format(PAIR).dedup().split(valid=0.2, test=0.1, seed=3)
    plan.sink(folder, formats=["arrow", "jsonl"])
    return folder


def splits(folder: Path) -> dict[str, set[str]]:
    """The prompts of each split, as published."""
    return {name: set(split.to_arrow()["prompt"].to_pylist()) for name, split in fp.load(folder).items()}


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    whole = [sys.executable, "-m", "fastprep", *arguments]
    return subprocess.run(whole, capture_output=True, text=True, env=environment)


def by_split(table: list[dict[str, Any]]) -> dict[str | None, set[str]]:
    found: dict[str | None, set[str]] = {}
    for row in table:
        found.setdefault(row["split"], set()).add(row["prompt"])
    return found


def test_the_shards_are_read_with_the_split_of_each_row(out: Path) -> None:
    assert (out / "rejects.jsonl").stat().st_size > 0
    assert list(out.rglob("duplicates.jsonl"))
    pipeline = fp.scan_jsonl(out)
    found = rows(pipeline)
    assert len(found) == len(ROWS)
    assert by_split(found) == splits(out)
    assert "published splits train, valid, test as column split" in pipeline.explain()
    of_test = pipeline.filter(pl.col("split") == "test").select("prompt", "split")
    assert {row["prompt"] for row in rows(of_test)} == splits(out)["test"]


def test_rows_stay_in_their_splits_where_nothing_is_said_of_them(out: Path, tmp_path: Path) -> None:
    again = fp.scan_jsonl(out).shuffle(seed=1)
    again.sink_arrow(tmp_path / "again")
    assert splits(tmp_path / "again") == splits(out)
    assert list(fp.load(tmp_path / "again")) == ["train", "valid", "test"]
    assert "split" not in again.schema
    assert "rows stay in their splits: train, valid, test" in again.explain()


def test_packs_stay_in_their_splits(out: Path, tmp_path: Path, tokenizer_folder: Path) -> None:
    as_it_is = fp.PromptFormat("{prompt}", completion="{completion}", separator="\n##\n", stop="\n###\n")
    plan = fp.scan_jsonl(out).format(as_it_is).tokenize(tokenizer_folder, max_length=64).pack()
    plan.sink_arrow(tmp_path / "packed")
    data = fp.load(tmp_path / "packed")
    counts = {name: sum(map(len, split.to_arrow()["seq_lengths"].to_pylist())) for name, split in data.items()}
    assert counts == {name: len(prompts) for name, prompts in splits(out).items()}


def test_new_splits_are_refused_unless_it_is_said_what_becomes_of_the_old(out: Path) -> None:
    with pytest.raises(fp.PlanError, match=r"already in splits: train, valid, test") as caught:
        fp.scan_jsonl(out).split(valid=0.5).explain()
    assert caught.value.code == "in_splits"
    assert 'existing="replace"' in str(caught.value.help)
    with pytest.raises(fp.PlanError, match="`existing` must be one of keep, replace"):
        fp.scan_jsonl(out).split(valid=0.5, existing="drop")  # type: ignore[arg-type]


def test_replace_draws_all_rows(out: Path) -> None:
    new = fp.scan_jsonl(out).split(dev=0.5, seed=1, existing="replace")
    plain = [{"prompt": f"p{i}\n##\n", "completion": f"c{i}\n###\n"} for i in range(200)]
    assert by_split(rows(new)) == by_split(rows(fp.from_records(plain).split(dev=0.5, seed=1)))
    assert set(by_split(rows(new))) == {"train", "dev"}


def test_keep_draws_the_rows_of_train_alone(out: Path) -> None:
    before = splits(out)
    after = by_split(rows(fp.scan_jsonl(out).split(dev=0.3, valid=0.1, seed=9, existing="keep")))
    assert set(after) == {"train", "valid", "test", "dev"}
    assert after["test"] == before["test"]
    assert after["valid"] > before["valid"]
    assert after["dev"] | after["train"] | after["valid"] | after["test"] == set().union(*before.values())
    assert not after["dev"] & (before["valid"] | before["test"])


def test_existing_says_nothing_of_rows_without_splits() -> None:
    plain = fp.from_records(ROWS)
    for existing in ("keep", "replace"):
        kept = plain.split(valid=0.2, existing=existing)  # type: ignore[arg-type]
        assert rows(kept) == rows(plain.split(valid=0.2))


def test_a_folder_among_others_gives_its_shards_and_no_rejects(out: Path) -> None:
    work = out.parent
    jsonl(work / "more.jsonl", [{"prompt": "plain", "completion": "x"}])
    with pytest.raises(fp.DataError):
        fp.from_records(BAD).format(PAIR).sink_arrow(work / "bad", max_rejects=0)
    assert (work / "bad.rejects.jsonl").read_bytes().startswith(b'{"code":')
    jsonl(work / "my.rejects.jsonl", [{"prompt": "mine", "completion": "x"}])
    plain = {"plain", "mine"}
    assert {row["prompt"] for row in rows(fp.scan_jsonl(work).filter(pl.col("split").is_null()))} == plain
    # A row that is in no split goes where the rest goes.
    wanted = splits(out)
    wanted["train"] |= plain
    assert by_split(rows(fp.scan_jsonl(work))) == wanted
    fp.scan_jsonl(work).sink_arrow(work.parent / "again")
    assert splits(work.parent / "again") == wanted


@pytest.mark.parametrize("pattern", ["out/**/*.jsonl", "out/data/*/*.jsonl", "*/data/*/*"])
def test_a_glob_leaves_sidecars_out(out: Path, pattern: str) -> None:
    for arrow in [*out.rglob("*.arrow")]:
        arrow.unlink()
    (next((out / "data").iterdir()) / "stray.jsonl").write_text('{"prompt": "left by another run"}\n')
    found = rows(fp.scan_jsonl(f"{out.parent}/{pattern}"))
    assert {row["prompt"] for row in found} == set().union(*splits_of_lines(out).values())
    assert Counter(map(len, found)) == {2: len(ROWS)}


def splits_of_lines(folder: Path) -> dict[str, set[str]]:
    files = folder.rglob("*-of-*.jsonl")
    return {f.name: {json.loads(line)["prompt"] for line in f.read_text("utf-8").splitlines()} for f in files}


def test_a_file_that_is_named_is_read_as_it_is(out: Path) -> None:
    assert rows(fp.scan_jsonl(out / "rejects.jsonl"))[0]["code"]
    [shard] = out.rglob("valid-*.jsonl")
    assert set(rows(fp.scan_jsonl(shard))[0]) == {"prompt", "completion"}


def test_a_column_that_is_called_split_already_is_refused(tmp_path: Path) -> None:
    fp.from_records([{"prompt": "a", "split": "mine"}]).sink_jsonl(tmp_path / "out")
    with pytest.raises(fp.ColumnError, match="column `split`") as caught:
        fp.scan_jsonl(tmp_path / "out").explain()
    assert caught.value.code == "duplicate_column"
    assert rows(fp.scan_jsonl(f"{tmp_path}/out/data/*/*.jsonl")) == [{"prompt": "a", "split": "mine"}]


def test_the_split_of_a_row_is_not_what_it_is_compared_by(out: Path) -> None:
    copy = out.parent / "copy"
    fp.scan_jsonl(out).split(valid=0.5, seed=4, existing="replace").sink_jsonl(copy)
    assert len(rows(fp.scan_jsonl([out, copy]).dedup())) == len(ROWS)


def test_a_column_that_names_no_split_is_an_error(out: Path, tmp_path: Path) -> None:
    moved = fp.scan_jsonl(out).with_columns(split=pl.lit("elsewhere"))
    with pytest.raises(fp.DataError, match="names a split `elsewhere`; splits: train, valid, test") as caught:
        moved.sink_arrow(tmp_path / "again")
    assert caught.value.code == "unknown_split"
    counted = fp.scan_jsonl(out).with_columns(split=pl.lit(3))
    with pytest.raises(fp.ColumnError, match="`split` must be text, as it names the split of each row; it is"):
        counted.explain()


def test_rows_without_the_column_are_all_of_train(out: Path, tmp_path: Path) -> None:
    fp.scan_jsonl(out).select("prompt").sink_arrow(tmp_path / "all")
    assert {name: len(split) for name, split in fp.load(tmp_path / "all").items()} == {"train": len(ROWS)}
    renamed = fp.scan_jsonl(out).rename({"split": "was"}).split(valid=0.5)
    assert {row["was"] for row in rows(renamed)} == {"train", "valid", "test"}


def test_a_folder_of_other_shards_says_so(out: Path, tmp_path: Path) -> None:
    fp.scan_jsonl(out).sink_arrow(tmp_path / "arrow")
    with pytest.raises(fp.SourceError, match="has no files") as caught:
        fp.scan_jsonl(tmp_path / "arrow").explain()
    assert "shards of another format" in str(caught.value.help)
    with pytest.raises(fp.SourceError, match="has no files"):
        fp.scan_parquet(out).explain()


def test_a_damaged_manifest_is_not_taken_for_data(out: Path) -> None:
    manifest = out / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8")[:-30], "utf-8")
    with pytest.raises(fp.SourceError) as caught:
        fp.scan_jsonl(out).explain()
    assert (caught.value.code, caught.value.path) == ("bad_manifest", str(manifest))


def test_a_manifest_of_others_is_data(tmp_path: Path) -> None:
    jsonl(tmp_path / "manifest.json", [{"audio_filepath": "a.wav", "text": "x"}])
    jsonl(tmp_path / "rejects.jsonl", [{"text": "mine"}])
    assert [row["text"] for row in rows(fp.scan_jsonl(tmp_path))] == ["x", "mine"]


def test_it_is_not_replaced_while_it_is_read(out: Path) -> None:
    with pytest.raises(fp.PublishError, match="this run would replace"):
        fp.scan_jsonl(out).sink_jsonl(out, overwrite=True)


def test_the_command_line_asks_the_same(out: Path, tmp_path: Path) -> None:
    where = ["prepare", str(out), "--out", str(tmp_path / "again"), "--valid", "0.5"]
    refused = command(*where)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "error[in_splits]" in refused.stderr
    assert "--existing replace" in refused.stderr
    done = command(*where, "--existing", "keep")
    assert done.returncode == 0, done.stderr
    assert splits(tmp_path / "again")["test"] == splits(out)["test"]


def test_old_splits_are_reported_by_new_ones(out: Path, tmp_path: Path) -> None:
    new = fp.scan_jsonl(out).split(dev=0.5, seed=1, existing="replace", report_by="split")
    groups = new.sink_jsonl(tmp_path / "new").to_dict()["groups"]["rows"]
    assert {name: sum(counts.values()) for name, counts in groups.items()} == {
        name: len(prompts) for name, prompts in splits(out).items()
    }


def test_a_shard_of_another_size_is_refused(out: Path) -> None:
    [shard] = out.rglob("train-*.jsonl")
    whole = shard.read_bytes()
    for content in (b"", whole[:-1], whole + b"{}\n"):
        shard.write_bytes(content)
        with pytest.raises(fp.SourceError, match=f"it has {len(content)} bytes, the manifest says") as caught:
            fp.scan_jsonl(out).explain()
        assert (caught.value.code, caught.value.path) == ("damaged_shard", str(shard))
    shard.unlink()
    with pytest.raises(fp.SourceError) as caught:
        fp.scan_jsonl(out).explain()
    assert caught.value.code == "missing_shard"


def test_a_folder_within_holds_no_sidecars_either(out: Path) -> None:
    generation = next((out / "data").iterdir())
    for within in (out / "data", generation, f"{out}/data/*"):
        assert len(rows(fp.scan_jsonl(within))) == len(ROWS)
