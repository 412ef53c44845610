"""`PromptFormat`: the same text in training and at inference."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from tiny import PAIR, refused

import fastprep as fp

ALPACA = fp.PromptFormat(
    "### {instruction}{#input}\n{input}{/input}{^input} (no input){/input}\n",
    completion="A: {output}.",
    separator="\n=>\n",
    stop="\nEND\n",
)
ROW = {"instruction": "add", "input": "1 2", "output": "3"}


def test_an_optional_part_stands_where_its_column_has_text() -> None:
    assert ALPACA.columns == ["instruction", "input", "output"]
    assert ALPACA.render(**ROW) == ("### add\n1 2\n\n=>\n", "A: 3.\nEND\n")
    for gap in ({"input": ""}, {"input": None}):
        assert ALPACA.render_prompt(**{**ROW, **gap}) == "### add (no input)\n\n=>\n"
    assert ALPACA.render_prompt(instruction="add") == "### add (no input)\n\n=>\n"


def test_a_whole_row_may_be_given() -> None:
    fmt = fp.PromptFormat("{q}", completion="{a}")
    assert fmt.render_prompt(q="Why?", a=None, id=7, meta={"lang": ["en"]}) == "Why?\n##\n"
    with pytest.raises(fp.ColumnError, match="`q` must be text; it is int") as e:
        fmt.render_prompt(q=7, a="x")
    assert e.value.code == "wrong_type"


def test_the_prompt_of_inference_is_that_of_training() -> None:
    assert ALPACA.render_prompt(**ROW) == ALPACA.render(**ROW)[0]


def test_braces_names_and_other_columns() -> None:
    made = fp.PromptFormat("{{{a b}}} {é}", completion="{a b}")
    assert made.render(**{"a b": "x", "é": "y", "other": "unused"}) == ("{x} y\n##\n", "x\n###\n")
    assert fp.PromptFormat("fixed", completion="{a}").render(a="x")[0] == "fixed\n##\n"


@pytest.mark.parametrize(
    ("answer", "parsed"),
    [
        ("A: 3.\nEND\n", "3"),
        ("A: 3.\nEND\nand more\nEND\n", "3"),
        ("A: 3.", "3"),
        ("3", "3"),
        ("", ""),
    ],
)
def test_an_answer_is_parsed_up_to_the_stop(answer: str, parsed: str) -> None:
    assert ALPACA.parse_completion(answer) == parsed


@pytest.mark.parametrize("text", ["x", "", "\n", " é\n\n"])
def test_parsing_undoes_rendering(text: str) -> None:
    assert PAIR.parse_completion(PAIR.render(prompt="p", completion=text)[1]) == text


def test_data_that_ends_in_its_mark_gets_no_second_one() -> None:
    assert PAIR.render(prompt="p\n##\n", completion="c\n###\n") == ("p\n##\n", "c\n###\n")
    assert PAIR.render(prompt="p\n##", completion="c\n###") == ("p\n##\n##\n", "c\n###\n###\n")
    written = fp.PromptFormat("{prompt}\n##\n", completion="{completion}\n###\n")
    assert written.render(prompt="p", completion="c") == ("p\n##\n", "c\n###\n")


def test_a_server_is_told_the_stop() -> None:
    assert ALPACA.sampling_args() == {"stop": ["\nEND\n"]}


def test_a_prompt_of_this_format_is_recognised() -> None:
    ALPACA.check_prompt(ALPACA.render_prompt(**ROW))


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        ("### add", r'does not end in the separator "\\n=>\\n"'),
        ("### add\n=>\n1\n\n=>\n", r'the separator "\\n=>\\n" occurs in the prompt, at byte 7'),
        ("### add\nEND\n1\n\n=>\n", r'the stop "\\nEND\\n" occurs in the prompt, at byte 7'),
        ("add\n\n=>\n", "does not start with the template's"),
        ("### add\n=>\n", r'does not have the template\'s "\\n" before the separator'),
    ],
)
def test_a_prompt_of_another_making_says_why(prompt: str, says: str) -> None:
    with refused(fp.DataError, "not_this_format", says) as e:
        ALPACA.check_prompt(prompt)
    assert e.value.help == "create prompts with render_prompt()"


@pytest.mark.parametrize("render", [ALPACA.render, ALPACA.render_prompt])
def test_a_missing_column_is_named(render: Any) -> None:
    with refused(fp.DataError, "missing_field", "`instruction` is missing, and the template needs it") as e:
        render(input="1 2", output="3")
    assert e.value.column == "instruction"


def test_round_trips() -> None:
    stored = json.loads(ALPACA.to_json())
    assert stored["version"] == 2
    assert (stored["separator"], stored["stop"], stored["eos"]) == ("\n=>\n", "\nEND\n", None)
    copies = [
        fp.PromptFormat.from_json(ALPACA.to_json()),
        pickle.loads(pickle.dumps(ALPACA)),
        copy.deepcopy(ALPACA),
        eval(repr(ALPACA), {"PromptFormat": fp.PromptFormat}),
    ]
    for made in copies:
        assert made == ALPACA
        assert hash(made) == hash(ALPACA)
        assert made.render(**ROW) == ALPACA.render(**ROW)
    assert ALPACA != PAIR


def test_a_pickle_of_an_earlier_version_is_read() -> None:
    text = b'{"version":2,"prompt":"{a}","completion":"{b}","separator":"=","stop":"END","eos":null}'
    kept = b"cbuiltins\ngetattr\n(cfastprep\nPromptFormat\nVfrom_json\ntR(V" + text + b"\ntR."
    assert pickle.loads(kept) == fp.PromptFormat("{a}", completion="{b}", separator="=", stop="END")


def test_a_format_cannot_be_changed() -> None:
    for name in ("prompt", "stop", "other"):
        with pytest.raises(AttributeError):
            setattr(ALPACA, name, "x")


def test_columns_may_be_called_as_the_arguments_of_python_are() -> None:
    made = fp.PromptFormat("{self}", completion="{text}")
    assert made.render(self="a", text="b") == ("a\n##\n", "b\n###\n")
    assert made.render_prompt(self="a") == "a\n##\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"version":1,"prompt":"{a}"}', "missing field"),
        ('{"version":2,"anything":"else"}', "unknown field"),
        ('{"version":3,"anything":"else"}', "has version 3; this fastprep reads up to 2"),
        (PAIR.to_json().replace('"eos"', '"end"'), "unknown field"),
        (PAIR.to_json().replace("null", '"no"'), "invalid type"),
    ],
)
def test_json_of_something_else_is_refused(text: str, says: str) -> None:
    with refused(fp.PlanError, "bad_prompt_format", says):
        fp.PromptFormat.from_json(text)


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{a", "position 0: `{` is not closed"),
        ("é a}", "position 3: `}` has no `{` before it"),
        ("{}", "`{}` has no column"),
        ("{#a}x", "the part `{#a}` is not closed"),
        ("x{/a}", "position 1: "),
        ("{#a}{#b}{/a}{/b}", "position 8: "),
    ],
)
def test_a_template_that_does_not_parse_says_where(template: str, says: str) -> None:
    for made in ({"prompt": template, "completion": "{a}"}, {"prompt": "{a}", "completion": template}):
        with refused(fp.PlanError, "bad_template", says.replace("{", r"\{")) as e:
            fp.PromptFormat(**made)
        assert e.value.help


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"separator": ""}, "`separator` must not be empty"),
        ({"stop": ""}, "`stop` must not be empty"),
        ({"prompt": "{a}x", "separator": "xx"}, "the separator .* occurs in the end of the prompt template"),
        ({"prompt": "{a}\n##\nx"}, "occurs in the prompt template, at byte 0"),
        ({"completion": "\n###\n{a}"}, "the stop .* occurs in the completion template"),
        ({"completion": "##\n{a}", "prompt": "{b}\n"}, "occurs in the end of the prompt template, the separator"),
        ({"completion": "{a}\n##", "stop": "\nEND"}, "the separator .* occurs in the end of the completion template"),
    ],
)
def test_marks_that_would_collide_in_every_row_are_refused(parts: dict[str, str], says: str) -> None:
    with refused(fp.PlanError, "bad_prompt_format", says) as e:
        fp.PromptFormat(**{"prompt": "{a}", "completion": "{a}", **parts})
    assert e.value.help


def test_a_misspelt_column_is_not_left_out_in_silence() -> None:
    fmt = fp.PromptFormat("{instruction}{#input}\n\n{input}{/input}", completion="{output}")
    with pytest.raises(fp.ColumnError) as e:
        fmt.render_prompt(instruction="a", inptu="b")
    assert (e.value.code, e.value.column) == ("misspelt_column", "inptu")
    assert "write `input`" in str(e.value)
    # Columns of a whole row that the templates do not use are no mistake.
    assert fmt.render_prompt(instruction="a", id="7", source="web") == "a\n##\n"
    assert fmt.render_prompt(instruction="a", input="b", inputs="c") == "a\n\nb\n##\n"


@pytest.mark.parametrize("completion", ["a", "{{a}}", "{a", "a}", "", "x{a}"])
def test_json_of_a_rendered_format_names_one_column(completion: str) -> None:
    whole = json.loads(fp.PromptFormat.rendered("a").to_json())
    with pytest.raises(fp.PlanError):
        fp.PromptFormat.from_json(json.dumps(whole | {"completion": completion}))
