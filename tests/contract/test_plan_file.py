"""Plans in TOML: the same chain, and errors that name the file and the key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny import jsonl, refused

import fastprep as fp
from fastprep.cli.plan_file import read_plan

ROWS = [
    {"q": "one", "a": "1", "lang": "en", "n": 1},
    {"q": "two", "a": "2", "lang": "de", "n": 2},
    {"q": "one", "a": "1", "lang": "en", "n": 3},
    {"q": "three", "a": "3", "lang": "fr", "n": 4},
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    jsonl(tmp_path / "raw.jsonl", ROWS)
    return tmp_path


def write(steps: str, source: str = 'jsonl = "raw.jsonl"', sink: str = 'path = "out"') -> Path:
    path = Path("plan.toml")
    path.write_text(f"[source]\n{source}\n{steps}\n[sink]\n{sink}\n", "utf-8")
    return path


def test_a_plan_is_the_chain_it_says(tokenizer_folder: Path) -> None:
    path = write(
        f"""
        [[step]]
        verb = "filter"
        sql = "lang IN ('en', 'de') AND n BETWEEN 1 AND 3 AND q NOT LIKE 'x%'"
        [[step]]
        verb = "with_columns"
        size = "LENGTH(q) + n"
        [[step]]
        verb = "validate"
        required = ["q", "a"]
        max_chars = {{ q = 100 }}
        allowed = {{ lang = ["en", "de"] }}
        [[step]]
        verb = "rename"
        q = "question"
        [[step]]
        verb = "select"
        columns = ["question", "a", "size"]
        [[step]]
        verb = "format"
        prompt = "{{question}}?"
        completion = "{{a}}"
        separator = "\\n##\\n"
        stop = "\\n###\\n"
        on_collision = "insert_space"
        [[step]]
        verb = "dedup"
        normalize = ["case"]
        [[step]]
        verb = "split"
        valid = "50%"
        seed = 3
        [[step]]
        verb = "tokenize"
        tokenizer = "{tokenizer_folder}"
        max_length = 50
        [[step]]
        verb = "head"
        n = 100
        [[step]]
        verb = "shuffle"
        seed = 3
        """,
        sink='path = "out"\nformats = ["arrow", "jsonl"]\nmax_rejects = "50%"',
    )
    report = read_plan(path).run()
    assert report.rows == {"read": 4, "written": 2, "rejected": 0, "duplicate": 1, "filtered": 1, "dropped": 0}
    data = fp.load("out")
    made = sorted(row["prompt"] for split in data.values() for row in split.to_arrow().to_pylist())
    assert made == ["one?\n##\n", "two?\n##\n"]
    assert next(iter(data.values())).to_arrow().column_names[:3] == ["prompt", "completion", "size"]


def test_the_plan_of_the_examples_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[2]
    monkeypatch.chdir(root)
    assert "FORMAT" in read_plan(root / "examples" / "plan.toml").pipeline.explain()


def test_parquet_is_a_source_too() -> None:
    fp.scan_jsonl("raw.jsonl").to_polars().write_parquet("raw.parquet")
    assert read_plan(write("", source='parquet = ["raw.parquet"]')).run().rows["written"] == 4


# What stands between source and sink, and what the error says.
WRONG_STEPS = {
    "verb": ('verb = "join"', "bad_plan_file", r"step 1 has the verb 'join'\n.*\n  help: verbs are select, "),
    "no verb": ('sql = "n > 1"', "bad_plan_file", "step 1 has the verb None"),
    "filter without sql": ('verb = "filter"', "bad_plan_file", r"step 1 \(filter\): `sql` is missing"),
    "filter with more": (
        'verb = "filter"\nsql = "n > 1"\nx = 1', "bad_plan_file", r"step 1 \(filter\): there is no option `x`"
    ),
    "broken sql": ('verb = "filter"\nsql = "n > ("', "bad_plan_file", r"sql = 'n > \(' is not polars SQL: "),
    "sql of another type": ('verb = "with_columns"\nx = 3', "bad_plan_file", "x = 3 is not a string of SQL"),
    "not row-wise": ('verb = "filter"\nsql = "n > AVG(n)"', "not_row_wise", r'step 1 \(filter\): `col\("n"\).mean'),
    "select without columns": ('verb = "select"', "bad_plan_file", r"step 1 \(select\): `columns` is missing"),
    "select of a number": ('verb = "select"\ncolumns = 3', "bad_option", r"step 1 \(select\): columns=3 must be"),
    "rename to a number": ('verb = "rename"\nq = 3', "bad_option", r"step 1 \(rename\): "),
    "verb nearly right": ('verb = "dedupe"', "bad_plan_file", "step 1 has the verb 'dedupe'; did you mean `dedup`"),
    "option nearly right": (
        'verb = "dedup"\nnormalise = "case"',
        "bad_plan_file",
        "there is no option `normalise`; did you mean `normalize`",
    ),
    "unknown option": ('verb = "head"\nm = 3', "bad_plan_file", "there is no option `m`\n.*\n  help: options are n"),
    "wrong type": ('verb = "head"\nn = "x"', "bad_option", r"step 1 \(head\): n='x' is not a whole number"),
    "wrong word": (
        'verb = "validate"\nrequired = "q"\non_invalid = "x"', "bad_option", r'step 1 \(validate\): on_invalid="x"'
    ),
    "wrong share": ('verb = "split"\nvalid = 2', "bad_option", "valid=2 is not a share"),
    "format without completion": (
        'verb = "format"\nprompt = "{q}"', "bad_plan_file", r"step 1 \(format\): `completion` is missing"
    ),
    "format with more": (
        'verb = "format"\nprompt = "{q}"\ncompletion = "{a}"\nend = "x"', "bad_plan_file", "there is no option `end`"
    ),
    "broken template": (
        'verb = "format"\nprompt = "{q"\ncompletion = "{a}"', "bad_template", r"step 1 \(format\): template "
    ),
    "tokenize without tokenizer": ('verb = "tokenize"', "bad_plan_file", r"step 1 \(tokenize\): `tokenizer` is"),
    "flag": (
        'verb = "dedup"\nverify = "yes"',
        "bad_option",
        r"step 1 \(dedup\): verify='yes' is of type str, and must be true or false",
    ),
    "folder": ('verb = "dedup"\nagainst = 3', "bad_option", r"\(dedup\): against=3 is of type int, and must be a path"),
    "column": ('verb = "split"\nvalid = 0.1\nreport_by = 3', "bad_option", "report_by=3 is of type int, and must be a"),
    "number": ('verb = "head"\nn = true', "bad_option", "n=True is of type bool, and must be a whole number"),
    "template": (
        'verb = "format"\nprompt = 1\ncompletion = "{a}"', "bad_option", r"step 1 \(format\): prompt=1 is of type int"
    ),
    "eos": (
        'verb = "format"\nprompt = "{q}"\ncompletion = "{a}"\neos = "no"', "bad_option", "eos='no' is of type str"
    ),
    "policy": ('verb = "validate"\nrequired = "q"\non_invalid = 1', "bad_option", "on_invalid=1 is of type int"),
    "keep_text": ('verb = "tokenize"\ntokenizer = "x"\nkeep_text = 1', "bad_option", "keep_text=1 is of type int"),
    "two shuffles": (
        'verb = "shuffle"\n[[step]]\nverb = "shuffle"', "bad_chain", r"step 2 \(shuffle\): the chain has one already"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_STEPS)
def test_a_wrong_step_is_named_with_its_key(name: str) -> None:
    step, code, says = WRONG_STEPS[name]
    with refused(fp.PlanError, code, says) as e:
        read_plan(write("[[step]]\n" + step))
    assert e.value.path == "plan.toml"
    assert "\n  at plan.toml" in str(e.value)


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("overwrite = 1", "overwrite=1 is of type int, and must be true or false"),
        ("compression = true", "compression=True is of type bool, and must be a string"),
        ("formats = 3", "formats=3 must be a string, or several"),
        ("threads = 'two'", "threads='two' is not a whole number"),
        ("shard_bytes = 1.5", "shard_bytes=1.5 is not a whole number"),
        ("max_rejects = true", "max_rejects=True is neither a number of rows nor a share"),
    ],
)
def test_an_option_of_the_sink_of_another_type_is_named_before_a_row_is_read(option: str, says: str) -> None:
    with refused(fp.PlanError, "bad_option", rf"^\[sink\]: {says}") as e:
        read_plan(write("", sink='path = "out"\n' + option))
    assert e.value.path == "plan.toml"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x", "the plan file is no TOML: "),
        ("", r"there is no table \[source\]"),
        ('[source]\njsonl = "x"', r"there is no table \[sink\]"),
        ('[source]\njsonl = "x"\n[sink]\n', r"\[sink\] has no path"),
        ('[source]\njsonl = "x"\n[sink]\npath = 3', r"\[sink\] has no path"),
        ('[source]\n[sink]\npath = "out"', r"\[source\] does not name one input"),
        ('[source]\njson = "x"\n[sink]\npath = "out"', r"does not name one input; did you mean `jsonl`"),
        ('[source]\njsonl = "x"\nparquet = "y"\n[sink]\npath = "out"', r"\[source\] does not name one input"),
        ('[source]\njsonl = "x"\nlimit = 3\n[sink]\npath = "out"', r"\[source\]: there is no option `limit`"),
        ('[source]\njsonl = "x"\n[sink]\npath = "out"\nformat = "arrow"', r"\[sink\]: there is no option `format`"),
        ('[source]\njsonl = "x"\n[[steps]]\nverb = "head"\n[sink]\npath = "out"', r"there is a table \[steps\]"),
        ('[source]\njsonl = "x"\n[step]\nverb = "head"\n[sink]\npath = "out"', "`step` is not a list of tables"),
    ],
)
def test_a_file_of_another_shape_is_refused(text: str, says: str) -> None:
    Path("plan.toml").write_text(text, "utf-8")
    with refused(fp.PlanError, "bad_plan_file", says) as e:
        read_plan(Path("plan.toml"))
    assert e.value.path == "plan.toml"


def test_a_file_that_cannot_be_read_is_no_plan() -> None:
    with refused(fp.SourceError, "cannot_read", "the plan file cannot be read: No such file .*\n  at no.toml"):
        read_plan(Path("no.toml"))
    Path("latin.toml").write_bytes(b'x = "\xe9"')
    with refused(fp.PlanError, "bad_plan_file", "the plan file is no TOML"):
        read_plan(Path("latin.toml"))


def test_strings_of_the_file_are_taken_as_toml_reads_them() -> None:
    step = '[[step]]\nverb = "format"\nprompt = "{q}"\ncompletion = "{a}"'
    read_plan(write(step + "\nseparator = '\\n##\\n'\nstop = \"é\"")).run()
    stored = json.loads(Path("out/manifest.json").read_text("utf-8"))["format"]
    assert (stored["separator"], stored["stop"]) == ("\\n##\\n", "é")
