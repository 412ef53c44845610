"""The planted faults: what stands in the line, and the reason code it must be removed under.

They are faults of the README's format: prompt from `instruction` and `input`, completion from `output`.
"""

import json
from dataclasses import dataclass

from rows import Row

SEPARATOR = "\n##\n"
STOP = "\n###\n"
MAX_LENGTH = 512  # tokens of the demo tokenizer


@dataclass(frozen=True)
class Fault:
    """A line to plant and the code under which it must be removed."""

    code: str
    what: str
    line: bytes


def _row(instruction: object, text: object, output: object) -> Row:
    row = {"instruction": instruction, "input": text, "output": output}
    return row | {"source": "faults", "lang": "en"}


def _line(row: object) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode()


def _without(row: Row, name: str) -> Row:
    return {k: v for k, v in row.items() if k != name}


def broken() -> list[Fault]:
    """Lines that no row can be read from."""
    row = _line(_row("Convert 3 days to hours.", "", "72 hours"))
    return [
        Fault("bad_json", "the line ends within an object", row[:60]),
        Fault("bad_json", "a comma too many", row[:-1] + b",}"),
        Fault("bad_utf8", "a byte 0xFF within a string", row.replace(b"3 days", b"3 \xff days")),
        Fault(
            "bad_utf8", "a character cut in half", row.replace(b"72 hours", b"72 \xe2\x82 hours")
        ),
        Fault("not_an_object", "a JSON array", _line(["Convert 3 days to hours.", "", "72 hours"])),
        Fault("not_an_object", "a JSON string", _line("Convert 3 days to hours.")),
    ]


def typed() -> list[Fault]:
    """Rows whose fields are absent, null or of another type."""
    good = _row("How many legs has a spider?", "", "Eight.")
    return [
        Fault("missing_field", "no `output`", _line(_without(good, "output"))),
        Fault("missing_field", "no `instruction`", _line(_without(good, "instruction"))),
        Fault("missing_field", "`output` is null", _line(good | {"output": None})),
        Fault("wrong_type", "`output` is a number", _line(good | {"output": 8})),
        Fault("wrong_type", "`output` is an object", _line(good | {"output": {"legs": 8}})),
    ]


def rendered() -> list[Fault]:
    """Rows that no prompt format can take as they are."""
    separator, stop, token = "separator_collision", "stop_collision", "special_token_in_text"
    long = " ".join(f"Step {i}: turn the knob {i % 7} clicks and wait." for i in range(1, 160))
    rows = [
        ("empty_prompt", "`instruction` and `input` are blank", ("  ", "", "Nothing was asked.")),
        ("empty_completion", "`output` is empty", ("Name a colour.", "", "")),
        ("empty_completion", "`output` is white space", ("Name a second colour.", "", " \n\t ")),
        (separator, "`\\n##\\n` within `input`", ("Count the parts.", "one\n##\ntwo", "Two.")),
        (separator, "`\\n##\\n` within `output`", ("Write two parts.", "", "one\n##\ntwo")),
        (
            separator,
            "seam: `input` ends in `\\n##`",
            ("What is this?", "a heading\n##", "A heading."),
        ),
        (separator, "seam: `output` starts with `##\\n`", ("Write a rule.", "", "##\nthe rule")),
        (separator, "seam: `output` ends in `\\n##`", ("End in a rule.", "", "the rule\n##")),
        (stop, "`\\n###\\n` within `output`", ("Write a break.", "", "above\n###\nbelow")),
        (stop, "`\\n###\\n` within `input`", ("What is between?", "above\n###\nbelow", "A break.")),
        (stop, "seam: `output` starts with `###\\n`", ("Start with a break.", "", "###\nbelow")),
        (stop, "seam: `output` ends in `\\n###`", ("End in a break.", "", "above\n###")),
        (token, "`<|endoftext|>` in `input`", ("Explain.", "a <|endoftext|> b", "A token.")),
        (token, "`<|endoftext|>` in `output`", ("End it.", "", "Done.<|endoftext|>")),
        (
            "too_long",
            f"more than {MAX_LENGTH} tokens",
            ("Shorten the manual.", long, "Turn, then wait."),
        ),
    ]
    return [Fault(code, what, _line(_row(*fields))) for code, what, fields in rows]


def all_faults() -> list[Fault]:
    """Every planted fault but the duplicates, which need a row to repeat."""
    return broken() + typed() + rendered()
