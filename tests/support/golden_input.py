"""The input of the kept folders in `tests/golden`: `python tests/support/golden_input.py` writes its files.

They are part of the repository, and every kept folder comes from them: to write others means to keep new folders.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

INPUT = Path(__file__).resolve().parents[1] / "golden" / "input"
RAW, LATER, PARQUET, BYTES = (INPUT / name for name in ("rows.jsonl", "later.jsonl", "rows.parquet", "bytes.json"))

LANGUAGES = {
    "en": ("What is {} plus {}?", "It is {}.", "Add them."),
    "de": ("Wie viel ist {} plus {}?", "Das ergibt {}, schöne Grüße.", ""),
    "fr": ("Combien font {} et {} ?", "Ça fait {}.", "À l'école"),
    "ja": ("{}足す{}は？", "{}です。", None),
    "zh": ("{}加{}等于几？", "等于{}。😀", "算术"),
}


def good_rows() -> list[dict[str, Any]]:
    """Rows in five languages, with numbers, nested values and nulls."""
    rows: list[dict[str, Any]] = []
    for i in range(25):
        lang = list(LANGUAGES)[i % 5]
        question, answer, context = LANGUAGES[lang]
        row: dict[str, Any] = {"id": i, "lang": lang, "question": question.format(i, i + 1)}
        row |= {"context": context, "answer": answer.format(2 * i + 1), "score": i / 8}
        row |= {"tags": ["sum", lang][: i % 3], "meta": {"rating": i % 4, "by": None if i % 2 else "wir"}}
        rows.append(row)
    return rows


def odd_rows() -> list[dict[str, Any]]:
    """Duplicates, collisions, control tokens, blanks, nulls, values of other types, and what is too long."""
    rows = good_rows()
    pair = {"lang": "en", "question": "Why?", "answer": "Because."}
    changes: list[dict[str, Any]] = [
        rows[2],
        rows[3] | {"id": 41, "score": 3},
        rows[0] | {"id": 42, "question": "WHAT is  0 plus 1? "},
        pair | {"id": 43, "question": "Why?\n##"},
        pair | {"id": 44, "answer": "So:\n###\nnot so"},
        pair | {"id": 45, "answer": "<|endoftext|> ends a text"},
        pair | {"id": 46, "question": " \u3000"},
        pair | {"id": 47, "answer": ""},
        pair | {"id": 48, "answer": None, "lang": None},
        pair | {"id": 49, "answer": 7},
        {"id": 50, "question": "No answer, no language"},
        pair | {"id": 51, "answer": "word " * 30},
        pair | {"id": 52, "question": "word " * 30, "meta": {"a": [1, {"b": 2.50}], "é": "ü"}},
        pair | {"id": 53, "question": "Ｗｈｙ? ﬁne e\u0301", "lang": "xx", "score": None},
        {"question": "no id", "answer": "</turn>\n", "lang": "en", "meta": "text", "late": 1},
    ]
    return rows + changes


def write_input() -> None:
    """Writes the files of the input."""
    INPUT.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row, ensure_ascii=i % 4 == 0).encode() for i, row in enumerate(odd_rows())]
    lines[5:5] = [b'{"id": 90, "question": "cut o', b"", b"[1, 2]", b'{"id": 91, "question": "\xff"}']
    lines[20:20] = [b'{"question": "\\ud800", "answer": "lone"}', b'{"id":1,"id":92,"question":"twice","answer":"x"}\r']
    RAW.write_bytes(b"\n".join(lines))
    later = [{**row, "id": 100 + row["id"]} for row in good_rows()[::6]]
    later += [{"id": 200 + i, "lang": "en", "question": f"New {i}?", "answer": "Yes."} for i in range(3)]
    LATER.write_text("".join(json.dumps(row) + "\n" for row in later), "utf-8")
    rows = good_rows()
    table = pa.Table.from_pylist(rows)
    table = table.set_column(1, "lang", table["lang"].dictionary_encode())
    table = table.append_column("day", pa.array([86_400 * i for i in range(len(rows))]).cast(pa.timestamp("s")))
    table = table.append_column("raw", pa.array([bytes([i, 255]) if i % 5 else None for i in range(len(rows))]))
    pq.write_table(table, PARQUET, row_group_size=10)
    alphabet = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in alphabet]
    characters = {b: chr(b) for b in alphabet} | {b: chr(256 + i) for i, b in enumerate(others)}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    BYTES.write_text(
        json.dumps(
            {
                "version": "1.0",
                "added_tokens": [],
                "pre_tokenizer": byte_level,
                "decoder": byte_level,
                "model": {"type": "BPE", "vocab": {characters[b]: b for b in range(256)}, "merges": []},
            }
        ),
        "utf-8",
    )


if __name__ == "__main__":
    write_input()
