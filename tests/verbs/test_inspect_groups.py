"""`inspect`: rows by column, split or file, their scripts and their diversity, with the counts that were planted."""

from __future__ import annotations

import json
import math
import random
import re
from pathlib import Path
from typing import Any

import pytest
from shell import run
from test_inspect import clean, inspected
from tiny import PAIR, jsonl, refused, rows

import fastprep as fp

Row = dict[str, Any]

THAI = "สวัสดีครับ นี่คือคำตอบที่ยาวพอสมควร และไม่มีข้อผิดพลาด"


def with_sources() -> list[Row]:
    """700 rows of one source, 290 of another with short answers in Thai, 10 without; five copies in the first."""
    made = clean(1_000)
    for number, row in enumerate(made):
        row["source"] = "web" if number < 700 else "forum" if number < 990 else None
        if row["source"] == "forum":
            row |= {"prompt": f"{row['prompt']} {THAI} {THAI} {THAI}", "completion": f"{THAI} {number}"}
    made[100:105] = made[10:15]
    return made


def groups(found: fp.Inspection, number: int = 0) -> dict[str | None, Any]:
    entry = found.to_dict()["groups"][number]
    return {group["value"]: group for group in [*entry["largest"], *entry["smallest"]]}


def said(found: fp.Inspection, about: str) -> tuple[bool | None, str]:
    entry = next(entry for entry in found.to_dict()["representative"] if entry["about"] == about)
    return entry["good"], entry["text"]


def middle(lengths: list[int]) -> int:
    """The median, rounded down by less than 1/64 as the lengths of groups are."""
    chars = sorted(lengths)[math.ceil(len(lengths) / 2) - 1]
    step = 1 << max(0, chars.bit_length() - 7)
    return chars // step * step


def sequences(answers: list[str]) -> list[tuple[str, ...]]:
    """Each three words in a row, for text in Latin letters."""
    words = [re.findall(r"[A-Za-z0-9]+", answer) for answer in answers]
    return [tuple(said[i : i + 3]) for said in words for i in range(len(said) - 2)]


def test_rows_are_counted_by_the_values_of_a_column() -> None:
    made = with_sources()
    found = inspected(made, by="source")
    assert {value: group["rows"] for value, group in groups(found).items()} == {"web": 700, "forum": 290, None: 10}
    for value, group in groups(found).items():
        own = [row for row in made if row["source"] == value]
        assert group["share"] == len(own) / 1_000
        for part, column in (("prompt", "prompt"), ("answer", "completion")):
            lengths = [len(row[column]) for row in own]
            shown = group["characters"][part]
            assert (shown["texts"], shown["total"], shown["p50"]) == (len(own), sum(lengths), middle(lengths))
    assert {value: group["duplicates"]["rows"] for value, group in groups(found).items()} == {
        "web": 5,
        "forum": 0,
        None: 0,
    }
    assert groups(found)["web"]["scripts"] == [{"script": "Latin", "rows": 700}]
    assert groups(found)["forum"]["scripts"] == [{"script": "Thai", "rows": 290}]
    assert found.to_dict()["scripts"] == [{"script": "Latin", "rows": 710}, {"script": "Thai", "rows": 290}]


def test_the_sentence_says_how_it_is_reached() -> None:
    good, text = said(inspected(with_sources(), by="source"), "source")
    assert good is False
    assert text.startswith(
        "source: 1 of 3 values have fewer than 100 rows, which is little to learn from; no value has 10; "
        '"web" has 70% of all; '
    )
    assert "the median prompt has" in text
    assert text.endswith('most rows of "web" are in Latin, of "forum" in Thai')
    alike = [row | {"source": "ab"[number % 2]} for number, row in enumerate(clean(400))]
    expected = 'source: each of the 2 values has 200 rows or more; "a" has 50% of all; lengths and scripts are alike'
    assert said(inspected(alike, by="source"), "source") == (True, expected)
    one = [row | {"source": "a"} for row in clean(40)]
    assert said(inspected(one, by="source"), "source") == (None, "source: all rows have the same value")


def test_by_default_rows_are_counted_by_split_or_by_file(tokenizer_folder: Path, tmp_path: Path) -> None:
    first, second = jsonl(tmp_path / "a.jsonl", clean(120)), jsonl(tmp_path / "b.jsonl", clean(80, seed=8))
    plan = fp.scan([first, second]).with_row_index("n")
    found = plan.inspect()
    assert {value: group["rows"] for value, group in groups(found).items()} == {"a.jsonl": 120, "b.jsonl": 80}
    assert said(found, "file") == (True, "2 files: lengths and scripts are alike")
    split = plan.format(PAIR).split(valid=0.2)
    by_split = {value: group["rows"] for value, group in groups(split.inspect()).items()}
    split.tokenize(tokenizer_folder).sink_arrow(tmp_path / "out")
    assert {value: group["rows"] for value, group in groups(fp.scan(tmp_path / "out").inspect()).items()} == by_split
    written = fp.load(tmp_path / "out")
    assert by_split == {name: len(written[name]) for name in ("train", "valid")}
    assert min(by_split.values()) > 20
    assert fp.scan(first).inspect().to_dict()["groups"] == []
    named = fp.from_records([row | {"part": number % 2} for number, row in enumerate(clean(30))])
    assert {value: group["rows"] for value, group in groups(named.inspect(by="part")).items()} == {"0": 15, "1": 15}


def test_diversity_is_exact_but_for_the_error_that_it_states() -> None:
    made = clean(1_000)
    diversity = inspected(made).to_dict()["diversity"]
    expected = sequences([row["completion"] for row in made])
    shown = diversity["sequences"]
    assert (shown["words"], shown["total"], shown["error"]) == (3, len(expected), 0.016)
    assert abs(shown["different"] - len(set(expected))) <= 4 * shown["error"] * len(set(expected))
    assert shown["share"] == pytest.approx(shown["different"] / shown["total"], abs=1e-6)
    assert diversity["duplicates"] == {"rows": 0, "share": 0}
    few = [row | {"completion": f"the number that was asked for is {number % 7}"} for number, row in enumerate(made)]
    good, text = said(inspected(few), "diversity")
    assert good is False
    assert text.startswith("answers are built from few patterns: about 0.20% of the 6,000 sequences of three words")
    varied = random.Random(3)
    many = [row | {"completion": " ".join(str(varied.random()) for _ in range(9))} for row in made]
    assert said(inspected(many), "diversity")[0] is True


def test_copies_are_said() -> None:
    made = clean(200)
    assert said(inspected(made), "duplicates") == (True, "no row is a copy of an earlier one")
    expected = "10 rows are copies of earlier ones, 5% of all"
    assert said(inspected([*made[:190], *made[:10]]), "duplicates") == (False, expected)


def test_the_entropy_of_classes() -> None:
    sizes = {" good": 400, " bad": 400, " mixed": 100, " none": 100}
    labels = [label for label, size in sizes.items() for _ in range(size)]
    made = [
        row | {"completion": label, "half": "xy"[label in (" good", " bad")]}
        for row, label in zip(clean(), labels, strict=True)
    ]
    found = inspected(made, by="half")
    bits = -sum(size / 1_000 * math.log2(size / 1_000) for size in sizes.values())
    expected = {"bits": round(bits, 6), "most": 2.0, "evenness": round(bits / 2, 6)}
    assert found.to_dict()["diversity"]["classes"] == expected
    assert {value: group["classes"]["bits"] for value, group in groups(found).items()} == {"x": 1.0, "y": 1.0}
    assert said(found, "classes") == (
        True,
        "classes are even: the largest of 4 has 40% of the rows, 4 times those of the smallest; "
        f"entropy {bits:.2f} of 2.00 bits",
    )
    uneven = [row | {"completion": "yes" if number % 50 else "no"} for number, row in enumerate(clean())]
    good, text = said(inspected(uneven), "classes")
    assert good is False
    assert "has 98% of the rows, 49 times those of the smallest" in text


def test_tokens_are_counted_where_rows_are_tokenized(tokenizer_folder: Path, tmp_path: Path) -> None:
    made = [row | {"source": "ab"[number % 3 == 0]} for number, row in enumerate(clean(90))]
    plan = fp.from_records(made).format(PAIR).tokenize(tokenizer_folder)
    ids = rows(plan)
    without_text = fp.from_records(made).format(PAIR).tokenize(tokenizer_folder, keep_text=False)
    plan.sink_arrow(tmp_path / "out")
    for counted in (plan, without_text, fp.scan(tmp_path / "out")):
        found = counted.inspect(by="source")
        for value, group in [(None, found.to_dict()), *groups(found).items()]:
            own = [row for row in ids if value in (None, row["source"])]
            shown = group["tokens"]
            assert shown["texts"] == len(own)
            assert shown["total"] == sum(len(row["input_ids"]) for row in own)
            assert shown["trained"] == sum(label != -100 for row in own for label in row["labels"])
            assert shown["p50"] == middle([len(row["input_ids"]) for row in own]) or value is None
        assert "rows that train nothing" not in str(found)
        assert "tokens, p50" in str(found)
    plain = fp.from_records(made).inspect()
    assert plain.to_dict()["tokens"] is None
    assert "rows that train nothing" in str(plain)


@pytest.mark.batches
def test_the_groups_are_the_same_for_any_threads_and_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = jsonl(tmp_path / "rows.jsonl", with_sources())
    classes = [row | {"completion": "abc"[number % 3], "n": number % 9} for number, row in enumerate(clean(500))]
    for plan, by in ((fp.scan(path), "source"), (fp.scan(jsonl(tmp_path / "classes.jsonl", classes)), "n")):
        expected = plan.inspect(by=by, threads=1).to_json()
        assert len(json.loads(expected)["groups"]) == 1
        assert plan.inspect(by=by, threads=2).to_json() == expected
        for size in ("1", "7"):
            with monkeypatch.context() as patched:
                patched.setenv("FASTPREP_BATCH_ROWS", size)
                assert plan.inspect(by=by).to_json() == expected


def test_a_column_that_is_missing_or_has_too_many_values_is_refused() -> None:
    made = [row | {"id": number} for number, row in enumerate(clean(1_001))]
    with refused(fp.ColumnError, "missing_column", "sourc"):
        inspected(made, by="sourc")
    with refused(fp.PlanError, "bad_option", "`id` of by has more than 1000 values"):
        inspected(made, by="id")
    assert len(groups(inspected(made[:1_000], by="id"))) == 23


def test_values_are_masked_and_fit_the_line(tmp_path: Path) -> None:
    made = [row | {"who": ["jane.doe@mail.firm.co.uk", "x" * 200, "a|b\n"][n % 3]} for n, row in enumerate(clean(90))]
    path = jsonl(tmp_path / "rows.jsonl", made)
    found = fp.scan(path).inspect(by="who")
    assert set(groups(found)) == {"[EMAIL]", "x" * 200, "a|b\n"}
    text = str(found)
    assert max(map(len, text.splitlines())) <= 80
    table = text.splitlines()
    start = next(number for number, line in enumerate(table) if line.startswith("who  "))
    assert [line.split()[0][:3] for line in table[start : start + 4]] == ["who", "[EM", "a|b", "xxx"]
    assert r"| a\|b\\n | 30 | 33.3% |" in found.to_markdown()
    shown = run("inspect", str(path), "--by", "who").stdout
    assert shown.splitlines()[start : start + 4] == table[start : start + 4]


def test_the_page_has_a_chart_of_each_column() -> None:
    pytest.importorskip("altair", reason="needs altair, of the extra report")
    page = inspected(with_sources(), by="source").to_html()
    assert "<h2>By source</h2>" in page
    assert "(no value)" in page
