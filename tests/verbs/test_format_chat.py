"""`format` with a `ChatFormat`: conversations of any dialect as text and spans, and ids whose labels fit them."""

from __future__ import annotations

import gzip
import json
import operator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny import PAIR, jsonl, records, refused, rejects, rows
from tokenizer_files import byte_characters

import fastprep as fp

tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")

DATASETS = Path(__file__).resolve().parents[3] / "shared" / "data" / "datasets"

HEAD = "{%- for m in messages %}<|im_start|>{{ m.role }}\n"
CALLS = "{% for c in m.tool_calls %}<call>{{ c.function|tojson }}{% endfor %}"
TAIL = "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
CHATML = HEAD + "{{ m.content }}" + TAIL
TOOLS = "{% for t in tools or [] %}{{ t|tojson }}\n{% endfor %}" + HEAD + "{{ m.content }}" + CALLS + TAIL
CHAT = fp.ChatFormat.from_text(CHATML)

Message = dict[str, Any]


def said(*texts: str, **last: Any) -> list[Message]:
    """Turns of user and assistant; `last` are further members of the last one."""
    turns = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]
    return [*turns[:-1], {**turns[-1], **last}]


def chats(*conversations: list[Message], **more: Any) -> fp.Pipeline:
    return records(*({"messages": messages, **more} for messages in conversations)).read_as("openai_chat")


def trained(row: dict[str, Any]) -> list[str]:
    """The texts of a row that train."""
    found, end = [], -1
    for span in json.loads(row["spans"]):
        if span["trained"]:
            text = row["text"][span["start"] : span["end"]]
            found = [*found[:-1], found[-1] + text] if span["start"] == end else [*found, text]
            end = span["end"]
    return found


def byte_level(*special: str, eos: str = "<|im_end|>") -> Any:
    """A tokenizer of bytes, in which each of its own parts is one token of one byte."""
    characters = sorted(byte_characters())
    made = tokenizers.Tokenizer(tokenizers.models.BPE({c: i for i, c in enumerate(characters)}, []))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    made.add_special_tokens(list(special or ("<|im_start|>", eos)))
    return made


def trained_by_labels(row: dict[str, Any], tokenizer: Any) -> list[str]:
    """The decoded runs of ids whose labels are not -100."""
    found: list[list[int]] = []
    before = -100
    for token, label in zip(row["input_ids"], row["labels"], strict=True):
        if label != -100:
            assert label == token
            found = [*found, [token]] if before == -100 else [*found[:-1], [*found[-1], token]]
        before = label
    return [tokenizer.decode(ids, skip_special_tokens=False) for ids in found]


def test_text_and_spans_are_the_first_columns_and_say_what_trains() -> None:
    made = rows(chats(said("Hi é", "Ho 😀", "Hi", "Yes"), id=7).format(CHAT))
    text = (
        "<|im_start|>user\nHi é<|im_end|>\n<|im_start|>assistant\nHo 😀<|im_end|>\n"
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYes<|im_end|>\n"
    )
    assert list(made[0]) == ["text", "spans", "id"]
    assert (made[0]["text"], made[0]["id"]) == (text, "7")
    assert trained(made[0]) == ["Ho 😀<|im_end|>", "Yes<|im_end|>"]
    spans = json.loads(made[0]["spans"])
    assert [span["start"] for span in spans] == [0, *(span["end"] for span in spans[:-1])]
    assert "".join(text[s["start"] : s["end"]] for s in spans if s["from_data"]) == "Hi éHo 😀HiYes"
    assert {(s["role"], s["trained"]) for s in spans} == {("user", False), ("assistant", True), ("assistant", False)}
    assert trained(rows(chats(said("Hi", "Ho", "Hi", "Yes")).format(CHAT, train="last"))[0]) == ["Yes<|im_end|>"]


def test_ids_are_those_of_each_part_and_labels_those_of_the_spans() -> None:
    tokenizer = byte_level()
    conversations = [said("Hi", "Ho", "  a\n", " b "), said("x", "", "y", "<|im_end|>x"), said("é", "😀")]
    made = rows(chats(*conversations).format(CHAT).tokenize(tokenizer))
    assert len(made) == 3
    for row, conversation in zip(made, conversations, strict=True):
        assert trained(row) == [m["content"] + "<|im_end|>" for m in conversation[1::2]]
        assert trained_by_labels(row, tokenizer) == trained(row)
        prompt = tokenizer.encode(CHAT.render_prompt(conversation[:1])).ids
        assert row["input_ids"][: len(prompt)] == prompt
    # The token within the text is plain text: 10 bytes, not one token.
    end = tokenizer.token_to_id("<|im_end|>")
    assert made[1]["input_ids"].count(end) == 4
    assert (
        rows(chats(conversations[1]).format(CHAT).tokenize(tokenizer, special_tokens="as_token"))[0]["input_ids"].count(
            end
        )
        == 5
    )


def test_bos_is_the_templates_and_the_tokenizer_gives_its_name() -> None:
    chat = fp.ChatFormat.from_text("{{ bos_token }}" + CHATML)
    tokenizer = byte_level("<s>", "<|im_start|>", "<|im_end|>")
    plan = chats(said("Hi", "Ho")).format(fp.ChatFormat.from_json(chat.to_json()))
    assert rows(plan)[0]["text"].startswith("<|im_start|>")
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
    )
    for more in ({}, {"add_bos": True}):
        row = rows(plan.tokenize(tokenizer, **more))[0]
        assert row["text"].startswith("<s><|im_start|>")
        assert row["input_ids"].count(tokenizer.token_to_id("<s>")) == 1
        assert row["input_ids"][-1] != tokenizer.token_to_id("<|im_end|>")


TALK = said("Hi", "Ho")
CALL = {"type": "function", "function": {"name": "f", "arguments": {"a": "x"}}}
REASONS: dict[str, tuple[str, list[Message]]] = {
    "bad_messages": (CHATML, said("\U000f0000", "Ho")),
    "chat_not_rendered": ("{{ raise_exception('no') }}", TALK),
    "not_printed": (CHATML, said("Hi", "Ho", reasoning_content="why")),
    "cut": (CHATML.replace("m.content", "m.content.split('</think>')[-1]"), said("Hi", "why</think>Ho")),
    "turn_interleaved": (CHATML.replace("in messages", "in messages|reverse"), said("Hi", "Ho", "Hi", "Yes")),
    "repr": (HEAD + "{{ m.content }}{% if m.tool_calls %}{{ m.tool_calls }}{% endif %}" + TAIL,
             said("Hi", "", tool_calls=[CALL])),
    "printed_twice": (CHATML.replace("{{ m.content }}", "{{ m.content }}{{ m.content }}"), TALK),
    "not_proven": (CHATML.replace("m.content", "m.content|sort|join"), said("Hello", "zyxwvu")),
    "no_prompt": (CHATML, said("Hi", "Ho", "Hi")[1:]),
    "prompt_differs": (CHATML.replace("assistant\n{% endif", "assistant\n<think>\n{% endif"), TALK),
    "no_end_token": (CHATML.replace("<|im_end|>", ""), TALK),
    "unused_weight": (CHATML, said("Hi", "Ho", weight=0.5)),
}  # fmt: skip


@pytest.mark.parametrize("code", REASONS)
def test_a_row_without_exact_spans_is_a_reject(tmp_path: Path, code: str) -> None:
    template, messages = REASONS[code]
    chat = fp.ChatFormat.from_text(template)
    with pytest.raises(fp.DataError) as caught:
        chats(messages).format(chat).sink_arrow(tmp_path / "out")
    assert caught.value.code == "no_rows"
    assert (caught.value.reason or "").startswith(code)


def test_a_text_that_the_template_drops_has_a_policy(tmp_path: Path) -> None:
    plan = chats(said("Hi", "Ho", reasoning_content="why"), TALK)
    report = plan.format(CHAT).sink_arrow(tmp_path / "out")
    assert report.reasons["not_printed"] == 1
    assert rejects(tmp_path / "out")[0]["detail"] == ("the template prints nothing of `reasoning_content` of message 1")
    kept = plan.format(CHAT, on_dropped="keep").sink_arrow(tmp_path / "kept")
    assert kept.findings["not_printed:reasoning_content"] == 1
    with pytest.raises(fp.DataError, match="reasoning_content"):
        rows(plan.format(CHAT, on_dropped="raise"))
    assert rows(plan.format(CHAT, on_dropped="drop").select("text")) == rows(chats(TALK).format(CHAT).select("text"))


def test_a_last_turn_without_an_end_has_a_policy(tmp_path: Path) -> None:
    open_end = HEAD + "{{ m.content }}{% if m.role == 'user' or not loop.last %}<|im_end|>\n{% endif %}{% endfor %}"
    chat = fp.ChatFormat.from_text(open_end + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")
    plan, tokenizer = chats(said("q", "a", "r", "b "), said("q", "c", "r")), byte_level(eos="</s>")
    report = plan.format(chat).sink_arrow(tmp_path / "out")
    assert report.reasons == {"no_end_token": 1}
    kept, other = rows(plan.format(chat, on_open_end="keep"))
    assert (trained(kept), trained(other)) == (["a<|im_end|>", "b "], ["c<|im_end|>"])
    with refused(fp.PlanError, "bad_option", "EOS token"):
        plan.format(chat, on_open_end="append_eos").explain()
    named = fp.ChatFormat.from_text(chat.template, special_tokens={"eos_token": "</s>"})
    ended, same = rows(plan.format(named, on_open_end="append_eos").tokenize(tokenizer))
    assert (ended["text"], trained(ended)) == (kept["text"] + "</s>", ["a<|im_end|>", "b </s>"])
    assert ended["input_ids"][-1] == ended["labels"][-1] == tokenizer.token_to_id("</s>")
    assert (same["text"], same["spans"]) == (other["text"], other["spans"])
    split = rows(plan.format(named, on_open_end="append_eos", history="split_turns"))
    assert [trained(row) for row in split] == [["a</s>"], ["b </s>"], ["c</s>"]]
    assert rows(plan.format(chat, on_open_end="drop").select("text")) == [{"text": other["text"]}]
    # What the template prints after the answer may belong to it or not: such a row is refused under every policy.
    footer = fp.ChatFormat.from_text(
        chat.template.replace("{% endfor %}", "{% if loop.last and m.role == 'assistant' %}.{% endif %}{% endfor %}")
    )
    with refused(fp.DataError, "no_rows", "2 no_end_token"):
        plan.format(footer, on_open_end="keep", history="split_turns", train="last").sink_arrow(tmp_path / "footer")


def test_variables_of_the_template_come_from_a_column(tmp_path: Path) -> None:
    chat = fp.ChatFormat.from_text("{{ x or '-' }}" + CHATML, template_kwargs={"x": "F"})
    given = [{"x": "A"}, None, {}, {"x": None}, {"x": "B"}, "x", [1], {"tools": []}, {"x": "<|im_end|>"}]
    lines = [{"messages": said("q", "a"), "own": own} for own in given]
    plan = fp.scan_jsonl(jsonl(tmp_path / "chat.jsonl", lines)).read_as("openai_chat")
    made = rows(plan.format(chat, kwargs_column="own"))
    assert [row["text"][0] for row in made] == ["A", "F", "F", "-", "B", "<"]
    assert "own" in made[0]
    report = plan.format(chat, kwargs_column="own").tokenize(byte_level()).sink_arrow(tmp_path / "out")
    assert report.reasons == {"not_in_dialect": 3, "special_token_in_text": 1}
    assert "`tools` is not a further variable" in rejects(tmp_path / "out")[2]["detail"]
    with refused(fp.ColumnError, "missing_column", "`none`"):
        plan.format(chat, kwargs_column="none").explain()


def test_weights_of_messages() -> None:
    tokenizer = byte_level()
    plan = chats(said("Hi", "Ho", "Hi", "Yes", weight=0), said("Hi", "Ho", train=False))
    made = plan.format(CHAT).tokenize(tokenizer)
    assert [trained(row) for row in rows(made)] == [["Ho<|im_end|>"]]
    weighted = chats(said("Hi", "Ho", "Hi", "Yes", weight=0.5)).format(CHAT, weights=True)
    assert [s["weight"] for s in json.loads(rows(weighted)[0]["spans"]) if s["trained"]] == [1, 1, 0.5, 0.5]
    row = rows(weighted.tokenize(tokenizer))[0]
    assert [w for w, kind in zip(row["segment_weights"], row["segment_kinds"], strict=True) if kind == 2] == [1, 0.5]
    packed = rows(weighted.tokenize(tokenizer, max_length=200).pack())[0]
    assert packed["segment_weights"] == row["segment_weights"]


def by_dialect(dialect: str, row: dict[str, Any], template: str = TOOLS) -> dict[str, Any]:
    plan = records(row).read_as(dialect).format(fp.ChatFormat.from_text(template))
    return rows(plan)[0]


def test_other_dialects_become_messages() -> None:
    end = "<|im_end|>\n"
    row = by_dialect("alpaca", {"instruction": "Add", "input": "1 2", "output": "3", "id": 1})
    assert row["text"] == f"<|im_start|>user\nAdd\n\n1 2{end}<|im_start|>assistant\n3{end}"
    assert row["id"] == "1"
    assert "instruction" not in row
    row = by_dialect("pairs", {"prompt": "q", "completion": "a"})
    assert trained(row) == ["a<|im_end|>"]
    row = by_dialect("classification", {"text": "t", "label": 1})
    assert trained(row) == ["1<|im_end|>"]
    call = json.dumps({"name": "f", "arguments": {"a": 1}})
    shared = [("human", "q"), ("function_call", call), ("observation", "r"), ("gpt", "done")]
    row = by_dialect(
        "sharegpt",
        {"conversations": [{"from": f, "value": v} for f, v in shared], "tools": '[{"name":"f"}]', "system": "s"},
    )
    assert row["text"].startswith('{"type": "function", "function": {"name": "f"}}\n<|im_start|>system\ns')
    assert trained(row) == [f"<call>{call}<|im_end|>", "done<|im_end|>"]
    parts = [{"type": "text", "value": "a"}, {"type": "text", "value": "b"}]
    row = by_dialect("chat_parts", {"messages": [said("q")[0], {"role": "assistant", "content": parts}]})
    assert trained(row) == ["ab<|im_end|>"]
    row = by_dialect("chat_pairs", {"prompt": said("q", "no", "r"), "completion": said("", "yes")[1:]})
    assert trained(row) == ["yes<|im_end|>"]


def test_arguments_are_objects_unless_they_are_to_stay() -> None:
    call = {"type": "function", "function": {"name": "f", "arguments": '{"a":"x"}'}}
    plan, chat = chats(said("q", "", tool_calls=[call])), fp.ChatFormat.from_text(TOOLS)
    assert '"arguments": {"a": "x"}' in rows(plan.format(chat))[0]["text"]
    assert r'"arguments": "{\"a\":\"x\"}"' in rows(plan.format(chat, tool_arguments="verbatim"))[0]["text"]


def test_the_dialect_is_recognised_and_others_are_refused(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "chat.jsonl", [{"messages": said("q", f"a{i}")} for i in range(3)])
    plan = fp.scan(path).format(CHAT)
    assert "of openai_chat: messages of role and content" in plan.explain()
    assert "split by the messages before the first answer; dedup by the text" in plan.explain()
    assert len(rows(plan)) == 3
    with refused(fp.PlanError, "no_dialect", "not known which columns hold"):
        fp.scan(path).read_as("none").format(CHAT).explain()
    with refused(fp.PlanError, "dialect_refused", "rows of text"):
        records({"text": "a"}).read_as("text").format(CHAT).explain()
    with refused(fp.ColumnError, "duplicate_column", "`text`"):
        chats(TALK, text="x").format(CHAT).explain()


def test_steps_and_options_that_do_not_fit_are_refused() -> None:
    plan = chats(TALK)
    with refused(fp.PlanError, "bad_option", "for a PromptFormat"):
        plan.format(CHAT, on_collision="drop")
    with refused(fp.PlanError, "bad_option", "for a ChatFormat"):
        plan.format(PAIR, train="last")
    with refused(fp.PlanError, "bad_chain", "already has this step"):
        plan.format(CHAT).format(PAIR)
    with refused(fp.PlanError, "bad_chain", "`text` or `spans`"):
        plan.format(CHAT).with_columns(text=pl.lit("x"))
    with refused(fp.PlanError, "bad_chain", "put split after format"):
        plan.split(valid=0.5).format(CHAT).explain()
    with refused(fp.PlanError, "bad_chain", "put resolve_conflicts before format"):
        plan.format(CHAT).resolve_conflicts().explain()
    with refused(fp.PlanError, "bad_option", "as_text"):
        plan.format(CHAT).tokenize(byte_level(), special_tokens="strip").explain()
    with refused(fp.PlanError, "bad_chain", "before format"):
        plan.format(CHAT).dedup().inspect()


def test_rows_of_a_dialogue_share_a_side_and_equal_texts_are_duplicates() -> None:
    longer = [said(f"q{i}", "a", "more", "b")[:n] for i in range(40) for n in (2, 4, 2)]
    plan = chats(*longer).format(CHAT).dedup().split(valid=0.5, seed=3)
    made = rows(plan)
    assert len(made) == 80
    assert {row["split"] for row in made} == {"train", "valid"}
    assert all(a["split"] == b["split"] for a, b in zip(made[::2], made[1::2], strict=True))


def test_control_tokens_and_marks_in_the_data(tmp_path: Path) -> None:
    plan = chats(said("a<|im_end|>b", "Ho"), said("<|eot_id|>", "Ho"), TALK).format(CHAT)
    report = plan.tokenize(byte_level()).sink_arrow(tmp_path / "out")
    assert report.findings["special_token_in_text:<|im_end|>"] == 1
    assert report.findings["template_mark_in_text:<|im_end|>"] == 1
    assert report.findings["foreign_control_token:<|eot_id|>"] == 1
    report = plan.tokenize(byte_level(), special_tokens="reject").sink_arrow(tmp_path / "strict")
    assert report.reasons["special_token_in_text"] == 1
    (reject,) = rejects(tmp_path / "strict")
    assert reject["detail"] == 'control token "<|im_end|>" in the data of the role user at byte 18 of the row'


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [{"function": {"name": "f", "description": "ends <|im_end|>"}}]},
        {"tools": [{"function": {"name": "f", "<|im_end|>": 1}}]},
    ],
)
def test_a_control_token_in_the_tools_is_none_of_the_templates(tmp_path: Path, more: Message) -> None:
    """Its place in the text is not known, so that it cannot be plain text: the row is removed."""
    plan = chats(said("Hi", "Ho"), **more).format(fp.ChatFormat.from_text(TOOLS))
    with refused(fp.DataError, "no_rows", "1 special_token_in_text"):
        plan.tokenize(byte_level()).sink_arrow(tmp_path / "out")
    (row,) = rows(plan.tokenize(byte_level(), special_tokens="as_token"))
    assert row["text"].startswith('{"function": {"name": "f"')


def test_more_messages_than_can_be_proven_are_refused() -> None:
    long = chats(said(*["Hi", "Ho"] * 2001), TALK)
    (row,) = rows(long.format(CHAT))
    assert trained(row)
    with refused(fp.DataError, "bad_messages", "more than 4000 messages"):
        CHAT.turns(said(*["Hi", "Ho"] * 2001))


def test_the_folder_has_the_format_for_inference(tmp_path: Path) -> None:
    chat = fp.ChatFormat.from_text(CHATML, template_kwargs={"x": 1}, now="2025-03-14")
    plan = chats(*[said(f"q{i}", "a") for i in range(20)]).format(chat).tokenize(byte_level(), max_length=100)
    plan.split(valid=0.3).sink(tmp_path / "out", formats=["arrow", "jsonl"])
    data = fp.load(tmp_path / "out")
    assert isinstance(data.format, fp.ChatFormat)
    assert data.format.template == CHATML
    assert json.loads(data.format.to_json())["now"] == "2025-03-14"
    assert data.format.render_prompt(TALK[:1]) == chat.render_prompt(TALK[:1])
    (shard,) = (tmp_path / "out").glob("data/*/valid-*.jsonl")
    line = json.loads(shard.read_text("utf-8").splitlines()[0])
    assert line["spans"][0]["role"] == "user"
    assert line["text"].startswith("<|im_start|>")


def test_conversations_are_tokenized_again(tmp_path: Path) -> None:
    conversations = [said(f"q{i} <|eot|> é", "a", "b", "😀", weight=i % 3 / 2) for i in range(20)]
    plan = chats(*conversations).format(CHAT, weights=True).split(valid=0.3)
    plan.tokenize(byte_level(), max_length=200).sink_arrow(tmp_path / "out")
    other = byte_level("<|eot|>", "<|im_end|>")
    again = fp.load(tmp_path / "out").retokenize(other)
    by_text = operator.itemgetter("text")
    assert sorted(rows(again), key=by_text) == sorted(rows(plan.tokenize(other, max_length=200)), key=by_text)
    again.sink_arrow(tmp_path / "again")
    assert fp.load(tmp_path / "again").format == CHAT
    assert rows(fp.load(tmp_path / "again").retokenize(other)) == rows(again)


def test_preview_colours_what_trains(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    chats(TALK).format(CHAT).preview(1)
    shown = capsys.readouterr().out
    assert "\x1b[1;32mHo\x1b[0m\x1b[1;7;32m<|im_end|>\x1b[0m" in shown
    assert "\x1b[2mHi\x1b[0m" in shown


def test_output_depends_neither_on_threads_nor_on_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conversations = [said(f"q{i % 37}", f"a{i}" * (i % 5), "x", "<|im_end|>") for i in range(300)]
    plan = chats(*conversations).format(CHAT).dedup().split(valid=0.2).tokenize(byte_level()).shuffle(seed=1)
    digests = []
    for threads, batch in ((1, "7"), (3, "64"), (2, "65536")):
        monkeypatch.setenv("FASTPREP_BATCH_ROWS", batch)
        folder = tmp_path / batch
        plan.sink_arrow(folder, threads=threads)
        digests.append(json.loads((folder / "manifest.json").read_text())["data"])
    assert len(set(digests)) == 1


HOSTILE = ["<|im_end|>", "<|im_start|>", "\ud800", "\x00", "assistant\n", " ", "{{ m }}"]
TEXTS = st.text(max_size=8) | st.sampled_from(HOSTILE)
VALUES = st.none() | TEXTS | st.lists(TEXTS, max_size=2) | st.dictionaries(TEXTS, TEXTS, max_size=2)
CALLED = st.fixed_dictionaries({"function": st.fixed_dictionaries({"name": TEXTS, "arguments": VALUES})})
MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system", "tool", "assistant"]), "content": TEXTS | VALUES},
    optional={
        "reasoning_content": VALUES,
        "weight": st.sampled_from([0, 1, 0.5, None, -1, 1e300, "x"]),
        "tool_calls": st.lists(CALLED, max_size=2),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conversation=st.lists(MESSAGES, max_size=5))
def test_any_messages_are_right_or_refused_by_name(tmp_path: Path, conversation: list[Message]) -> None:
    path = tmp_path / "chat.jsonl"
    lines = [json.dumps({"messages": m}) for m in (TALK, conversation)]
    path.write_text("\n".join(lines), "utf-8")
    chat, tokenizer = fp.ChatFormat.from_text(TOOLS), byte_level()
    plan = fp.scan_jsonl(path).read_as("openai_chat").format(chat, weights=True, on_dropped="keep")
    for row in rows(plan.tokenize(tokenizer)):
        assert row["text"] == tokenizer.decode(row["input_ids"], skip_special_tokens=False)
        assert trained_by_labels(row, tokenizer) == [t for t in trained(row) if t]


SETS = {
    "sgd_chat": (4000, 1.0),
    "llamafactory_alpaca_en": (1000, 0.9),
    "llamafactory_glaive_toolcall_sharegpt": (300, 0.9),
    "llamafactory_v1_sft_parts": (500, 0.9),
    "llamafactory_reason_tool": (30, 0.5),
}


@pytest.mark.parametrize("name", SETS)
def test_real_sets_go_in_untouched(tmp_path: Path, name: str) -> None:
    path = DATASETS / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not on this machine")
    with gzip.open(path) as file:
        lines = [line for _, line in zip(range(100), file, strict=False)]
    (tmp_path / "rows.jsonl").write_bytes(b"".join(lines))
    chat = fp.ChatFormat.from_text(TOOLS.replace("{{ m.content }}", "{{ m.reasoning_content or '' }}{{ m.content }}"))
    tokenizer = byte_level()
    made = rows(fp.scan(tmp_path / "rows.jsonl").format(chat).tokenize(tokenizer))
    assert len(made) >= SETS[name][1] * len(lines)
    for row in made:
        assert trained_by_labels(row, tokenizer) == trained(row)
