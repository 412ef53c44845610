"""Separators and stops that are control tokens: what a chat model's format needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from common import occurrences
from hypothesis import given
from hypothesis import strategies as st
from tiny import records, refused, rejects, rows

import fastprep as fp

tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")

CHAT = ("<|im_start|>", "<|im_end|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>")
TURN, END = "<|im_end|>\n<|im_start|>assistant\n", "<|im_end|>\n"
CHATML = fp.PromptFormat(
    "{#s}<|im_start|>system\n{s}<|im_end|>\n{/s}<|im_start|>user\n{q}", completion="{a}", separator=TURN, stop=END
)
HEADER = "<|start_header_id|>{}<|end_header_id|>\n\n"
LLAMA = fp.PromptFormat(
    HEADER.format("user") + "{q}<|eot_id|>",
    completion="{a}",
    separator=HEADER.format("assistant"),
    stop="<|eot_id|>",
)


@pytest.fixture(scope="module")
def chat_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bytes as ids, the control tokens of two chat models, and `<|endoftext|>` as EOS."""
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.BPE({c: i for i, c in enumerate(sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()))}, [])
    )
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.add_special_tokens([*CHAT, "<|endoftext|>"])
    folder = tmp_path_factory.mktemp("chat")
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"eos_token": "<|endoftext|>", "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(names), "utf-8")
    return folder


def encoded(folder: Path, text: str) -> list[int]:
    ids: list[int] = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text).ids
    return ids


@pytest.mark.parametrize("format_", [CHATML, LLAMA], ids=["ChatML", "Llama 3"])
def test_the_turns_of_a_chat_model_can_be_written(format_: fp.PromptFormat, chat_tokenizer: Path) -> None:
    row: dict[str, Any] = {"s": "Be brief.", "q": "2+2?", "a": "4"}
    [made] = rows(records(row).format(format_).tokenize(chat_tokenizer))
    prompt, completion = format_.render(**row)
    assert made["input_ids"] == encoded(chat_tokenizer, prompt) + encoded(chat_tokenizer, completion)
    assert made["labels"] == [-100] * len(encoded(chat_tokenizer, prompt)) + encoded(chat_tokenizer, completion)
    assert format_.render_prompt(**row) == prompt
    format_.check_prompt(prompt)
    assert format_.parse_completion(completion) == "4"
    assert fp.PromptFormat.from_json(format_.to_json()) == format_


@pytest.mark.parametrize("format_", [CHATML, LLAMA], ids=["ChatML", "Llama 3"])
@pytest.mark.parametrize("column", ["q", "a"])
def test_a_turn_within_the_data_is_a_collision(format_: fp.PromptFormat, column: str, tmp_path: Path) -> None:
    good = {"s": "", "q": "Hi", "a": "Hey"}
    report = records(good, good | {column: f"x{format_.stop}y"}).format(format_).sink_jsonl(tmp_path / "out")
    assert report.rows["written"] == 1
    [reject] = rejects(tmp_path / "out")
    assert (reject["code"], reject["row"]) == ("stop_collision", 1)


def test_a_mark_that_data_and_template_make_together_is_a_collision(tmp_path: Path) -> None:
    # `<|im_end|>` of the data and the line end of the template.
    joined = fp.PromptFormat("{q}\n{s}", completion="{a}", separator=TURN, stop=END)
    rows_ = {"q": "x<|im_end|>", "s": "y", "a": "z"}, {"q": "x", "s": "y", "a": "z"}
    assert records(*rows_).format(joined).sink_jsonl(tmp_path / "out").reasons == {"stop_collision": 1}


PARTS = st.sampled_from([TURN, END, "<|im_end|>", "\n", "x", "<|im_start|>assistant"])


@given(st.lists(PARTS, max_size=4).map("".join))
def test_every_mark_of_a_row_that_stays_was_written_by_the_format(text: str) -> None:
    plain = CHATML.render(s="-", q="Q", a="A")
    for name in ("s", "q", "a"):
        row = {"s": "-", "q": "Q", "a": "A"} | {name: "[" + text + "]"}
        kept = records(row).format(CHATML).collect().to_pylist()
        clean = not occurrences(END, f"[{text}]")
        assert bool(kept) == clean
        for made in kept:
            whole = made["prompt"] + made["completion"]
            for mark in (TURN, END):
                assert len(occurrences(mark, whole)) == len(occurrences(mark, "".join(plain)))


def test_a_stop_in_the_completions_template_would_end_it_early() -> None:
    with refused(fp.PlanError, "bad_prompt_format", "the stop .* occurs in the completion template"):
        fp.PromptFormat("{q}", completion="{a}<|im_end|>\n{b}", separator=TURN, stop=END)
    with refused(fp.PlanError, "bad_prompt_format", "the separator .* occurs in the prompt template"):
        fp.PromptFormat("{q}\n##\n{s}", completion="{a}")


def test_explain_says_how_often_the_template_holds_a_mark() -> None:
    row = {"s": "", "q": "Hi", "a": "Hey"}
    assert "the prompt template contains separator or stop, once" in records(row).format(CHATML).explain()
    assert "holds separator or stop" not in records(row).format(fp.PromptFormat("{q}", completion="{a}")).explain()


# --- EOS


@pytest.mark.parametrize(
    ("format_", "given", "ends"),
    [
        (CHATML, None, False),
        (fp.PromptFormat("{q}", completion="{a}"), None, True),
        (fp.PromptFormat("{q}", completion="{a}", eos=False), None, False),
        (fp.PromptFormat("{q}", completion="{a}", separator=TURN, stop=END, eos=True), None, True),
        (fp.PromptFormat("{q}", completion="{a}", stop="<|endoftext|>"), None, True),
    ],
)
def test_rows_end_in_eos_unless_the_stop_is_a_control_token(
    format_: fp.PromptFormat, given: bool | None, ends: bool, chat_tokenizer: Path, tmp_path: Path
) -> None:
    plan = records({"s": "", "q": "Hi", "a": "Hey"}).format(format_).tokenize(chat_tokenizer)
    eos = encoded(chat_tokenizer, "<|endoftext|>")
    [row] = rows(plan)
    assert (row["input_ids"][-1:] == eos) == ends
    assert row["labels"][-1] == row["input_ids"][-1]
    assert row["input_ids"].count(eos[0]) == ends
    plan.sink_arrow(tmp_path / "out")
    added = ends and format_.stop != "<|endoftext|>"
    assert fp.load(tmp_path / "out").manifest["tokenizer"]["add_eos"] == added
    shown = "eos=<|endoftext|>" if added else "eos=false"
    assert shown in plan.explain()


def test_explain_says_why_there_is_no_eos(chat_tokenizer: Path) -> None:
    plan = records({"s": "", "q": "Hi", "a": "Hey"})
    assert "eos=false, as the stop holds a control token" in plan.format(CHATML).tokenize(chat_tokenizer).explain()
    bare = tokenizers.Tokenizer.from_file(str(chat_tokenizer / "tokenizer.json"))
    pair = fp.PromptFormat("{q}", completion="{a}")
    assert "eos=false, as the tokenizer names no EOS token" in plan.format(pair).tokenize(bare).explain()


def test_a_tokenizer_without_eos_is_a_finding(chat_tokenizer: Path, tmp_path: Path) -> None:
    bare = tokenizers.Tokenizer.from_file(str(chat_tokenizer / "tokenizer.json"))
    plan = records({"q": "Hi", "a": "Hey"}, {"q": "", "a": ""}).format(fp.PromptFormat("{q}", completion="{a}"))
    assert plan.tokenize(bare).sink_arrow(tmp_path / "bare").findings == {"no_eos": 1}
    assert plan.tokenize(chat_tokenizer).sink_arrow(tmp_path / "named").findings == {}


def test_retokenize_decides_about_eos_again(chat_tokenizer: Path, tmp_path: Path) -> None:
    bare = tokenizers.Tokenizer.from_file(str(chat_tokenizer / "tokenizer.json"))
    row = {"s": "Be brief.", "q": "Hi", "a": "Hey"}
    records(row).format(fp.PromptFormat("{q}", completion="{a}")).tokenize(bare).sink_arrow(tmp_path / "old")
    [made] = rows(fp.load(tmp_path / "old").retokenize(chat_tokenizer))
    assert made["input_ids"][-1:] == encoded(chat_tokenizer, "<|endoftext|>")
    asked = fp.PromptFormat("{q}", completion="{a}", eos=False)
    records(row).format(asked).tokenize(bare).sink_arrow(tmp_path / "asked")
    assert fp.load(tmp_path / "asked").format == asked
    [made] = rows(fp.load(tmp_path / "asked").retokenize(chat_tokenizer))
    assert made["input_ids"][-1:] != encoded(chat_tokenizer, "<|endoftext|>")


def test_retokenize_knows_the_marks_that_the_template_wrote(chat_tokenizer: Path, tmp_path: Path) -> None:
    plan = records(*({"s": "Be brief.", "q": f"{i}?", "a": str(i)} for i in range(5))).format(CHATML)
    plan.tokenize(chat_tokenizer).sink_arrow(tmp_path / "old")
    old = fp.load(tmp_path / "old")
    made = rows(old.retokenize(chat_tokenizer))
    assert made == [row | {"split": "train"} for row in rows(plan.tokenize(chat_tokenizer))]


# --- text that was rendered elsewhere

TEXT = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHey<|im_end|>"


@pytest.mark.parametrize("stop", [None, "<|im_end|>"])
@pytest.mark.parametrize("given", [TEXT, TEXT.removesuffix("<|im_end|>")])
def test_rendered_text_is_trained_as_it_is(stop: str | None, given: str, chat_tokenizer: Path, tmp_path: Path) -> None:
    format_ = fp.PromptFormat.rendered("text", stop=stop)
    plan = records({"text": given, "id": "1"}).format(format_).tokenize(chat_tokenizer, special_tokens="as_token")
    text = TEXT if stop else given
    wanted = encoded(chat_tokenizer, text) + ([] if stop else encoded(chat_tokenizer, "<|endoftext|>"))
    [row] = rows(plan)
    assert (row["prompt"], row["completion"], row["id"]) == ("", text, "1")
    assert row["input_ids"] == wanted
    # Nothing comes before the first token that could predict it.
    assert row["labels"] == [-100, *wanted[1:]]
    plan.sink_arrow(tmp_path / "out")
    out = fp.load(tmp_path / "out")
    assert out.format == format_
    assert (out.format.separator, out.format.stop) == (None, stop)
    assert rows(out.retokenize(chat_tokenizer, special_tokens="as_token")) == [row | {"split": "train"}]


def test_control_tokens_of_rendered_text_are_still_the_users_to_allow(chat_tokenizer: Path, tmp_path: Path) -> None:
    plan = records({"text": TEXT}, {"text": "Hi"}).format(fp.PromptFormat.rendered("text")).tokenize(chat_tokenizer)
    report = plan.sink_arrow(tmp_path / "out")
    assert report.reasons == {"special_token_in_text": 1}


def test_rendered_text_that_nothing_ends_is_refused(chat_tokenizer: Path) -> None:
    bare = tokenizers.Tokenizer.from_file(str(chat_tokenizer / "tokenizer.json"))
    plan = records({"text": TEXT}).format(fp.PromptFormat.rendered("text"))
    with refused(fp.PlanError, "no_tokenizer", "rows end in the EOS token of a tokenizer, and no step tokenizes"):
        plan.explain()
    with refused(fp.PlanError, "no_eos", "the tokenizer has no EOS token"):
        plan.tokenize(bare).explain()


def test_rendered_text_that_brings_bos_gets_no_second_one(tokenizer_folder: Path, tmp_path: Path) -> None:
    format_ = fp.PromptFormat.rendered("text")
    plan = records({"text": "<s>what is it"}, {"text": "what is it"}).format(format_)
    plan = plan.tokenize(tokenizer_folder, special_tokens="as_token")
    first, second = rows(plan)
    assert first["input_ids"] == second["input_ids"]
    assert first["input_ids"].count(1) == 1
    assert plan.sink_arrow(tmp_path / "out").findings["doubled_bos_avoided"] == 1
