"""Plan files: the same chain, and errors that name the file and the key."""

from __future__ import annotations

import inspect
import json
import re
import shutil
from pathlib import Path

import polars as pl
import pytest
import shell
from tiny import jsonl, refused

import fastprep as fp
from fastprep.cli import plan_file_verbs as verbs
from fastprep.cli.plan_file import read_plan
from fastprep.cli.set_option import Setting

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


def test_a_step_may_render_by_a_chat_template() -> None:
    template = "{{ x }}{% for m in messages %}[{{ m.role }}]{{ m.content }}</s>{% endfor %}"
    Path("chat.jinja").write_text(template + "{% if add_generation_prompt %}[assistant]{% endif %}", "utf-8")
    step = """
        [[step]]
        verb = "rename"
        q = "prompt"
        a = "completion"
        [[step]]
        verb = "format"
        chat_template = "chat.jinja"
        template_kwargs = { x = "!" }
        train = "last"
        """
    made = read_plan(write(step), []).pipeline.collect().to_pylist()
    assert made[0]["text"] == "![user]one</s>[assistant]1</s>"
    with refused(fp.PlanError, "bad_plan_file", "there is no option `stop`"):
        read_plan(write(step + 'stop = "x"'), [])


def test_a_plan_is_the_chain_it_says(tokenizer_folder: Path) -> None:
    path = write(
        f"""
        [[step]]
        verb = "filter"
        sql = "lang IN ('en', 'de', 'NOW()') AND n BETWEEN 1 AND 3 AND q NOT LIKE 'x%'"
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


def test_the_plan_of_the_examples_runs_from_any_folder() -> None:
    plan = Path(__file__).parents[2] / "examples" / "plan.toml"
    out = Setting("--out", "sink", "path", "out")
    assert read_plan(plan, [out]).run().rows["written"] == 355
    assert Path("out/manifest.json").exists()


# --- versions


def versioned(version: str, source: str, sink: str, steps: str = "") -> Path:
    Path("plans").mkdir(exist_ok=True)
    path = Path("plans/plan.toml")
    path.write_text(f"{version}\n[source]\njsonl = {json.dumps(source)}\n{steps}\n[sink]\npath = {json.dumps(sink)}\n")
    return path


def test_paths_of_version_2_start_at_the_plan_file(tokenizer_folder: Path) -> None:
    shutil.copytree(tokenizer_folder, "plans/tok")
    jsonl(Path("plans/old.jsonl"), ROWS[3:])
    fp.scan_jsonl("plans/old.jsonl").dedup(on=["q", "a"]).sink_arrow("plans/old")
    steps = """
        [[step]]
        verb = "dedup"
        on = ["q", "a"]
        against = ["old"]
        [[step]]
        verb = "format"
        prompt = "{q}"
        completion = "{a}"
        [[step]]
        verb = "tokenize"
        tokenizer = "tok"
    """
    report = read_plan(versioned("version = 2", "../raw.jsonl", "out", steps)).run()
    assert report.reasons == {"duplicate": 1, "duplicate_against": 1}
    assert Path("plans/out/manifest.json").exists()
    assert not Path("out").exists()


@pytest.mark.parametrize("version", ["", "version = 1"])
def test_paths_of_older_versions_start_at_the_current_folder(version: str) -> None:
    assert read_plan(versioned(version, "raw.jsonl", "out")).run().rows["written"] == 4
    assert Path("out/manifest.json").exists()


def test_absolute_paths_and_those_of_the_home_folder_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for number, source in enumerate([str(tmp_path / "raw.jsonl"), "~/raw.jsonl", "~/ra*.jsonl"]):
        read_plan(versioned("version = 2", source, f"~/out{number}")).run()
        assert Path(f"out{number}/manifest.json").exists()
    with refused(fp.PlanError, "remote_path", "'s3://bucket/x.jsonl' is a URL"):
        read_plan(versioned("version = 2", "s3://bucket/x.jsonl", "out"))


def test_the_folder_of_the_plan_file_is_no_glob(tmp_path: Path) -> None:
    folder = tmp_path / "[a]*"
    folder.mkdir()
    jsonl(folder / "x1.jsonl", ROWS[:1])
    jsonl(folder / "y[1].jsonl", ROWS[:2])
    (tmp_path / "a").mkdir()
    jsonl(tmp_path / "a" / "x1.jsonl", ROWS)
    for source, rows in {"x1.jsonl": 1, "x*.jsonl": 1, "y[1].jsonl": 2}.items():
        sink = '[sink]\npath = "out"\noverwrite = true'
        (folder / "plan.toml").write_text(f'version = 2\n[source]\njsonl = "{source}"\n{sink}', "utf-8")
        assert read_plan(folder / "plan.toml").run().rows["read"] == rows


# --- the schema


def test_each_verb_and_option_of_the_chain_is_one_of_plan_files_and_of_their_page() -> None:
    page = (Path(__file__).parents[2] / "docs/plan-files.md").read_text("utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE))
    assert set(listed) == set(verbs.VERBS)
    verb_of = {name: getattr(fp.Pipeline, name) for name in dir(fp.Pipeline)}
    returned = {name: getattr(verb, "__annotations__", {}).get("return") for name, verb in verb_of.items()}
    chained = {name for name, kind in returned.items() if kind == "Pipeline" and name[0] != "_"}
    assert chained - set(verbs.VERBS) == {"from_json", "map_batches", "pipe"}
    for verb in chained & set(verbs.VERBS) - {"filter", "with_columns", "rename"}:
        for name in inspect.signature(getattr(fp.Pipeline, verb)).parameters:
            if name not in ("self", "prompt_format", "shares"):
                verbs.check_option(verb, name)
                assert f"`{name}`" in listed[verb] or f"`{name} =" in listed[verb], (verb, name)


def test_a_plan_in_json_is_run(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "rows.jsonl", [{"a": "x", "n": i} for i in range(9)])
    both = fp.concat({"few": fp.scan_jsonl(path).head(2), "all": fp.scan_jsonl(path)}).filter(pl.col("n") > 0)
    (tmp_path / "plan.json").write_text(both.to_json(), "utf-8")
    report = shell.answer("run", "plan.json", "--out", "out", "--set", "sink.formats=['jsonl']")
    assert report["rows"]["written"] == fp.load("out").manifest["splits"][0]["rows"] == 9
    assert "CONCAT" in shell.run("run", "plan.json", "--explain").stdout
    assert "no folder to publish to" in shell.failure("run", "plan.json", code=2)
    message = shell.failure("run", "plan.json", "--set", "head.n=1", code=2)
    assert "of a plan in JSON, only options of sink can be set" in message
    (tmp_path / "plan.json").write_text('{"plan_version": 9}', "utf-8")
    assert "error[newer_plan]: the plan has version 9" in shell.failure("run", "plan.json", "--explain", code=2)


def test_parquet_is_a_source_too() -> None:
    fp.scan_jsonl("raw.jsonl").to_polars().write_parquet("raw.parquet")
    assert read_plan(write("", source='parquet = ["raw.parquet"]')).run().rows["written"] == 4


# What stands between source and sink, and what the error says.
WRONG_STEPS = {
    "verb": ('verb = "join"', "bad_plan_file", r"step 1 has the unknown verb 'join'\n.*\n  help: verbs are select, "),
    "no verb": ('sql = "n > 1"', "bad_plan_file", "step 1 has the unknown verb None"),
    "filter without sql": ('verb = "filter"', "bad_plan_file", r"step 1 \(filter\): the option `sql` is missing"),
    "filter with more": (
        'verb = "filter"\nsql = "n > 1"\nx = 1', "bad_plan_file", r"step 1 \(filter\): there is no option `x`"
    ),
    "broken sql": ('verb = "filter"\nsql = "n > ("', "bad_plan_file", r"sql = 'n > \(' is not polars SQL: "),
    "the time in sql": (
        'verb = "filter"\nsql = "d < CURRENT_DATE"', "bad_plan_file", r"uses the current time \(CURRENT_DATE\)"
    ),
    "the time as a function": (
        'verb = "with_columns"\nx = "now ()"', "bad_plan_file", r"uses the current time \(now\)"
    ),
    "sql of another type": ('verb = "with_columns"\nx = 3', "bad_plan_file", "x = 3 is not a string of SQL"),
    "not row-wise": ('verb = "filter"\nsql = "n > AVG(n)"', "not_row_wise", r'step 1 \(filter\): `col\("n"\).mean'),
    "select without columns": (
        'verb = "select"', "bad_plan_file", r"step 1 \(select\): the option `columns` is missing"
    ),
    "select of a number": ('verb = "select"\ncolumns = 3', "bad_option", r"step 1 \(select\): `columns` must be"),
    "rename to a number": ('verb = "rename"\nq = 3', "bad_option", r"step 1 \(rename\): "),
    "verb nearly right": (
        'verb = "dedupe"', "bad_plan_file", "step 1 has the unknown verb 'dedupe'; did you mean `dedup`"
    ),
    "option nearly right": (
        'verb = "dedup"\nnormalise = "case"',
        "bad_plan_file",
        "there is no option `normalise`; did you mean `normalize`",
    ),
    "unknown option": ('verb = "head"\nm = 3', "bad_plan_file", "there is no option `m`\n.*\n  help: options are n"),
    "wrong type": ('verb = "head"\nn = "x"', "bad_option", r"step 1 \(head\): `n` must be a whole number; got 'x'"),
    "wrong word": (
        'verb = "validate"\nrequired = "q"\non_invalid = "x"', "bad_option", '`on_invalid` must be one of'
    ),
    "wrong share": ('verb = "split"\nvalid = 2', "bad_option", "`valid` must be a share between 0 and 1; got 2"),
    "format without completion": (
        'verb = "format"\nprompt = "{q}"', "bad_plan_file", r"step 1 \(format\): the option `completion` is missing"
    ),
    "format with more": (
        'verb = "format"\nprompt = "{q}"\ncompletion = "{a}"\nend = "x"', "bad_plan_file", "there is no option `end`"
    ),
    "broken template": (
        'verb = "format"\nprompt = "{q"\ncompletion = "{a}"', "bad_template", r"step 1 \(format\): template "
    ),
    "tokenize without tokenizer": (
        'verb = "tokenize"', "bad_plan_file", r"step 1 \(tokenize\): the option `tokenizer` is missing"
    ),
    "flag": (
        'verb = "dedup"\nverify = "yes"',
        "bad_option",
        r"step 1 \(dedup\): `verify` must be true or false; got 'yes' of type str",
    ),
    "folder": ('verb = "dedup"\nagainst = 3', "bad_option", r"\(dedup\): `against` must be a path"),
    "column": ('verb = "split"\nvalid = 0.1\nreport_by = 3', "bad_option", "`report_by` must be a string; got 3"),
    "number": ('verb = "head"\nn = true', "bad_option", "`n` must be a whole number; got True of type bool"),
    "template": (
        'verb = "format"\nprompt = 1\ncompletion = "{a}"',
        "bad_option",
        r"step 1 \(format\): `prompt` must be a string; got 1 of type int",
    ),
    "eos": (
        'verb = "format"\nprompt = "{q}"\ncompletion = "{a}"\neos = "no"',
        "bad_option",
        "`eos` must be true or false; got 'no' of type str",
    ),
    "policy": ('verb = "validate"\nrequired = "q"\non_invalid = 1', "bad_option", "`on_invalid` must be a string; got"),
    "keep_text": (
        'verb = "tokenize"\ntokenizer = "x"\nkeep_text = 1',
        "bad_option",
        "`keep_text` must be true or false; got 1 of type int",
    ),
    "two splits": (
        'verb = "split"\nvalid = 0.1\n[[step]]\nverb = "split"\nvalid = 0.1', "bad_chain", "chain already has this step"
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
        ("overwrite = 1", "`overwrite` must be true or false; got 1 of type int"),
        ("compression = true", "`compression` must be a string; got True of type bool"),
        ("formats = 3", "`formats` must be a string or a list of strings; got 3"),
        ("threads = 'two'", "`threads` must be a whole number; got 'two'"),
        ("shard_bytes = 1.5", "`shard_bytes` must be a whole number; got 1.5"),
        ("path = 3", "`path` must be a path; got 3 of type int"),
        ("max_rejects = true", "`max_rejects` must be a number of rows or a share; got True"),
    ],
)
def test_an_option_of_the_sink_of_another_type_is_named_before_a_row_is_read(option: str, says: str) -> None:
    with refused(fp.PlanError, "bad_option", rf"^\[sink\]: {says}") as e:
        read_plan(write("", sink=option if "path" in option else 'path = "out"\n' + option))
    assert e.value.path == "plan.toml"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x", "the plan file is not valid TOML: "),
        ("", r"the table \[source\] is missing"),
        ('[source]\njsonl = "x"', r"\[sink\] needs a path"),
        ('[source]\njsonl = "x"\n[sink]\n', r"\[sink\] needs a path"),
        ('sink = 3\n[source]\njsonl = "x"', "`sink` is not a table"),
        ('[source]\njsonl = "x"\n[[step]]\nverb = ["head"]', r"step 1 has the unknown verb \['head'\]"),
        ("x = " + "[" * 9999, "the plan file is not valid TOML: "),
        ("verison = 2", "unknown key `verison`; did you mean `version`"),
        ("version = 3", "has version 3, but this fastprep reads versions up to 2\n.*\n  help: pip install"),
        ("version = 0", "version = 0 is not a version of plan files"),
        ("version = true", "version = True is not a version of plan files"),
        ('version = "2"', "version = '2' is not a version of plan files"),
        ('[source]\n[sink]\npath = "out"', r"\[source\] must name exactly one input"),
        ('[source]\njsonlines = "x"\n[sink]\npath = "out"', r"must name exactly one input; did you mean `jsonl`"),
        ('[source]\njsonl = "x"\nparquet = "y"\n[sink]\npath = "out"', r"\[source\] must name exactly one input"),
        ('[source]\njsonl = "x"\nlimit = 3\n[sink]\npath = "out"', r"\[source\]: there is no option `limit`"),
        ('[source]\njsonl = "x"\n[sink]\npath = "out"\nformat = "arrow"', r"\[sink\]: there is no option `format`"),
        ('[source]\njsonl = "x"\n[[steps]]\nverb = "head"\n[sink]\npath = "out"', r"unknown table \[steps\]"),
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
    with refused(fp.PlanError, "bad_plan_file", "the plan file is not valid TOML"):
        read_plan(Path("latin.toml"))


def test_strings_of_the_file_are_taken_as_toml_reads_them() -> None:
    step = '[[step]]\nverb = "format"\nprompt = "{q}"\ncompletion = "{a}"'
    read_plan(write(step + "\nseparator = '\\n##\\n'\nstop = \"é\"")).run()
    stored = json.loads(Path("out/manifest.json").read_text("utf-8"))["format"]
    assert (stored["separator"], stored["stop"]) == ("\\n##\\n", "é")
