"""`inspect` of conversations: faults of turns and calls, and what a chat template does to rows. Each finding has the
count at which it was planted in clean rows, and none in clean rows."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shell import run
from tiny import jsonl, refused

import fastprep as fp
from fastprep import _fastprep

Row = dict[str, Any]

PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"enum": ["c", "f"]}},
    "required": ["city"],
}
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}]


def said(role: str, content: Any, **more: Any) -> Row:
    return {"role": role, "content": content, **more}


def call(name: str, arguments: str) -> Row:
    return {"id": "call00001", "type": "function", "function": {"name": name, "arguments": arguments}}


def clean(rows: int = 200) -> list[Row]:
    """Dialogues with a call and its result, without a fault."""
    made = []
    for i in range(rows):
        called = call("weather", json.dumps({"city": f"Town {i}", "days": i % 9, "unit": "c"}))
        messages = [
            said("system", "You answer questions about the weather."),
            said("user", f"What is it like in town number {i}?"),
            said("assistant", None, tool_calls=[called]),
            said("tool", f"{i} degrees", tool_call_id="call00001"),
            said("assistant", f"It has {i} degrees there, and it is clear."),
            said("user", f"And is there rain near place {i}?"),
            said("assistant", f"None has fallen around place {i} since last week."),
        ]
        made.append({"messages": messages, "tools": TOOLS})
    return made


def planted(plant: Callable[[list[Row]], Any], **more: Any) -> list[Row]:
    """Clean rows, of which each twentieth has other messages."""
    rows = clean()
    for i in range(13, len(rows), 20):
        row = copy.deepcopy(rows[i])
        plant(row["messages"])
        rows[i] = row | more
    return rows


def arguments(text: str) -> Callable[[list[Row]], Any]:
    def plant(messages: list[Row]) -> None:
        messages[2]["tool_calls"][0]["function"]["arguments"] = text

    return plant


def name(text: str) -> Callable[[list[Row]], Any]:
    def plant(messages: list[Row]) -> None:
        messages[2]["tool_calls"][0]["function"]["name"] = text

    return plant


PLANTED: dict[str, list[Callable[[list[Row]], Any]]] = {
    "turn_order": [
        lambda messages: messages.insert(5, said("user", "Two questions in a row?")),
        lambda messages: messages.append(said("assistant", "A second answer in a row.")),
        lambda messages: messages.insert(5, said("system", "A system message within.")),
        lambda messages: messages.insert(1, said("assistant", "An answer before any question.")),
        lambda messages: messages.__setitem__(slice(0, 2), [said("assistant", "Hello, I am here."), messages[1]]),
    ],
    "empty_turns": [
        lambda messages: messages[0].update(content=" "),
        lambda messages: messages[3].update(content=""),
        lambda messages: messages[1].update(content="\n"),
    ],
    "undefined_tools": [name("wheather"), name("")],
    "broken_arguments": [arguments('{"city": '), arguments("Town 1"), arguments("[1]"), arguments("{'city': 'x'}")],
    "misfit_arguments": [
        arguments("{}"),
        arguments(""),
        arguments('{"city": 5}'),
        arguments('{"city": "x", "days": "2"}'),
        arguments('{"city": "x", "unit": "k"}'),
        arguments('{"city": "x", "town": "y"}'),
    ],
}

SILENT: list[Callable[[list[Row]], Any]] = [
    arguments('{"city": "x", "days": null}'),
    arguments('{"days": 2.0, "city": "\\u0041"}'),
    lambda messages: messages.pop(0),
    # Two results of two calls.
    lambda messages: messages.__setitem__(
        slice(2, 4),
        [
            said("assistant", "", tool_calls=[call("weather", '{"city": "x"}'), call("weather", '{"city": "y"}')]),
            said("tool", "1 degree"),
            said("tool", "2 degrees"),
        ],
    ),
]


def counts(found: fp.Inspection) -> dict[str, int]:
    """The findings of conversations; these rows are much alike."""
    of_chat = {*PLANTED, *RENDERED, "unanswered_turns", "unfinished_tool_use", "empty_answers", "empty_prompts"}
    return {finding.code: finding.count for finding in found.findings if finding.code in of_chat}


def inspected(rows: list[Row], chat: fp.ChatFormat | None = None, **settings: Any) -> dict[str, int]:
    plan = fp.from_records(rows).read_as("openai_chat")
    return counts((plan if chat is None else plan.format(chat)).inspect(**settings))


HEAD = "{% for t in tools or [] %}{{ t|tojson }}\n{% endfor %}{% for m in messages %}"
BODY = "<|im_start|>{{ m.role }}\n{{ m.content or '' }}"
CALLS = "{% for c in m.tool_calls or [] %}<call>{{ c.function|tojson }}</call>{% endfor %}"
TAIL = "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
CHAT = fp.ChatFormat.from_text(HEAD + BODY + CALLS + TAIL)


def test_clean_rows_are_silent() -> None:
    assert inspected(clean()) == inspected(clean(), CHAT) == {}


@pytest.mark.parametrize("code", PLANTED)
def test_a_fault_of_turns_has_the_count_at_which_it_was_planted(code: str) -> None:
    for number, plant in enumerate(PLANTED[code]):
        found = inspected(planted(plant))
        assert found.get(code) == 10, (code, number, found)


@pytest.mark.parametrize("number", range(len(SILENT)))
def test_what_only_looks_like_a_fault_is_silent(number: int) -> None:
    assert inspected(planted(SILENT[number])) == {}


def test_calls_of_rows_without_tools_are_not_compared() -> None:
    for tools in (None, "no JSON", [], [{"x": 1}]):
        assert inspected(planted(name("other"), tools=tools)) == {}


def test_an_example_names_the_turn_and_shows_the_arguments() -> None:
    found = fp.from_records(planted(arguments("Town 1"))).read_as("openai_chat").inspect()
    (finding,) = [finding for finding in found.findings if finding.code == "broken_arguments"]
    assert (finding.examples[0]["turn"], finding.examples[0]["match"]) == (3, "Town 1")


# --- what a chat template does to rows

IF_LAST = "{% if loop.last %}{{ m.reasoning_content or '' }}{% endif %}"
RENDERED: dict[str, tuple[str, Callable[[list[Row]], Any]]] = {
    "chat_not_rendered": (
        HEAD + "{% if m.role == 'developer' %}{{ raise_exception('no developer') }}{% endif %}" + BODY + CALLS + TAIL,
        lambda messages: messages[0].update(role="developer"),
    ),
    "bad_messages": (HEAD + BODY + CALLS + TAIL, lambda messages: messages[1].update(content="a \U000f1000?")),
    "not_printed": (HEAD + BODY + CALLS + TAIL, lambda messages: messages[4].update(reasoning_content="I think.")),
    "cut": (
        HEAD + "<|im_start|>{{ m.role }}\n{{ (m.content or '').split('</think>')[-1] }}" + CALLS + TAIL,
        lambda messages: messages[4].update(content="I think.</think>So it is."),
    ),
    "no_prompt": (HEAD + BODY + CALLS + TAIL, lambda messages: messages.__setitem__(0, said("assistant", "Hello!"))),
    "prompt_differs": (
        HEAD
        + BODY
        + CALLS
        + TAIL.replace("assistant\n", "assistant\n{% if messages[-1].content == '?' %}!{% endif %}"),
        lambda messages: messages[5].update(content="?"),
    ),
    "no_end_token": (
        HEAD + BODY + CALLS + TAIL.replace("<|im_end|>", "{% if m.name != 'x' %}<|im_end|>{% endif %}"),
        lambda messages: messages[6].update(name="x"),
    ),
    "printed_twice": (
        HEAD + BODY + "{% if m.name == 'x' %}{{ m.content }}{% endif %}" + CALLS + TAIL,
        lambda messages: messages[6].update(name="x"),
    ),
    "repr": (
        HEAD + BODY + "{% if m.name == 'x' %}{{ m.tool_calls }}{% else %}" + CALLS + "{% endif %}" + TAIL,
        lambda messages: messages[2].update(name="x"),
    ),
    "generation_marks": (
        HEAD
        + "<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}{% generation %}{{ m.content or '' }}"
        + CALLS
        + "{% if m.name != 'x' %}<|im_end|>{% endif %}{% endgeneration %}{% if m.name == 'x' %}<|im_end|>{% endif %}"
        + "{% else %}{{ m.content or '' }}<|im_end|>{% endif %}\n"
        + TAIL.removeprefix("<|im_end|>\n"),
        lambda messages: messages[6].update(name="x"),
    ),
    "turn_interleaved": (
        "{% for t in tools or [] %}{{ t|tojson }}\n{% endfor %}"
        "{% for m in (messages|reverse if messages[0].content == 'Back.' else messages) %}" + BODY + CALLS + TAIL,
        lambda messages: messages[0].update(content="Back."),
    ),
    "not_proven": (
        HEAD + BODY + "{{ 'x' if (m.content or '')|length == 9 }}" + CALLS + TAIL,
        lambda messages: messages[6].update(content="nine char"),
    ),
    "untrained_rows": (
        HEAD + BODY + CALLS + TAIL,
        lambda messages: [message.update(weight=0) for message in messages if message["role"] == "assistant"],
    ),
}


@pytest.mark.parametrize("code", RENDERED)
def test_what_a_template_does_has_the_count_at_which_it_was_planted(code: str) -> None:
    template, plant = RENDERED[code]
    chat = fp.ChatFormat.from_text(template)
    assert code not in inspected(clean(), chat)
    found = inspected(planted(plant), chat)
    assert found.get(code) == 10, found
    assert code not in inspected(planted(plant))


def test_every_finding_of_rendered_rows_is_a_reason_of_format(tmp_path: Path) -> None:
    for code, (template, plant) in RENDERED.items():
        if code in ("generation_marks", "untrained_rows"):
            continue
        plan = fp.from_records(planted(plant)).read_as("openai_chat").format(fp.ChatFormat.from_text(template))
        report = plan.sink_jsonl(tmp_path / code)
        assert report.reasons[code] == 10, (code, report.reasons)


def test_an_example_says_what_is_wrong_with_which_message(tmp_path: Path) -> None:
    template, plant = RENDERED["not_printed"]
    plan = fp.from_records(planted(plant)).read_as("openai_chat").format(fp.ChatFormat.from_text(template))
    found = plan.inspect(rows=tmp_path / "rows.jsonl")
    (finding,) = [finding for finding in found.findings if finding.code == "not_printed"]
    example = finding.examples[0]
    assert (example["row"], example["text"], example["turn"]) == (13, "message", 5)
    assert example["match"] == "the template prints nothing of `reasoning_content` of message 4"
    listed = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()]
    assert sum(line["code"] == "not_printed" for line in listed) == 10


def test_the_tokenizer_gives_the_tokens_of_the_template(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    made = tokenizers.Tokenizer(tokenizers.models.BPE({"a": 0}, [], unk_token="a"))
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=made, eos_token="</s>")
    template = "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token }}{% endfor %}"
    template += "{% if add_generation_prompt %}assistant: {% endif %}"
    plan = fp.from_records([{"messages": [said("user", "q"), said("assistant", "a")]}] * 3).read_as("openai_chat")
    plan = plan.format(fp.ChatFormat.from_text(template))
    assert "no_end_token" in counts(plan.inspect())
    assert "no_end_token" not in counts(plan.inspect(tokenizer=tokenizer))
    assert "no_end_token" not in counts(plan.tokenize(tokenizer).inspect())


def test_steps_after_format_and_other_rows_are_refused() -> None:
    plan = fp.from_records(clean(3)).read_as("openai_chat").format(CHAT)
    with refused(fp.PlanError, "bad_chain", "with format as its last step"):
        plan.dedup().inspect()
    preference = fp.from_records([{"prompt": "q", "chosen": "a", "rejected": "b"}]).read_as("preference")
    with refused(fp.PlanError, "dialect_refused", "inspect the plan before format"):
        preference.format(CHAT).inspect()
    with refused(fp.PlanError, "no_dialect", "which columns hold the conversations"):
        fp.from_records([{"x": "y"}]).format(CHAT).inspect()


def test_the_command_line_takes_a_template(tmp_path: Path) -> None:
    template, plant = RENDERED["not_printed"]
    (tmp_path / "chat.jinja").write_text(template, "utf-8")
    path = jsonl(tmp_path / "rows.jsonl", planted(plant))
    found = run("inspect", str(path), "--chat-template", str(tmp_path / "chat.jinja"), "--json")
    codes = [finding["code"] for finding in json.loads(found.stdout)["findings"]]
    assert "not_printed" in codes


def test_every_finding_of_a_template_is_planted() -> None:
    rendering = {code for code, *_ in _fastprep.inspect_findings()} & {code for code, _ in _fastprep.reasons()}
    assert rendering <= set(RENDERED)


def test_split_turns_are_looked_at_one_by_one() -> None:
    last = "{% if loop.last %}{{ m.reasoning_content or '' }}{% endif %}"
    chat = fp.ChatFormat.from_text(HEAD + "<|im_start|>{{ m.role }}\n" + last + "{{ m.content or '' }}" + CALLS + TAIL)
    rows = planted(lambda messages: messages[4].update(reasoning_content="I think."))
    plan = fp.from_records(rows).read_as("openai_chat")
    assert counts(plan.format(chat).inspect()) == {"not_printed": 10}
    assert counts(plan.format(chat, history="split_turns").inspect()) == {}
