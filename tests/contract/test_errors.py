"""One tree of exceptions, each also the built-in that fits; and every reason code has a test."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny import jsonl, pairs, records, refused, rows

import fastprep as fp
from fastprep import _fastprep

pytestmark = pytest.mark.batches

TREE = {
    fp.PlanError: ValueError,
    fp.ColumnError: KeyError,
    fp.SourceError: OSError,
    fp.DataError: ValueError,
    fp.TokenizerError: ValueError,
    fp.PublishError: OSError,
    fp.CallbackError: RuntimeError,
    fp.InternalError: RuntimeError,
}


@pytest.mark.parametrize(("kind", "built_in"), TREE.items())
def test_each_can_be_caught_as_ours_and_as_the_built_in(
    kind: type[fp.FastprepError], built_in: type[Exception]
) -> None:
    assert issubclass(kind, fp.FastprepError)
    assert issubclass(kind, built_in)
    error = kind("what", code="slug", path=Path("a"), row=1, line=2, column="c", help="do this", reason="why:c")
    assert str(error) == "what"
    for copy in (error, pickle.loads(pickle.dumps(error))):
        assert type(copy) is kind
        parts = (copy.code, copy.path, copy.row, copy.line, copy.column, copy.help, copy.reason)
        assert parts == ("slug", "a", 1, 2, "c", "do this", "why:c")


def test_the_tree_is_whole() -> None:
    assert set(TREE) == set(fp.FastprepError.__subclasses__())
    assert all(kind.__name__ in fp.__all__ for kind in (*TREE, fp.FastprepError))


def test_attributes_say_where(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "x.jsonl", [{"prompt": "a", "completion": "b"}, {"prompt": "c", "completion": " "}])
    plan = fp.scan_jsonl(path).validate(not_blank=["prompt", "completion"], on_invalid="raise")
    with refused(fp.DataError, "blank_field", "`completion` is empty or holds only white space") as e:
        rows(plan)
    error = e.value
    assert (error.path, error.row, error.line, error.column) == ("x.jsonl", 1, 2, "completion")
    assert isinstance(error, ValueError)
    assert str(error).splitlines()[1:] == ["  at x.jsonl, line 2", f"  help: {error.help}"]


def test_the_first_row_that_raises_is_named_wherever_batches_end() -> None:
    many = pairs(*((str(i), "" if i in (3, 7, 8) else "x") for i in range(10)))
    with refused(fp.DataError, "blank_field", "\n  at data, line 4\n"):
        many.validate(not_blank="completion", on_invalid="raise").collect(threads=1)


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("instructions", "; did you mean `instruction`?"),
        ("Input", "; did you mean `input`?"),
        ("ouptut", "; did you mean `output`?"),
        ("question", ""),
    ],
)
def test_a_missing_column_names_those_there_are_and_the_one_that_was_meant(wanted: str, meant: str) -> None:
    says = f"there is no column `{wanted}`; columns: output, instruction, input{meant}"
    with refused(fp.ColumnError, "missing_column", f"{re.escape(says)}$") as e:
        records({"output": "x", "instruction": "y", "input": "z"}).select(wanted).explain()
    assert e.value.column == wanted
    assert isinstance(e.value, KeyError)
    assert str(e.value).startswith("select: ")


# Every reason that takes a row out, with the test file that produces it.
REASONS = {
    "bad_json": "sources/test_scan.py",
    "bad_utf8": "sources/test_scan.py",
    "bad_csv": "sources/test_csv.py",
    "wrong_field_count": "sources/test_csv.py",
    "not_an_object": "sources/test_scan.py",
    "line_too_long": "sources/test_scan.py",
    "missing_field": "verbs/test_validate.py",
    "wrong_type": "sources/test_scan.py",
    "not_in_dialect": "sources/test_dialect.py",
    "filtered": "verbs/test_filter.py",
    "blank_field": "verbs/test_validate.py",
    "too_short": "verbs/test_validate.py",
    "too_many_chars": "verbs/test_validate.py",
    "value_not_allowed": "verbs/test_validate.py",
    "empty_prompt": "verbs/test_format.py",
    "empty_completion": "verbs/test_format.py",
    "separator_collision": "verbs/test_format.py",
    "stop_collision": "verbs/test_format.py",
    "special_token_in_text": "verbs/test_tokenize.py",
    "bad_messages": "verbs/test_format_chat.py",
    "chat_not_rendered": "verbs/test_format_chat.py",
    "not_printed": "verbs/test_format_chat.py",
    "cut": "verbs/test_format_chat.py",
    "turn_interleaved": "verbs/test_format_chat.py",
    "repr": "verbs/test_format_chat.py",
    "printed_twice": "verbs/test_format_chat.py",
    "not_proven": "verbs/test_format_chat.py",
    "no_prompt": "verbs/test_format_chat.py",
    "prompt_differs": "verbs/test_format_chat.py",
    "no_end_token": "verbs/test_format_chat.py",
    "unused_weight": "verbs/test_format_chat.py",
    "same_answers": "verbs/test_format_preferences.py",
    "untrained_within": "verbs/test_format_preferences.py",
    "duplicate": "verbs/test_dedup.py",
    "duplicate_against": "verbs/test_dedup.py",
    "past_head": "verbs/test_shuffle.py",
    "not_sampled": "verbs/test_sample.py",
    "surplus": "verbs/test_balance.py",
    "other_answer": "verbs/test_resolve_conflicts.py",
    "not_in_target": "verbs/test_write_as.py",
    "too_long": "verbs/test_tokenize.py",
    "no_trained_token": "verbs/test_tokenize.py",
}


def test_every_reason_has_a_test_that_produces_it() -> None:
    registry = dict(_fastprep.reasons())
    assert set(REASONS) == set(registry)
    for code, file in REASONS.items():
        assert f'"{code}"' in (Path(__file__).parents[1] / file).read_text("utf-8")
        assert registry[code].endswith(".")


def test_an_unknown_split_names_those_there_are(tmp_path: Path) -> None:
    pairs(("a", "b")).sink_arrow(tmp_path / "out")
    with pytest.raises(KeyError, match="there is no split 'trian'; splits: train; did you mean `train`"):
        fp.load(tmp_path / "out")["trian"]


@pytest.mark.parametrize(
    "call",
    [
        lambda: records({"a": "x"}).split(valid=10**400),
        lambda: records({"a": "x"}).split(valid="9" * 400 + "%"),
        lambda: records({"a": "x"}).sink_jsonl("never", max_rejects=10**30),
        lambda: fp.scan_jsonl("x\ud800"),
        lambda: records({"a": "x"}).sink_jsonl("x\ud800"),
        lambda: records({"a": "x"}).dedup(against="x\ud800"),
        lambda: fp.from_records([{"a": "x"}], name="\ud800"),
        lambda: records({"a": "x"}).drop("\ud800"),
        lambda: records({"a": "x"}).rename({"a": "\ud800"}),
    ],
)
def test_values_that_have_no_form_in_the_core_are_refused_by_their_option(call: Callable[[], object]) -> None:
    with pytest.raises(fp.PlanError) as caught:
        call()
    assert caught.value.code == "bad_option"
