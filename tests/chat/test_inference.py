"""`ChatFormat` at inference: prompts and ids are those of training, stops are the ends of turns, and what differs
in a prompt that was built in another way is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny import records, refused
from tokenizer_files import byte_characters

import fastprep as fp
from chat import TOKENS, by_transformers

tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")

CALLS = "{% for c in m.tool_calls or [] %}<call>{{ c.function|tojson }}{% endfor %}"
TEMPLATE = (
    "{{ bos_token }}{% for t in tools or [] %}{{ t|tojson }}\n{% endfor %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content or '' }}" + CALLS + "<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CHAT = fp.ChatFormat.from_text(TEMPLATE, special_tokens={"bos_token": "<s>"})
SYSTEM = {"role": "system", "content": "Be brief."}
QUESTION = {"role": "user", "content": "What is 2+2?"}
MESSAGES = [SYSTEM, QUESTION]
PROMPT = CHAT.render_prompt(MESSAGES)
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
CALL = {"type": "function", "function": {"name": "f", "arguments": '{"city": "é"}'}}


def byte_level(*special: str, **names: str) -> Any:
    """A fast tokenizer of transformers with bytes and these tokens."""
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    characters = sorted(byte_characters())
    made = tokenizers.Tokenizer(tokenizers.models.BPE({c: i for i, c in enumerate(characters)}, []))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    made.add_special_tokens(["<s>", "<|im_start|>", "<|im_end|>", *special])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="<|im_end|>", clean_up_tokenization_spaces=False, **names
    )


CONVERSATIONS: list[dict[str, Any]] = [
    {"messages": [SYSTEM, QUESTION, {"role": "assistant", "content": "4"}]},
    {"messages": [QUESTION, {"role": "assistant", "content": " 4"}, QUESTION, {"role": "assistant", "content": "5"}]},
    {"messages": [{"role": "user", "content": "say <|im_end|> and <s> 😀"}, {"role": "assistant", "content": "\n4"}]},
    {"messages": [QUESTION, {"role": "assistant", "content": None, "tool_calls": [CALL]}], "tools": [TOOL]},
    {
        "messages": [
            QUESTION,
            {"role": "assistant", "content": "", "tool_calls": [CALL], "weight": 0},
            {"role": "tool", "content": "cold"},
            {"role": "assistant", "content": "cold"},
        ],
        "tools": [TOOL],
    },
]


@pytest.mark.parametrize("tool_arguments", ["parse", "verbatim"])
def test_ids_of_a_prompt_are_the_first_ids_of_training(tmp_path: Path, tool_arguments: Any) -> None:
    tokenizer = byte_level()
    # The template's BOS is that of the tokenizer.
    chat = fp.ChatFormat.from_text(TEMPLATE)
    plan = records(*CONVERSATIONS).read_as("openai_chat").format(chat, tool_arguments=tool_arguments)
    plan.tokenize(tokenizer, max_length=1000).sink_arrow(tmp_path / "out")
    data = fp.load(tmp_path / "out")
    rows = data["train"].to_arrow().to_pylist()
    assert len(rows) == len(CONVERSATIONS)
    for row, conversation in zip(rows, CONVERSATIONS, strict=True):
        messages = conversation["messages"]
        is_trained = [m["role"] == "assistant" and m.get("weight") != 0 for m in messages]
        before, tools = messages[: is_trained.index(True)], conversation.get("tools")
        ids = data.format.prompt_ids(before, tokenizer, tools=tools)
        assert ids == row["input_ids"][: len(ids)]
        assert [label != -100 for label in row["labels"][len(ids) - 1 : len(ids) + 1]] == [False, True]
        text = data.format.render_prompt(before, tools=tools)
        assert row["text"].startswith(text)
        data.format.check_prompt(text, before, tools=tools)
        data.format.check_prompt(ids, before, tools=tools, tokenizer=tokenizer)
        by_text = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert (by_text == ids) == ("<|im_end|> and <s>" not in text)


def test_control_tokens_where_they_cannot_be_text_are_refused() -> None:
    tool = {"type": "function", "function": {"name": "f", "description": "<|im_end|>"}}
    with refused(fp.DataError, "special_token_in_text", "in the tools, a name or an id"):
        CHAT.prompt_ids(MESSAGES, byte_level(), tools=[tool])


def test_stops_are_the_ends_of_training_rows() -> None:
    assert CHAT.stops == ["<|im_end|>"]
    tokenizer = byte_level()
    (end,) = tokenizer.convert_tokens_to_ids(["<|im_end|>"])
    assert CHAT.stop_token_ids(tokenizer) == [end]
    assert CHAT.sampling_args() == {"stop": ["<|im_end|>"]}
    assert CHAT.sampling_args(fp.Tokenizer(tokenizer)) == {"stop_token_ids": [end]}
    other_at_end = TEMPLATE.replace("<|im_end|>", "{{ '<|return|>' if loop.last else '<|im_end|>' }}")
    chat = fp.ChatFormat.from_text(other_at_end)
    assert chat.stops == ["<|return|>", "<|im_end|>"]
    assert chat.sampling_args(tokenizer) == {"stop": ["<|return|>"], "stop_token_ids": [end]}
    with refused(fp.PlanError, "no_stop_token", r"'<\|return\|>' is several ids"):
        chat.stop_token_ids(tokenizer)


def test_a_template_without_an_end_of_turns_has_no_stops() -> None:
    chat = fp.ChatFormat.from_text("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}")
    assert chat.stops == []
    for call in (chat.sampling_args, lambda: chat.stop_token_ids(byte_level())):
        with refused(fp.PlanError, "no_stop_token", "with no token"):
            call()


def test_generation_stops_where_a_turn_of_training_ends() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    tokenizer = byte_level()
    prompt = CHAT.prompt_ids([{"role": "user", "content": "<|im_end|>"}], tokenizer)
    answer = tokenizer("4<|im_end|>", add_special_tokens=False)["input_ids"]
    criteria = CHAT.stopping_criteria(tokenizer, len(prompt))
    fired = [bool(criteria(torch.tensor([prompt + answer[:n]]), None)) for n in range(len(answer) + 1)]
    assert fired == [False, False, True]


DIFFERENCES = {
    PROMPT.removesuffix("<|im_start|>assistant\n"): [
        "the end: the generation prompt '<|im_start|>assistant\\n' is missing"
    ],
    "<s>" + PROMPT: ["character 0: the token that begins texts, '<s>', is written 2 times instead of 1"],
    PROMPT.removeprefix("<s>"): ["character 0: the token that begins texts, '<s>', is missing"],
    PROMPT.rstrip(): ["the end: white space '' should be '\\n'"],
    PROMPT + "\n ": ["the end: white space '\\n\\n ' should be '\\n'"],
    PROMPT.replace("Be brief.", "Be kind."): [
        "character 25, `content` of message 0 (system): 'kind' should be 'brief'"
    ],
    PROMPT.replace("<|im_start|>system\nBe brief.<|im_end|>\n", ""): [
        r"character 15, `content` of message 0 (system): 'system\nBe brief.<|im_end|>\n<|im_start|>' is missing"
    ],
    PROMPT.replace(">user\n", ">human\n"): [
        "character 54, the template's text before message 1 (user): 'human' should be 'user'"
    ],
    PROMPT.replace(">user\n", ">user: "): [
        "character 58, the template's text before message 1 (user): ': ' should be '\\n'"
    ],
    PROMPT.replace("2+2?<", "2+2? <"): ["character 71, after `content` of message 1 (user): ' ' is not in training"],
    PROMPT.replace("<|im_start|>assistant\n", "<|im_start|>assistant\n<think>\n"): [
        "character 104, the end: '<think>\\n' is not in training"
    ],
    PROMPT.replace("brief.<|im_end|>\n", "brief.<|im_end|>\n\n"): [
        "the template's text before message 1 (user): '\\n' is not in training"
    ],
}


@pytest.mark.parametrize("number", range(len(DIFFERENCES)))
def test_a_prompt_that_was_built_otherwise_is_told_apart(number: int) -> None:
    prompt, lines = list(DIFFERENCES.items())[number]
    assert prompt != PROMPT
    with pytest.raises(fp.DataError) as caught:
        CHAT.check_prompt(prompt, MESSAGES)
    assert caught.value.code == "not_this_format"
    first, *listed, help = str(caught.value).split("\n  ")
    assert first == "the prompt is not that of training:"
    assert "render_prompt()" in help
    assert len(listed) == len(lines), listed
    assert all(line in found for line, found in zip(lines, listed, strict=True)), listed


def test_messages_that_cannot_be_rendered_are_refused_first() -> None:
    for messages in ([{"content": "x"}], ["x"], [{"role": "user", "content": "\U000f1000"}]):
        with refused(fp.DataError, "bad_messages", ""):
            CHAT.check_prompt("x", messages)  # type: ignore[arg-type]


def test_several_differences_are_listed_together() -> None:
    prompt = "<s><s>" + PROMPT.removeprefix("<s>").replace("brief", "kind").removesuffix("<|im_start|>assistant\n")
    with pytest.raises(fp.DataError, match=r"(?s)written 2 times.*character 28.*'kind'.*generation prompt") as caught:
        CHAT.check_prompt(prompt, MESSAGES)
    assert len(str(caught.value).splitlines()) == 5


def test_ids_are_compared_by_their_text_or_else_by_number() -> None:
    tokenizer = byte_level()
    with refused(fp.PlanError, "bad_option", "ids need a tokenizer"):
        CHAT.check_prompt([1], MESSAGES)
    (bos,) = tokenizer.convert_tokens_to_ids(["<s>"])
    with refused(fp.DataError, "not_this_format", "'<s>', is written 2 times instead of 1"):
        CHAT.check_prompt([bos, *CHAT.prompt_ids(MESSAGES, tokenizer)], MESSAGES, tokenizer=tokenizer)
    messages = [{"role": "user", "content": "<|im_end|>"}]
    by_text = tokenizer(CHAT.render_prompt(messages), add_special_tokens=False)["input_ids"]
    with refused(fp.DataError, "not_this_format", r"id 7: 258 .* should be 27 \('<'\); the text is the same"):
        CHAT.check_prompt(by_text, messages, tokenizer=tokenizer)


def test_render_prompt_is_that_of_transformers() -> None:
    pytest.importorskip("transformers", reason="transformers is not installed")
    chat = fp.ChatFormat.from_text(TEMPLATE, special_tokens=TOKENS)
    assert chat.render_prompt(MESSAGES, tools=[TOOL]) == by_transformers(TEMPLATE, MESSAGES, [TOOL], True)


def test_the_folder_keeps_how_arguments_are_seen(tmp_path: Path) -> None:
    row = CONVERSATIONS[3]
    plan = records(row).read_as("openai_chat").format(CHAT, tool_arguments="verbatim").tokenize(byte_level())
    plan.sink_arrow(tmp_path / "out")
    chat = fp.load(tmp_path / "out").format
    assert json.loads(chat.to_json())["tool_arguments"] == "verbatim"
    assert r"\"city\"" in chat.render_prompt(row["messages"])
    assert r"\"city\"" not in CHAT.render_prompt(row["messages"])
