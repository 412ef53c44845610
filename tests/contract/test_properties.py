"""What must hold for any input: each property against naive code, over texts made to be hard."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unicodedata import normalize

import polars as pl
import pytest
from common import json_lines, occurrences, removal, render, steps_add_up
from hypothesis import assume, example, given
from hypothesis import strategies as st

import fastprep as fp

pytestmark = pytest.mark.batches

MARKS = [("\n##\n", "\n###\n"), ("aa", "b"), ("aba", "bab"), ("####", "END"), ("é\n", "\nè"), (" ", "."), ("\0", "\1")]
SEAMS = [("x\n##", "y"), ("x", "##\ny"), ("x", "y\n##"), ("x", "y\n###"), ("x\n##\n", "y")]

Records = list[dict[str, Any]]


def texts(alphabet: str, most: int = 12) -> st.SearchStrategy[str]:
    """Any text, most of it of these characters, so that what they spell comes about."""
    character = st.one_of(*[st.sampled_from(alphabet)] * 6, st.characters(exclude_categories=["Cs"]))
    return st.text(character, max_size=most)


@st.composite
def marks(draw: st.DrawFn) -> tuple[str, str]:
    """A separator and a stop of which neither holds the other."""
    if draw(st.booleans()):
        return draw(st.sampled_from(MARKS))
    separator, stop = (draw(texts("#\nab", 5)) for _ in range(2))
    assume(separator and stop and separator not in stop and stop not in separator)
    return separator, stop


@st.composite
def formats_and_pairs(draw: st.DrawFn) -> tuple[tuple[str, str], list[tuple[str, str]]]:
    separator, stop = draw(marks())
    text = texts(separator + stop + "x")
    return (separator, stop), draw(st.lists(st.tuples(text, text), min_size=1, max_size=20))


def run(pipeline: fp.Pipeline, **options: Any) -> tuple[Records, Records, dict[str, Any]]:
    """Rows in order (with their split), rejects, and the report. No row is no error here."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        try:
            report = pipeline.sink_arrow(out, **options).to_dict()
        except fp.DataError as error:
            kept = Path(str(error.path))
            return [], json_lines(kept) if kept.is_file() else [], {}
        steps_add_up(report)
        data = fp.load(out)
        rows = [row | {"split": name} for name, split in data.items() for row in split.to_arrow().to_pylist()]
        rejects = out / "rejects.jsonl"
        return rows, json_lines(rejects) if rejects.is_file() else [], report


# -- format ----------------------------------------------------------------------------------------


@given(formats_and_pairs(), st.sampled_from(["{p}", "Q: {p}", "{p}\n", "{#p}{p}{/p}{^p}-{/p}"]))
@example((MARKS[0], SEAMS), "{p}")
def test_a_row_is_kept_if_and_only_if_both_marks_are_unique(case: Any, template: str) -> None:
    (separator, stop), pairs = case
    try:
        prompt_format = fp.PromptFormat(template, completion="{c}", separator=separator, stop=stop)
    except fp.PlanError:
        # The template's own text would collide in every row.
        assert any(mark in f"{template}{separator}" for mark in (separator, stop))
        return
    records = [{"p": p, "c": c} for p, c in pairs]
    rows, rejects, _ = run(fp.from_records(records).format(prompt_format))
    fill = {"{p}": "{}", "Q: {p}": "Q: {}", "{p}\n": "{}\n"}
    bodies = [(fill[template].format(p) if template in fill else p or "-", c) for p, c in pairs]
    reasons = [removal(p, c, separator, stop) for p, c in bodies]
    kept = [render(p, c, separator, stop) for (p, c), reason in zip(bodies, reasons, strict=True) if reason is None]
    assert [(row["prompt"], row["completion"]) for row in rows] == kept
    assert [(r["row"], r["code"]) for r in rejects] == [(i, reason) for i, reason in enumerate(reasons) if reason]
    for prompt, completion in kept:
        row = prompt + completion
        assert occurrences(separator, row) == [len(prompt) - len(separator)]
        assert occurrences(stop, row) == [len(row) - len(stop)]


@given(formats_and_pairs())
def test_insert_space_keeps_promise_4_and_touches_no_other_row(case: Any) -> None:
    (separator, stop), pairs = case
    prompt_format = fp.PromptFormat("{p}", completion="{c}", separator=separator, stop=stop)
    records = [{"p": p, "c": c, "i": str(i)} for i, (p, c) in enumerate(pairs)]
    rows, rejects, report = run(fp.from_records(records).format(prompt_format, on_collision="insert_space"))
    rows = [row | {"i": int(row["i"])} for row in rows]
    assert {row["i"] for row in rows} | {reject["row"] for reject in rejects} == set(range(len(pairs)))
    changed = 0
    for row in rows:
        whole = row["prompt"] + row["completion"]
        assert occurrences(separator, whole) == [len(row["prompt"]) - len(separator)]
        assert occurrences(stop, whole) == [len(whole) - len(stop)]
        rendered = render(*pairs[row["i"]], separator, stop)
        if removal(*pairs[row["i"]], separator, stop) is None:
            assert (row["prompt"], row["completion"]) == rendered
        else:
            changed += 1
            assert whole.replace(" ", "") == "".join(rendered).replace(" ", "")
    if rows:
        assert report["findings"].get("fixed:insert_space", {"count": 0})["count"] == changed


@given(marks(), st.data())
def test_what_was_rendered_is_parsed_back(pair: tuple[str, str], data: st.DataObject) -> None:
    separator, stop = pair
    text = texts(separator + stop + "x")
    question, answer = data.draw(text), data.draw(text)
    for completion in ("{a}", " {a}", "<a>{a}</a>"):
        try:
            prompt_format = fp.PromptFormat("{q}", completion=completion, separator=separator, stop=stop)
        except fp.PlanError:
            continue
        prompt, rendered = prompt_format.render(q=question, a=answer)
        assert prompt == prompt_format.render_prompt(q=question)
        body = completion.replace("{a}", answer)
        if removal(question or "q", body or "a", separator, stop) is None and not body.endswith(stop):
            assert prompt_format.parse_completion(rendered) == answer
            assert prompt_format.parse_completion(rendered.removesuffix(stop)) == answer
            assert prompt_format.parse_completion(rendered + "and on it goes") == answer
            prompt_format.check_prompt(prompt)


@given(marks(), texts("{}#^/pc \n"), texts("{}c\n"), st.booleans())
def test_a_format_survives_json(pair: tuple[str, str], prompt: str, completion: str, eos: bool) -> None:
    separator, stop = pair
    escaped = ["{p}" + text.replace("{", "{{").replace("}", "}}") for text in (prompt, completion)]
    try:
        made = fp.PromptFormat(escaped[0], completion=escaped[1], separator=separator, stop=stop, eos=eos)
    except fp.PlanError:
        return
    again = fp.PromptFormat.from_json(made.to_json())
    assert again == made
    assert again.render(p="x") == made.render(p="x")
    assert made.render(p="x")[0] == f"x{prompt}".removesuffix(separator) + separator
    assert json.loads(made.to_json())["separator"] == separator


# -- dedup, split, shuffle -------------------------------------------------------------------------

LEVELS: dict[str, Callable[[str], str]] = {
    "unicode": lambda text: normalize("NFKC", text),
    "case": str.lower,
    "whitespace": lambda text: " ".join(text.split()),
}
VARIANTS = ["a", "A", "ａ", "a ", " a", "a\tb", "a  b", "A b", "é", "e\u0301", "ﬁ", "fi", "FI", "", " ", *"ßẞİΣ"]


@given(
    st.lists(st.tuples(st.sampled_from(VARIANTS), st.sampled_from(VARIANTS[:6]) | texts("ab ", 3)), max_size=40),
    st.sets(st.sampled_from(sorted(LEVELS))),
    st.booleans(),
)
def test_dedup_keeps_the_first_of_each_key_like_a_dictionary(
    pairs: list[tuple[str, str]], levels: set[str], verify: bool
) -> None:
    assume(pairs)
    # Python splits at four control characters that are no white space in Unicode.
    assume(not set("".join(a + b for a, b in pairs)) & set("\x1c\x1d\x1e\x1f"))
    order = [level for level in ("unicode", "case", "whitespace") if level in levels]
    seen: dict[tuple[str, ...], int] = {}
    for i, pair in enumerate(pairs):
        key = []
        for text in pair:
            for level in order:
                text = LEVELS[level](text)
                if level == "case" and "unicode" in levels:
                    text = LEVELS["unicode"](text)
            key.append(text)
        seen.setdefault(tuple(key), i)
    records = [{"a": a, "b": b, "i": str(i)} for i, (a, b) in enumerate(pairs)]
    table = fp.from_records(records).dedup(["a", "b"], normalize=order, verify=verify).collect()
    assert table["i"].to_pylist() == [str(i) for i in seen.values()]


@given(st.lists(st.sampled_from([None, "", "a", 0, 1, 1.5, [1], {"a": None}]), min_size=1, max_size=30))
def test_dedup_before_format_tells_values_apart_as_json_does(values: list[Any]) -> None:
    table = fp.from_records([{"x": value, "same": "s"} for value in values]).dedup().collect()
    assert table.num_rows == len({json.dumps(value) for value in values})


@st.composite
def prompts(draw: st.DrawFn) -> list[str]:
    return draw(st.lists(texts("abc", 4), min_size=1, max_size=30))


@given(prompts(), prompts(), st.integers(0, 2**64 - 1), st.randoms(use_true_random=False))
def test_a_row_keeps_its_side_when_rows_are_added_or_reordered(
    some: list[str], more: list[str], seed: int, random: Any
) -> None:
    def sides(questions: list[str]) -> dict[str, set[str]]:
        records = [{"q": q, "a": f"answer to {q}", "id": q} for q in questions]
        # Marks that no question collides with.
        template = fp.PromptFormat("ask: {q}", completion="{a}", separator="<answer>", stop="<end>")
        table = fp.from_records(records).format(template).split(valid=0.3, test=0.3, seed=seed).collect()
        found: dict[str, set[str]] = {}
        for row in table.to_pylist():
            found.setdefault(row["id"], set()).add(row["split"])
        assert set(found) == set(questions)
        assert all(len(names) == 1 for names in found.values())
        return found

    before = sides(some)
    mixed = some + more
    random.shuffle(mixed)
    after = sides(mixed)
    assert before == {question: after[question] for question in before}


@given(st.integers(1, 120), st.integers(0, 2**64 - 1), st.sampled_from([300, 1_000, 5_000]))
def test_shuffle_is_a_permutation_into_equal_shards(count: int, seed: int, shard_bytes: int) -> None:
    records = [{"i": i, "text": "x" * (i % 40)} for i in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        fp.from_records(records).split(by="i", valid=0.4).shuffle(seed=seed).sink_arrow(out, shard_bytes=shard_bytes)
        data = fp.load(out)
        rows = [row["i"] for split in data.values() for row in split.to_arrow().to_pylist()]
        assert sorted(rows) == list(range(count))
        for name in data:
            sizes = [s["rows"] for s in data.manifest["shards"] if s["split"] == name]
            assert max(sizes) - min(sizes) <= 1
    if count > 50:
        assert rows != sorted(rows)


# -- JSON lines ------------------------------------------------------------------------------------

EXTREME = '\0\x1f\x7f"\\/\u2028\u2029\ufeff\ufffe\U0001f600\U0010ffff\r\n'
ANY_TEXT = st.text(st.one_of(st.sampled_from(EXTREME), st.characters(exclude_categories=["Cs"])), max_size=30)
NUMBER = st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(ANY_TEXT, min_size=1, max_size=12), st.booleans(), st.sampled_from([None, "gzip", "zstd"]))
@example(["\0", "\u2028", "\U0010ffff", "\ud7ff\ue000", ""], True, None)
def test_any_string_goes_through_json_lines_and_comes_back(values: list[str], escape: bool, compression: Any) -> None:
    import pyarrow as pa

    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "in.jsonl", Path(folder) / "out"
        text = "".join(json.dumps({"x": value, "i": i}, ensure_ascii=escape) + "\n" for i, value in enumerate(values))
        source.write_bytes(text.encode())
        fp.scan_jsonl(source).sink(out, formats=("arrow", "jsonl"), compression=compression)
        data = fp.load(out)
        assert data["train"].to_arrow()["x"].to_pylist() == values
        [shard] = [s["name"] for s in data.manifest["shards"] if s["format"] == "jsonl"]
        with pa.input_stream(str(out / data.manifest["data"] / shard), compression=compression) as stream:
            lines = stream.read().decode().removesuffix("\n").split("\n")
        assert [json.loads(line) for line in lines] == [{"x": value, "i": i} for i, value in enumerate(values)]
        assert fp.scan_jsonl(out / data.manifest["data"] / shard).collect()["x"].to_pylist() == values


@given(st.lists(st.tuples(ANY_TEXT, st.integers(0xD800, 0xDFFF), ANY_TEXT), min_size=1, max_size=6))
def test_a_lone_surrogate_is_rejected_where_text_is_needed_and_passes_elsewhere(parts: Any) -> None:
    bad = [f"{json.dumps(a)[:-1]}\\u{code:04x}{json.dumps(b)[1:]}" for a, code, b in parts]
    # A half may meet its other half in the text beside it.
    bad = [value for value in bad if _has_lone(json.loads(value))]
    lines = [f'{{"p": {value}, "c": "y", "m": "0"}}' for value in bad] + ['{"p": "x", "c": "y", "m": "1"}']
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.jsonl"
        source.write_text("\n".join(lines), "utf-8")
        needed = fp.scan_jsonl(source).format(fp.PromptFormat("{p}", completion="{c}"))
        rows, rejects, _ = run(needed)
        assert [row["m"] for row in rows] == ["1"]
        assert [(r["code"], r["line"]) for r in rejects] == [("bad_json", line) for line in range(1, len(bad) + 1)]
        assert all("lone surrogate" in reject["detail"] for reject in rejects)
        passed, rejects, report = run(fp.scan_jsonl(source))
        assert (len(passed), rejects) == (len(lines), [])
        # Text without an own meaning to the plan is kept as the JSON that it was, and that is said.
        assert [row["p"] for row in passed] == [*bad, "x"]
        assert report["findings"].get("coerced:p", {"count": 0})["count"] == len(bad)


def _has_lone(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


@given(st.lists(JSON, min_size=1, max_size=8))
def test_any_value_passes_through_verbatim(values: list[Any]) -> None:
    records = [{"id": i, "meta": {"v": value}} for i, value in enumerate(values)]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        fp.from_records(records).sink_jsonl(out)
        shard = out / fp.load(out).manifest["data"] / "train-00000-of-00001.jsonl"
        lines = shard.read_bytes().decode().removesuffix("\n").split("\n")
        assert [repr(json.loads(line)) for line in lines] == [repr(record) for record in records]


# -- the report ------------------------------------------------------------------------------------

VERBS: list[Callable[[fp.Pipeline, str], fp.Pipeline]] = [
    lambda plan, _: plan.filter(pl.col("n") % 3 != 0),
    lambda plan, policy: plan.validate(not_blank="q", max_chars={"q": 4}, on_invalid=policy),
    lambda plan, policy: plan.validate(allowed={"kind": ["a", "b"]}, required="a", on_invalid=policy),
    lambda plan, _: plan.with_columns(m=pl.col("n") + 1),
    lambda plan, _: plan.dedup(["q"]),
    lambda plan, _: plan.dedup(["q"], keepers=False, normalize=["whitespace"]),
    lambda plan, _: plan.shuffle(seed=3),
    lambda plan, _: plan.rename({"kind": "sort"}).rename({"sort": "kind"}),
]
CELL = st.sampled_from(["a", "b", "", " ", "abcde", "\n##\n", None, 1, "x"])
RECORD = st.fixed_dictionaries({"q": CELL, "a": CELL, "kind": st.sampled_from("abc"), "n": st.integers(0, 9)})


@given(
    st.lists(RECORD, min_size=1, max_size=30),
    st.lists(st.tuples(st.sampled_from(VERBS), st.sampled_from(["reject", "drop"])), max_size=5),
    st.sampled_from(["reject", "drop", "insert_space", "none"]),
    st.integers(1, 3),
)
def test_every_row_is_accounted_for_under_any_policies(
    records: Records, verbs: list[tuple[Any, str]], collision: Any, threads: int
) -> None:
    pipeline = fp.from_records([{"q": "q", "a": "a", "kind": "a", "n": 1}, *records])
    shuffles = 0
    for verb, policy in verbs:
        shuffles += verb is VERBS[6]
        if verb is not VERBS[6] or shuffles == 1:
            pipeline = verb(pipeline, policy)
    if collision != "none":
        pipeline = pipeline.format(fp.PromptFormat("{q}", completion="{a}"), on_collision=collision).split(valid=0.2)
    rows, rejects, report = run(pipeline, threads=threads)
    counts = report["rows"]
    assert (counts["read"], counts["written"]) == (len(records) + 1, len(rows))
    # `run` has checked the steps; the rejects are those counted, each by its reason and once.
    by_step = [(code, entry["count"]) for step in report["steps"] for code, entry in step["removed"].items()]
    for code, entry in report["reasons"].items():
        assert entry["count"] == sum(count for other, count in by_step if other == code)
    assert len(rejects) == counts["rejected"] == len({reject["row"] for reject in rejects})
    for code, count in Counter(reject["code"] for reject in rejects).items():
        assert count <= report["reasons"][code]["count"]


@pytest.mark.parametrize("policy", ["reject", "drop", "raise"])
def test_a_policy_is_what_it_says(policy: Any, tmp_path: Path) -> None:
    pipeline = fp.from_records([{"q": "x"}, {"q": " "}, {"q": "y"}]).validate(not_blank="q", on_invalid=policy)
    if policy == "raise":
        with pytest.raises(fp.DataError) as caught:
            pipeline.sink_arrow(tmp_path / "out")
        assert (caught.value.code, caught.value.row) == ("blank_field", 1)
        assert not (tmp_path / "out").exists()
        return
    report = pipeline.sink_arrow(tmp_path / "out")
    assert report.rows["rejected"] == (policy == "reject")
    assert report.rows["dropped"] == (policy == "drop")
    assert len(json_lines(tmp_path / "out" / "rejects.jsonl")) == (policy == "reject")
