"""Plans whose published folders are kept in `tests/golden`, and how they are made and compared.

`python tests/support/golden.py` publishes every plan and keeps the folders that differ from those kept so far: in the
next folder of `tests/golden/published`, so that the older ones stay and are still read.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from golden_input import BYTES, LATER, PARQUET, RAW, good_rows

import fastprep as fp

TESTS = Path(__file__).resolve().parents[1]
PUBLISHED = TESTS / "golden" / "published"
TOKENIZER = TESTS.parent / "examples" / "tokenizer"

NAMED_DIFFERENCES: dict[str, str] = {
    "fastprep_version": "says who wrote the folder",
    "manifest_version": "2: `plan` is JSON, and the lines for people are in `explain`",
    "plan": "version 1 has lines for people, version 2 JSON",
    "explain": "in version 1 it is `plan`",
    "fingerprint": "in version 1 of the lines for people, in version 2 of the JSON and of what was read",
}
"""Keys of the manifest that may differ from those of the kept folders, and why. All else must be the same."""

PAIR = fp.PromptFormat("{question}{#context}\n\n{context}{/context}", completion="{answer}")
CHAT = fp.PromptFormat("<user>{question}", completion=" {answer}", separator="</turn>\n<model>", stop="</turn>\n")

DIALOGUE = fp.ChatFormat.from_text(
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
    template_kwargs={"style": [1, None]},
    now="2025-03-14",
)
THINKS = fp.ChatFormat.from_text(
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.reasoning_content %}<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}{{ m.content }}"
    "{% for c in m.tool_calls %}<call>{{ c.function|tojson }}</call>{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

Options = dict[str, Any]


def thoughts() -> fp.Pipeline:
    """Answers with reasoning and calls."""
    call = {"function": {"name": "weather", "arguments": {"city": "Köln", "days": 2}}}
    answers = [
        {"content": "", "reasoning_content": "Look it up.", "tool_calls": [call]},
        {"content": "Rain.", "reasoning_content": "It rains.\nBoth days."},
        {"content": "<think>Easy.</think> No.", "weight": 0.5},
        {"content": "I look.", "tool_calls": [call, call]},
    ]
    talks = [
        [{"role": "user", "content": f"Question {i}?"}, {"role": "assistant", **answer}]
        for i, answer in enumerate(answers)
    ]
    return fp.from_records(
        [*({"messages": talk} for talk in talks), {"messages": [message for talk in talks for message in talk]}],
        name="thoughts",
    )


def conversations() -> fp.Pipeline:
    """Dialogues: short, long, cut, in parts, with weights and control tokens, and one that begins with an answer."""
    turns = [("user", "assistant")[i % 2] for i in range(6)]
    made = [
        [{"role": role, "content": f"{n} Grüße\n" * (i + 1)} for i, role in enumerate(turns[: 2 + n % 5])]
        for n in range(12)
    ]
    made += [
        [{"role": "user", "content": "<|im_end|>"}, {"role": "assistant", "content": "no", "weight": 0.5}],
        [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "reasoning_content": "c"}],
        [{"role": "assistant", "content": "first"}, {"role": "user", "content": "second"}],
    ]
    return fp.from_records([{"messages": messages, "id": n} for n, messages in enumerate(made)], name="dialogues")


def preferences() -> fp.Pipeline:
    """Pairs of answers: with tools, equal ones, with control tokens, and one with a tool's result within."""
    said = [{"role": "assistant", "content": f"{n} ja\n"} for n in range(8)]
    made: list[dict[str, Any]] = [
        {"prompt": f"{n % 5} Grüße", "chosen": [said[n]], "rejected": [said[n // 2]], "id": n} for n in range(8)
    ]
    result = {"role": "tool", "content": "<|im_end|>"}
    made += [{"prompt": "q", "chosen": [said[1], result, said[2]], "rejected": [{**said[3], "content": "<|im_end|>"}]}]
    return fp.from_records([{"tools": "[]", **row} for row in made], name="preferences").read_as("preference")


def _upper(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("lang").str.to_uppercase())


def raw() -> fp.Pipeline:
    return fp.scan_jsonl(RAW)


def pairs() -> fp.Pipeline:
    return raw().format(PAIR)


def splits() -> fp.Pipeline:
    return pairs().dedup().split(valid=0.2, test=0.2, seed=7)


def few() -> fp.Pipeline:
    """Some good rows and the odd ones, so that folders with ids stay small."""
    return raw().filter(pl.col("id") >= 20)


def tokens(rows: fp.Pipeline, **options: Any) -> fp.Pipeline:
    return rows.format(PAIR).tokenize(TOKENIZER, **{"special_tokens": "as_text", **options})


# Chains that end in `dedup`: their folders hold keys, against which a later run compares.
KEYED: dict[str, Callable[..., fp.Pipeline]] = {
    "dedup": lambda source, **more: source.format(PAIR).dedup(**more),
    "dedup_raw": lambda source, **more: source.dedup(**more),
    "dedup_on": lambda source, **more: source.dedup(on=["id", "lang"], **more),
    "dedup_normalize": lambda source, **more: source.format(PAIR).dedup(
        normalize=["unicode", "case", "whitespace"], **more
    ),
    "dedup_verify": lambda source, **more: source.format(PAIR).dedup(verify=True, **more),
    "dedup_no_keepers": lambda source, **more: source.format(PAIR).dedup(keepers=False, **more),
}


def _of_raw(chain: Callable[..., fp.Pipeline]) -> Callable[[Path], fp.Pipeline]:
    return lambda _: chain(raw())


SMALL, LARGER = {"shard_bytes": 1_500}, {"shard_bytes": 6_000}
BOTH = {"formats": ("arrow", "jsonl")}
ARROW = {"formats": ("arrow",)}
JSONL = {"formats": ("jsonl",)}

# Of each plan the chain, given the folder in which those before it were published, and the options of its sink.
PLANS: dict[str, tuple[Callable[[Path], fp.Pipeline], Options]] = {
    "scan_jsonl": (lambda _: raw(), BOTH),
    "scan_parquet": (lambda _: fp.scan_parquet(PARQUET), BOTH),
    "from_arrow": (lambda _: fp.from_arrow(pq.read_table(PARQUET), name="table"), BOTH),
    "from_records": (lambda _: fp.from_records(good_rows(), name="dicts"), JSONL),
    "several_files": (lambda _: fp.scan_jsonl([LATER, RAW]).format(PAIR).dedup(), JSONL),
    "concat": (
        lambda _: (
            fp.concat({"raw": raw().head(12), "dicts": fp.from_records(good_rows(), name="dicts").drop("meta")})
            .format(PAIR)
            .dedup()
            .split(valid=0.2, report_by="source")
        ),
        BOTH,
    ),
    "sink_parquet": (
        lambda _: fp.scan_parquet(PARQUET).split(valid=0.2, seed=3, by="id"),
        {"formats": ("parquet",), "shard_bytes": 2_000},
    ),
    "sink_report": (
        lambda _: fp.from_records(good_rows(), name="dicts").format(PAIR).dedup(),
        JSONL | {"report": True},
    ),
    "select": (lambda _: raw().select("answer", "id"), BOTH),
    "drop": (lambda _: raw().drop("meta", "tags"), JSONL),
    "rename": (lambda _: raw().rename({"question": "answer", "answer": "question", "id": "number"}), JSONL),
    "read_as": (
        lambda _: raw().read_as("pairs", columns={"prompt": "question", "completion": "answer"}),
        JSONL,
    ),
    "read_as_auto": (lambda _: fp.scan_parquet(PARQUET).read_as(), JSONL),
    "write_as": (
        lambda _: raw().read_as("pairs", columns={"prompt": "question", "completion": "answer"}).write_as("azure"),
        JSONL,
    ),
    "filter": (lambda _: raw().filter(pl.col("lang") != "de", pl.col("id") % 3 != 0), JSONL),
    "with_columns": (
        lambda _: raw().with_columns(
            pl.col("question").str.strip_chars(),
            size=pl.col("question").str.len_chars(),
            rating=pl.col("meta").ext.storage().str.json_path_match("$.rating").cast(pl.Int64),
        ),
        BOTH,
    ),
    "with_row_index": (lambda _: raw().filter(pl.col("lang") == "en").with_row_index("number", offset=10), JSONL),
    "map_batches": (lambda _: raw().map_batches(_upper, name="upper", version="1"), JSONL),
    "head": (lambda _: pairs().dedup().head(11), BOTH),
    "sample": (lambda _: raw().sample(30, seed=7), JSONL | SMALL),
    "sample_by": (lambda _: splits().sample(share=0.5, by="lang", seed=1).head(20), BOTH),
    "resolve_conflicts": (lambda _: pairs().resolve_conflicts("most"), JSONL),
    "resolve_conflicts_named": (
        lambda _: raw().resolve_conflicts("none", prompt="lang", answer="question").filter(pl.col("id") > 3),
        JSONL,
    ),
    "balance_undersample": (lambda _: splits().balance("lang", seed=3), JSONL),
    "balance_oversample": (lambda _: splits().balance("lang", "oversample", seed=3).shuffle(seed=1), BOTH | SMALL),
    "balance_weights": (lambda _: splits().balance("lang", "weights"), BOTH),
    "mix": (
        lambda _: (
            fp.concat({"raw": raw(), "dicts": fp.from_records(good_rows(), name="dicts").drop("meta")})
            .format(PAIR)
            .mix({"raw": 0.8, "dicts": 0.2}, seed=3)
        ),
        JSONL,
    ),
    "mix_tokens": (
        lambda _: (
            fp.concat({"raw": raw().head(30), "dicts": fp.from_records(good_rows(), name="dicts").drop("meta")})
            .format(PAIR)
            .tokenize(TOKENIZER, special_tokens="as_text")
            .mix({"dicts": 1, "raw": 1}, unit="tokens", on_exhausted="repeat", seed=3)
            .shuffle(seed=1)
        ),
        JSONL,
    ),
    "validate": (
        lambda _: raw().validate(
            required=["answer", "lang"],
            not_blank="question",
            min_chars={"question": 3},
            max_chars={"answer": 60},
            allowed={"lang": ["en", "de", "fr", "ja", "zh"]},
        ),
        JSONL,
    ),
    "validate_drop": (lambda _: raw().validate(not_blank=["question", "answer"], on_invalid="drop"), JSONL),
    "normalize": (lambda _: raw().normalize(["question", "answer"], unicode="NFKC"), JSONL),
    "strip_affix": (lambda _: raw().strip_affix("question", prefix="W", suffix="?"), JSONL),
    "ensure_affix": (lambda _: raw().ensure_affix("answer", prefix=" ", suffix="."), JSONL),
    "redact": (
        lambda _: fp.from_records(
            [{"prompt": "a@firm.com or 415-555-2671", "completion": "DE89370400440532013000"}], name="dicts"
        ).redact(),
        JSONL,
    ),
    "redact_on": (
        lambda _: fp.from_records(
            [{"messages": [{"role": "user", "content": "a@b.de"}, {"role": "assistant", "content": "c@d.de"}]}],
            name="chat",
        ).redact("messages", on="assistant"),
        JSONL,
    ),
    "format": (lambda _: pairs(), BOTH),
    "format_insert_space": (lambda _: raw().format(PAIR, on_collision="insert_space"), JSONL),
    "format_drop": (lambda _: raw().format(PAIR, on_collision="drop"), JSONL),
    "format_chat": (lambda _: raw().format(CHAT), JSONL),
    "conversations": (lambda _: conversations().format(DIALOGUE, on_dropped="keep", weights=True).dedup(), BOTH),
    "conversations_last": (lambda _: conversations().format(DIALOGUE, train="last").split(valid=0.3), JSONL),
    "format_rendered": (lambda _: raw().format(fp.PromptFormat.rendered("question", stop="\n")), JSONL),
    **{name: (_of_raw(chain), JSONL) for name, chain in KEYED.items()},
    "dedup_against": (lambda done: KEYED["dedup"](fp.scan_jsonl(LATER), against=done / "dedup"), JSONL),
    "split": (lambda _: splits(), BOTH | SMALL),
    "split_before_format": (lambda _: raw().split(valid=0.3, seed=1).format(PAIR), JSONL),
    "split_by": (lambda _: raw().split(valid=0.4, seed=3, by=["lang", "id"], report_by="lang"), JSONL),
    "tokenize": (lambda _: tokens(raw(), max_length=64), BOTH | LARGER),
    "tokenize_chat": (lambda _: few().format(CHAT).tokenize(TOKENIZER, keep_text=False), ARROW),
    "tokenize_reject": (lambda _: tokens(few(), special_tokens="reject", max_length=40), JSONL),
    "tokenize_strip": (lambda _: tokens(few(), special_tokens="strip"), JSONL),
    "tokenize_as_token": (lambda _: tokens(few(), special_tokens="as_token"), JSONL),
    "tokenize_prompt_left": (lambda _: tokens(few(), max_length=24, on_overflow="truncate_prompt_left"), JSONL),
    "tokenize_completion": (lambda _: tokens(few(), max_length=24, on_overflow="truncate_completion"), JSONL),
    "tokenize_rendered": (
        lambda _: few().format(fp.PromptFormat.rendered("answer")).tokenize(TOKENIZER, special_tokens="as_token"),
        JSONL,
    ),
    "tokenize_conversations": (
        lambda _: conversations().format(DIALOGUE, weights=True).tokenize(TOKENIZER, max_length=200),
        BOTH,
    ),
    "tokenize_kinds": (
        lambda _: (
            thoughts()
            .format(THINKS, span_weights={"reasoning": 0, "calls": 0.5}, roles_to_train=["user", "assistant"])
            .tokenize(TOKENIZER)
        ),
        BOTH,
    ),
    "preferences": (lambda _: preferences().format(DIALOGUE).dedup().split(valid=0.5, seed=3), BOTH),
    "preferences_labelled": (
        lambda _: raw().with_columns(good=pl.col("id") % 2 == 0).format(PAIR, label="good").tokenize(TOKENIZER),
        JSONL,
    ),
    "preferences_columns": (
        lambda _: (
            few()
            .with_columns(other=pl.col("answer") + "?")
            .format(PAIR, rejected="{other}")
            .dedup()
            .tokenize(TOKENIZER, max_length=40, on_overflow="truncate_prompt_left")
        ),
        ARROW,
    ),
    "tokenize_preferences": (
        lambda _: preferences().format(DIALOGUE, on_untrained="keep", on_same_answers="keep").tokenize(TOKENIZER),
        BOTH,
    ),
    "tokenize_bytes": (lambda _: few().format(PAIR).tokenize(BYTES), JSONL),
    "shuffle": (lambda _: raw().select("id", "question").shuffle(seed=7), JSONL | SMALL),
    "shuffle_splits": (lambda _: splits().shuffle(seed=7), BOTH | SMALL),
    "shuffle_head": (
        lambda _: raw().select("id", "question").shuffle(seed=1).filter(pl.col("id") > 3).head(20).shuffle(seed=2),
        JSONL,
    ),
    "pack": (lambda _: splits().tokenize(TOKENIZER, max_length=64).pack(seed=7), BOTH),
    "pack_longer": (lambda _: tokens(raw(), max_length=64).pack(max_length=128), ARROW | LARGER),
    "gzip": (lambda _: splits(), JSONL | SMALL | {"compression": "gzip"}),
    "zstd": (lambda _: splits(), BOTH | SMALL | {"compression": "zstd"}),
    "retokenize": (lambda done: fp.load(done / "tokenize").retokenize(BYTES, special_tokens="as_text"), BOTH),
    "published": (lambda done: fp.scan_jsonl(done / "split").filter(pl.col("lang") != "de"), BOTH),
    "published_keep": (
        lambda done: fp.scan_jsonl(done / "split").split(final=0.3, seed=1, existing="keep"),
        JSONL,
    ),
    "published_replace": (
        lambda done: fp.scan_jsonl(done / "gzip").split(valid=0.5, seed=2, existing="replace"),
        JSONL,
    ),
    "whole": (
        lambda _: (
            raw()
            .filter(pl.col("lang").is_not_null())
            .validate(not_blank="answer", max_chars={"answer": 80})
            .format(PAIR)
            .dedup(normalize="whitespace")
            .split(valid=0.2, seed=7, report_by="lang")
            .tokenize(TOKENIZER, max_length=64)
            .shuffle(seed=7)
        ),
        BOTH | LARGER,
    ),
}


def publish(out: Path) -> Iterator[tuple[str, Path]]:
    """Publishes every plan below `out`, one after the other."""
    # Relative paths, since `retokenize` names the folder that it reads as it was named to `load`.
    with contextlib.chdir(out):
        for name, (chain, options) in PLANS.items():
            chain(Path()).sink(name, **options)
            yield name, out / name


def kept(name: str) -> Path | None:
    """The latest folder of a plan that is kept, if there is one."""
    found = [version / name for version in sorted(PUBLISHED.iterdir(), key=lambda path: int(path.name))]
    return next((folder for folder in reversed(found) if folder.is_dir()), None)


def content(folder: Path) -> dict[str, Any]:
    """All that a folder holds, by name: bytes, and the manifest as JSON without the named differences.

    Compressed shards are compared as what they hold: zlib and zstd promise no bytes from version to version, nor from
    processor to processor. So of a folder that has some, the digest of all bytes is left out.
    """
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    data = manifest["data"]
    if tokens := manifest["report"]["tokens"]:
        # Earlier versions had none.
        tokens["length"].pop("histogram", None)
    compressed = [entry for entry in manifest["shards"] if not entry["name"].endswith((".arrow", ".jsonl"))]
    for entry in compressed:
        del entry["bytes"], entry["xxh3"]
    if compressed:
        del manifest["data"]
    found: dict[str, Any] = {
        "manifest.json": {key: value for key, value in manifest.items() if key not in NAMED_DIFFERENCES}
    }
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        # Hidden: the lock, which stays empty. The page depends on the version of what draws its charts.
        if path.is_file() and not path.name.startswith(".") and name not in ("manifest.json", "report.html"):
            found[name.replace(data, "data", 1)] = plain(path)
    return found


def plain(path: Path) -> bytes:
    """The bytes of a file, decompressed."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zst":
        with pa.input_stream(str(path), compression="zstd") as stream:
            return bytes(stream.read())
    return path.read_bytes()


def record() -> None:
    """Keeps the folders that differ from those kept so far, as the next version."""
    PUBLISHED.mkdir(exist_ok=True)
    version = str(max((int(path.name) for path in PUBLISHED.iterdir()), default=0) + 1)
    with tempfile.TemporaryDirectory() as temporary:
        for name, folder in publish(Path(temporary)):
            before = kept(name)
            if before is None or content(before) != content(folder):
                shutil.copytree(folder, PUBLISHED / version / name, ignore=shutil.ignore_patterns(".*"))
                print(f"{version}/{name}")


if __name__ == "__main__":
    record()
