"""What templates may do, one behaviour a file in `engine/`: as in transformers, an error in both, or refused by us."""

from __future__ import annotations

from pathlib import Path

import pytest

import fastprep as fp
from chat import by_fastprep, by_transformers

pytest.importorskip("transformers", reason="transformers is not installed")

ENGINE = Path(__file__).parent / "engine"
MESSAGES = [
    {"role": "user", "content": "Hi", "seed": 12345678901234567890123},
    {"role": "assistant", "content": "Hello.", "name": None},
]
VALUES = {
    "list": [1, 2.5, None, {"a": "é<"}],
    "object": {"name": "n", "items": {"type": "x"}, "z": [True]},
    "objects": [{"a": {"b": 1}}, {"a": {"b": "x"}}],
    "number": 3,
    "numbers": [0, -1, 1.0, 1e300, 1e-9, 2.5e16, -0.0, 100000.0],
}


def files(kind: str) -> list[Path]:
    found = sorted((ENGINE / kind).glob("*.jinja"))
    assert found
    return found


def source(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


@pytest.mark.parametrize("path", files("equal"), ids=lambda path: path.stem)
def test_gives_the_text_of_transformers(path: Path) -> None:
    expected = by_transformers(source(path), MESSAGES, **VALUES)
    assert expected is not None
    assert by_fastprep(source(path), MESSAGES, **VALUES) == expected


@pytest.mark.parametrize("path", files("fails"), ids=lambda path: path.stem)
def test_fails_where_transformers_fails(path: Path) -> None:
    assert by_transformers(source(path), MESSAGES, **VALUES) is None
    with pytest.raises(fp.FastprepError) as e:
        by_fastprep(source(path), MESSAGES, **VALUES)
    assert e.value.code in ("bad_chat_format", "chat_not_rendered")


@pytest.mark.parametrize("path", files("refused"), ids=lambda path: path.stem)
def test_refuses_what_it_does_not_know_instead_of_printing_something_else(path: Path) -> None:
    assert by_transformers(source(path), MESSAGES, **VALUES) is not None
    with pytest.raises(fp.FastprepError) as e:
        by_fastprep(source(path), MESSAGES, **VALUES)
    assert e.value.code in ("bad_chat_format", "chat_not_rendered")
