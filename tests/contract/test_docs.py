"""README and docs: every snippet runs and prints what is shown; every public name and code is there, none is stale."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from snippets import PAGES, ROOT, masked, run, set_up, snippets

import fastprep as fp
from fastprep import _fastprep, cli, polars_namespace
from fastprep.inspection.fix_steps import VERBS, WHY_NONE

DOCS = ROOT / "docs"
# What a page cannot run: it builds, installs or serves.
CONSOLE = re.compile(r"^(make|git clone|pip install|cargo|\.venv/bin/\S+) ?")


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def headings(name: str, level: int = 3) -> list[str]:
    return re.findall(rf"^{'#' * level} (\S+)$", page(name), re.MULTILINE)


def rows(text: str) -> set[str]:
    """The first cells of tables, where they are code."""
    return set(re.findall(r"^\| `([^`]+)`", text, re.MULTILINE))


def cells(text: str, start: str = "") -> set[str]:
    """All code in the first cells of tables."""
    found = re.findall(rf"^\| (`{start}.*?) \|", text, re.MULTILINE)
    return {name for cell in found for name in re.findall(r"`(.+?)`", cell)}


def section(name: str, heading: str) -> str:
    return re.split(r"^## ", page(name).split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


# --- snippets


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_snippets_print_what_is_shown(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # What a preview meets on its way depends on where batches end.
    monkeypatch.delenv("FASTPREP_BATCH_ROWS", raising=False)
    for name, value in set_up(tmp_path).items():
        monkeypatch.setenv(name, value)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for snippet in snippets(path):
        if snippet.kind not in ("python", "sh"):
            continue
        printed, expected = run(snippet, namespace), snippet.expected()
        if expected is not None:
            hint = f"line {snippet.line}: run tests/support/snippets.py to see what is new"
            assert masked(printed) == masked(expected), hint


def test_blocks_that_are_not_run_only_build_and_install() -> None:
    for path in [*PAGES, ROOT / "CONTRIBUTING.md"]:
        for snippet in snippets(path):
            assert snippet.kind in ("python", "sh", "text", "console", ""), f"{path}:{snippet.line}"
            if snippet.kind == "console":
                assert all(CONSOLE.match(line) for line in snippet.text.splitlines()), f"{path}:{snippet.line}"


# --- names


def test_every_public_verb_has_a_page() -> None:
    shared = {name: "sink" for name in ("sink_arrow", "sink_jsonl", "sink_parquet")}
    shared |= {"to_polars": "collect", "schema": "explain", "dialect": "read_as", "sink_chat": "write_as"}
    shared |= {"expect": "inspect"}
    verbs = {name for name in dir(fp.Pipeline) if not name.startswith("_")}
    functions = {name for name in fp.__all__ if callable(getattr(fp, name)) and name.islower()}
    for name in verbs | functions:
        text = page(f"api/{shared.get(name, name)}.md")
        assert re.search(rf"^::: fastprep\.\S*\.{name}$", text, re.MULTILINE), name
    pages = {path.stem for path in (DOCS / "api").glob("*.md")}
    classes = {"chat_format", "loader", "tokenizer", "trainer"}
    assert pages == {shared.get(name, name) for name in verbs | functions} | classes


def test_every_member_of_the_prompt_format_is_described() -> None:
    text = page("api/format.md")
    for name in vars(fp.PromptFormat):
        assert name.startswith("_") or re.search(rf"`(PromptFormat\.)?{name}\b", text), name


def test_every_member_of_the_tokenizer_is_described() -> None:
    text = page("api/tokenizer.md")
    assert "::: fastprep.tokenizer.Tokenizer" in text
    for name in vars(fp.Tokenizer):
        assert name.startswith("_") or re.search(rf"\b{name}\b", text), name


def test_every_member_of_the_chat_format_is_described() -> None:
    text = page("api/chat_format.md")
    assert "::: fastprep.chat_format.ChatFormat" in text
    for name in vars(fp.ChatFormat):
        assert name.startswith("_") or re.search(rf"\b{name}\b", text), name


def test_every_expression_is_described() -> None:
    for name in vars(polars_namespace.TextExpressions):
        assert name.startswith("_") or f"| `{name}(" in page("polars.md"), name


def test_every_page_is_in_the_navigation() -> None:
    nav = (ROOT / "mkdocs.yml").read_text("utf-8")
    for path in DOCS.rglob("*.md"):
        assert f" {path.relative_to(DOCS)}\n" in nav, path


# --- codes


def test_every_reason_has_an_anchor_and_none_is_stale() -> None:
    assert sorted(headings("reasons.md")) == sorted(code for code, _ in _fastprep.reasons())


def test_every_finding_has_an_anchor_and_none_is_stale() -> None:
    registry = _fastprep.findings()
    assert sorted(headings("report.md")) == sorted(code for code, _, _ in registry)
    for code, about, fix in registry:
        after = page("report.md").split(f"\n### {code}\n", 1)[1]
        text = " ".join(re.split(r"^#+ ", after, flags=re.MULTILINE)[0].split())
        assert text.startswith(about), code
        assert text.endswith(f"*Fix:* {fix}."), code


def test_every_finding_of_inspect_is_described_and_none_is_stale() -> None:
    registry = _fastprep.inspect_findings()
    assert headings("findings.md") == [code for code, *_ in registry]
    for code, title, why, repair, is_hint, harm in registry:
        after = page("findings.md").split(f"\n### {code}\n", 1)[1]
        text = " ".join(re.split(r"^#+ ", after, flags=re.MULTILINE)[0].split())
        assert text.startswith(f"{title[0].upper()}{title[1:]} (*{'hint' if is_hint else harm}*). "), code
        assert text.endswith(f"*Why:* {why} *Fix:* {repair}."), code
        assert text.count("*Exact.*") + text.count("*Precision:*") == 1, code


def test_every_finding_of_inspect_has_a_step_that_repairs_it_or_a_reason_why_none() -> None:
    assert not VERBS.keys() & WHY_NONE.keys()
    told = {**VERBS, **WHY_NONE}
    rows = [f"| [{code}](#{code}) | {told[code]} |" for code, *_ in _fastprep.inspect_findings()]
    assert len(rows) == len(told)
    assert "\n".join(rows) in page("findings.md")


def test_every_finding_is_one_of_the_registry() -> None:
    """What stages count as a finding is named by a constant of the registry, and each constant is counted somewhere."""
    text = "\n".join(sources("src/**/*.rs").values())
    assert re.findall(r'\.find(?:_named)?\("\w+", [^|]*place', text) == []
    used = {name.lower() for name in re.findall(r"finding::([A-Z_]+)\b", text)}
    assert {code for code, _, _ in _fastprep.findings()} <= used


def sources(pattern: str) -> dict[str, str]:
    """Source files without their tests."""
    paths = [path for path in ROOT.glob(pattern) if "tests" not in path.parts and path.name != "tests.rs"]
    assert paths
    return {str(path): path.read_text("utf-8").split("#[cfg(test)]\nmod tests {")[0] for path in paths}


# Rust files in which a code is chosen first, and put into the error afterwards.
CHOSEN = ("engine/publish.rs", "read/open.rs", "src/disk.rs")


def raised() -> Iterator[str]:
    """Codes in the source; for Rust, as they are written beside a class or by a file's own helper."""
    for name, text in sources("src/**/*.rs").items():
        yield from re.findall(r'Class::\w+,\s*"(\w+)"', text)
        if "Class::Source, code" in text or "Class::Publish, code" in text:
            yield from re.findall(r'(?:[^:.\w]error|refused)\(\s*"(\w+)",\s*(?:"|format!)', text)
        if name.endswith(CHOSEN):
            yield from re.findall(r'[>{(]\s*\(\s*"(\w+_\w+)",', text)
    for text in sources("python/**/*.py").values():
        yield from re.findall(r'code="(\w+)"', text)


def test_every_error_code_has_an_anchor_and_none_is_stale() -> None:
    codes, described = set(raised()), headings("errors.md")
    assert codes - set(described) == set()
    quoted = "\n".join([*sources("src/**/*.rs").values(), *sources("python/**/*.py").values()])
    assert [code for code in described if f'"{code}"' not in quoted] == []
    assert len(described) == len(set(described))


def test_every_exception_is_described() -> None:
    for name in fp.__all__:
        if name.endswith("Error"):
            assert f"`{name}`" in page("errors.md"), name


# --- formats


def paths_of(value: Any, path: str = "") -> Iterator[str]:
    """Names as `report.md` writes them."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from paths_of(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from paths_of(inner, f"{path}.[]")
    else:
        yield path


def general(path: str) -> str:
    path = re.sub(r"(^|removed\.)(reasons\.)?[a-z_0-9]+\.(count|first\.\w+)$", r"\1\2<code>.\3", path)
    path = re.sub(r"^reasons\.[a-z_0-9]+\.columns\..+$", "reasons.<code>.columns.<column>", path)
    path = re.sub(r"^findings\..+\.(count|first\.\w+)$", r"findings.<name>.\1", path)
    return re.sub(r"^groups\.rows\..+\.\w+$", "groups.rows.<value>.<split>", path)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """A run of everything, and its folder."""
    out = tmp_path_factory.mktemp("docs") / "out"
    fmt = fp.PromptFormat("{instruction}{#input}\n\n{input}{/input}", completion="{output}")
    raw = fp.scan_jsonl(ROOT / "examples/data/support.jsonl")
    plan = raw.format(fmt).dedup().split(valid=0.1, report_by="lang").balance("lang", "oversample")
    plan = plan.tokenize(ROOT / "examples/tokenizer", max_length=512).pack()
    return plan.sink(out, formats=["arrow", "jsonl"]).to_dict(), out


def test_every_name_of_the_report_is_described(published: tuple[dict[str, Any], Path]) -> None:
    names = {general(path) for path in paths_of(published[0]) if not path.endswith(".removed")}
    assert names == rows(page("report.md"))


def test_every_key_of_the_manifest_is_described(published: tuple[dict[str, Any], Path]) -> None:
    manifest = json.loads((published[1] / "manifest.json").read_text("utf-8"))
    text = section("files.md", "manifest.json")
    assert set(manifest) == rows(text)
    for name in ("tokenizer", "schema", "inputs", "splits", "shards", "sidecars"):
        line = next(line for line in text.splitlines() if line.startswith(f"| `{name}`"))
        entry = manifest[name] if isinstance(manifest[name], dict) else manifest[name][0]
        assert set(entry) <= set(re.findall(r"`(\w+)`", line)), name


def test_every_field_of_the_rejects_is_described(published: tuple[dict[str, Any], Path]) -> None:
    first = (published[1] / "rejects.jsonl").read_text("utf-8").splitlines()[0]
    assert set(json.loads(first)) == rows(section("files.md", "rejects.jsonl"))


# --- command line, environment, dependencies


def test_every_command_and_option_is_described() -> None:
    import typer

    text = page("cli.md")
    commands = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    assert set(commands) == set(re.findall(r"^\| \[`(\w+)`\]", text, re.MULTILINE))
    prepare = {name for p in commands["prepare"].params for name in (*p.opts, *p.secondary_opts) if name[0] == "-"}
    listed = cells(text, "--")
    assert listed == prepare
    for command in commands.values():
        for parameter in command.params:
            assert all(f"`{name}`" in text for name in parameter.opts if name[0] == "-"), (command.name, parameter.opts)


def test_every_variable_of_the_environment_is_described() -> None:
    used = set()
    for text in [*sources("src/**/*.rs").values(), *sources("python/**/*.py").values()]:
        used |= set(re.findall(r"\bFASTPREP_[A-Z_]+\b", text))
    assert rows(page("environment.md")) == used


def test_every_dependency_earns_its_line() -> None:
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    python = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    python += [name for extra in project["project"]["optional-dependencies"].values() for name in extra]
    used = {*cargo["dependencies"], *cargo["dev-dependencies"], *(re.split(r"[^\w-]", name)[0] for name in python)}
    assert cells(page("dev/dependencies.md")) == used


def test_every_file_that_the_architecture_names_exists() -> None:
    names = set(re.findall(r"`([\w/.]+\.(?:rs|py))`", page("dev/architecture.md")))
    places = [ROOT, ROOT / "src", ROOT / "python/fastprep", ROOT / "tests/support"]
    assert len(names) > 50
    assert [name for name in sorted(names) if not any((place / name).is_file() for place in places)] == []


# --- the site


def test_the_site_builds(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    env = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "api" / "dedup" / "index.html").is_file()
