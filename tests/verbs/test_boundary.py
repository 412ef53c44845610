"""`tokenize(…, boundary=…)` of conversations, compared with the offsets that the library `tokenizers` gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_format_chat import CHATML, byte_level, chats, said, trained
from tiny import PAIR, records, refused, rows
from tokenizer_files import byte_characters

import fastprep as fp

tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")

CHAT = fp.ChatFormat.from_text(CHATML)
FILE = Path(__file__).resolve().parents[2] / "examples" / "tokenizer" / "tokenizer.json"
NEWLINE, SPACE = "\u010a", "\u0120"
PAIRS = [
    (NEWLINE, NEWLINE),
    (NEWLINE * 2, NEWLINE),
    (SPACE, SPACE),
    (NEWLINE, SPACE),
    (SPACE, "a"),
    ("a", NEWLINE),
    (">", NEWLINE),
]


def merging(*special: str) -> Any:
    """A tokenizer that merges line ends, spaces and letters, whatever the word, unless a control token is between."""
    pieces = [*sorted(byte_characters()), *(a + b for a, b in PAIRS)]
    made = tokenizers.Tokenizer(tokenizers.models.BPE({piece: i for i, piece in enumerate(pieces)}, PAIRS))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    made.add_special_tokens(list(special or ("<|im_start|>", "<|im_end|>")))
    return made


def label_by_offsets(row: dict[str, Any], tokenizer: Any) -> tuple[list[int], list[int]]:
    """The ids of the text, encoded at once, and the labels of tokens all of whose characters train."""
    encoded = tokenizer.encode(row["text"], add_special_tokens=False)
    spans = json.loads(row["spans"])
    trains = [span["trained"] for span in spans for _ in range(span["end"] - span["start"])]
    places = zip(encoded.ids, encoded.offsets, strict=True)
    return encoded.ids, [token if all(trains[start:end]) else -100 for token, (start, end) in places]


def other_prompts(row: dict[str, Any], tokenizer: Any) -> int:
    """Turns before which the prompt, encoded at once, has other ids than the row."""
    found, end = 0, -1
    for span in json.loads(row["spans"]):
        if span["trained"]:
            prompt = tokenizer.encode(row["text"][: span["start"]], add_special_tokens=False).ids
            found += span["start"] != end and row["input_ids"][: len(prompt)] != prompt
            end = span["end"]
    return found


def test_a_token_on_both_sides_of_a_boundary_does_not_train(tmp_path: Path) -> None:
    tokenizer, plan = merging(), chats(said("Hi", "\n\nHo", "a", "b")).format(CHAT)
    (part,) = rows(plan.tokenize(tokenizer))
    (whole,) = rows(plan.tokenize(tokenizer, boundary="whole"))
    assert part["input_ids"] != whole["input_ids"]
    assert (whole["input_ids"], whole["labels"]) == label_by_offsets(whole, tokenizer)
    # The line end of the prompt and those of the answer are one token.
    assert tokenizer.decode([i for i in whole["labels"] if i != -100], skip_special_tokens=False) == (
        "Ho<|im_end|>b<|im_end|>"
    )
    report = plan.tokenize(tokenizer, boundary="whole").sink_arrow(tmp_path / "whole")
    assert report.findings == {"prompt_ids_differ": 1, "ids_of_parts_differ": 1, "straddling_token": 1}
    report = plan.tokenize(tokenizer).sink_arrow(tmp_path / "part")
    # At inference the first answer is part of the prompt of the second, and merges with it.
    assert report.findings == {"prompt_ids_differ": 1}
    split = chats(said("Hi", "\n\nHo", "a", "b")).format(CHAT, history="split_turns", train="all")
    assert split.tokenize(tokenizer).sink_arrow(tmp_path / "split").findings == {}


def test_a_control_token_across_a_boundary_is_plain_text() -> None:
    """The template's text and that of the data make a control token together."""
    chat = fp.ChatFormat.from_text(CHATML.replace("assistant\n{%", "assistant\n<|im_{%").replace(
        "{{ m.content }}", "{% if m.role == 'assistant' %}<|im_{% endif %}{{ m.content }}"))  # fmt: skip
    tokenizer = merging()
    (row,) = rows(chats(said("Hi", "end|>Ho")).format(chat).tokenize(tokenizer, boundary="whole"))
    assert row["text"].count("<|im_end|>") == 3
    assert row["input_ids"].count(tokenizer.token_to_id("<|im_end|>")) == 2
    assert tokenizer.decode(row["input_ids"], skip_special_tokens=False) == row["text"]


TEXTS = st.text("a \n\té.", max_size=6) | st.sampled_from(["\n\n", " ", "\n\n\nx", "  a  ", "é\n", "😀\n\n"])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS, min_size=2, max_size=6), ended=st.booleans())
def test_ids_and_labels_are_those_of_the_library(tmp_path: Path, texts: list[str], ended: bool) -> None:
    # With other control tokens the marks of the template are plain text, which merges with all around it.
    tokenizer = merging() if ended else merging("<|other|>")
    plan = chats(said("q", "a"), said(*texts)).format(CHAT)
    for boundary in ("part", "whole"):
        made = rows(plan.tokenize(tokenizer, boundary=boundary))
        counted = plan.tokenize(tokenizer, boundary=boundary).sink_arrow(tmp_path / "out", overwrite=True).findings
        assert counted.get("prompt_ids_differ", 0) == sum(other_prompts(row, tokenizer) for row in made)
        if boundary == "whole":
            for row in made:
                assert (row["input_ids"], row["labels"]) == label_by_offsets(row, tokenizer)


def test_bytes_are_on_no_two_sides() -> None:
    conversations = [said("Hi é", "\n\n😀", "x", "<|im_end|> y")]
    plan = chats(*conversations).format(CHAT)
    for special_tokens in ("as_text", "as_token"):
        by = [rows(plan.tokenize(byte_level(), boundary=b, special_tokens=special_tokens)) for b in ("part", "whole")]
        assert by[0] == by[1]
        assert trained(by[0][0])


def test_weights_of_turns_stay() -> None:
    tokenizer = merging("<|other|>")
    plan = chats(said("q", "a", "b", "\n\nc", weight=0.5)).format(CHAT, weights=True)
    (row,) = rows(plan.tokenize(tokenizer, boundary="whole"))
    assert (row["input_ids"], row["labels"]) == label_by_offsets(row, tokenizer)
    assert [w for w, kind in zip(row["segment_weights"], row["segment_kinds"], strict=True) if kind == 2] == [1, 0.5]


def test_options_that_do_not_fit_are_refused() -> None:
    plan = chats(said("q", "a")).format(CHAT)
    with refused(fp.PlanError, "bad_option", "truncate_prompt_left"):
        plan.tokenize(merging(), boundary="whole", max_length=9, on_overflow="truncate_prompt_left").explain()
    with refused(fp.PlanError, "bad_option", "for conversations"):
        records({"prompt": "a", "completion": "b"}).format(PAIR).tokenize(FILE, boundary="whole").explain()
    assert "boundary=whole" in plan.tokenize(merging(), boundary="whole").explain()
