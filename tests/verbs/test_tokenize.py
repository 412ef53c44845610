"""`tokenize`: ids and labels of each row, by any `tokenizer.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny import PAIR, pairs, records, refused, rejects, rows

import fastprep as fp

tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
ROWS = (("what is the capital of france", "paris"), ("what", "the capital of france is paris"))
WITH_EOS = fp.PromptFormat("{prompt}", completion="{completion}", eos=True)
EOT = "<|endoftext|>"


@pytest.fixture(scope="module")
def reference(tokenizer_folder: Path) -> Any:
    return tokenizers.Tokenizer.from_file(str(tokenizer_folder / "tokenizer.json"))


def encode(reference: Any, text: str) -> list[int]:
    ids: list[int] = reference.encode(text, add_special_tokens=False).ids
    return ids


def test_a_row_is_bos_the_prompt_and_the_trained_completion(tokenizer_folder: Path, reference: Any) -> None:
    made = rows(pairs(*ROWS).format(PAIR).tokenize(tokenizer_folder))
    for row, (prompt, completion) in zip(made, ROWS, strict=True):
        context = [1, *encode(reference, f"{prompt}\n##\n")]
        target = [*encode(reference, f"{completion}\n###\n"), 0]
        assert row["input_ids"] == context + target
        assert row["labels"] == [-100] * len(context) + target
        assert row["segment_lengths"] == [len(context), len(target)]
        assert row["segment_kinds"] == [1, 2]
        assert reference.decode(row["input_ids"][1:-1]) == row["prompt"] + row["completion"]


def test_the_ids_of_inference_begin_the_training_row(tokenizer_folder: Path, reference: Any) -> None:
    tokenizer = fp.Tokenizer(tokenizer_folder)
    row = rows(pairs(ROWS[0]).format(PAIR).tokenize(tokenizer_folder))[0]
    ids = tokenizer.encode(PAIR.render_prompt(prompt=ROWS[0][0]))
    assert row["input_ids"][1 : 1 + len(ids)] == ids
    assert tokenizer.decode(ids) == PAIR.render_prompt(prompt=ROWS[0][0])
    assert "".join(tokenizer.token_texts(ids)) == tokenizer.decode(ids)
    assert tokenizer.vocab_size == reference.get_vocab_size()


def given_in(form: str, folder: Path) -> Any:
    path = folder / "tokenizer.json"
    if form == "transformers":
        transformers = pytest.importorskip("transformers", reason="transformers is not installed")
        return transformers.AutoTokenizer.from_pretrained(folder)
    if form == "object":
        return tokenizers.Tokenizer.from_file(str(path))
    return {"folder": folder, "str": str(folder), "file": path}[form]


@pytest.mark.parametrize("form", ["folder", "str", "file", "object", "transformers"])
def test_a_tokenizer_comes_in_any_form(form: str, tokenizer_folder: Path) -> None:
    # A `tokenizers.Tokenizer` names no EOS.
    format_ = fp.PromptFormat("{prompt}", completion="{completion}", eos=False)
    wanted = rows(pairs(*ROWS).format(format_).tokenize(tokenizer_folder))
    assert rows(pairs(*ROWS).format(format_).tokenize(given_in(form, tokenizer_folder))) == wanted


@pytest.mark.parametrize("form", ["folder", "file", "transformers"])
def test_eos_ends_each_row_once_where_the_tokenizer_names_it(form: str, tokenizer_folder: Path) -> None:
    for row in rows(pairs(*ROWS).format(WITH_EOS).tokenize(given_in(form, tokenizer_folder))):
        assert row["input_ids"][-1] == row["labels"][-1] == 0
        assert row["input_ids"].count(0) == 1


def test_eos_that_no_name_tells_is_an_error(tokenizer_folder: Path) -> None:
    with refused(fp.PlanError, "no_eos", "tokenize: the tokenizer has no EOS token"):
        pairs(*ROWS).format(WITH_EOS).tokenize(given_in("object", tokenizer_folder)).explain()


def test_bos_can_be_left_out_and_text_too(tokenizer_folder: Path) -> None:
    plan = pairs(*ROWS).format(PAIR)
    assert rows(plan.tokenize(tokenizer_folder, add_bos=False))[0]["input_ids"][0] != 1
    ids = plan.tokenize(tokenizer_folder, keep_text=False)
    assert list(ids.schema) == ["input_ids", "labels", "segment_lengths", "segment_kinds"]
    assert rows(ids)[0]["input_ids"] == rows(plan.tokenize(tokenizer_folder))[0]["input_ids"]


# By policy: which of a short and a long row stay, of 20 tokens at most.
@pytest.mark.parametrize(
    ("on_overflow", "kept", "removed"),
    [
        ("reject", 1, {"too_long": 1}),
        ("drop", 1, {"too_long": 1}),
        ("truncate_prompt_left", 2, {}),
        ("truncate_completion", 2, {}),
    ],
)
def test_rows_above_max_length(
    on_overflow: Any, kept: int, removed: dict[str, int], tokenizer_folder: Path, tmp_path: Path
) -> None:
    long = ("x y z " * 3, "abc def")
    plan = pairs(("a", "b"), long).format(PAIR)
    whole = rows(plan.tokenize(tokenizer_folder))[1]["input_ids"]
    context = rows(plan.tokenize(tokenizer_folder))[1]["segment_lengths"][0]
    limit = len(whole) - 2
    cut = plan.tokenize(tokenizer_folder, max_length=limit, on_overflow=on_overflow)
    report = cut.sink_arrow(tmp_path / "out")
    assert report.reasons == removed
    assert report.to_dict()["tokens"]["truncated"] == kept - 1
    assert len(rejects(tmp_path / "out")) == (1 if on_overflow == "reject" else 0)
    made = rows(cut)
    assert len(made) == kept
    if kept == 2:
        ids = made[1]["input_ids"]
        assert ids == (whole[:1] + whole[3:] if on_overflow == "truncate_prompt_left" else whole[:limit])
        trained = [label for label in made[1]["labels"] if label != -100]
        assert trained == (whole[context:] if on_overflow == "truncate_prompt_left" else whole[context:limit])


def test_raise_names_the_row_that_is_too_long(tokenizer_folder: Path) -> None:
    plan = pairs(("a", "b"), ("a " * 50, "b")).format(PAIR)
    plan = plan.tokenize(tokenizer_folder, max_length=30, on_overflow="raise")
    with refused(fp.DataError, "too_long", r"\d+ tokens, \d of them the completion; max_length is 30\n  at data") as e:
        rows(plan)
    assert e.value.row == 1


@pytest.mark.parametrize("on_overflow", ["truncate_prompt_left", "truncate_completion"])
def test_a_cut_never_takes_the_last_trained_token(on_overflow: Any, tokenizer_folder: Path, tmp_path: Path) -> None:
    for row in (("a", "b " * 40), ("a " * 40, "b")):
        plan = pairs(row, ("a", "b")).format(PAIR)
        plan = plan.tokenize(tokenizer_folder, max_length=12, on_overflow=on_overflow)
        for made in rows(plan):
            assert len(made["input_ids"]) <= 12
            assert any(label != -100 for label in made["labels"])
            assert made["input_ids"][0] == 1


SPECIAL = (("say " + EOT, "no"), ("fine", "row"))


@pytest.mark.parametrize(
    ("policy", "prompts", "removed"),
    [
        ("reject", ["fine"], {"special_token_in_text": 1}),
        ("drop", ["fine"], {"special_token_in_text": 1}),
        ("strip", ["say ", "fine"], {}),
        ("as_text", ["say " + EOT, "fine"], {}),
        ("as_token", ["say " + EOT, "fine"], {}),
    ],
)
def test_control_tokens_in_the_data(
    policy: Any, prompts: list[str], removed: dict[str, int], tokenizer_folder: Path, tmp_path: Path, reference: Any
) -> None:
    plan = pairs(*SPECIAL).format(PAIR).tokenize(tokenizer_folder, special_tokens=policy)
    made = rows(plan)
    assert [row["prompt"] for row in made] == [f"{prompt}\n##\n" for prompt in prompts]
    # EOS ends the row, too.
    assert made[0]["input_ids"].count(0) == 1 + (policy == "as_token")
    assert reference.decode(made[0]["input_ids"][1:-1], skip_special_tokens=False) == (
        made[0]["prompt"] + made[0]["completion"]
    )
    report = plan.sink_arrow(tmp_path / "out")
    assert report.reasons == removed
    assert report.findings == {f"special_token_in_text:{EOT}": 1}
    assert len(rejects(tmp_path / "out")) == (policy == "reject")


def test_raise_names_the_control_token_and_its_place(tokenizer_folder: Path) -> None:
    plan = pairs(*SPECIAL).format(PAIR).tokenize(tokenizer_folder, special_tokens="raise")
    says = r'control token "<\|endoftext\|>" in column `prompt` at byte 4'
    with refused(fp.DataError, "special_token_in_text", says) as e:
        rows(plan)
    assert (e.value.column, e.value.row) == ("prompt", 0)


def test_a_completion_that_makes_no_token_is_rejected(tokenizer_folder: Path, tmp_path: Path) -> None:
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "b": 1, "##": 2}, unk_token="a"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.normalizer = tokenizers.normalizers.Replace(tokenizers.Regex("[^ab# ]"), "")
    made = fp.PromptFormat("{prompt}", completion="{completion}", separator="##", stop="\n")
    plan = pairs(("a", "b"), ("a", "zzz")).format(made).tokenize(tokenizer)
    report = plan.sink_arrow(tmp_path / "out")
    assert report.reasons == {"no_trained_token": 1}
    assert report.to_dict()["tokens"]["rows_without_trained"] == 1


def test_the_report_counts_tokens(tokenizer_folder: Path, tmp_path: Path) -> None:
    plan = pairs(*ROWS).format(PAIR).tokenize(tokenizer_folder)
    made = rows(plan)
    tokens = plan.sink_arrow(tmp_path / "out").to_dict()["tokens"]
    lengths = sorted(len(row["input_ids"]) for row in made)
    trained = sum(label != -100 for row in made for label in row["labels"])
    assert (tokens["total"], tokens["trained"]) == (sum(lengths), trained)
    assert tokens["trained_share"] == pytest.approx(trained / sum(lengths))
    counted = tokens["length"].pop("histogram")
    assert tokens["length"] == {"p50": lengths[0], "p99": lengths[1], "max": lengths[1]}
    assert [sum(each["from"] <= length <= each["to"] for length in lengths) for each in counted] == [
        each["count"] for each in counted
    ]
    assert tokens["stop_stable_share"] == 1.0
    assert fp.load(tmp_path / "out").manifest["tokenizer"]["eos_token_id"] == 0


def test_is_explained_with_every_default(tokenizer_folder: Path, reference: Any) -> None:
    text = pairs(*ROWS).format(PAIR).tokenize(tokenizer_folder).explain()
    assert (
        f"TOKENIZE     {tokenizer_folder.name}, {reference.get_vocab_size()} ids; max_length=none; "
        "on_overflow=reject; special_tokens=reject; add_bos=true; eos=<|endoftext|>; keep_text=true  [map]"
    ) in text


def broken_file(folder: Path, content: str) -> Path:
    path = folder / "tokenizer.json"
    path.write_text(content, "utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        ("{", "tokenizer_not_json", "the tokenizer is not JSON"),
        ("{}", "tokenizer_broken", "tokenizers 0.23 cannot load this tokenizer"),
        ('{"model":{"type":"Magic"}}', "tokenizer_broken", "tokenizers 0.23 cannot load this tokenizer"),
    ],
)
def test_a_file_that_is_no_tokenizer_is_named(content: str, code: str, says: str, tmp_path: Path) -> None:
    path = broken_file(tmp_path, content)
    with refused(fp.TokenizerError, code, says) as e:
        pairs(*ROWS).format(PAIR).tokenize(tmp_path).explain()
    assert e.value.path == str(path)
    assert e.value.help
    with refused(fp.TokenizerError, code, says):
        fp.Tokenizer(path)


@pytest.mark.parametrize(
    ("files", "says", "help"),
    [
        (None, "there is no such tokenizer file or folder", "transformers"),
        ([], "the folder holds no tokenizer.json", "model's files"),
        (["vocab.txt"], "the folder holds vocab.txt, but no tokenizer.json", "save_pretrained"),
    ],
)
def test_a_tokenizer_that_is_not_there(files: list[str] | None, says: str, help: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    for name in files if files is not None else []:
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    if files == []:
        folder.mkdir()
    with refused(fp.TokenizerError, "tokenizer_not_found", says) as e:
        pairs(*ROWS).format(PAIR).tokenize(folder).explain()
    assert e.value.path == str(folder)
    assert help in e.value.help


def test_dropout_makes_ids_random_and_is_refused(tokenizer_folder: Path, tmp_path: Path) -> None:
    content = json.loads((tokenizer_folder / "tokenizer.json").read_text("utf-8"))
    content["model"]["dropout"] = 0.1
    broken_file(tmp_path, json.dumps(content))
    with refused(fp.TokenizerError, "tokenizer_random", "drops merges at random"):
        pairs(*ROWS).format(PAIR).tokenize(tmp_path).explain()


@pytest.mark.parametrize("given", [None, 5, b"x", object(), ["tokenizer.json"]])
def test_what_is_no_tokenizer_fails_at_once(given: object) -> None:
    with refused(fp.PlanError, "bad_option", "tokenize: `tokenizer` must be a tokenizer that fastprep can use"):
        pairs(*ROWS).format(PAIR).tokenize(given)


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ({"on_overflow": "truncate"}, "`on_overflow` must be one of .*truncate_prompt_left"),
        ({"special_tokens": "as_txt"}, "`special_tokens` must be one of reject, .*; did you mean `as_text`"),
        ({"max_length": 1}, "tokenize: `max_length` must be at least 2; got 1"),
        ({"max_length": "9"}, "tokenize: `max_length` must be a whole number; got '9'"),
        ({"max_length": 9.5}, "tokenize: `max_length` must be a whole number; got 9.5"),
    ],
)
def test_wrong_options_fail_at_once(option: dict[str, Any], says: str) -> None:
    with refused(fp.PlanError, "bad_option", says):
        pairs(*ROWS).format(PAIR).tokenize("folder", **option)


def test_rows_must_be_formatted_first(tokenizer_folder: Path) -> None:
    with refused(fp.PlanError, "not_formatted", "tokenize: the rows are not formatted"):
        pairs(*ROWS).tokenize(tokenizer_folder).explain()
    with refused(fp.PlanError, "bad_chain", "tokenize: the chain already has this step"):
        pairs(*ROWS).format(PAIR).tokenize("x").tokenize("x")
    with refused(fp.ColumnError, "missing_column", "tokenize: there is no column `completion`"):
        pairs(*ROWS).format(PAIR).select("prompt").tokenize(tokenizer_folder).explain()


def test_other_columns_pass_through(tokenizer_folder: Path) -> None:
    plan = records({"prompt": "a", "completion": "b", "id": "x", "meta": {"k": 1}}).format(PAIR)
    row = rows(plan.tokenize(tokenizer_folder))[0]
    assert (row["id"], row["meta"]) == ("x", '{"k": 1}')


def test_columns_that_it_makes_can_be_selected(tokenizer_folder: Path) -> None:
    plan = pairs(*ROWS).format(PAIR).tokenize(tokenizer_folder)
    made = plan.select("labels", "input_ids")
    assert list(made.schema) == ["labels", "input_ids"]
    assert [row["input_ids"] for row in rows(made)] == [row["input_ids"] for row in rows(plan)]
    assert list(plan.rename({"input_ids": "ids"}).schema)[2] == "ids"
    plan = pairs(*ROWS).format(PAIR).tokenize(tokenizer_folder, keep_text=False)
    assert list(plan.select("input_ids").schema) == ["input_ids"]
    with refused(fp.ColumnError, "missing_column", "select: there is no column `prompt`"):
        plan.select("prompt").explain()


@pytest.mark.parametrize("name", ["input_ids", "labels", "segment_lengths", "segment_kinds"])
def test_a_column_of_the_data_is_not_replaced(tokenizer_folder: Path, name: str) -> None:
    raw = records({"prompt": "a", "completion": "b", name: "mine"})
    with refused(fp.ColumnError, "duplicate_column", f"tokenize: the column `{name}` already exists") as e:
        raw.format(PAIR).tokenize(tokenizer_folder).explain()
    assert e.value.column == name
    kept = rows(raw.rename({name: "old"}).format(PAIR).tokenize(tokenizer_folder))
    assert kept[0]["old"] == "mine"
    assert name in raw.select("prompt", "completion").format(PAIR).tokenize(tokenizer_folder).schema


def test_verify_compares_while_it_runs_and_changes_nothing(tokenizer_folder: Path) -> None:
    plan = pairs(*ROWS).format(PAIR)
    checked = plan.tokenize(tokenizer_folder, verify=1)
    assert rows(checked) == rows(plan.tokenize(tokenizer_folder))
    assert "verify: the first of every 1 rows" in checked.explain()
    with pytest.raises(fp.PlanError, match="verify"):
        plan.tokenize(tokenizer_folder, verify=0)


@pytest.mark.parametrize("separator", ["\n##\n", "is it"])
def test_a_cut_prompt_keeps_the_separator_and_a_token_before_it(
    separator: str, tokenizer_folder: Path, reference: Any, tmp_path: Path
) -> None:
    format_ = fp.PromptFormat("{prompt}", completion="{completion}", separator=separator, eos=False)
    plan = pairs(("what is the capital of france", "paris")).format(format_)
    [whole] = rows(plan.tokenize(tokenizer_folder))
    kept = []
    for limit in range(2, len(whole["input_ids"])):
        cut = plan.tokenize(tokenizer_folder, max_length=limit, on_overflow="truncate_prompt_left")
        try:
            [row] = rows(cut) or [None]
        except fp.DataError:
            row = None
        if row is None:
            assert not kept, "once a row fits, longer ones do"
            continue
        context, target = row["segment_lengths"]
        prompt = reference.decode(row["input_ids"][1:context], skip_special_tokens=False)
        assert row["input_ids"] == whole["input_ids"][:1] + whole["input_ids"][-(limit - 1) :]
        assert target == whole["segment_lengths"][1]
        assert prompt.endswith(separator)
        assert len(prompt) > len(separator)
        kept.append(limit)
    # The shortest row that stays is BOS, a token, those of the separator, and the completion.
    longest_separator = len(encode(reference, whole["prompt"])) - len(
        encode(reference, whole["prompt"].removesuffix(separator))
    )
    assert kept[0] <= 1 + 1 + max(longest_separator, len(encode(reference, separator))) + 1 + target
