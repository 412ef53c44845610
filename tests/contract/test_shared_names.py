"""Names, numbers and option words that the core and Python share: the core's, and written once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import fastprep
from fastprep import _fastprep, words

PACKAGE = Path(fastprep.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

OTHER_MEANINGS = {"ARROW", "DUPLICATE", "FILTERED", "PARQUET", "READ", "SPLIT", "STDIN"}
"""Names whose texts are also verbs, sources, counts of a report, or marks of a list."""

TABLE_OF_CODES = PACKAGE / "cli" / "error_help.py"
"""It has an entry for every code: `test_cli_errors.py` proves that."""

NAMES = {
    name: value
    for name, value in vars(_fastprep).items()
    if name.isupper() and isinstance(value, str) and name not in OTHER_MEANINGS
}


def parts(module: Path) -> Iterator[ast.AST]:
    """What stands in a module, without its docstrings."""
    tree = ast.parse(module.read_text("utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return (node for node in ast.walk(tree) if id(node) not in docs)


def number(node: ast.AST) -> object:
    """The number below 0 that is written there."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return -node.operand.value if isinstance(node.operand.value, int) else None
    return None


@pytest.mark.parametrize("option", _fastprep.WORDS)
def test_the_words_of_an_option_are_those_of_the_core(option: str) -> None:
    assert get_args(getattr(words, option)) == _fastprep.WORDS[option]


def test_words_are_written_as_types_in_one_module() -> None:
    assert len(NAMES) > 10
    for module in MODULES:
        for node in parts(module):
            is_literal = isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("Literal", "typing.Literal")
            assert not is_literal or module.name == "words.py", f"{module}: {ast.unparse(node)}"


def test_no_name_or_number_of_the_core_is_written_in_python() -> None:
    codes = {value: name for name, value in NAMES.items()}
    found = [
        f"{module.relative_to(PACKAGE)}:{node.lineno} has {node.value!r}: take {codes[node.value]} of the core"
        for module in MODULES
        if module != TABLE_OF_CODES
        for node in parts(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in codes
    ]
    found += [
        f"{module.relative_to(PACKAGE)} has {_fastprep.IGNORE}"
        for module in MODULES
        for node in parts(module)
        if number(node) == _fastprep.IGNORE
    ]
    assert not found, "\n".join(found)


def test_the_core_takes_the_words_and_no_others(tmp_path: Path) -> None:
    rows = fastprep.from_records([{"a": "x"}])
    for name, known in _fastprep.WORDS.items():
        assert len(set(known)) == len(known) > 1, name
    with pytest.raises(fastprep.PlanError, match="must be one of " + ", ".join(_fastprep.WORDS["Format"])):
        rows.sink(tmp_path / "out", formats=["no word"])  # type: ignore[list-item]
    with pytest.raises(fastprep.PlanError, match="must be one of " + ", ".join(_fastprep.WORDS["Compression"])):
        rows.sink_jsonl(tmp_path / "out", compression="no word")  # type: ignore[arg-type]
    with pytest.raises(fastprep.PlanError, match="must be one of " + ", ".join(_fastprep.WORDS["Normalize"])):
        rows.dedup(normalize=["no word"])  # type: ignore[list-item]
