"""`shuffle`: all rows in an order that the seed decides."""

from __future__ import annotations

import itertools
from pathlib import Path

import polars as pl
import pytest
from tiny import column, jsonl, read_jsonl, records, refused, rejects

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
    PLAN.split(valid=0.3, by="i").shuffle().sink_arrow(tmp_path / "out", shard_bytes=150)
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
    with refused(fp.PlanError, "bad_option", "shuffle: `seed` must be"):
        PLAN.shuffle(seed=seed)  # type: ignore[arg-type]


def in_files(folder: Path, **files: int) -> Path:
    """JSON lines by file name, so many rows each; each row names its file and its number."""
    folder.mkdir(parents=True)
    for name, rows in files.items():
        jsonl(folder / f"{name}.jsonl", [{"i": f"{name}{i}"} for i in range(rows)])
    return folder


def test_files_that_are_added_and_rows_that_are_taken_out_move_no_other_row(tmp_path: Path) -> None:
    few = column(fp.scan_jsonl(in_files(tmp_path / "few", b=60, d=60)).shuffle(seed=3), "i")
    more = column(fp.scan_jsonl(in_files(tmp_path / "else" / "more", a=50, b=60, c=50, d=60)).shuffle(seed=3), "i")
    assert [i for i in more if i[0] in "bd"] == few
    taken_out = fp.scan_jsonl(tmp_path / "few").filter(pl.col("i").str.ends_with("7").not_()).shuffle(seed=3)
    assert column(taken_out, "i") == [i for i in few if not i.endswith("7")]


def test_the_order_is_that_of_names_below_what_was_named(tmp_path: Path) -> None:
    folder = in_files(tmp_path / "x", a=30, b=30)
    order = column(fp.scan_jsonl(folder).shuffle(seed=3), "i")
    for inputs in (folder / "*.jsonl", tmp_path / "*" / "*.jsonl", [folder / "a.jsonl", folder / "b.jsonl"]):
        same = column(fp.scan_jsonl(inputs).shuffle(seed=3), "i") == order  # type: ignore[arg-type]
        # Below `tmp_path`, the names of the files begin with that of their folder.
        assert same == (inputs != tmp_path / "*" / "*.jsonl")


def test_files_of_one_name_are_shuffled_apart(tmp_path: Path) -> None:
    inputs = [in_files(tmp_path / name, a=100) / "a.jsonl" for name in ("x", "y")]
    order = [int(i[1:]) for i in column(fp.scan_jsonl(inputs).shuffle(seed=3), "i")]
    assert sum(one == other for one, other in itertools.pairwise(order)) < 10
    order = [int(i) for i in column(fp.concat([PLAN, PLAN]).shuffle(seed=3), "i")]
    assert sum(one == other for one, other in itertools.pairwise(order)) < 10


# -- steps after it --------------------------------------------------------------------------------


def test_head_takes_the_first_of_the_new_order(tmp_path: Path) -> None:
    order = column(PLAN.shuffle(seed=1), "i")
    report = PLAN.shuffle(seed=1).head(3).sink_jsonl(tmp_path / "out").to_dict()
    assert column(PLAN.shuffle(seed=1).head(3), "i") == order[:3]
    past = min(order[3:], key=int)
    removed = {"past_head": {"count": 197, "first": {"file": "data", "row": int(past), "line": int(past) + 1}}}
    assert report["steps"][-1] == {"step": "head", "rows_in": 200, "rows_out": 3, "removed": removed}
    assert report["rows"] == {"read": 200, "written": 3, "rejected": 0, "duplicate": 0, "filtered": 0, "dropped": 197}


def test_dedup_keeps_the_first_of_the_new_order_and_names_both(tmp_path: Path) -> None:
    rows = [{"i": str(i), "k": str(i % 20)} for i in range(60)]
    order = column(fp.scan_jsonl(jsonl(tmp_path / "x.jsonl", rows)).shuffle(seed=1), "i")
    plan = fp.scan_jsonl(tmp_path / "x.jsonl").shuffle(seed=1).dedup(on="k")
    first: dict[int, str] = {}
    for i in order:
        first.setdefault(int(i) % 20, i)
    assert column(plan, "i") == list(first.values())
    plan.sink_jsonl(tmp_path / "out")
    named = read_jsonl(next((tmp_path / "out").glob("data/*/duplicates.jsonl")))
    assert [entry["row"] for entry in named] == [int(i) for i in order if first[int(i) % 20] != i]
    assert all(entry["kept"]["row"] == int(first[entry["row"] % 20]) for entry in named)
    assert all(entry["kept"]["line"] == entry["kept"]["row"] + 1 for entry in named)


def test_a_row_that_is_rejected_after_it_still_names_its_file_and_line(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", [{"t": "x"}, {"t": " "}, {"t": "y"}])
    jsonl(tmp_path / "b.jsonl", [{"t": 5}, {"t": "z"}, {"t": ""}])
    files = fp.scan_jsonl([tmp_path / "a.jsonl", tmp_path / "b.jsonl"])
    files.shuffle(seed=2).validate(not_blank="t").sink_jsonl(tmp_path / "out")
    found = {(r["code"], r["file"], r["line"], r["byte"], r["record"]["t"]) for r in rejects(tmp_path / "out")}
    assert found == {
        ("wrong_type", "b.jsonl", 1, 0, 5),
        ("blank_field", "a.jsonl", 2, 11, " "),
        ("blank_field", "b.jsonl", 3, 20, ""),
    }
    with pytest.raises(fp.DataError) as e:
        files.filter(pl.col("t") != "").shuffle().shuffle().validate(not_blank="t", on_invalid="raise").collect()
    assert "at a.jsonl, line 2" in str(e.value)


def test_a_second_shuffle_decides(tmp_path: Path) -> None:
    assert column(PLAN.shuffle(seed=1).shuffle(seed=2), "i") == column(PLAN.shuffle(seed=2), "i")
    twice = PLAN.shuffle(seed=1).head(50).shuffle(seed=2)
    kept = set(column(PLAN.shuffle(seed=1).head(50), "i"))
    assert column(twice, "i") == [i for i in column(PLAN.shuffle(seed=2), "i") if i in kept]
    report = twice.sink_jsonl(tmp_path / "out").to_dict()
    assert [(step["rows_in"], step["rows_out"]) for step in report["steps"]] == [
        (200, 200), (200, 200), (200, 50), (50, 50)
    ]  # fmt: skip


def test_steps_after_it_see_text_as_those_before(tmp_path: Path) -> None:
    rows = [{"q": f"question {i}", "a": f"a long answer of row {i}", "meta": {"n": i}} for i in range(40)]
    jsonl(tmp_path / "x.jsonl", rows)
    fmt = fp.PromptFormat("{q}", completion="{a}")
    steps = fp.scan_jsonl(tmp_path / "x.jsonl").shuffle(seed=1).format(fmt).split(valid=0.3, by="prompt")
    before = fp.scan_jsonl(tmp_path / "x.jsonl").format(fmt).split(valid=0.3, by="prompt").shuffle(seed=1)
    assert steps.to_polars().equals(before.to_polars())
    steps.sink_arrow(tmp_path / "out")
    assert sum(split["rows"] for split in fp.load(tmp_path / "out").manifest["splits"]) == 40


def test_a_finding_names_its_first_row_in_the_order_of_the_input(tmp_path: Path) -> None:
    rows = [{"q": f"{i}", "a": "b" if i < 5 else "see <|endoftext|> and\n##\n"} for i in range(60)]
    plan = fp.scan_jsonl(jsonl(tmp_path / "x.jsonl", rows)).shuffle(seed=1).shuffle(seed=2)
    plan = plan.map_batches(lambda frame: frame, name="same", version="1")
    plan = plan.format(fp.PromptFormat("{q}", completion="{a}"), on_collision="insert_space")
    tokenized = plan.tokenize(Path(__file__).parents[2] / "examples" / "tokenizer", special_tokens="as_text")
    findings = tokenized.sink_jsonl(tmp_path / "out").to_dict()["findings"]
    found = {name: finding["first"]["line"] for name, finding in findings.items()}
    assert found["fixed:insert_space"] == 6
    assert found["special_token_in_text:<|endoftext|>"] == 6


def test_prepared_folders_that_are_added_move_no_row(tmp_path: Path) -> None:
    for name in "abc":
        rows = records(*({"i": f"{name}{i}"} for i in range(40)))
        rows.split(valid=0.3, by="i").sink_jsonl(tmp_path / "some" / name)
        if name != "a":
            rows.split(valid=0.3, by="i").sink_jsonl(tmp_path / "few" / name)
    order = column(fp.scan_jsonl(tmp_path / "some").shuffle(seed=3), "i")
    assert column(fp.scan_jsonl(tmp_path / "few").shuffle(seed=3), "i") == [i for i in order if i[0] != "a"]
